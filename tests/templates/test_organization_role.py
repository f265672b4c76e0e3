"""Who may read the organization: check-posture and run-audit, as one role, and nothing but service control policies."""

from __future__ import annotations

from typing import Any

import pytest

from .permissions import Request, as_list, statement_matches
from .rendering import ACCOUNT, HOME, Stack, home, organization_role

READER = f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME}"
ROLE = "arn:aws:iam::444455556666:role/crisguard-organization"
ORGANIZATION = "arn:aws:organizations::444455556666"
OF_SCPS = {"organizations:PolicyType": "SERVICE_CONTROL_POLICY"}
READS = [
    ("organizations:DescribeOrganization", "*", {}),
    ("organizations:ListRoots", "*", {}),
    ("organizations:ListAccountsForParent", f"{ORGANIZATION}:root/o-a1b2c3d4e5/r-ab12", {}),
    ("organizations:ListAccountsForParent", f"{ORGANIZATION}:ou/o-a1b2c3d4e5/ou-ab12-11111111", {}),
    ("organizations:ListOrganizationalUnitsForParent", f"{ORGANIZATION}:root/o-a1b2c3d4e5/r-ab12", {}),
    ("organizations:ListOrganizationalUnitsForParent", f"{ORGANIZATION}:ou/o-a1b2c3d4e5/ou-ab12-11111111", {}),
    ("organizations:ListParents", f"{ORGANIZATION}:account/o-a1b2c3d4e5/{ACCOUNT}", {}),
    ("organizations:ListParents", f"{ORGANIZATION}:ou/o-a1b2c3d4e5/ou-ab12-11111111", {}),
    ("organizations:ListPoliciesForTarget", f"{ORGANIZATION}:account/o-a1b2c3d4e5/{ACCOUNT}", OF_SCPS),
    ("organizations:ListPoliciesForTarget", f"{ORGANIZATION}:ou/o-a1b2c3d4e5/ou-ab12-11111111", OF_SCPS),
    ("organizations:ListPoliciesForTarget", f"{ORGANIZATION}:root/o-a1b2c3d4e5/r-ab12", OF_SCPS),
    (
        "organizations:DescribePolicy",
        f"{ORGANIZATION}:policy/o-a1b2c3d4e5/service_control_policy/p-a1b2c3d4",
        OF_SCPS,
    ),
]


def statements(stack: Stack, role: str) -> list[dict[str, Any]]:
    policies = stack.resources[role].properties["Policies"]
    return [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]


def assuming(stack: Stack) -> list[dict[str, Any]]:
    found = statements(stack, "CheckPosture.Role")
    return [s for s in found if any(action.startswith("sts:") for action in as_list(s["Action"]))]


def variables(stack: Stack) -> dict[str, str]:
    function = stack.resources["CheckPosture.Function"].properties
    told: dict[str, str] = function["Environment"]["Variables"]
    return {name: value for name, value in told.items() if name.startswith("CRISGUARD_ORGANIZATION_")}


def test_check_posture_may_assume_exactly_the_role_that_is_named() -> None:
    stack = home(OrganizationRoleArn=ROLE, OrganizationExternalId="id-1")
    (statement,) = assuming(stack)
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Allow", "sts:AssumeRole", ROLE)
    assert variables(stack) == {
        "CRISGUARD_ORGANIZATION_PATH": "",
        "CRISGUARD_ORGANIZATION_ROLE_ARN": ROLE,
        "CRISGUARD_ORGANIZATION_EXTERNAL_ID": "id-1",
    }


def test_without_a_role_it_may_assume_none() -> None:
    stack = home()
    assert assuming(stack) == []
    assert set(variables(stack)) == {"CRISGUARD_ORGANIZATION_PATH"}


def test_an_external_id_without_its_role_is_refused() -> None:
    with pytest.raises(ValueError, match="OrganizationExternalId has no effect without OrganizationRoleArn"):
        home(OrganizationExternalId="id-1")
    with pytest.raises(ValueError, match="MemberExternalId has no effect without MemberRoleName"):
        home(MemberExternalId="id-1")


@pytest.mark.parametrize("external_id", ["", "id-1"])
def test_nobody_else_may_assume_the_role(external_id: str) -> None:
    stack = organization_role(ExternalId=external_id)
    (trust,) = stack.resources["Role"].properties["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Principal"], trust["Action"]) == ({"AWS": READER}, "sts:AssumeRole")
    asked = {"StringEquals": {"sts:ExternalId": external_id}} if external_id else None
    assert trust.get("Condition") == asked


def test_run_audit_may_assume_it_where_it_is_named() -> None:
    auditor = f"arn:aws:iam::{ACCOUNT}:role/crisguard-run-audit-{HOME}"
    stack = organization_role(RunAuditRoleArn=auditor, ExternalId="id-1")
    (trust,) = stack.resources["Role"].properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": [READER, auditor]}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "id-1"}}


@pytest.mark.parametrize(("action", "on", "context"), READS)
def test_the_role_reads_what_check_posture_asks_for(action: str, on: str, context: dict[str, str]) -> None:
    request = Request(ROLE, action, on, context)
    found = statements(organization_role(), "Role")
    assert any(statement_matches(s, request) for s in found)
    for key, value in context.items():
        other = request.but(context={**context, key: value.replace("SERVICE", "RESOURCE")})
        assert not any(statement_matches(s, other) for s in found), "of policies, those alone"


def test_the_role_may_do_nothing_else() -> None:
    allowed = statements(organization_role(), "Role")
    assert {s["Effect"] for s in allowed} == {"Allow"}
    assert {action for s in allowed for action in as_list(s["Action"])} == {action for action, *_ in READS}
    everywhere = [as_list(s["Action"]) for s in allowed if s["Resource"] == "*"]
    assert everywhere == [["organizations:DescribeOrganization", "organizations:ListRoots"]]
    for statement in allowed:
        needed = [Request(ROLE, action, on, context) for action, on, context in READS]
        assert any(statement_matches(statement, request) for request in needed)
