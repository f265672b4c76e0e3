"""What profiles can do under the organization's service control policies, every night, and why a call was denied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.answers.faults import DENIED

from . import records
from .deployment import GOOD, OSAKA, POSTURE, WATCH, Deployment
from .looking import COMPLIANT, NON_COMPLIANT, unknown
from .organization import NAME, POLICY, SID, organization, region_deny
from .records import ACCOUNT, HOME

REACH, SYDNEY = "profile-reach-allowed", "ap-southeast-2"
# Every profile's Regions are allowed: whatever a service control policy denies, it breaks.
EVERYWHERE = GOOD.replace(b"destination: [ap-northeast-1, ap-northeast-3]", b'destination: ["*"]', 1)
READS = ("DescribeOrganization", "ListRoots", "ListParents", "ListPoliciesForTarget", "DescribePolicy")


@pytest.fixture(autouse=True)
def _as_it_was(deployment: Deployment) -> Iterator[None]:
    yield
    deployment.answers.reset("faults")
    deployment.answers.set_organization(organization(region_deny(HOME, OSAKA)))
    deployment.glance(REACH, regions=[HOME])


def decided(deployed: Deployment) -> dict[str, Any]:
    """What is decided at home."""
    return deployed.look(REACH, regions=[HOME]).at(HOME)[REACH]


def test_a_region_deny_breaks_profiles_until_it_is_removed(deployed: Deployment) -> None:
    """The finding names the profile, the Regions, the policy and the statement; without the policy it is resolved."""
    assert EVERYWHERE != GOOD
    with deployed.policy(EVERYWHERE), deployed.restarted(POSTURE):
        found = decided(deployed)
        assert found["decision"] == NON_COMPLIANT
        problems = [p for p in found["reason"]["problems"] if {"profile": records.LEAVES} in p["of"]]
        (problem,) = problems
        assert (problem["kind"], problem["policy"], problem["policy_name"]) == ("denied_by_statement", POLICY, NAME)
        assert problem["statement"] == SID
        assert SYDNEY in problem["regions"]
        assert not {HOME, OSAKA} & set(problem["regions"])
        told = [name for p in found["reason"]["problems"] for resource in p["of"] for name in resource.values()]
        assert records.STAYS not in told, "Tokyo and Osaka are allowed"
        (alert,) = deployed.alerts()
        assert (alert.kind, alert.controls) == ("alert", [REACH])
        explanation = alert.body["findings"][0]["explanation"]
        for part in ("inference profile apac.", SYDNEY, POLICY, NAME, SID):
            assert part in explanation

        deployed.answers.set_organization(organization())
        assert decided(deployed)["reason"]["kind"] == "as_asked"
        (resolved,) = deployed.alerts()
        assert (resolved.kind, resolved.controls) == ("resolved", [REACH])


def test_without_a_region_deny_profiles_can_leave(deployed: Deployment) -> None:
    """Nothing keeps them in Tokyo and Osaka, which is all that the policy allows."""
    deployed.answers.set_organization(organization())
    found = decided(deployed)
    leaving = [p for p in found["reason"]["problems"] if {"profile": records.LEAVES} in p["of"]]
    assert [(p["kind"], SYDNEY in p["regions"]) for p in leaving] == [("let_leave", True)]


@pytest.mark.parametrize("operation", READS)
def test_what_may_not_be_read_is_undecided_by_its_name(deployed: Deployment, operation: str) -> None:
    """The permission that is missing is named, and nothing is compliant by accident."""
    deployed.answers.fail(DENIED, service="organizations", operation=operation)
    assert unknown(decided(deployed)) == [("not_observed", f"organizations:{operation}")]


def test_no_service_control_policy_applies_to_some(deployed: Deployment) -> None:
    """An account in no organization has none above it; to the management account none applies, and that is said."""
    deployed.answers.set_organization(None)
    alone = decided(deployed)
    deployed.answers.set_organization(organization(region_deny(HOME), management=ACCOUNT))
    management = decided(deployed)
    kinds = [(each["decision"], each["reason"]["kind"]) for each in (alone, management)]
    assert kinds == [(COMPLIANT, "nothing_there"), (COMPLIANT, "management_account")]


def test_the_organization_is_read_once_a_night(deployed: Deployment) -> None:
    """However many Regions are looked at: each level and each policy is asked for once."""
    deployed.answers.reset("calls")
    deployed.look()
    calls = [call for call in deployed.answers.calls() if call["service"] == "organizations"]
    asked = Counter((call["operation"], str(call["parameters"])) for call in calls)
    assert set(asked.values()) == {1}
    reads = Counter(operation for operation, _ in asked if operation in READS)
    # The account, its unit and the root.
    expected = {"DescribeOrganization": 1, "ListRoots": 1, "ListParents": 2, "ListPoliciesForTarget": 3}
    assert reads == {**expected, "DescribePolicy": 1}


def test_a_denied_call_names_the_statement(deployed: Deployment) -> None:
    """CloudTrail names the policy at best; the statement is known from when check-posture looked."""
    deployed.answers.set_organization(organization(region_deny(HOME)))
    decided(deployed)
    deployed.alerts()
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/app/s is not authorized to perform: bedrock:InvokeModel on "
        f"resource: arn:aws:bedrock:{OSAKA}::foundation-model/{records.STAYS.partition('.')[2]} with an "
        "explicit deny in a service control policy"
    )
    with deployed.restarted(WATCH):
        deployed.play(records.call(records.STAYS, by="app", errorCode="AccessDenied", errorMessage=message))
        deployed.settle()
    (alert,) = deployed.alerts()
    assert alert.controls == ["inference-denied-by-scp"]
    explanation = alert.body["findings"][0]["explanation"]
    assert f"the statement {SID} of {POLICY} {NAME} denies it" in explanation
