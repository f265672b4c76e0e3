"""What the templates grant to each role, action by action, and each role without one of them."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulator.emulator import ACCOUNT
from tests.templates.rendering import load

from .deployment import ELSEWHERE, Deployment
from .records import HOME

PATHS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "templates" / "paths.yaml").read_text(encoding="utf-8")
)
# How paths.yaml calls each role, where it stands, and in which Region.
ROLES = {
    "${WatchInference.Role}": ("watch-inference.yaml", "Role", HOME),
    "${SendAlerts.Role}": ("send-alerts.yaml", "Role", HOME),
    "${SendAlerts.ScheduleRole}": ("send-alerts.yaml", "ScheduleRole", HOME),
    "${CheckPosture.Role}": ("check-posture.yaml", "Role", HOME),
    "${CheckPosture.ScheduleRole}": ("check-posture.yaml", "ScheduleRole", HOME),
    "${source.ForwarderRole}": ("source-region.yaml", "ForwarderRole", HOME),
    "${source.CanaryRole}": ("source-region.yaml", "CanaryRole", ELSEWHERE),
}
# Deployed apart from crisguard, and not here: their roles are proven in tests/templates.
APART = (
    "audit.yaml",
    "invocation-logging.yaml",
    "member-role.yaml",
    "organization-role.yaml",
    "organization.yaml",
    "run-audit.yaml",
)
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

    def skip_unless_asked_for(self) -> None:
        """Skips the test of an action that the local AWS does not ask for."""
        unchecked = [path for path in self.paths if path["emulator"] == "does not check"]
        if self.paths == unchecked:
            pytest.skip(f"the local AWS does not ask for it: {unchecked[0]['path']}, see {unchecked[0]['source']}")


def grants() -> list[Grant]:
    """Every action that the templates grant to a role."""
    found = []
    for role, (template, logical_id, region) in ROLES.items():
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
