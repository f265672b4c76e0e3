"""Looking across accounts: who may put events on the bus, assume which role, start what; and the state machine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .permissions import Permissions, Request, as_list, statement_matches
from .rendering import ACCOUNT, HOME, HOME_BUS, ORGANIZATION, Stack, across_accounts, home

MEMBER, FOREIGN = "222233334444", "999999999999"
STACK = across_accounts()
OF_THE_STACK = Permissions(STACK)
CHECK_POSTURE = f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME}"
MEMBER_ROLE = f"arn:aws:iam::{MEMBER}:role/crisguard-member"
IN_THE_ORGANIZATION = {"aws:PrincipalOrgID": ORGANIZATION}
OPERATIONS = STACK.resources["Operations.OperationsTopic"].arn
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT}:stateMachine:crisguard-organization"
REPORTS = f"arn:aws:s3:::crisguard-reports-{ACCOUNT}-{HOME}"
KEY = STACK.resources["Key.Key"].arn
QUEUE = STACK.resources["Organization.DeadLetterQueue"].arn


# -- the bus ---------------------------------------------------------------------------


def put_events(account: str, role: str = "crisguard-forward-us-east-1", **context: str) -> Request:
    return Request(f"arn:aws:iam::{account}:role/{role}", "events:PutEvents", HOME_BUS, context)


def test_the_organization_s_forwarders_may_put_events_on_the_bus() -> None:
    assert OF_THE_STACK.allows(put_events(MEMBER).but(context=IN_THE_ORGANIZATION))
    assert OF_THE_STACK.allows(put_events(ACCOUNT).but(context=IN_THE_ORGANIZATION))


@pytest.mark.parametrize("request_", [
    put_events(FOREIGN),
    put_events(FOREIGN).but(context={"aws:PrincipalOrgID": "o-9999999999"}),
    put_events(MEMBER, "another").but(context=IN_THE_ORGANIZATION),
    put_events(MEMBER).but(context=IN_THE_ORGANIZATION, action="events:PutRule"),
    put_events(MEMBER).but(context=IN_THE_ORGANIZATION, action="events:PutPermission"),
])  # fmt: skip
def test_nobody_else_may(request_: Request) -> None:
    assert not OF_THE_STACK.allows(request_)


def test_without_an_organization_no_other_account_may() -> None:
    stack = home()
    assert not Permissions(stack).allows(put_events(MEMBER).but(context=IN_THE_ORGANIZATION))
    (statement,) = stack.resources["Intake.Bus"].properties["Policy"]["Statement"]
    assert statement["Sid"] == "ForwardersOfThisAccount"


def test_the_bus_is_open_exactly_as_its_control_expects() -> None:
    """Control rule-receives-inference holds the deployed policy against this."""
    _, statement = STACK.resources["Intake.Bus"].properties["Policy"]["Statement"]
    assert statement == {
        "Sid": "ForwardersOfTheOrganization",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": HOME_BUS,
        "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": ORGANIZATION},
            "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/crisguard-forward-*"},
        },
    }


def test_an_alarm_of_a_member_s_region_names_the_account() -> None:
    (target,) = STACK.resources["Operations.AlarmRule"].properties["Targets"]
    transformer = target["InputTransformer"]
    assert transformer["InputPathsMap"]["account"] == "$.account"
    assert "account <account>" in transformer["InputTemplate"]


# -- what check-posture may do across accounts --------------------------------------------


def may_check_posture(action: str, on: str, stack: Stack = STACK, context: dict[str, str] | None = None) -> bool:
    documents = Permissions(stack).roles[CHECK_POSTURE]
    request = Request(CHECK_POSTURE, action, on, context or {})
    return any(statement_matches(s, request) for d in documents for s in d["Statement"])


def test_check_posture_may_assume_the_member_role_within_the_organization() -> None:
    within = {"aws:ResourceOrgID": ORGANIZATION}
    assert may_check_posture("sts:AssumeRole", MEMBER_ROLE, context=within)
    assert not may_check_posture("sts:AssumeRole", MEMBER_ROLE)
    assert not may_check_posture("sts:AssumeRole", MEMBER_ROLE, context={"aws:ResourceOrgID": "o-9999999999"})
    assert not may_check_posture("sts:AssumeRole", MEMBER_ROLE + "s", context=within)
    assert not may_check_posture("sts:AssumeRole", MEMBER_ROLE, home(), within), "unless asked for"


def test_without_an_organization_any_account_whose_role_trusts_it_can_be_looked_at() -> None:
    assert may_check_posture("sts:AssumeRole", MEMBER_ROLE, home(MemberRoleName="crisguard-member"))


@pytest.mark.parametrize(("action", "key"), [
    ("s3:PutObject", "organization/20261122T180000Z/plan.jsonl"),
    ("s3:GetObject", "organization/20261122T180000Z/plan.jsonl"),
    ("s3:PutObject", f"organization/20261122T180000Z/{MEMBER}/us-east-1.json"),
    ("s3:GetObject", f"organization/20261122T180000Z/{MEMBER}/us-east-1.json"),
    ("s3:PutObject", f"{MEMBER}/known.json"),
    ("s3:GetObject", f"{MEMBER}/known.json"),
    ("s3:GetObject", f"{MEMBER}/profiles.json"),
])  # fmt: skip
def test_check_posture_keeps_what_it_learns_of_other_accounts(action: str, key: str) -> None:
    assert may_check_posture(action, f"{REPORTS}/posture/{key}")
    assert not may_check_posture(action, f"{REPORTS}/posture/{key}", home()), "unless asked for"
    assert not may_check_posture(action, f"{REPORTS}/{key}")


def test_it_does_not_read_other_accounts_reports() -> None:
    assert not may_check_posture("s3:GetObject", f"{REPORTS}/posture/{MEMBER}/2026-11-22/nightly.json")


@pytest.mark.parametrize("operation", ["ListAccountsForParent", "ListOrganizationalUnitsForParent"])
@pytest.mark.parametrize("node", ["root/o-a1b2c3d4e5/r-ab12", "ou/o-a1b2c3d4e5/ou-ab12-11111111"])
def test_it_may_list_the_accounts_where_it_looks_at_them(operation: str, node: str) -> None:
    on = f"arn:aws:organizations::444455556666:{node}"
    assert may_check_posture(f"organizations:{operation}", on)
    assert not may_check_posture(f"organizations:{operation}", on, home())


def test_it_may_see_what_stands_above_other_accounts_where_it_looks_at_them() -> None:
    on = f"arn:aws:organizations::444455556666:account/o-a1b2c3d4e5/{MEMBER}"
    scps = {"organizations:PolicyType": "SERVICE_CONTROL_POLICY"}
    for action, context in (("ListParents", {}), ("ListPoliciesForTarget", scps)):
        assert may_check_posture(f"organizations:{action}", on, STACK, context)
        assert not may_check_posture(f"organizations:{action}", on, home(), context)
    others = {"organizations:PolicyType": "TAG_POLICY"}
    assert not may_check_posture("organizations:ListPoliciesForTarget", on, STACK, others)


def test_the_function_is_told() -> None:
    names = ("CRISGUARD_ORGANIZATION_ID", "CRISGUARD_MEMBER_ROLE_NAME", "CRISGUARD_MEMBER_EXTERNAL_ID")

    def told(stack: Stack) -> dict[str, str]:
        variables = stack.resources["CheckPosture.Function"].properties["Environment"]["Variables"]
        return {name: variables[name] for name in names if name in variables}

    assert told(STACK) == dict(zip(names, (ORGANIZATION, "crisguard-member", "id-1"), strict=True))
    assert told(home()) == {}


def test_no_reservation_holds_up_a_look_at_all_accounts() -> None:
    """What is reserved is the most that runs at once, too."""

    def reserved(stack: Stack) -> Any:
        return stack.resources["CheckPosture.Function"].properties.get("ReservedConcurrentExecutions")

    assert reserved(across_accounts(ReservedConcurrency="50")) is None
    assert reserved(home(ReservedConcurrency="50")) == "4"


# -- the state machine ----------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [{"OrganizationId": ""}, {"MemberRoleName": "", "MemberExternalId": ""}])
def test_it_stands_where_accounts_are_looked_at_and_nowhere_else(parameters: dict[str, str]) -> None:
    assert STACK.of_type("AWS::StepFunctions::StateMachine")
    assert not across_accounts(**parameters).of_type("AWS::StepFunctions::StateMachine")


def test_its_log_may_be_encrypted() -> None:
    log = STACK.resources["Organization.LogGroup"]
    writes = {"kms:EncryptionContext:aws:logs:arn": log.arn.removesuffix(":*")}
    assert OF_THE_STACK.allows(Request(f"logs.{HOME}.amazonaws.com", "kms:GenerateDataKey", KEY, writes))


# -- every night ------------------------------------------------------------------------------


def test_it_is_started_every_night_and_what_is_not_is_kept() -> None:
    schedule = STACK.resources["Organization.Schedule"].properties
    target = schedule["Target"]
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("cron(0 18 * * ? *)", "ENABLED")
    assert (target["Arn"], json.loads(target["Input"])) == (MACHINE, {"organization": True})
    assert target["DeadLetterConfig"]["Arn"] == QUEUE
    role = target["RoleArn"]
    through = {"kms:ViaService": f"sqs.{HOME}.amazonaws.com"}
    for request in (
        Request(role, "states:StartExecution", MACHINE),
        Request(role, "sqs:SendMessage", QUEUE),
        Request(role, "kms:GenerateDataKey", KEY, through),
        Request(role, "kms:Decrypt", KEY, through),
    ):
        assert OF_THE_STACK.allows(request)
        assert not OF_THE_STACK.allows(request.but(principal=f"arn:aws:iam::{ACCOUNT}:role/another"))
    (document,) = OF_THE_STACK.roles[role]
    assert sum(len(as_list(s["Action"])) for s in document["Statement"]) == 4
    group = f"arn:aws:scheduler:{HOME}:{ACCOUNT}:schedule-group/default"
    scheduled = {"aws:SourceArn": group, "aws:SourceAccount": ACCOUNT}
    assert OF_THE_STACK.allows(Request("scheduler.amazonaws.com", "sts:AssumeRole", role, scheduled))
    assert not OF_THE_STACK.allows(Request("scheduler.amazonaws.com", "sts:AssumeRole", role))


def test_its_dead_letter_queue_is_encrypted_and_asks_for_tls() -> None:
    assert STACK.resources["Organization.DeadLetterQueue"].properties["KmsMasterKeyId"] == KEY
    _, denied = STACK.resources["Organization.DeadLetterQueuePolicy"].properties["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_failure_and_silence_are_alarms() -> None:
    alarms = {
        a.properties["AlarmName"]: a.properties
        for a in STACK.of_type("AWS::CloudWatch::Alarm")
        if a.path.startswith("Organization.")
    }
    metrics = {name: p["MetricName"] for name, p in alarms.items()}
    assert metrics == {
        "crisguard-organization-dlq-not-empty": "ApproximateNumberOfMessagesVisible",
        "crisguard-organization-failed": "ExecutionsFailed",
        "crisguard-organization-missing": "ExecutionsSucceeded",
    }
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [OPERATIONS]
        if alarm["Namespace"] == "AWS/States":
            assert alarm["Dimensions"] == [{"Name": "StateMachineArn", "Value": MACHINE}]
    missing = alarms["crisguard-organization-missing"]
    assert (missing["Period"] * missing["EvaluationPeriods"], missing["TreatMissingData"]) == (26 * 3600, "breaching")
    assert across_accounts(Alarms="no").of_type("AWS::CloudWatch::Alarm") == []
