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
CHILDREN = f"arn:aws:states:{HOME}:{ACCOUNT}:execution:crisguard-audit"
FUNCTION = STACK.resources["Function"].arn
LOG = "AWSLogs/o-a1b2c3d4e5/222233334444/CloudTrail/eu-west-1/2026/10/01/x.json.gz"
THROUGH_S3 = {"kms:ViaService": f"s3.{HOME}.amazonaws.com"}
THROUGH_S3_THERE = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}


def machine(stack: Stack = STACK) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(stack.resources["Audit.StateMachine"].properties["DefinitionString"])
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
    assert states["Plan"]["Parameters"] == {"FunctionName": FUNCTION, "Payload": {"plan.$": "$"}}
    assert states["Plan"]["ResultSelector"] == {name + ".$": f"$.Payload.{name}" for name in ("run", "bucket", "key")}


def test_each_line_of_the_plan_is_one_batch() -> None:
    read = machine()["States"]["Read"]
    assert read["ItemReader"] == {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.key"},
    }
    assert read["ItemSelector"] == {"run.$": "$.run", "line.$": "$$.Map.Item.Value"}
    (child,) = read["ItemProcessor"]["States"].values()
    assert child["Parameters"] == {"FunctionName": FUNCTION, "Payload": {"batch.$": "$"}}
    few = machine(audits(BatchesAtOnce="7"))["States"]["Read"]
    assert (read["MaxConcurrency"], few["MaxConcurrency"]) == (100, 7)


def test_one_batch_that_fails_stops_no_other_and_the_report_is_made() -> None:
    read = machine()["States"]["Read"]
    assert read["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert read["ToleratedFailurePercentage"] == 100
    assert read["Next"] == "Merge"
    (caught,) = read["Catch"]
    assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Merge")
    (child,) = read["ItemProcessor"]["States"].values()
    # All answers together may have 256 KiB; Merge reads the tallies, and needs to be told the run.
    assert child["OutputPath"] is read["ResultPath"] is caught["ResultPath"] is None
    assert machine()["States"]["Merge"]["Parameters"]["Payload"] == {"merge": {"run.$": "$.run"}}


def test_every_invocation_is_tried_again_within_bounds() -> None:
    states = machine()["States"]
    (child,) = states["Read"]["ItemProcessor"]["States"].values()
    timeout = STACK.resources["Function"].properties["Timeout"]
    for task in (states["Plan"], child, states["Merge"]):
        of_lambda, of_the_function = task["Retry"]
        assert "Lambda.TooManyRequestsException" in of_lambda["ErrorEquals"]
        assert of_the_function["ErrorEquals"] == ["States.TaskFailed", "States.Timeout"]
        assert (of_lambda["MaxAttempts"], of_the_function["MaxAttempts"]) == (8, 2)
        assert task["TimeoutSeconds"] > timeout, "the function says itself that its time is up"


PATHS: list[tuple[str, str, dict[str, str]]] = [
    ("lambda:InvokeFunction", FUNCTION, {}),
    ("states:StartExecution", MACHINE, {}),
    ("states:DescribeExecution", f"{CHILDREN}/Read:1", {}),
    ("states:StopExecution", f"{CHILDREN}/Read:1", {}),
    ("states:DescribeExecution", f"{CHILDREN}:1", {}),
    ("s3:GetObject", f"{REPORTS}/audit/october/plan.jsonl", {}),
    ("kms:Decrypt", OWN_KEY, THROUGH_S3),
]
DELIVERIES = ("logs:", "xray:")


@pytest.mark.parametrize(("action", "on", "context"), PATHS)
def test_the_state_machine_may_do_what_it_does(action: str, on: str, context: dict[str, str]) -> None:
    role = STACK.resources["Audit.Role"].arn
    assert may(Request(role, action, on, context))
    assert not may(Request(role, action, on.replace("crisguard", "another"), context))


def test_the_state_machine_may_do_nothing_else() -> None:
    role = STACK.resources["Audit.Role"]
    (document,) = OF_THE_STACK.roles[role.arn]
    for statement in document["Statement"]:
        actions = set(as_list(statement["Action"]))
        if statement["Resource"] == "*":
            assert all(action.startswith(DELIVERIES) for action in actions)
            continue
        for action in actions:
            needed = [Request(role.arn, *path) for path in PATHS if path[0] == action]
            assert any(statement_matches(statement, request) for request in needed), f"nothing needs {action}"
    for other in (f"{REPORTS}/audit/october/report/report.json", f"{REPORTS}/posture/x/plan.jsonl", f"{TRAILS}/{LOG}"):
        assert not may(Request(role.arn, "s3:GetObject", other))
    (trust,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    label = machine()["States"]["Read"]["Label"]
    assert trust["Condition"]["ArnEquals"] == {"aws:SourceArn": [MACHINE, f"{MACHINE}/{label}"]}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_its_log_is_encrypted_and_holds_no_payload() -> None:
    properties = STACK.resources["Audit.StateMachine"].properties
    logging = properties["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)
    log = STACK.resources["Audit.LogGroup"]
    (destination,) = logging["Destinations"]
    assert destination["CloudWatchLogsLogGroup"]["LogGroupArn"] == log.arn
    assert log.properties["KmsKeyId"] == OWN_KEY
    assert properties["TracingConfiguration"] == {"Enabled": True}


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
