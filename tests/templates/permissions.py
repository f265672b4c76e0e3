"""Decides whether a principal may do something, from the policies that a rendered stack has.

This is the part of IAM's evaluation that the templates rely on: identity policies, policies
on queues, topics, buckets and the bus, and the key policy. An operator or a principal that it
does not know raises.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from .rendering import ACCOUNT, Stack

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
POLICIES_OF = {
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::Events::EventBus": "Policy",
}

Document = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """Somebody's wish: `principal` is a service's name or a role's ARN."""

    principal: str
    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)

    @property
    def is_service(self) -> bool:
        """Whether an AWS service asks for itself, not a role of the account."""
        return not self.principal.startswith("arn:")

    def full_context(self) -> dict[str, str]:
        """The request's context with the keys that AWS always adds."""
        own = {"aws:SecureTransport": "true"}
        if not self.is_service:
            own |= {"aws:PrincipalArn": self.principal, "aws:PrincipalAccount": self.principal.split(":")[4]}
        return own | self.context

    def but(self, **changes: Any) -> Request:
        """The same request with something else changed."""
        return replace(self, **changes)


def as_list(value: Any) -> list[Any]:
    """A policy's "one or many" as many."""
    return value if isinstance(value, list) else [value]


class Permissions:
    """All policies of one or more stacks: who may do what."""

    def __init__(self, *stacks: Stack) -> None:
        """Collects the policies of stacks that stand in one account."""
        self.roles: dict[str, list[Document]] = {}
        self.on_resources: dict[str, Document] = {}
        self.trust: dict[str, Document] = {}
        self.keys: dict[str, Document] = {}
        managed = {r.arn: r.properties["PolicyDocument"] for s in stacks for r in s.of_type("AWS::IAM::ManagedPolicy")}
        for stack in stacks:
            self._collect(stack, managed)

    def _collect(self, stack: Stack, managed: dict[str, Document]) -> None:
        for resource in stack.resources.values():
            p = resource.properties
            if resource.type == "AWS::IAM::Role":
                own = [policy["PolicyDocument"] for policy in p.get("Policies", [])]
                self.roles[resource.arn] = own + [managed[arn] for arn in p.get("ManagedPolicyArns", [])]
                self.trust[resource.arn] = p["AssumeRolePolicyDocument"]
            elif resource.type == "AWS::KMS::Key":
                self.keys[resource.arn] = p["KeyPolicy"]
            elif resource.type in POLICIES_OF and POLICIES_OF[resource.type] in p:
                self.on_resources[resource.path] = p[POLICIES_OF[resource.type]]

    def allows(self, request: Request) -> bool:
        """Whether every policy that has a say lets the request through."""
        if request.action == "sts:AssumeRole":
            return self._verdicts(request, [self.trust[request.resource]]) == {"Allow"}
        if request.action.startswith("kms:"):
            return self._key_allows(request)
        resource = self._verdicts(request, self.on_resources.values(), names_the_caller=True)
        identity = self._verdicts(request, self.roles.get(request.principal, []), identity=True)
        verdicts = resource | identity
        return "Allow" in verdicts and "Deny" not in verdicts

    def _key_allows(self, request: Request) -> bool:
        """The key policy must allow; where it leaves it to the account, the role must, too."""
        key = [self.keys[request.resource]]
        named = self._verdicts(request, key, names_the_caller=True)
        left_to_iam = self._verdicts(request, key)
        identity = self._verdicts(request, self.roles.get(request.principal, []), identity=True)
        if "Deny" in named | left_to_iam | identity:
            return False
        return "Allow" in named or ("Allow" in left_to_iam and "Allow" in identity)

    def _verdicts(
        self, request: Request, documents: Any, *, identity: bool = False, names_the_caller: bool = False
    ) -> set[str]:
        return {
            statement["Effect"]
            for document in documents
            for statement in as_list(document["Statement"])
            if (identity or principal_matches(statement["Principal"], request, names_the_caller))
            and statement_matches(statement, request)
        }

    def statements(self) -> Iterator[tuple[str, Document]]:
        """Every statement that allows something, with the place it stands."""
        groups = {**self.on_resources, **self.keys, **self.trust}
        for place, document in groups.items():
            yield from ((place, s) for s in as_list(document["Statement"]) if s["Effect"] == "Allow")
        for place, documents in self.roles.items():
            for document in documents:
                yield from ((place, s) for s in as_list(document["Statement"]) if s["Effect"] == "Allow")

    def without(self, place: str, sid: str | None, action: str) -> Permissions:
        """A copy in which one action is missing from one statement."""
        copied = copy.deepcopy(self)
        for where, statement in copied.statements():
            if where == place and statement.get("Sid") == sid and action in as_list(statement["Action"]):
                statement["Action"] = [a for a in as_list(statement["Action"]) if a != action]
        return copied


def principal_matches(principal: Any, request: Request, names_the_caller: bool) -> bool:
    """Whether a statement is about the caller; the account's root stands for the account's IAM policies."""
    if principal == "*":
        return True
    ((kind, names),) = principal.items()
    if kind == "Service":
        return request.is_service and request.principal in as_list(names)
    if kind != "AWS":
        raise NotImplementedError(kind)
    if request.is_service:
        return False
    account_root = f"arn:aws:iam::{request.principal.split(':')[4]}:root"
    if account_root in as_list(names):
        return not names_the_caller
    return request.principal in as_list(names)


def statement_matches(statement: Document, request: Request) -> bool:
    """Whether a statement's action, resource and conditions fit the request."""
    resources = as_list(statement.get("Resource", "*"))
    return (
        any(fnmatchcase(request.action.lower(), a.lower()) for a in as_list(statement["Action"]))
        and any(fnmatchcase(request.resource, r) for r in resources)
        and all(
            condition_holds(operator, key, as_list(wanted), request.full_context())
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def condition_holds(operator: str, key: str, wanted: list[str], context: dict[str, str]) -> bool:
    """One condition; a key that the request does not have fulfils none of these operators."""
    lower = {name.lower(): value for name, value in context.items()}
    actual = lower.get(key.lower())
    if actual is None:
        return False
    if operator in ("StringEquals", "Bool"):
        return actual in wanted
    if operator in ("ArnLike", "ArnEquals", "StringLike"):
        return any(fnmatchcase(actual, pattern) for pattern in wanted)
    raise NotImplementedError(operator)
