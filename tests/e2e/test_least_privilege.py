"""Each role may do what its function does and nothing more: without any one of its actions something breaks.

The actions come from the templates. Those that the local AWS does not ask for are skipped, if
tests/templates/paths.yaml says so with AWS's own page; there they are proven on the templates.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulator.emulator import ACCOUNT
from tests.templates.rendering import INFRA, load

from . import records
from .deployment import ELSEWHERE, FORWARD_DLQ, NIGHTLY, POSTURE, REVIEW, SEND, WATCH, Deployment

PATHS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "templates" / "paths.yaml").read_text(encoding="utf-8")
)


def decides_and_tells(deployed: Deployment) -> str | None:
    """Leads a violation and an undecided call to an alert and a digest; returns the first failure on the way.

    Nothing is tried again: the first attempt of each step tells.
    """
    with deployed.restarted(WATCH), deployed.restarted(SEND):
        deployed.play(records.call(processed_in="ap-southeast-2", by="smoke"), records.call(by="smoke-undecided"))
        if deployed.depth(FORWARD_DLQ):
            return "events:PutEvents failed: the event is in the forwarder's dead-letter queue"
        watched = deployed.wait(lambda: attempted(deployed, WATCH, 2), "watch-inference to try")
        if watched != "done":
            return watched
        sent = deployed.wait(lambda: attempted(deployed, SEND, 2), "send-alerts to try")
        if sent != "done":
            return sent
        for expected in (1, 0):
            answer = deployed.aws.client("lambda").invoke(FunctionName=SEND, Payload=b'{"crisguard":"review"}')
            payload = answer["Payload"].read().decode()
            if "FunctionError" in answer:
                return payload
            assert json.loads(payload)["digested"] == expected
    assert [alert.kind for alert in deployed.alerts()] == ["alert", "digest"]
    return None


def attempted(deployed: Deployment, function: str, messages: int) -> str | None:
    """`done` once the function has handled that many messages, or what it logged about a failure."""
    errors = [line for line in deployed.log(function) if '"level":"ERROR"' in line or '"level":"WARN"' in line]
    metrics = deployed.metrics(function)
    if metrics["Retried"] or metrics["PolicyRejected"] or any("cannot start" in line for line in errors):
        return "\n".join(errors) or None
    return "done" if metrics["Received"] >= messages else None


def looks(deployed: Deployment) -> str | None:
    """Has check-posture look at Regions in which calls were counted; returns what it could not see."""
    two_hours_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2)
    datum = {"MetricName": "Invocations", "Timestamp": two_hours_ago, "Value": 1, "Unit": "Count"}
    deployed.aws.client("cloudwatch", ELSEWHERE).put_metric_data(Namespace="AWS/Bedrock", MetricData=[datum])
    # An event of a call arrives there, too: all is well, if it can be seen.
    deployed.play(records.call(records.AT_HOME, region=ELSEWHERE, by="seen"))
    with deployed.restarted(POSTURE):
        answer = deployed.aws.client("lambda").invoke(FunctionName=POSTURE, Payload=b'{"crisguard":"nightly"}')
        payload = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        return "\n".join([payload, *deployed.log(POSTURE)])
    not_compliant = [a["explanation"] for a in json.loads(payload)["assessments"] if a["decision"] != "compliant"]
    deployed.settle()
    return "\n".join(not_compliant) or None


def starts(schedule: str, function: str) -> Callable[[Deployment], str | None]:
    """Has a schedule start its function, and keep its request while it may not."""

    def way(deployed: Deployment) -> str | None:
        deployed.aws.start_schedule(schedule)
        queue = f"{schedule}-dlq"
        if deployed.take(queue):
            return "lambda:InvokeFunction failed: the request is in the schedule's dead-letter queue"
        deployed.wait(lambda: deployed.metrics(function), f"{function} to be started")
        with deployed.refused(schedule, "lambda:InvokeFunction"):
            deployed.aws.start_schedule(schedule)
        return None if deployed.take(queue) else "sqs:SendMessage failed: the request is in no queue"

    return way


def sings(deployed: Deployment) -> str | None:
    """Has a canary come through."""
    deployed.sing(ELSEWHERE)
    arrived = [item for item in deployed.items() if item["pk"]["S"] == "CANARY"]
    return None if arrived else "events:PutEvents failed: no canary came through"


# How paths.yaml calls each role, where it stands, in which Region, and what breaks without its actions.
ROLES: dict[str, tuple[str, str, str, Callable[[Deployment], str | None]]] = {
    "${WatchInference.Role}": ("watch-inference.yaml", "Role", records.HOME, decides_and_tells),
    "${SendAlerts.Role}": ("send-alerts.yaml", "Role", records.HOME, decides_and_tells),
    "${SendAlerts.ScheduleRole}": ("send-alerts.yaml", "ScheduleRole", records.HOME, starts(REVIEW, SEND)),
    "${CheckPosture.Role}": ("check-posture.yaml", "Role", records.HOME, looks),
    "${CheckPosture.ScheduleRole}": ("check-posture.yaml", "ScheduleRole", records.HOME, starts(NIGHTLY, POSTURE)),
    "${source.ForwarderRole}": ("source-region.yaml", "ForwarderRole", records.HOME, decides_and_tells),
    "${source.CanaryRole}": ("source-region.yaml", "CanaryRole", ELSEWHERE, sings),
}

# Deployed apart from crisguard, and not here: its roles are proven in tests/templates.
APART = "invocation-logging.yaml"
# The managed policies that a role has besides, and where they stand.
MANAGED = {"${CheckPosture.Role}": [("posture-reads.yaml", "Reads")]}


@dataclass(frozen=True)
class Grant:
    """One action in one statement of a policy that a role has: its own inline one, or a managed one."""

    role: str
    name: str
    policy: str
    sid: str
    action: str
    managed: bool = False

    def __str__(self) -> str:
        return f"{self.policy}-{self.sid}-{self.action}"

    @property
    def paths(self) -> list[dict[str, Any]]:
        """The paths that need this action of this role."""
        return [path for path in PATHS if path["who"] == self.role and self.action in path["needs"]]


def grants() -> list[Grant]:
    """Every action that the templates grant to a role."""
    found = []
    for role, (template, logical_id, region, _) in ROLES.items():
        properties = load(template)["Resources"][logical_id]["Properties"]
        name = properties["RoleName"]["Fn::Sub"].replace("${AWS::Region}", region)
        policies = [(p["PolicyName"], p["PolicyDocument"], False) for p in properties["Policies"]]
        for managed_template, managed_id in MANAGED.get(role, []):
            managed = load(managed_template)["Resources"][managed_id]["Properties"]
            managed_name = managed["ManagedPolicyName"]["Fn::Sub"].replace("${AWS::Region}", region)
            policies.append((managed_name, managed["PolicyDocument"], True))
        for policy, document, is_managed in policies:
            for statement in document["Statement"]:
                if "Fn::If" in statement:
                    # Only where Security Hub is switched on, and here it is not: tests/templates has it.
                    continue
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    found.append(Grant(role, name, policy, statement["Sid"], action, is_managed))
    return found


def test_every_role_is_known() -> None:
    """A role that is added to the templates is added to this test, too, and has no policy that is hidden from it."""
    found, managed = set(), set()
    has_managed = {ROLES[role][:2]: len(policies) for role, policies in MANAGED.items()}
    for template in INFRA.glob("*.yaml"):
        if template.name == APART:
            continue
        for logical_id, resource in load(template.name)["Resources"].items():
            place = (template.name, logical_id)
            if resource["Type"] == "AWS::IAM::Role":
                found.add(place)
                assert len(resource["Properties"].get("ManagedPolicyArns", [])) == has_managed.get(place, 0), place
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                managed.add(place)
            assert resource["Type"] not in {"AWS::IAM::Policy", "AWS::IAM::RolePolicy"}
    assert found == {(template, logical_id) for template, logical_id, _, _ in ROLES.values()}
    assert managed == {place for policies in MANAGED.values() for place in policies}


def test_what_is_granted_is_what_the_paths_need() -> None:
    """An action can be skipped below only by a path that says why, and no path names an action that is not granted."""
    granted = {(grant.role, grant.action) for grant in grants()}
    needed = {
        (path["who"], action)
        for path in PATHS
        if path["who"] in ROLES and "Security Hub" not in path["path"]
        for action in path["needs"]
    }
    assert granted == needed
    assert all(path["source"].startswith("https://docs.aws.amazon.com/") for path in PATHS)
    assert not [action for _, action in granted if "*" in action]


@pytest.mark.parametrize("role", ROLES)
def test_the_roles_suffice(deployed: Deployment, role: str) -> None:
    """With the roles as they are, each way that the next test breaks works to its end."""
    *_, way = ROLES[role]
    assert way(deployed) is None


@pytest.mark.parametrize("grant", grants(), ids=str)
def test_without_it_something_breaks(deployed: Deployment, grant: Grant) -> None:
    """Ops can tell an auditor that no role has an action to spare."""
    unchecked = [path for path in grant.paths if path["emulator"] == "does not check"]
    if grant.paths == unchecked:
        pytest.skip(f"the local AWS does not ask for it: {unchecked[0]['path']}, see {unchecked[0]['source']}")
    with without(deployed, grant):
        *_, way = ROLES[grant.role]
        problem = way(deployed)
    assert problem, f"nothing breaks without {grant.action} of {grant.sid} in {grant.name}"
    assert grant.action.lower() in problem.lower(), f"it broke, but for another reason:\n{problem}"


@contextlib.contextmanager
def without(deployed: Deployment, grant: Grant) -> Iterator[None]:
    """Meanwhile the role's policy lacks the action in that statement."""
    iam = deployed.aws.client("iam")
    document = documented(iam, grant)
    changed = copy.deepcopy(document)
    (statement,) = [s for s in changed["Statement"] if s["Sid"] == grant.sid]
    actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    statement["Action"] = [action for action in actions if action != grant.action]
    assert len(statement["Action"]) == len(actions) - 1, "the deployed policy is the template's"
    changed["Statement"] = [s for s in changed["Statement"] if s["Action"]]
    write(iam, grant, changed)
    try:
        yield
    finally:
        write(iam, grant, document)
        deployed.purge()


def documented(iam: Any, grant: Grant) -> dict[str, Any]:
    """The policy as it is in force."""
    if not grant.managed:
        policy = iam.get_role_policy(RoleName=grant.name, PolicyName=grant.policy)["PolicyDocument"]
    else:
        arn = f"arn:aws:iam::{ACCOUNT}:policy/{grant.policy}"
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        policy = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    document: dict[str, Any] = policy
    return document


def write(iam: Any, grant: Grant, document: dict[str, Any]) -> None:
    """Puts the policy in force, or takes an inline one away that has no statement left."""
    if grant.managed:
        arn = f"arn:aws:iam::{ACCOUNT}:policy/{grant.policy}"
        former = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
        # Five versions are the most there can be.
        iam.delete_policy_version(PolicyArn=arn, VersionId=former)
        return
    put = {"RoleName": grant.name, "PolicyName": grant.policy}
    if document["Statement"]:
        iam.put_role_policy(**put, PolicyDocument=json.dumps(document))
    else:
        iam.delete_role_policy(**put)
