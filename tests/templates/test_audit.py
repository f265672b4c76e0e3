"""Auditing log files: what the function may read and keep for it, and the state machine that has it read batches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.emulator import REPOSITORY

from .permissions import Permissions, Request, as_list, statement_matches
from .rendering import ACCOUNT, HOME, Stack, audits
from .test_run_audit import AUDITOR

STACK = audits()
OF_THE_STACK = Permissions(STACK)
TRAILS, ARCHIVE = "arn:aws:s3:::trail-logs", "arn:aws:s3:::archive-logs"
REPORTS = f"arn:aws:s3:::crisguard-reports-{ACCOUNT}-{HOME}"
POLICIES = f"arn:aws:s3:::crisguard-policy-{ACCOUNT}-{HOME}"
TRAIL_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/trail"
OWN_KEY, POLICY_KEY = (f"arn:aws:kms:{HOME}:{ACCOUNT}:key/{name}" for name in ("crisguard", "policy"))
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT}:stateMachine:crisguard-audit"
LOG = "AWSLogs/o-a1b2c3d4e5/222233334444/CloudTrail/eu-west-1/2026/10/01/x.json.gz"
THROUGH_S3 = {"kms:ViaService": f"s3.{HOME}.amazonaws.com"}
THROUGH_S3_THERE = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}


def machine() -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(STACK.resources["Audit.StateMachine"].properties["DefinitionString"])
    return definition


def may(request: Request, stack: Stack = STACK) -> bool:
    """Whether a role's own policies allow it; keys and buckets of others have a say of their own."""
    documents = Permissions(stack).roles[request.principal]
    return any(statement_matches(s, request) for d in documents for s in d["Statement"])


# -- the function ---------------------------------------------------------------------------

NEEDS: list[tuple[str, str, dict[str, str]]] = [
    ("s3:ListBucket", TRAILS, {}),
    ("s3:ListBucket", ARCHIVE, {}),
    ("s3:GetObject", f"{TRAILS}/{LOG}", {}),
    ("s3:GetObject", f"{ARCHIVE}/{LOG}", {}),
    ("kms:Decrypt", TRAIL_KEY, THROUGH_S3_THERE),
    ("s3:PutObject", f"{REPORTS}/audit/october/plan.jsonl", {}),
    ("s3:GetObject", f"{REPORTS}/audit/october/plan.jsonl", {}),
    ("s3:GetObject", f"{REPORTS}/posture/{ACCOUNT}/2026-11-22/nightly.json", {}),
    ("s3:ListBucket", REPORTS, {}),
    ("kms:GenerateDataKey", OWN_KEY, THROUGH_S3),
    ("kms:Decrypt", OWN_KEY, THROUGH_S3),
    ("s3:GetObject", f"{POLICIES}/policy.yaml", {}),
    ("kms:Decrypt", POLICY_KEY, THROUGH_S3),
]


@pytest.mark.parametrize(("action", "on", "context"), NEEDS)
def test_the_function_may_do_what_an_audit_takes(action: str, on: str, context: dict[str, str]) -> None:
    assert may(Request(AUDITOR, action, on, context))
    assert not may(Request(AUDITOR, action, on, context), Stack("run-audit.yaml", {}, HOME)), "unless asked for"
    if context:
        assert not may(Request(AUDITOR, action, on, {"kms:ViaService": f"sqs.{HOME}.amazonaws.com"}))


@pytest.mark.parametrize(("action", "on"), [
    ("s3:GetObject", f"arn:aws:s3:::another-bucket/{LOG}"),
    ("s3:ListBucket", "arn:aws:s3:::another-bucket"),
    ("s3:ListBucket", "arn:aws:s3:::trail-logs-2"),
    ("s3:GetObject", f"arn:aws:s3:::trail-logs-2/{LOG}"),
    ("s3:PutObject", f"{TRAILS}/{LOG}"),
    ("s3:DeleteObject", f"{TRAILS}/{LOG}"),
    ("s3:GetObject", f"{REPORTS}/another/x.json"),
    ("s3:PutObject", f"{REPORTS}/posture/{ACCOUNT}/known.json"),
    ("s3:DeleteObject", f"{REPORTS}/audit/october/plan.jsonl"),
    ("s3:PutObject", f"{POLICIES}/policy.yaml"),
    ("s3:GetObject", f"{POLICIES}/other.yaml"),
])  # fmt: skip
def test_the_function_may_not_do_more(action: str, on: str) -> None:
    assert not may(Request(AUDITOR, action, on))


def test_no_permission_of_the_function_is_idle() -> None:
    (document,) = OF_THE_STACK.roles[AUDITOR]
    _, *statements = document["Statement"]
    needed = [Request(AUDITOR, *need) for need in NEEDS]
    for statement in statements:
        for action in as_list(statement["Action"]):
            matching = [r for r in needed if r.action == action and statement_matches(statement, r)]
            assert matching, f"nothing needs {action} of {statement['Sid']}"


def test_the_function_is_told_and_has_room() -> None:
    properties = STACK.resources["Function"].properties
    assert properties["Environment"]["Variables"] == {
        "CRISGUARD_REPORTS_BUCKET": REPORTS.removeprefix("arn:aws:s3:::"),
        "CRISGUARD_POLICY_BUCKET": POLICIES.removeprefix("arn:aws:s3:::"),
        "CRISGUARD_POLICY_KEY": "policy.yaml",
    }
    assert (properties["MemorySize"], properties["EphemeralStorage"]["Size"]) == (3008, 10240)
    plain = Stack("run-audit.yaml", {}, HOME).resources["Function"].properties
    assert (plain["MemorySize"], plain["EphemeralStorage"]["Size"]) == (512, 512)


@pytest.mark.parametrize("missing", ["AuditBucketArns", "ReportsBucket", "KeyArn"])
def test_the_state_machine_stands_where_it_has_something_to_read_and_a_place_to_keep(missing: str) -> None:
    assert STACK.of_type("AWS::StepFunctions::StateMachine")
    assert not audits(**{missing: ""}).of_type("AWS::StepFunctions::StateMachine")
    assert "StateMachineArn" in STACK.outputs


# -- the state machine ----------------------------------------------------------------------


def test_a_run_is_called_as_its_execution_is() -> None:
    """Whatever is tried again writes over what it wrote before."""
    states = machine()["States"]
    name = states[machine()["StartAt"]]
    assert (name["InputPath"], name["ResultPath"], name["Next"]) == ("$$.Execution.Name", "$.run", "Plan")


def test_a_batch_is_told_its_run() -> None:
    assert machine()["States"]["Read"]["ItemSelector"] == {"run.$": "$.run", "line.$": "$$.Map.Item.Value"}


def test_the_state_machine_reads_by_no_other_key() -> None:
    role = STACK.resources["Audit.Role"].arn
    assert not may(Request(role, "kms:Decrypt", OWN_KEY.replace("crisguard", "another"), THROUGH_S3))


def test_failure_is_an_alarm_where_there_is_somebody_to_tell() -> None:
    alarms = {alarm.properties["AlarmName"]: alarm.properties for alarm in STACK.of_type("AWS::CloudWatch::Alarm")}
    assert {name: p["MetricName"] for name, p in alarms.items()} == {
        "crisguard-audit-failed": "ExecutionsFailed",
        "crisguard-audit-timed-out": "ExecutionsTimedOut",
        "crisguard-audit-incomplete": "AuditRejected",
    }
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [STACK.parameters["OperationsTopicArn"]]
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    incomplete = alarms.pop("crisguard-audit-incomplete")
    for alarm in alarms.values():
        assert alarm["Dimensions"] == [{"Name": "StateMachineArn", "Value": MACHINE}]
    # What the function counts, by the names that it writes.
    metric = (REPOSITORY / "functions/run-audit-lambda/src/audit/metric.rs").read_text(encoding="utf-8")
    (dimension,) = incomplete["Dimensions"]
    assert dimension == {"Name": "FunctionName", "Value": STACK.resources["Function"].properties["FunctionName"]}
    assert f'"{incomplete["MetricName"]}"' in metric
    assert f'"{dimension["Value"]}"' in metric
    assert audits(OperationsTopicArn="").of_type("AWS::CloudWatch::Alarm") == []
