"""One account watches its organization: calls and settings of the others, told once, in their name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.answers.faults import DENIED
from tests.emulator.emulator import root_of

from . import records
from .deployment import CHANGES, ELSEWHERE, FORWARD_DLQ, POSTURE, SEND, Deployment
from .looking import COMPLIANT, LOGGING, NON_COMPLIANT, UNDECIDED, Looked, unknown
from .members import CARELESS, CLOSED, EXTERNAL_ID, REGIONS, REPORTS, ROLELESS, STRANGER, WELL, Watched, watched
from .organization import MANAGEMENT
from .records import ACCOUNT, HOME
from .test_changes import OFF, ON, change

LOGGED, RULES, REACH = LOGGING[0], "rule-receives-inference", "profile-reach-allowed"
ASSUME = "sts:AssumeRole"
EVERYBODY = {ACCOUNT, WELL, CARELESS, ROLELESS, MANAGEMENT}


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A security account, four others, and a stranger's account; changes do not wait a minute for each other."""
    with watched(tmp_path_factory.mktemp("organization")) as made:
        deployed = made.deployed
        queue = deployed.url(CHANGES)
        deployed.aws.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "0"})
        yield made


@pytest.fixture
def deployed(organization: Watched) -> Deployment:
    """Its security account, without what former tests left."""
    organization.deployed.forget()
    return organization.deployed


@pytest.fixture(scope="module")
def night(organization: Watched) -> dict[str, Any]:
    """What the state machine answers when its schedule starts it, its report, and what was called meanwhile."""
    deployed = organization.deployed
    deployed.forget()
    with deployed.paused(SEND):
        answer = organization.look()
    return {"answer": answer, "report": organization.kept(answer["report"]), "calls": deployed.answers.calls()}


def of(organization: Watched, night: dict[str, Any], account: str, region: str) -> dict[str, dict[str, Any]]:
    """What was decided about a Region of an account, by control, as its own report says it."""
    report = organization.kept(f"posture/organization/{night['answer']['run']}/{account}/{region}.json")
    assert {a["account"] for a in report["assessments"]} == {account}
    return Looked(report).at(region)


def test_every_active_account_is_in_the_night_s_report(night: dict[str, Any]) -> None:
    """A closed one is not."""
    answer = night["answer"]
    assert {each["account"] for each in answer["accounts"]} == EVERYBODY
    assert CLOSED not in json.dumps(night["report"])
    assert answer["gaps"] == []
    assert answer["coverage"]["accounts"] == len(EVERYBODY)
    assert answer["coverage"] == night["report"]["coverage"]


@pytest.mark.parametrize("region", REGIONS)
def test_an_account_that_is_as_it_must_be_is_compliant(
    organization: Watched, night: dict[str, Any], region: str
) -> None:
    """Its rules were compiled for every account at once, and its events go to a bus of another account."""
    found = of(organization, night, WELL, region)
    decided = {control: found[control]["decision"] for control in (RULES, LOGGED, "trail-records-inference")}
    assert set(decided.values()) == {COMPLIANT}, found


def test_what_is_wrong_in_one_account_is_found_there_alone(organization: Watched, night: dict[str, Any]) -> None:
    decisions = {
        (account, region): of(organization, night, account, region)[LOGGED]["decision"]
        for account in (ACCOUNT, WELL, CARELESS, MANAGEMENT)
        for region in REGIONS
    }
    wrong = {place for place, decision in decisions.items() if decision != COMPLIANT}
    assert wrong == {(CARELESS, HOME)}
    assert decisions[CARELESS, HOME] == NON_COMPLIANT
    named = {(f["account"], f["region"], f["control"]) for f in night["report"]["non_compliant"]}
    assert (CARELESS, HOME, LOGGED) in named
    assert (WELL, HOME, LOGGED) not in named


def test_an_account_that_cannot_be_looked_at_is_undecided_and_hides_no_other(
    organization: Watched, night: dict[str, Any]
) -> None:
    found = of(organization, night, ROLELESS, HOME)
    assert {a["decision"] for a in found.values()} == {UNDECIDED}
    assert unknown(found[LOGGED]) == [("not_observed", ASSUME)]
    assert "AccessDenied" in found[LOGGED]["explanation"]
    undecided = {f["account"] for f in night["report"]["undecided"] if ASSUME in f["explanation"]}
    assert undecided == {ROLELESS}
    (tally,) = [each for each in night["answer"]["accounts"] if each["account"] == ROLELESS]
    assert (tally["compliant"], tally["non_compliant"]) == (0, 0)
    assert tally["undecided"] > 0


def test_the_organization_is_read_once_for_all_accounts(night: dict[str, Any]) -> None:
    """Each node, each policy and each list, however many accounts and Regions are looked at."""
    calls = [call for call in night["calls"] if call["service"] == "organizations" and call["status"] == 200]
    # Of which organization it is, and which Bedrock policy applies to it, each account is asked by itself.
    shared = [c for c in calls if c["operation"] not in ("DescribeOrganization", "DescribeEffectivePolicy")]
    asked = Counter((call["operation"], str(call["parameters"])) for call in shared)
    assert asked
    assert {call: times for call, times in asked.items() if times > 1} == {}
    assert Counter(operation for operation, _ in asked) == {
        "ListRoots": 1,
        # The root and its one unit.
        "ListAccountsForParent": 2,
        "ListOrganizationalUnitsForParent": 2,
        # These two, and each account; the closed one as well.
        "ListPoliciesForTarget": 2 + len(EVERYBODY) + 1,
        "DescribePolicy": 1,
    }


def test_what_a_night_found_is_told_in_the_account_s_name_and_once(organization: Watched, deployed: Deployment) -> None:
    def told() -> list[tuple[str, str, str]]:
        organization.look(accounts=[WELL, CARELESS, ROLELESS], regions=[HOME])
        deployed.settle()
        findings = [finding for alert in deployed.alerts() for finding in alert.body["findings"]]
        return [(f["account"], f["source_region"], f["control"]) for f in findings if f["control"] == LOGGED]

    assert told() == [(CARELESS, HOME, LOGGED)]
    assert told() == []


def test_a_look_that_fails_is_a_gap_and_is_told(organization: Watched, deployed: Deployment) -> None:
    """Its report cannot be stored, however often it is tried; the others are as they are."""
    lost = f"/{CARELESS}/{HOME}.json"
    with organization.nothing_stored_at(lost):
        answer = organization.look(accounts=[WELL, CARELESS], regions=list(REGIONS))
    (gap,) = answer["gaps"]
    assert (gap["account"], gap["region"]) == (CARELESS, HOME)
    tallies = {each["account"]: each for each in answer["accounts"]}
    assert tallies[CARELESS]["undecided"] > tallies[WELL]["undecided"]
    report = organization.kept(answer["report"])
    lost_controls = {f["control"] for f in report["undecided"] if (f["account"], f["region"]) == (CARELESS, HOME)}
    assert LOGGED in lost_controls
    deployed.settle()
    # What was found wrong before stays so; that it could not be told again stands beside it.
    findings = [undecided for record in deployed.records() if (undecided := record["matter"]["undecided"])]
    handed_on = {f["control"] for f in findings if f["account"] == CARELESS}
    assert handed_on >= lost_controls
    # The next run finds it, and the gap is closed.
    after = organization.look(accounts=[CARELESS], regions=list(REGIONS))
    assert after["gaps"] == []


# -- by hand ---------------------------------------------------------------------------------


def test_accounts_are_looked_at_by_hand(organization: Watched, deployed: Deployment) -> None:
    """In one answer; each is decided as in the night."""
    report = organization.ask(accounts=[WELL, CARELESS, ROLELESS], regions=[HOME], controls=[LOGGED, RULES])
    found = {(a["account"], a["control"]): a["decision"] for a in report["assessments"]}
    assert found == {
        (WELL, LOGGED): COMPLIANT,
        (WELL, RULES): COMPLIANT,
        (CARELESS, LOGGED): NON_COMPLIANT,
        (CARELESS, RULES): COMPLIANT,
        (ROLELESS, LOGGED): UNDECIDED,
        (ROLELESS, RULES): UNDECIDED,
    }
    assert report["coverage"]["accounts"] == 3
    everybody = organization.ask(organization=True, regions=[HOME], controls=[LOGGED])
    assert {a["account"] for a in everybody["assessments"]} == EVERYBODY


def test_without_the_external_id_no_other_account_can_be_looked_at(organization: Watched, deployed: Deployment) -> None:
    """It is undecided, with what is refused; the own account needs no role."""
    for told in ("", f"{EXTERNAL_ID}-of-somebody-else"):
        with deployed.restarted(POSTURE, CRISGUARD_MEMBER_EXTERNAL_ID=told):
            report = organization.ask(accounts=[ACCOUNT, WELL], regions=[HOME], controls=[LOGGED])
        found = {a["account"]: a for a in report["assessments"]}
        assert unknown(found[WELL]) == [("not_observed", ASSUME)]
        assert found[ACCOUNT]["decision"] == COMPLIANT


def test_a_role_outside_the_organization_is_not_assumed(organization: Watched, deployed: Deployment) -> None:
    """Though it trusts check-posture: the stranger's account has the same role."""
    report = organization.ask(accounts=[STRANGER], regions=[HOME], controls=[LOGGED])
    (found,) = report["assessments"]
    assert unknown(found) == [("not_observed", ASSUME)]


# -- events ----------------------------------------------------------------------------------


def test_a_member_s_call_is_decided_and_told_once(organization: Watched, deployed: Deployment) -> None:
    """From the default bus of its Region to an alert that names the account."""
    left = records.call(processed_in="ap-southeast-2", by="chat")
    organization.members[WELL].play(left, {**left, "requestID": "another", "eventID": "another"})
    deployed.settle()
    (alert,) = deployed.alerts()
    (finding,) = alert.body["findings"]
    assert (alert.kind, finding["account"], finding["control"]) == ("alert", WELL, "destination-region-allowed")
    assert WELL in deployed.mail()[0]["body"]
    (record,) = [r for r in deployed.records() if r["matter"]["about"] == "invocations"]
    assert record["count"] == 2


def test_a_member_s_canary_arrives(organization: Watched, deployed: Deployment) -> None:
    deployed.aws.start_schedule("crisguard-canary", ELSEWHERE, WELL)
    deployed.settle()
    assert deployed.exits("crisguard-watch-inference", 1)["Canary"] == 1
    arrived = [item["sk"]["S"] for item in deployed.items() if item["pk"]["S"] == "CANARY"]
    assert arrived == [f"ACCOUNT#{WELL}#REGION#{ELSEWHERE}"], "not the home account's"
    assert deployed.alerts() == []


def test_a_stranger_cannot_put_events_on_the_bus(organization: Watched, deployed: Deployment) -> None:
    """The stranger's rules and roles are as a member's; what they forward stays there."""
    stranger = organization.members[STRANGER]
    stranger.play(records.call(processed_in="ap-southeast-2", region=ELSEWHERE))
    deployed.settle()
    assert deployed.metrics("crisguard-watch-inference")["Received"] == 0
    sqs = deployed.aws.client("sqs", ELSEWHERE, root_of(STRANGER))
    url = sqs.get_queue_url(QueueName=FORWARD_DLQ)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert int(attributes["ApproximateNumberOfMessages"]) >= 1


def test_a_change_in_a_member_account_is_looked_at_there(organization: Watched, deployed: Deployment) -> None:
    """Whoever switches logging off is named, with the account; putting it back ends it."""
    member = organization.members[WELL]
    organization.ask(accounts=[WELL], regions=[HOME], controls=[LOGGED])
    deployed.settle()
    deployed.forget()
    member.switch_logging_off(HOME)
    try:
        member.play(change(OFF, region=HOME))
        deployed.wait(lambda: deployed.metrics(POSTURE)["ChangesLookedAt"], "the change to be looked at", 30)
        deployed.settle()
        (alert,) = deployed.alerts()
        (finding,) = alert.body["findings"]
        assert (finding["account"], finding["control"]) == (WELL, LOGGED)
        assert f"arn:aws:iam::{WELL}:role/eve" in deployed.mail()[0]["body"]
    finally:
        member.log_invocations(HOME)
    member.play(change(ON, region=HOME))
    deployed.wait(lambda: deployed.metrics(POSTURE)["ChangesLookedAt"] == 2, "the second change to be looked at", 30)
    deployed.settle()
    (resolved,) = deployed.alerts()
    assert (resolved.kind, resolved.body["findings"][0]["account"]) == ("resolved", WELL)


# -- permissions ------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["ListAccountsForParent", "ListOrganizationalUnitsForParent"])
def test_without_the_list_of_accounts_the_night_fails_and_says_so(
    organization: Watched, deployed: Deployment, operation: str
) -> None:
    """Nobody is left out in silence: the execution fails, for which there is an alarm."""
    deployed.answers.fail(DENIED, service="organizations", operation=operation)
    with pytest.raises(AssertionError, match=f"organizations:{operation}"):
        organization.look(organization=True, regions=[ELSEWHERE])


def test_the_security_account_may_read_the_organization_itself(organization: Watched, deployed: Deployment) -> None:
    """As a delegated administrator, and then by no role: everything is decided as by the role."""
    with deployed.restarted(POSTURE, CRISGUARD_ORGANIZATION_ROLE_ARN="", CRISGUARD_ORGANIZATION_EXTERNAL_ID=""):
        answer = organization.look(organization=True, regions=[HOME])
    calls = deployed.answers.calls(service="organizations", operation="ListPoliciesForTarget")
    assert {call["account"] for call in calls} == {ACCOUNT}
    assert {call["status"] for call in calls} == {200}
    found = of(organization, {"answer": answer}, WELL, HOME)
    assert found[REACH]["decision"] == COMPLIANT, found[REACH]


def test_results_are_kept_where_only_crisguard_writes(organization: Watched, night: dict[str, Any]) -> None:
    """A plan, the organization, a result for each line, and the report."""
    prefix = f"posture/organization/{night['answer']['run']}/"
    listed = organization.deployed.aws.client("s3").list_objects_v2(Bucket=REPORTS, Prefix=prefix)["Contents"]
    names = {each["Key"].removeprefix(prefix) for each in listed}
    plan = organization.deployed.aws.client("s3").get_object(Bucket=REPORTS, Key=f"{prefix}plan.jsonl")["Body"].read()
    lines = [json.loads(line) for line in plan.splitlines()]
    assert names == {"plan.jsonl", "organization.json", "report.json"} | {
        f"{line['account']}/{line['region']}.json" for line in lines
    }
    assert [line["region"] for line in lines] == sorted(line["region"] for line in lines)
    assert [line["region"] for line in lines if line["account"] == ROLELESS] == [HOME]
