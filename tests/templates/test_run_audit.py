"""What crisguard-run-audit may do: write its own log, and read the organization as somebody who may."""

from __future__ import annotations

from typing import Any

import pytest

from .permissions import Request, as_list, statement_matches
from .rendering import ACCOUNT, HOME, Stack
from .test_organization_role import OF_SCPS, READS, ROLE

AUDITOR = f"arn:aws:iam::{ACCOUNT}:role/crisguard-run-audit-{HOME}"
# What stands above one account is read from below; all of it, from above.
WHOLE = [read for read in READS if read[0] != "organizations:ListParents"]


def statements(**parameters: str) -> list[dict[str, Any]]:
    """What its role may do beside writing its log, which is checked."""
    role = Stack("run-audit.yaml", parameters, HOME).resources["FunctionRole"].properties
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    log, *others = policy["PolicyDocument"]["Statement"]
    assert sorted(log["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert log["Resource"] == f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:/aws/lambda/crisguard-run-audit:*"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    return others


def variables(**parameters: str) -> dict[str, str]:
    function = Stack("run-audit.yaml", parameters, HOME).resources["Function"].properties
    told: dict[str, str] = function["Environment"]["Variables"]
    return told


def test_its_role_writes_its_log_and_nothing_else() -> None:
    assert statements() == []
    assert variables() == {}


@pytest.mark.parametrize("itself", ["false", "true"])
def test_it_may_assume_exactly_the_role_that_is_named(itself: str) -> None:
    """With a role there, it needs nothing as itself."""
    named = {"OrganizationRoleArn": ROLE, "OrganizationExternalId": "id-1", "ReadsOrganization": itself}
    (statement,) = statements(**named)
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Allow", "sts:AssumeRole", ROLE)
    assert variables(**named) == {
        "CRISGUARD_ORGANIZATION_ROLE_ARN": ROLE,
        "CRISGUARD_ORGANIZATION_EXTERNAL_ID": "id-1",
    }


def test_an_external_id_without_its_role_is_refused() -> None:
    with pytest.raises(ValueError, match="has no effect without OrganizationRoleArn"):
        variables(OrganizationExternalId="id-1")


@pytest.mark.parametrize(("action", "on", "context"), WHOLE)
def test_as_itself_it_reads_what_it_asks_for(action: str, on: str, context: dict[str, str]) -> None:
    found = statements(ReadsOrganization="true")
    request = Request(AUDITOR, action, on, context)
    assert any(statement_matches(s, request) for s in found)
    if context:
        assert context == OF_SCPS
        other = request.but(context={"organizations:PolicyType": "RESOURCE_CONTROL_POLICY"})
        assert not any(statement_matches(s, other) for s in found), "of policies, those alone"


def test_as_itself_it_may_do_nothing_else() -> None:
    allowed = statements(ReadsOrganization="true")
    assert {s["Effect"] for s in allowed} == {"Allow"}
    assert {action for s in allowed for action in as_list(s["Action"])} == {action for action, *_ in WHOLE}
    needed = [Request(AUDITOR, action, on, context) for action, on, context in WHOLE]
    assert all(any(statement_matches(s, request) for request in needed) for s in allowed)
