"""What proves where prompts are processed, besides logs and rules: the truths, one by one.

Each test finds the control compliant, breaks one thing as people do, and puts it back. That crisguard's own rules
stand is in test_nightly.py, what is about invocation logs in test_posture_logging.py, and what is about models, agents,
networks and identities in test_posture_things.py.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from . import records
from .deployment import ABROAD, OSAKA, Deployment, decided
from .estate import BLOCKED, Evidence
from .looking import COMPLIANT, problems, unknown
from .records import ACCOUNT, HOME

TRAILS = "trail-records-inference"
PROFILES = "profile-destinations-allowed"
RETENTION = "data-retention-allowed"
GUARDRAILS, ENFORCED = "guardrail-stays-in-region", "guardrail-enforced"
LOGGED = "invocation-logging-enabled"


# -- Regions in which nobody was expected --------------------------------------------------


def test_a_region_is_in_use_because_calls_were_counted(looking: Deployment) -> None:
    """Nobody named it and it has no agent, knowledge base or guardrail: 90 days of calls make it count."""
    evidence, bedrock = looking.evidence[OSAKA], looking.answers.client("bedrock", OSAKA)
    bedrock.delete_enforced_guardrail_configuration(configId=evidence.enforced)
    bedrock.delete_guardrail(guardrailIdentifier=evidence.guardrail)
    evidence.switch_off()
    try:
        controls = (LOGGED, ENFORCED)
        looked = looking.glance(*controls).at(OSAKA)
        assert {name: a["reason"]["kind"] for name, a in looked.items()} == dict.fromkeys(controls, "not_in_use")
        assert {a["decision"] for a in looked.values()} == {COMPLIANT}, "informational: nobody calls Bedrock there"

        a_month = datetime.timedelta(days=30)
        looking.answers.count_invocations(OSAKA, "amazon.nova-lite-v1:0", 1, a_month)
        looked = looking.glance(*controls).at(OSAKA)
        assert problems(looked[LOGGED]) == [("logging_off", [])]
        assert problems(looked[ENFORCED]) == [("no_enforced_guardrail", [])]
    finally:
        evidence.enforce_a_guardrail()
        evidence.configure()
    assert looking.glance(LOGGED, ENFORCED).at(OSAKA)[LOGGED]["reason"]["kind"] == "as_asked"


# -- trails ---------------------------------------------------------------------------------

MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}
WITHOUT_READS, SOME = "trail_without_reads", "trail_records_some"
ADVANCED: dict[str, tuple[list[dict[str, Any]], str | None]] = {
    "all management events": ([MANAGEMENT], None),
    "reads": ([MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]}], None),
    "writes": ([MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]}], WITHOUT_READS),
    "all but KMS": ([MANAGEMENT, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}], None),
    "all but Bedrock": ([MANAGEMENT, {"Field": "eventSource", "NotEquals": ["bedrock.amazonaws.com"]}], WITHOUT_READS),
    "InvokeModel alone": ([MANAGEMENT, {"Field": "eventName", "Equals": ["InvokeModel"]}], SOME),
    "data events": (
        [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}],
        WITHOUT_READS,
    ),
}


@contextlib.contextmanager
def selecting(looking: Deployment, **selectors: Any) -> Iterator[None]:
    """Meanwhile the trail records by other selectors."""
    trails = looking.answers.client("cloudtrail")
    trails.put_event_selectors(TrailName=looking.trail, **selectors)
    try:
        yield
    finally:
        everything = {"ReadWriteType": "All", "IncludeManagementEvents": True}
        trails.put_event_selectors(TrailName=looking.trail, EventSelectors=[everything])


def test_a_trail_of_writes_records_no_call(looking: Deployment) -> None:
    """It is on, in all Regions, and holds no InvokeModel: that only reads."""
    assert decided(looking, TRAILS)["decision"] == COMPLIANT
    with selecting(looking, EventSelectors=[{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]):
        assert problems(decided(looking, TRAILS)) == [(WITHOUT_READS, [looking.trail])]
    assert decided(looking, TRAILS)["decision"] == COMPLIANT


@pytest.mark.parametrize("name", ADVANCED)
def test_a_trail_with_advanced_selectors(looking: Deployment, name: str) -> None:
    """Each field counts, not that there are selectors."""
    fields, wrong = ADVANCED[name]
    with selecting(looking, AdvancedEventSelectors=[{"Name": "few", "FieldSelectors": fields}]):
        found = decided(looking, TRAILS)
        if wrong:
            assert problems(found) == [(wrong, [looking.trail])]
        else:
            assert found["decision"] == COMPLIANT


def test_several_selectors_add_up(looking: Deployment) -> None:
    """One selector leaves Bedrock out and another has it: together they record every call."""
    bedrock = {"Field": "eventSource", "Equals": ["bedrock.amazonaws.com"]}
    others = {"Field": "eventSource", "NotEquals": ["bedrock.amazonaws.com"]}
    selectors = [{"FieldSelectors": [MANAGEMENT, field]} for field in (others, bedrock)]
    with selecting(looking, AdvancedEventSelectors=selectors):
        assert decided(looking, TRAILS)["decision"] == COMPLIANT


def test_a_trail_is_stopped_or_of_another_region(looking: Deployment) -> None:
    """What records nothing here is named with what keeps it from it."""
    trails = looking.answers.client("cloudtrail")
    one = trails.create_trail(Name="tokyo", S3BucketName="trails", IsMultiRegionTrail=False)["TrailARN"]
    trails.start_logging(Name=one)
    trails.stop_logging(Name=looking.trail)
    try:
        found, at_home = decided(looking, TRAILS), decided(looking, TRAILS, HOME)
    finally:
        trails.start_logging(Name=looking.trail)
        trails.delete_trail(Name=one)
    assert dict(problems(found)) == {"trail_stopped": [looking.trail], "trail_of_one_region": [one]} or dict(
        problems(found)
    ) == {"trail_stopped": [looking.trail]}
    assert at_home["decision"] == COMPLIANT, "the trail of that Region alone records it"


def test_the_selectors_of_a_trail_may_not_be_read(looking: Deployment) -> None:
    """An organization's trail is seen in a member account, and what it records is not: nobody knows."""
    looking.answers.fail("access denied", action="cloudtrail:GetEventSelectors")
    found = decided(looking, TRAILS)
    looking.answers.reset("faults")
    assert unknown(found) == [("not_observed", "cloudtrail:GetEventSelectors")]
    assert decided(looking, TRAILS)["decision"] == COMPLIANT


# -- profiles -------------------------------------------------------------------------------


def test_a_profile_in_use_can_leave(looking: Deployment) -> None:
    """Every call stayed so far; the account's own list says where the next one may go, before the catalogue does."""
    profile = "apac.crisguard.test-v1:0"
    looking.answers.change_profiles(ABROAD, {profile: [ABROAD, "ap-northeast-1"]})
    looking.answers.count_invocations(ABROAD, profile)
    assert decided(looking, PROFILES)["decision"] == COMPLIANT
    looking.answers.change_profiles(ABROAD, {profile: [ABROAD, "ap-northeast-1", "ap-southeast-2", "us-east-1"]})
    found = decided(looking, PROFILES)
    assert problems(found) == [("reaches", [profile])]
    assert found["reason"]["problems"][0]["regions"] == ["ap-southeast-2", "us-east-1"]
    looking.answers.change_profiles(ABROAD, {profile: None})
    assert unknown(decided(looking, PROFILES)) == [("destinations_not_listed", profile)], "nobody lists it"
    looking.answers.change_profiles(ABROAD, {profile: [ABROAD]})
    assert decided(looking, PROFILES)["decision"] == COMPLIANT


@pytest.mark.parametrize(
    ("copied", "wrong"), [(records.STAYS, None), (records.LEAVES, "reaches"), (records.GLOBAL, "reaches_everywhere")]
)
def test_an_application_profile_goes_where_its_source_goes(looking: Deployment, copied: str, wrong: str | None) -> None:
    """Its own name does not tell; nobody has called it yet."""
    bedrock = looking.answers.client("bedrock", HOME)
    source = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:inference-profile/{copied}"
    arn = bedrock.create_inference_profile(inferenceProfileName="another", modelSource={"copyFrom": source})[
        "inferenceProfileArn"
    ]
    found = decided(looking, PROFILES, HOME)
    bedrock.delete_inference_profile(inferenceProfileIdentifier=arn)
    if wrong:
        assert problems(found) == [(wrong, [arn])]
    assert decided(looking, PROFILES, HOME)["decision"] == COMPLIANT


# -- data retention -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "allowed"),
    [
        ("none", True),
        ("default", True),
        ("inherit", True),
        ("aws_review", False),
        ("provider_data_share", False),
    ],
)
def test_what_is_kept_of_prompts(looking: Deployment, mode: str, allowed: bool) -> None:
    """The policy allows `none` and `default`; `inherit` is what the account has by default."""
    bedrock = looking.answers.client("bedrock", ABROAD)
    bedrock.put_account_data_retention(mode=mode)
    found = decided(looking, RETENTION)
    bedrock.put_account_data_retention(mode="none")
    if allowed:
        assert found["decision"] == COMPLIANT
    else:
        assert problems(found) == [("retention_not_allowed", [])]
        assert f"the data-retention mode is {mode}" in found["explanation"]


# -- guardrails -----------------------------------------------------------------------------

ASIA = {"guardrailProfileIdentifier": "apac.guardrail.v1:0"}
STANDARD = {
    "filtersConfig": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "LOW"}],
    "tierConfig": {"tierName": "STANDARD"},
}


@pytest.mark.parametrize("tier", [{}, {"contentPolicyConfig": STANDARD}], ids=["by choice", "because of its tier"])
def test_a_guardrail_checks_elsewhere(looking: Deployment, abroad: Evidence, tier: dict[str, Any]) -> None:
    """A guardrail profile takes prompts along; that the tier needs it makes it no better."""
    bedrock = abroad.client("bedrock")
    assert decided(looking, GUARDRAILS)["decision"] == COMPLIANT
    guardrail = bedrock.create_guardrail(name="roams", **BLOCKED, crossRegionConfig=ASIA, **tier)["guardrailId"]
    found = decided(looking, GUARDRAILS)
    assert problems(found) == [("guardrail_leaves", [guardrail])]
    (problem,) = found["reason"]["problems"]
    assert problem["profile"] == "apac.guardrail.v1:0"
    assert "ap-south-1" in problem["regions"]
    assert not {ABROAD, HOME, OSAKA} & set(problem["regions"]), "where prompts may be is no problem"

    bedrock.create_guardrail_version(guardrailIdentifier=guardrail)
    bedrock.update_guardrail(guardrailIdentifier=guardrail, name="roams", **BLOCKED)
    assert problems(decided(looking, GUARDRAILS)) == [("guardrail_leaves", [guardrail])], "version 1 can be called"
    bedrock.delete_guardrail(guardrailIdentifier=guardrail)
    assert decided(looking, GUARDRAILS)["decision"] == COMPLIANT


def test_a_guardrail_goes_where_nobody_knows(looking: Deployment, abroad: Evidence) -> None:
    """A profile that is newer than the catalogue is no reason to call the guardrail compliant."""
    newer = {"guardrailProfileIdentifier": "apac.guardrail.v9:0"}
    bedrock = abroad.client("bedrock")
    guardrail = bedrock.create_guardrail(name="roams", **BLOCKED, crossRegionConfig=newer)["guardrailId"]
    found = decided(looking, GUARDRAILS)
    bedrock.delete_guardrail(guardrailIdentifier=guardrail)
    assert unknown(found) == [("destinations_not_listed", "apac.guardrail.v9:0")]


def test_no_guardrail_is_enforced(looking: Deployment, abroad: Evidence) -> None:
    """One that applications may name checks only those that do; the organization can enforce one, too."""
    bedrock = abroad.client("bedrock")
    assert decided(looking, ENFORCED)["decision"] == COMPLIANT
    bedrock.delete_enforced_guardrail_configuration(configId=abroad.enforced)
    assert problems(decided(looking, ENFORCED)) == [("no_enforced_guardrail", [])]
    bedrock.delete_guardrail(guardrailIdentifier=abroad.guardrail)
    abroad.enforce_a_guardrail()
    assert decided(looking, ENFORCED)["decision"] == COMPLIANT
