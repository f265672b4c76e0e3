"""Other accounts behave as on AWS: roles that are assumed, buses that are shared, and a state machine over them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import pytest

from .emulator import ACCOUNT, INFRA, Emulator, root_of
from .emulator import HOME_REGION as HOME
from .test_emulator import RECORD, logged, messages

MEMBER, BROKEN, STRANGER = "222233334444", "333344445555", "999999999999"
SOURCE = "us-east-1"
PATTERN = {"source": [{"prefix": "aws.bedrock"}], "detail-type": ["AWS API Call via CloudTrail"]}
ROLE = "role/crisguard-member"
# Takes check-posture's place in the state machine: each look at an account but for one comes to an end, and every
# request is written down. It also assumes the role it is told to, and says as whom and what it may then do.
LOOKING = f"""#!{sys.executable}
import json, os, urllib.request
import boto3, botocore.exceptions
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
bucket, key = os.environ["CRISGUARD_REPORTS_BUCKET"], "posture/organization/1/plan.jsonl"

def assume(request):
    got = boto3.client("sts").assume_role(RoleSessionName="crisguard", **request)["Credentials"]
    session = boto3.Session(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"], "us-east-1")
    session.client("events").list_rules()
    try:
        session.client("events").put_rule(Name="crisguard-x", ScheduleExpression="rate(1 day)")
    except botocore.exceptions.ClientError as error:
        return session.client("sts").get_caller_identity()["Account"], error.response["Error"]["Code"]

def answered(body):
    if "plan" in body:
        accounts = body["plan"].get("accounts", [])
        lines = [json.dumps({{"run": "1", "account": each, "region": "us-east-1"}}) for each in accounts]
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body="\\n".join(lines).encode())
        return {{"run": "1", "bucket": bucket, "key": key, "items": len(lines)}}
    if "look" in body and body["look"]["account"] == "{BROKEN}":
        raise ValueError("broken")
    return assume(body["assume"]) if "assume" in body else body

while True:
    with urllib.request.urlopen(api + "next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)
    print("ASKED " + json.dumps(body), flush=True)
    try:
        outcome, answer = "response", answered(body)
    except Exception as error:
        outcome, answer = "error", {{"errorType": type(error).__name__, "errorMessage": str(error)}}
    urllib.request.urlopen(api + request + "/" + outcome, json.dumps(answer).encode()).close()
"""


@pytest.fixture(scope="module")
def organization(code: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A security account, a member account with role and forwarders, and a stranger's with forwarders, too."""
    archive = tmp_path_factory.mktemp("code") / "looking.zip"
    entry = ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    with ZipFile(archive, "w") as packed:
        packed.writestr(entry, LOOKING)
    across = {"OrganizationId": "o-a1b2c3d4e5", "MemberRoleName": "crisguard-member", "MemberExternalId": "id-1"}
    with Emulator.start() as aws:
        aws.deploy_home({**code, "check-posture": archive}, across)
        trusts = {"CheckPostureRoleArn": f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME}"}
        for account in (MEMBER, STRANGER):
            credentials = root_of(account)
            role = {**trusts, "ExternalId": "id-1"}
            aws.deploy(INFRA / "member-role.yaml", role, stack="role", region=SOURCE, credentials=credentials)
            forwards = {
                "HomeBusArn": f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/crisguard",
                "PolicySha256": "a" * 64,
                "Pattern1": json.dumps(PATTERN),
            }
            for region in (SOURCE, HOME):
                aws.deploy(INFRA / "source-region.yaml", forwards, stack="s", region=region, credentials=credentials)
        yield aws


def asked(aws: Emulator, body: dict[str, Any]) -> dict[str, Any]:
    answer = aws.client("lambda").invoke(FunctionName="crisguard-check-posture", Payload=json.dumps(body).encode())
    read: Any = json.load(answer["Payload"])
    return {"answer": read} if "FunctionError" not in answer else read


def assumed(aws: Emulator, account: str, **more: str) -> dict[str, Any]:
    return asked(aws, {"assume": {"RoleArn": f"arn:aws:iam::{account}:{ROLE}", **more}})


def test_the_member_role_is_assumed_with_its_external_id(organization: Emulator) -> None:
    """And then it reads, and changes nothing."""
    assert assumed(organization, MEMBER, ExternalId="id-1") == {"answer": [MEMBER, "AccessDeniedException"]}


@pytest.mark.parametrize("more", [{}, {"ExternalId": "id-2"}])
def test_not_without_it(organization: Emulator, more: dict[str, str]) -> None:
    assert "AccessDenied" in assumed(organization, MEMBER, **more)["errorMessage"]


def test_not_outside_the_organization_even_where_it_is_trusted(organization: Emulator) -> None:
    said = assumed(organization, STRANGER, ExternalId="id-1")["errorMessage"]
    assert "no identity-based policy allows the sts:AssumeRole action" in said


def test_a_role_that_is_missing_is_refused_like_one_that_does_not_trust(organization: Emulator) -> None:
    assert "AccessDenied" in assumed(organization, BROKEN, ExternalId="id-1")["errorMessage"]


@pytest.mark.parametrize("region", [SOURCE, HOME])
def test_a_member_s_event_reaches_the_security_account(organization: Emulator, region: str) -> None:
    """It keeps the account and the Region that it came from."""
    identity = f"of-a-member-{region}"
    record = {**RECORD, "awsRegion": region, "eventID": identity}
    organization.put_cloudtrail_event(region, record, account=MEMBER)
    line = logged(organization, "crisguard-watch-inference", identity)
    envelope = json.loads(json.loads(line.removeprefix("RECEIVED "))["Records"][0]["body"])
    assert (envelope["account"], envelope["region"]) == (MEMBER, region)


def test_a_stranger_s_event_does_not(organization: Emulator) -> None:
    """Its rule and its role are as a member's; the bus refuses them, and the event stays with the stranger."""
    organization.put_cloudtrail_event(SOURCE, {**RECORD, "eventID": "of-a-stranger"}, account=STRANGER)
    kept = messages(organization, "crisguard-forward-dlq", SOURCE, root_of(STRANGER))
    assert [message["detail"]["eventID"] for message in kept] == ["of-a-stranger"]
    assert messages(organization, "crisguard-events") == []


def executed(aws: Emulator) -> dict[str, Any]:
    """The execution that began last, once it has ended."""
    states = aws.client("stepfunctions")
    arn = f"arn:aws:states:{HOME}:{ACCOUNT}:stateMachine:crisguard-organization"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        executions = states.list_executions(stateMachineArn=arn)["executions"]
        if executions and executions[0]["status"] != "RUNNING":
            described: dict[str, Any] = states.describe_execution(executionArn=executions[0]["executionArn"])
            return described
        time.sleep(0.1)
    raise AssertionError("the state machine did not come to its end")


def test_one_look_that_fails_stops_no_other(organization: Emulator) -> None:
    """It is tried again, and Merge follows whatever came of it."""
    states = organization.client("stepfunctions")
    arn = f"arn:aws:states:{HOME}:{ACCOUNT}:stateMachine:crisguard-organization"
    accounts = [BROKEN, MEMBER, ACCOUNT]
    states.start_execution(stateMachineArn=arn, input=json.dumps({"accounts": accounts}))
    execution = executed(organization)
    assert (execution["status"], json.loads(execution["output"])) == ("SUCCEEDED", {"merge": {"run": "1"}})
    (run,) = states.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    counts = states.describe_map_run(mapRunArn=run["mapRunArn"])["executionCounts"]
    assert (counts["total"], counts["succeeded"], counts["failed"]) == (3, 2, 1)
    logs = organization.client("logs").filter_log_events(logGroupName="/aws/lambda/crisguard-check-posture")["events"]
    requests = [json.loads(e["message"].removeprefix("ASKED ")) for e in logs if e["message"].startswith("ASKED ")]
    looks = [request["look"]["account"] for request in requests if "look" in request]
    assert sorted(looks) == sorted([ACCOUNT, MEMBER, BROKEN, BROKEN, BROKEN])


def test_the_schedule_starts_it_as_its_role(organization: Emulator) -> None:
    """What it may not start is kept."""
    iam, role = organization.client("iam"), f"crisguard-organization-nightly-{HOME}"
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "states:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="mistake", PolicyDocument=json.dumps(deny))
    organization.start_schedule("crisguard-organization")
    assert messages(organization, "crisguard-organization-dlq") == [{"organization": True}]
    iam.delete_role_policy(RoleName=role, PolicyName="mistake")
    before = len(executions(organization))
    organization.start_schedule("crisguard-organization")
    assert len(executions(organization)) == before + 1


def executions(aws: Emulator) -> list[Any]:
    arn = f"arn:aws:states:{HOME}:{ACCOUNT}:stateMachine:crisguard-organization"
    found: list[Any] = aws.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
    return found
