"""IAM: which action is asked for on which resource, under which conditions."""

from __future__ import annotations

import contextvars
import json
from typing import Any
from urllib.parse import unquote

import cbor2
from ministack import app as gateway
from ministack.core import iam_actions, iam_evaluator, sigv4
from ministack.core.responses import get_account_id, get_region
from ministack.services import kms

# The operations of EventBridge on a rule, with the member that names it; and on a bus.
NAMES_A_RULE = {
    "DeleteRule": "Name",
    "DescribeRule": "Name",
    "DisableRule": "Name",
    "EnableRule": "Name",
    "ListTargetsByRule": "Rule",
    "PutRule": "Name",
    "PutTargets": "Rule",
    "RemoveTargets": "Rule",
}
NAMES_A_BUS = {"CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus"}

# What paths of Bedrock lead to, and how its ARN calls that.
NAMED_OF_BEDROCK = {
    "custom-models": "custom-model",
    "guardrails": "guardrail",
    "imported-models": "imported-model",
}

ACCOUNT_BLOCK = "/v20180820/configuration/publicAccessBlock"
# Every account here is in an organization, which is another account's.
ORGANIZATION = "arn:aws:organizations::444455556666"
ORGANIZATION_ID = "o-a1b2c3d4e5"
OF_A_TYPE = {
    "organizations:DescribeEffectivePolicy",
    "organizations:DescribePolicy",
    "organizations:ListPoliciesForTarget",
}
"""What is asked for with the type of policy."""

# The entries of the PutEvents request that is being authorized, and the type of the organization's policies that
# another request is about.
entries: contextvars.ContextVar[list[dict[str, Any]]] = contextvars.ContextVar("crisguard_entries")
policy_type: contextvars.ContextVar[str] = contextvars.ContextVar("crisguard_policy_type")


class UndeliverableError(Exception):
    """The target refused what was sent, as it would refuse it on AWS."""


def apply() -> None:
    """Adjusts the evaluation of requests."""
    _authorize_batches_as_their_entries()
    _ask_for_permission_in_every_protocol()
    _name_resources_as_aws_does()
    _know_the_source_of_events()
    _know_the_type_of_policies()
    _accept_moved_clocks()
    _ask_for_the_account_s_public_access_block()


def require(role: str | None, action: str, resource: str, context: dict[str, Any] | None = None) -> None:
    """Raises unless the role of a rule's target or of a schedule may do this."""
    role_name = str(role or "").rsplit("/", 1)[-1]
    account = get_account_id()
    policies = iam_evaluator._gather_role_policies(role_name, account) if role_name else []
    if iam_evaluator.evaluate(request_of(role_name, action, resource, context), policies).decision != "Allow":
        raise UndeliverableError(f"the role {role_name or '(none)'} may not {action} on {resource}")


def request_of(role_name: str, action: str, resource: str, context: dict[str, Any] | None = None) -> Any:
    """A request of a role of the account, as policies see it."""
    account = get_account_id()
    return iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{role_name}/delivery",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context=context or {},
    )


def _authorize_batches_as_their_entries() -> None:
    """A batch of messages needs the permission for one message; there is no action for batches.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    """
    original = iam_actions.extract_iam_action

    def extract(service: str, *arguments: Any, **options: Any) -> str | None:
        action: str | None = original(service, *arguments, **options)
        return action.removesuffix("Batch") if action and service in ("sqs", "sns") else action

    iam_actions.extract_iam_action = extract


def _ask_for_permission_in_every_protocol() -> None:
    """Each operation on the account has its action, and each of CloudWatch, in the protocol that
    the SDK for Rust speaks, too.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsaccountmanagement.html
    https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
    """
    original = iam_actions.extract_iam_action

    def extract(service: str, method: str, path: str, *arguments: Any, **options: Any) -> str | None:
        if service == "account":
            operation = path.strip("/")
            return f"account:{operation[:1].upper()}{operation[1:]}"
        if service in ("monitoring", "cloudwatch") and "/operation/" in path:
            return f"cloudwatch:{path.rsplit('/', 1)[-1]}"
        action: str | None = original(service, method, path, *arguments, **options)
        return action

    iam_actions.extract_iam_action = extract


def _name_resources_as_aws_does() -> None:
    """A rule of the default bus is `rule/NAME`, one of another bus `rule/BUS/NAME`; the account
    itself is what its Regions are listed of; a key that is named by an alias is that key; a model or
    guardrail that is named by its ARN is that one; an effective policy is of an account in its organization.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsaccountmanagement.html
    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    original = iam_actions.extract_resource_arn

    def extract(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: Any,
        region: str,
        account: str,
    ) -> str:
        if service == "account":
            return f"arn:aws:account::{account}:account"
        if service in ("monitoring", "cloudwatch") and "/operation/" in path:
            name = cbor2.loads(body).get("AlarmName") if body else None
            return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}" if name else "*"
        named = None
        if service == "organizations":
            named = _part_of_organization(headers.get("x-amz-target", "").rsplit(".", 1)[-1], _parsed(body), account)
        if service == "events":
            operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
            named = _resource_of_events(operation, _parsed(body), f"arn:aws:events:{region}:{account}")
        if service == "kms" and headers.get("x-amz-target", "").endswith(".DescribeKey"):
            named = _key_of_alias(str(_parsed(body).get("KeyId")), f"arn:aws:kms:{region}:{account}")
        if service == "bedrock":
            named = _model_or_guardrail(path, f"arn:aws:bedrock:{region}:{account}")
        return named or str(original(service, method, path, headers, body, query, region, account))

    iam_actions.extract_resource_arn = extract


def _resource_of_events(operation: str, request: dict[str, Any], here: str) -> str | None:
    entries.set(request.get("Entries") or [] if operation == "PutEvents" else [])
    if operation == "ListRules":
        return "*"
    if operation in NAMES_A_BUS:
        return f"{here}:event-bus/{request.get('Name') or 'default'}"
    if operation in NAMES_A_RULE:
        bus = str(request.get("EventBusName") or "default").rsplit("/", 1)[-1]
        return f"{here}:rule/{'' if bus == 'default' else bus + '/'}{request.get(NAMES_A_RULE[operation])}"
    return None


def _part_of_organization(operation: str, request: dict[str, Any], account: str) -> str | None:
    """What a call is about: an account, a unit, the root or a policy; of policies, their type is known, too."""
    policy_type.set(str(request.get("PolicyType") or request.get("Filter") or "SERVICE_CONTROL_POLICY"))
    if operation == "DescribePolicy":
        return f"{ORGANIZATION}:policy/{ORGANIZATION_ID}/service_control_policy/{request.get('PolicyId')}"
    members = {
        "DescribeEffectivePolicy": "TargetId",
        "ListAccountsForParent": "ParentId",
        "ListOrganizationalUnitsForParent": "ParentId",
        "ListParents": "ChildId",
        "ListPoliciesForTarget": "TargetId",
    }
    if operation not in members:
        return None
    target = str(request.get(members[operation], account))
    kind = {"r": "root", "o": "ou"}.get(target[:1], "account")
    return f"{ORGANIZATION}:{kind}/{ORGANIZATION_ID}/{target}"


def _model_or_guardrail(path: str, here: str) -> str | None:
    """What a path names by its id or by its ARN."""
    collection, _, name = unquote(path).strip("/").partition("/")
    kind = NAMED_OF_BEDROCK.get(collection)
    if not kind or not name:
        return None
    return name if name.startswith("arn:") else f"{here}:{kind}/{name}"


def _key_of_alias(name: str, here: str) -> str | None:
    if not name.startswith(("alias/", f"{here}:alias/")):
        return None
    key = kms._aliases.get(name if name.startswith("arn:") else f"{here}:{name}")
    # Those of AWS's own keys exist in every account.
    return f"{here}:key/{str(key or 'unknown').rsplit('/', 1)[-1]}"


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _know_the_source_of_events() -> None:
    """PutEvents is asked for with the source and detail-type of each entry.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """
    original = iam_evaluator.enforce

    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        if iam_action != "events:PutEvents":
            return original(access_key_id, iam_action, service, region, resource_arn, service_context)
        here = f"arn:aws:events:{region}:{get_account_id()}:event-bus/"
        verdict = None
        for entry in entries.get([]) or [{}]:
            bus = entry.get("EventBusName") or "default"
            if entry and (bus if bus.startswith("arn:") else here + bus) != resource_arn:
                continue
            context = {"events:source": entry.get("Source"), "events:detail-type": entry.get("DetailType")}
            verdict = original(
                access_key_id, iam_action, service, region, resource_arn, {**(service_context or {}), **context}
            )
            if verdict is not None:
                return verdict
        return verdict

    iam_evaluator.enforce = enforce


def _know_the_type_of_policies() -> None:
    """What is asked about policies is asked for with their type.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html
    """
    original = iam_evaluator.enforce

    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        context = service_context
        if iam_action in OF_A_TYPE:
            context = {**(service_context or {}), "organizations:PolicyType": policy_type.get("")}
        return original(access_key_id, iam_action, service, region, resource_arn, context)

    iam_evaluator.enforce = enforce


def _accept_moved_clocks() -> None:
    """Tests move a function's clock, whose requests would be refused then; on AWS its clock is right."""
    sigv4.request_time_failure = lambda *_, **__: None


def _ask_for_the_account_s_public_access_block() -> None:
    """The public access block of an account has permissions of its own, on no resource; the operation itself is
    answered elsewhere (tests/answers).

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    original = gateway._handle_s3_control_request

    async def handle(
        path: str,
        method: str,
        body: bytes,
        query: Any,
        request_id: str,
        headers: dict[str, str] | None = None,
    ) -> Any:
        if path == ACCOUNT_BLOCK:
            verb = "Get" if method == "GET" else "Put"
            action = f"s3:{verb}AccountPublicAccessBlock"
            refused = gateway._enforce_data_plane("s3", action, headers or {}, query, request_id, resource_arn="*")
            if refused:
                return refused
        return await original(path, method, body, query, request_id, headers)

    gateway._handle_s3_control_request = handle
