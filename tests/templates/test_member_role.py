"""Who may look at a member account, and at what: check-posture of the security account, at what it reads of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .permissions import Permissions, Request, as_list
from .rendering import ACCOUNT, HOME, Stack, home, member_role

READER = f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME}"
# What only the management account or a delegated administrator is answered, and the organization is read by one
# account for all; what of it stands in posture-reads.yaml is for where that is the security account.
OF_THE_ORGANIZATION = {
    "ReadServiceControlPolicies",
    "SeeWhatStandsAboveTheAccount",
    "SeeWhichOrganization",
    "SeeWhichServiceControlPoliciesApply",
}
# What of check-posture's own policy is about an account and its Regions.
OF_EVERY_ACCOUNT = {"CountCallsAndEvents", "ListRules", "SeeTheRegions", "SeeWhereItsOwnRulesSend"}


def assumes(stack: Stack, principal: str = READER, **context: str) -> bool:
    role = stack.resources["Role"].arn
    return Permissions(stack).allows(Request(principal, "sts:AssumeRole", role, context))


def statements(document: dict[str, Any]) -> dict[str, Any]:
    return {s["Sid"]: s for s in document["Statement"]}


def test_check_posture_alone_may_assume_it() -> None:
    stack = member_role()
    assert assumes(stack)
    for other in ("another", f"crisguard-check-posture-{HOME}s", f"crisguard-forward-{HOME}"):
        assert not assumes(stack, f"arn:aws:iam::{ACCOUNT}:role/{other}")
    assert not assumes(stack, READER.replace(ACCOUNT, "999999999999"))
    (trust,) = stack.resources["Role"].properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": READER}}


def test_the_external_id_is_asked_for() -> None:
    stack = member_role(ExternalId="id-1")
    assert assumes(stack, **{"sts:ExternalId": "id-1"})
    assert not assumes(stack, **{"sts:ExternalId": "id-2"})
    assert not assumes(stack)
    assert not assumes(stack, READER + "s", **{"sts:ExternalId": "id-1"})


def test_it_reads_what_check_posture_reads_of_its_own_account_and_nothing_else() -> None:
    at_home = home()
    (managed,) = at_home.of_type("AWS::IAM::ManagedPolicy")
    own = statements(at_home.resources["CheckPosture.Role"].properties["Policies"][0]["PolicyDocument"])
    expected = statements(managed.properties["PolicyDocument"])
    assert expected.keys() > OF_THE_ORGANIZATION
    expected = {sid: s for sid, s in expected.items() if sid not in OF_THE_ORGANIZATION}
    expected |= {sid: own[sid] for sid in OF_EVERY_ACCOUNT}
    # The rules on the crisguard bus stand in the security account.
    rules = own["SeeWhereItsOwnRulesSend"]
    on_the_bus = f"arn:aws:events:{HOME}:{ACCOUNT}:rule/crisguard/crisguard-*"
    (on_default_buses,) = set(rules["Resource"]) - {on_the_bus}
    expected["SeeWhereItsOwnRulesSend"] = {**rules, "Resource": on_default_buses}

    role = member_role().resources["Role"].properties
    (policy,) = role["Policies"]
    assert statements(policy["PolicyDocument"]) == expected
    assert "ManagedPolicyArns" not in role


def test_it_changes_nothing() -> None:
    (policy,) = member_role().resources["Role"].properties["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        for action in as_list(statement["Action"]):
            assert action.partition(":")[2].startswith(("Describe", "Get", "List")), action


def test_it_fits_a_role() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: without white space."""
    (policy,) = member_role().resources["Role"].properties["Policies"]
    assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) < 10_240


@pytest.mark.parametrize("name", ["crisguard-member", "audit"])
def test_its_name_is_the_same_in_every_account(name: str) -> None:
    assert member_role(RoleName=name).resources["Role"].properties["RoleName"] == name
