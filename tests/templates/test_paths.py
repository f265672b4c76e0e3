"""Each publisher reaches its resource and its key, nobody else does, and no permission is idle."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .permissions import ROOT, Permissions, Request, as_list
from .rendering import ACCOUNT, HOME, change_region, home, invocation_logging, source_region

HOME_STACK = home(SecurityHub="yes")
SOURCE_STACK = source_region(CustomerManagedKey="yes")
CHANGE_STACK = change_region()
LOGGING_STACK = invocation_logging("eu-west-1")
STACKS = (HOME_STACK, SOURCE_STACK, CHANGE_STACK, LOGGING_STACK)
DEPLOYED = Permissions(*STACKS)
PATHS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "paths.yaml").read_text(encoding="utf-8"))
FOREIGN = "999999999999"


def filled(text: str) -> str:
    """A text of paths.yaml with its ARNs, Region and account filled in."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        plain = {"Region": HOME, "Account": ACCOUNT, "source.Region": SOURCE_STACK.region}
        plain["logging.Region"] = LOGGING_STACK.region
        if name in plain:
            return plain[name]
        for prefix, stack in (("source.", SOURCE_STACK), ("change.", CHANGE_STACK), ("logging.", LOGGING_STACK)):
            if name.startswith(prefix):
                return stack.resources[name.removeprefix(prefix)].arn
        return HOME_STACK.resources[name].arn

    return re.sub(r"\$\{([^}]+)\}", value, text)


def requests_of(path: dict[str, Any]) -> list[Request]:
    context = {key: filled(text) for key, text in path.get("with", {}).items()}
    return [
        # A log group's permission is asked for one of its streams.
        Request(filled(path["who"]), action, re.sub(r"(log-group:.*):\*$", r"\1:log-stream:one", filled(on)), context)
        for action, on in path["needs"].items()
    ]


ALL = [(path["path"], request) for path in PATHS for request in requests_of(path)]
named = pytest.mark.parametrize(("path", "request_"), ALL, ids=[f"{p} [{r.action}]" for p, r in ALL])


@named
def test_is_allowed(path: str, request_: Request) -> None:
    assert DEPLOYED.allows(request_), f"{path}: {request_} is refused"


@named
def test_is_allowed_to_nobody_else(path: str, request_: Request) -> None:
    if request_.is_service:
        others = [request_.but(principal="s3.amazonaws.com")]
        # A service may not be borrowed: another account, another resource of the same kind.
        others += [
            request_.but(context={**request_.context, key: value.replace(ACCOUNT, FOREIGN)})
            for key, value in request_.context.items()
            if key != "aws:SourceAccount" and not only_by_account(request_)
        ]
    else:
        others = [
            request_.but(principal=f"arn:aws:iam::{ACCOUNT}:role/another"),
            request_.but(principal=request_.principal.replace(ACCOUNT, FOREIGN)),
        ]
        # What a permission is bound to cannot be something else: another service on the way
        # to the key, another source of an event.
        others += [
            request_.but(context={**request_.context, key: f"{value}.another"})
            for key, value in request_.context.items()
        ]
    for other in others:
        assert not DEPLOYED.allows(other), f"{path}: {other} is allowed as well"


def only_by_account(request: Request) -> bool:
    """Lambda assumes execution roles without a source: IAM has no condition for it there."""
    return not request.context


OURS = tuple(
    r.arn
    for kind in ("AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue")
    for stack in STACKS
    for r in stack.of_type(kind)
)
# The other services are offered over TLS only, and the policies of others' buckets are not ours.
OVER_PLAIN_HTTP_TOO = [(p, r) for p, r in ALL if r.resource.startswith(OURS)]


@pytest.mark.parametrize(
    ("path", "request_"), OVER_PLAIN_HTTP_TOO, ids=[f"{p} [{r.action}]" for p, r in OVER_PLAIN_HTTP_TOO]
)
def test_is_refused_without_tls(path: str, request_: Request) -> None:
    assert not DEPLOYED.allows(request_.but(context={**request_.context, "aws:SecureTransport": "false"})), path


@pytest.mark.parametrize("kept", ["known.json", "2026-11-21/nightly.json", "organization/profiles.json.old"])
def test_watch_inference_reads_of_no_account_what_it_does_not_decide_by(kept: str) -> None:
    bucket = filled("${Reports.ReportsBucket}")
    for account in (ACCOUNT, FOREIGN):
        request = Request(filled("${WatchInference.Role}"), "s3:GetObject", f"{bucket}/posture/{account}/{kept}", {})
        assert not DEPLOYED.allows(request)


def removable() -> list[tuple[str, str | None, str]]:
    """Every single permission, but for the key's administration and the statements that only name a sender.

    A statement for the account's root grants nothing by itself: the sender's own role does.
    """
    return [
        (place, statement.get("Sid"), action)
        for place, statement in DEPLOYED.statements()
        if statement.get("Principal") != {"AWS": ROOT}
        for action in as_list(statement["Action"])
    ]


@pytest.mark.parametrize(("place", "sid", "action"), removable())
def test_no_permission_is_idle(place: str, sid: str | None, action: str) -> None:
    poorer = DEPLOYED.without(place, sid, action)
    assert any(not poorer.allows(request) for _, request in ALL), f"{place} {sid}: nothing needs {action}"


def test_every_sender_that_is_named_exists_and_may_send() -> None:
    roles = {r.arn: r for stack in STACKS for r in stack.of_type("AWS::IAM::Role")}
    for place, statement in DEPLOYED.statements():
        if statement.get("Principal") != {"AWS": ROOT} or "Condition" not in statement:
            continue
        named_roles = next(
            keys["aws:PrincipalArn"] for keys in statement["Condition"].values() if "aws:PrincipalArn" in keys
        )
        for named_role in as_list(named_roles):
            senders = [arn for arn in roles if re.fullmatch(re.escape(named_role).replace(r"\*", ".*"), arn)]
            assert senders, f"{place} names {named_role}, which no stack creates"
            for sender in senders:
                assert DEPLOYED.allows(Request(sender, statement["Action"], statement["Resource"])), place


# AWS has no resource-level permission for these, or asks for none where they are asked without a name; all
# of them only list and read settings.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
ON_EVERY_RESOURCE = {
    "bedrock:GetAccountDataRetention",
    "bedrock:GetModelInvocationLoggingConfiguration",
    "bedrock:ListAgents",
    "bedrock:ListCustomModels",
    "bedrock:ListEnforcedGuardrailsConfiguration",
    "bedrock:ListGuardrails",
    "bedrock:ListImportedModels",
    "bedrock:ListInferenceProfiles",
    "bedrock:ListKnowledgeBases",
    "bedrock:ListModelInvocationJobs",
    "cloudtrail:DescribeTrails",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "ec2:DescribeVpcEndpoints",
    "events:ListRules",
    "iam:GetAccountAuthorizationDetails",
    "iam:ListServiceSpecificCredentials",
    "logs:DescribeLogGroups",
    "organizations:DescribeOrganization",
    "organizations:ListRoots",
    "s3:GetAccountPublicAccessBlock",
    "s3:ListAllMyBuckets",
}


# The one configuration of a Region is no resource; this is what turn-on-logging is for.
OF_THE_REGION = {
    "bedrock:DeleteModelInvocationLoggingConfiguration",
    "bedrock:GetModelInvocationLoggingConfiguration",
    "bedrock:PutModelInvocationLoggingConfiguration",
}


def test_no_role_may_do_everything() -> None:
    for place, documents in DEPLOYED.roles.items():
        for statement in (s for d in documents for s in as_list(d["Statement"])):
            assert not any("*" in action for action in as_list(statement["Action"])), place
            if "*" in as_list(statement["Resource"]):
                if place == LOGGING_STACK.resources["FunctionRole"].arn:
                    assert set(statement["Action"]) == OF_THE_REGION
                    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": LOGGING_STACK.region}}
                    continue
                assert set(as_list(statement["Action"])) <= ON_EVERY_RESOURCE, place
            # Describing a key uses it for nothing.
            if any(a.startswith("kms:") and a != "kms:DescribeKey" for a in as_list(statement["Action"])):
                assert "kms:ViaService" in statement["Condition"]["StringEquals"], place


def test_nothing_that_check_posture_reads_of_settings_is_content_or_a_change() -> None:
    """Its managed policy can be handed out as it is: it shows settings alone."""
    (policy,) = HOME_STACK.of_type("AWS::IAM::ManagedPolicy")
    statements = policy.properties["PolicyDocument"]["Statement"]
    actions = [action for s in statements for action in as_list(s["Action"])]
    assert all(re.match(r"[a-z0-9]+:(Describe|Get|List)", action) for action in actions)
    contents = {"s3:GetObject", "s3:ListBucket", "logs:GetLogEvents", "bedrock:GetKnowledgeBaseDocuments"}
    assert not contents & set(actions)
    # IAM's quota: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    assert len(json.dumps(policy.properties["PolicyDocument"], separators=(",", ":"))) <= 6144


def test_every_path_has_its_source_and_says_what_the_emulator_does() -> None:
    for path in PATHS:
        assert re.match(r"https://docs\.aws\.amazon\.com/", path["source"]), path["path"]
        assert path["emulator"] in ("checks", "does not check"), path["path"]
