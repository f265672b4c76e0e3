"""Each role may do what its function does and nothing more: without any one of its actions something breaks.

The actions come from the templates. Those that the local AWS does not ask for are skipped, if
tests/templates/paths.yaml says so with AWS's own page; there they are proven on the templates.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.templates.rendering import INFRA, load

from . import records
from .deployment import ELSEWHERE, FORWARD_DLQ, NIGHTLY, POSTURE, REVIEW, SEND, WATCH, Deployment
from .roles import APART, MANAGED, PATHS, ROLES, Grant, grants, without

DENIED_BY_SCP = (
    "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: bedrock:InvokeModel on resource: "
    "arn:aws:bedrock:ap-southeast-2::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0 with an explicit deny in "
    "a service control policy"
)


def decides_and_tells(deployed: Deployment) -> str | None:
    """Leads a violation and an undecided call to an alert and a digest; returns the first failure on the way.

    Nothing is tried again: the first attempt of each step tells.
    """
    with deployed.restarted(WATCH), deployed.restarted(SEND):
        # The third was denied as the policy would have it: nobody is told, but what stands above the account is read.
        deployed.play(
            records.call(processed_in="ap-southeast-2", by="smoke"),
            records.call(by="smoke-undecided"),
            records.call(by="smoke-denied", errorCode="AccessDenied", errorMessage=DENIED_BY_SCP),
        )
        if deployed.depth(FORWARD_DLQ):
            return "events:PutEvents failed: the event is in the forwarder's dead-letter queue"
        watched = deployed.wait(lambda: attempted(deployed, WATCH, 3), "watch-inference to try")
        if watched != "done":
            return watched
        # It can do without the account's own lists of profiles and what stands above it, and says so.
        unread = [line for line in deployed.log(WATCH) if "cannot be read" in line]
        if unread:
            return "\n".join(unread)
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


# What breaks without the actions of a role; without those of check-posture, see test_posture_permissions.py.
WAYS: dict[str, Callable[[Deployment], str | None]] = {
    "${WatchInference.Role}": decides_and_tells,
    "${SendAlerts.Role}": decides_and_tells,
    "${SendAlerts.ScheduleRole}": starts(REVIEW, SEND),
    "${CheckPosture.ScheduleRole}": starts(NIGHTLY, POSTURE),
    "${source.ForwarderRole}": decides_and_tells,
    "${source.CanaryRole}": sings,
}


def test_every_role_is_known() -> None:
    """A role that is added to the templates is added to this test, too, and has no policy that is hidden from it."""
    found, managed = set(), set()
    has_managed = {ROLES[role][:2]: len(policies) for role, policies in MANAGED.items()}
    for template in INFRA.glob("*.yaml"):
        if template.name in APART:
            continue
        for logical_id, resource in load(template.name)["Resources"].items():
            place = (template.name, logical_id)
            if resource["Type"] == "AWS::IAM::Role":
                found.add(place)
                assert len(resource["Properties"].get("ManagedPolicyArns", [])) == has_managed.get(place, 0), place
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                managed.add(place)
            assert resource["Type"] not in {"AWS::IAM::Policy", "AWS::IAM::RolePolicy"}
    assert found == {(template, logical_id) for template, logical_id, _ in ROLES.values()}
    assert set(ROLES) == {*WAYS, "${CheckPosture.Role}"}
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


@pytest.mark.parametrize("role", WAYS)
def test_the_roles_suffice(deployed: Deployment, role: str) -> None:
    """With the roles as they are, each way that the next test breaks works to its end."""
    assert WAYS[role](deployed) is None


@pytest.mark.parametrize("grant", [grant for grant in grants() if grant.role in WAYS], ids=str)
def test_without_it_something_breaks(deployed: Deployment, grant: Grant) -> None:
    """Ops can tell an auditor that no role has an action to spare."""
    grant.skip_unless_asked_for()
    with without(deployed, grant):
        problem = WAYS[grant.role](deployed)
    assert problem, f"nothing breaks without {grant.action} of {grant.sid} in {grant.name}"
    assert grant.action.lower() in problem.lower(), f"it broke, but for another reason:\n{problem}"
