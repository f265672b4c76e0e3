"""What holds of every state machine that has a function work through a plan and merge what comes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from .permissions import Permissions, Request, as_list, statement_matches
from .rendering import ACCOUNT, HOME, Stack, across_accounts, audits

REPORTS = f"arn:aws:s3:::crisguard-reports-{ACCOUNT}-{HOME}"
DELIVERIES = {
    *(f"logs:{verb}LogDelivery" for verb in ("Create", "Delete", "Get", "Update")),
    *("logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:ListLogDeliveries", "logs:PutResourcePolicy"),
    *("xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
}


@dataclass(frozen=True)
class Machine:
    """A state machine of a stack."""

    name: str
    stack: Stack
    # The nested stack that it is in, and the function's resource.
    nested: str
    function: str
    # The state that works through the plan, and what it asks the function for.
    works: str
    asks: str
    # How many at once, and a stack that was told to have seven.
    at_once: int
    seven: Stack
    # Where its plan lies, and the key of the reports.
    plan: str
    key: str
    # What else lies there, or is read by the function alone.
    others: tuple[str, ...]

    def __str__(self) -> str:
        """As a test is called."""
        return self.name

    @property
    def arn(self) -> str:
        """What AWS would call it."""
        return f"arn:aws:states:{HOME}:{ACCOUNT}:stateMachine:crisguard-{self.name}"

    @property
    def role(self) -> str:
        """The role that it has."""
        return self.stack.resources[f"{self.nested}.Role"].arn

    @property
    def invokes(self) -> str:
        """The function that it invokes."""
        return self.stack.resources[self.function].arn

    @cached_property
    def permissions(self) -> Permissions:
        """Who may do what in its stack."""
        return Permissions(self.stack)

    @cached_property
    def states(self) -> dict[str, Any]:
        """Its states by their names."""
        return self.states_of(self.stack)

    @property
    def child(self) -> dict[str, Any]:
        """The one state of each line."""
        (child,) = self.states[self.works]["ItemProcessor"]["States"].values()
        return dict(child)

    @property
    def paths(self) -> list[tuple[str, str, dict[str, str]]]:
        """All that it does."""
        runs = self.arn.replace(":stateMachine:", ":execution:")
        return [
            ("lambda:InvokeFunction", self.invokes, {}),
            ("states:StartExecution", self.arn, {}),
            ("states:DescribeExecution", f"{runs}/{self.works}:1", {}),
            ("states:StopExecution", f"{runs}/{self.works}:1", {}),
            ("states:DescribeExecution", f"{runs}:1", {}),
            ("s3:GetObject", self.plan, {}),
            ("kms:Decrypt", self.key, {"kms:ViaService": f"s3.{HOME}.amazonaws.com"}),
        ]

    def states_of(self, stack: Stack) -> dict[str, Any]:
        """Those that it would have in another stack."""
        definition = json.loads(stack.resources[f"{self.nested}.StateMachine"].properties["DefinitionString"])
        return dict(definition["States"])

    def may(self, request: Request) -> bool:
        """Whether its role may; of what it reads in another stack, only what the role's own policies say is known."""
        if self.key in self.permissions.keys:
            return self.permissions.allows(request)
        documents = self.permissions.roles[request.principal]
        return any(statement_matches(s, request) for d in documents for s in d["Statement"])


MACHINES = (
    Machine(
        name="audit",
        stack=audits(),
        nested="Audit",
        function="Function",
        works="Read",
        asks="batch",
        at_once=100,
        seven=audits(BatchesAtOnce="7"),
        plan=f"{REPORTS}/audit/october/plan.jsonl",
        key=f"arn:aws:kms:{HOME}:{ACCOUNT}:key/crisguard",
        others=(
            f"{REPORTS}/audit/october/report/report.json",
            f"{REPORTS}/posture/x/plan.jsonl",
            "arn:aws:s3:::trail-logs/AWSLogs/o-a1b2c3d4e5/222233334444/CloudTrail/eu-west-1/2026/10/01/x.json.gz",
        ),
    ),
    Machine(
        name="organization",
        stack=across_accounts(),
        nested="Organization",
        function="CheckPosture.Function",
        works="Look",
        asks="look",
        at_once=40,
        seven=across_accounts(LooksAtOnce="7"),
        plan=f"{REPORTS}/posture/organization/20261122T180000Z/plan.jsonl",
        key=across_accounts().resources["Key.Key"].arn,
        others=(f"{REPORTS}/posture/222233334444/known.json",),
    ),
)
each = pytest.mark.parametrize("machine", MACHINES, ids=str)


@each
def test_each_line_of_the_plan_is_handed_to_the_function(machine: Machine) -> None:
    plan, works = machine.states["Plan"], machine.states[machine.works]
    assert plan["Parameters"] == {"FunctionName": machine.invokes, "Payload": {"plan.$": "$"}}
    assert plan["ResultSelector"] == {name + ".$": f"$.Payload.{name}" for name in ("run", "bucket", "key")}
    assert works["ItemReader"] == {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.key"},
    }
    assert machine.child["Parameters"] == {"FunctionName": machine.invokes, "Payload": {f"{machine.asks}.$": "$"}}
    few = machine.states_of(machine.seven)[machine.works]
    assert (works["MaxConcurrency"], few["MaxConcurrency"]) == (machine.at_once, 7)


@each
def test_one_that_fails_stops_no_other_and_the_report_is_made(machine: Machine) -> None:
    works = machine.states[machine.works]
    assert works["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert works["ToleratedFailurePercentage"] == 100
    assert works["Next"] == "Merge"
    (caught,) = works["Catch"]
    assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Merge")


@each
def test_what_each_answers_is_discarded(machine: Machine) -> None:
    """All answers together may have 256 KiB; Merge reads them from the bucket, and needs to be told the run."""
    works = machine.states[machine.works]
    (caught,) = works["Catch"]
    assert machine.child["OutputPath"] is works["ResultPath"] is caught["ResultPath"] is None
    assert machine.states["Merge"]["Parameters"]["Payload"] == {"merge": {"run.$": "$.run"}}


@each
def test_every_invocation_is_tried_again_within_bounds(machine: Machine) -> None:
    timeout = machine.stack.resources[machine.function].properties["Timeout"]
    for task in (machine.states["Plan"], machine.child, machine.states["Merge"]):
        of_lambda, of_the_function = task["Retry"]
        assert "Lambda.TooManyRequestsException" in of_lambda["ErrorEquals"]
        assert of_the_function["ErrorEquals"] == ["States.TaskFailed", "States.Timeout"]
        assert (of_lambda["MaxAttempts"], of_the_function["MaxAttempts"]) == (8, 2)
        assert task["TimeoutSeconds"] > timeout, "the function says itself that its time is up"


@each
def test_it_may_do_what_it_does(machine: Machine) -> None:
    for action, on, context in machine.paths:
        request = Request(machine.role, action, on, context)
        assert machine.may(request), request
        if action.startswith("kms:"):
            assert not machine.may(request.but(context={"kms:ViaService": f"sqs.{HOME}.amazonaws.com"}))
        else:
            assert not machine.may(request.but(resource=on.replace("crisguard", "another"))), request


@each
def test_it_may_do_nothing_else(machine: Machine) -> None:
    (document,) = machine.permissions.roles[machine.role]
    for statement in document["Statement"]:
        actions = set(as_list(statement["Action"]))
        if statement["Resource"] == "*":
            assert actions <= DELIVERIES
            continue
        for action in actions:
            needed = [Request(machine.role, *path) for path in machine.paths if path[0] == action]
            assert any(statement_matches(statement, request) for request in needed), f"nothing needs {action}"
    for other in machine.others:
        assert not machine.may(Request(machine.role, "s3:GetObject", other))
    properties = machine.stack.resources[f"{machine.nested}.Role"].properties
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    label = machine.states[machine.works]["Label"]
    assert trust["Condition"]["ArnEquals"] == {"aws:SourceArn": [machine.arn, f"{machine.arn}/{label}"]}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


@each
def test_its_log_is_encrypted_and_holds_no_payload(machine: Machine) -> None:
    properties = machine.stack.resources[f"{machine.nested}.StateMachine"].properties
    logging = properties["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)
    log = machine.stack.resources[f"{machine.nested}.LogGroup"]
    (destination,) = logging["Destinations"]
    assert destination["CloudWatchLogsLogGroup"]["LogGroupArn"] == log.arn
    assert log.properties["KmsKeyId"] == machine.key
    assert properties["TracingConfiguration"] == {"Enabled": True}
