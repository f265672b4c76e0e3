"""AWS throttles, fails, hangs and answers nonsense: what check-posture reads is read again or undecided by the action's
name, never compliant because of it, and everything else is decided all the same. What becomes of what was found is in
test_posture_told.py.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.answers.faults import (
    BROKEN_OFF,
    DENIED,
    ERROR,
    LATE_ANSWER,
    NONSENSE,
    RESET,
    THROTTLED,
    UNAVAILABLE,
)
from tests.emulator.emulator import REPOSITORY

from .deployment import ENABLED, OSAKA, POSTURE, SILENT, WEST, Deployment
from .looking import COMPLIANT, CONTROLS, LOGGING, OF_SOURCES, OF_THE_ACCOUNT, UNDECIDED, unknown
from .records import HOME

RULES, TRAILS = "rule-receives-inference", "trail-records-inference"
(LOGGED, MODALITIES, BUCKET_ENCRYPTED, PRIVATE, BUCKET_RETAINED, GROUP_ENCRYPTED, GROUP_RETAINED, DELIVERING) = LOGGING
ENCRYPTED = (BUCKET_ENCRYPTED, GROUP_ENCRYPTED, "custom-model-encrypted", "imported-model-encrypted")
OF_AGENTS = ("knowledge-base-encrypted", "agent-encrypted", "agent-has-guardrail")

NEED: dict[str, tuple[str, ...]] = {
    "account": (RULES,),
    "bedrock": (
        *LOGGING,
        "profile-destinations-allowed",
        *OF_SOURCES,
        "data-retention-allowed",
        "guardrail-stays-in-region",
        "guardrail-enforced",
        "custom-model-encrypted",
        "imported-model-encrypted",
        "batch-output-in-region",
    ),
    "bedrock-agent": OF_AGENTS,
    "cloudtrail": (TRAILS,),
    "cloudwatch": (RULES, DELIVERING, "profile-destinations-allowed"),
    "ec2": ("vpc-endpoint-present", "vpc-endpoint-restricted"),
    "events": (RULES,),
    "iam": OF_THE_ACCOUNT,
    "kms": (*ENCRYPTED, "knowledge-base-encrypted", "agent-encrypted"),
    "logs": (LOGGED, GROUP_ENCRYPTED, GROUP_RETAINED),
    # Of guardrails, what the account enforces is enough.
    "organizations": OF_SOURCES,
    "s3": (LOGGED, BUCKET_ENCRYPTED, PRIVATE, BUCKET_RETAINED),
    "s3control": (PRIVATE,),
}
"""The services that are read, and the controls at home that cannot do without each."""
# Of S3, check-posture also reads what it knows and keeps its reports: that is no setting.
SETTINGS_OF_S3 = (
    "ListBuckets",
    "GetBucketEncryption",
    "GetBucketLifecycleConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetPublicAccessBlock",
)


@pytest.fixture(autouse=True)
def _without_faults(deployment: Deployment) -> Iterator[None]:
    deployment.answers.reset("calls", "faults", "settings")
    yield
    deployment.answers.reset("faults", "settings")


def fail(deployed: Deployment, fault: str, service: str, **more: Any) -> None:
    """Has the calls fail with which settings of a service are read."""
    for operation in SETTINGS_OF_S3 if service == "s3" else [""]:
        deployed.answers.fail(fault, service=service, operation=operation, **more)


def concurrency() -> int:
    """How many calls check-posture makes at once."""
    source = REPOSITORY / "functions" / "check-posture" / "src" / "observe" / "everywhere.rs"
    found = re.search(r"CALLS_AT_ONCE: usize = (\d+);", source.read_text(encoding="utf-8"))
    assert found
    return int(found[1])


# -- without any fault ----------------------------------------------------------------------


def test_a_clean_sweep_asks_everything_once(looking: Deployment) -> None:
    """Five Regions, each as it must be: no call is made twice, and no more are under way than the function allows."""
    with looking.restarted(POSTURE):
        looked = looking.glance()
    assert looked.not_compliant == {}
    assert set(ENABLED) <= set(looked.of(RULES))
    assert looking.answers.repeated(session=True) == {}
    assert looking.answers.peak() <= concurrency()
    calls = looking.answers.calls(session=True)
    assert {call["service"] for call in calls} == {*NEED, "sqs"}
    coverage = looked.report["coverage"]
    decided = [coverage[name] for name in ("compliant", "non_compliant", "undecided")]
    assert decided == [len(looked.assessments), 0, 0]
    assert (coverage["accounts"], coverage["controls"]) == (1, len(CONTROLS))


def test_lists_come_in_pages(looking: Deployment) -> None:
    """What stands on a later page is looked at, too: with one item a page, the report is the same, and no page is
    read twice.
    """
    whole = looking.glance(regions=[HOME])
    looking.answers.reset("calls")
    looking.answers.tell(page=1)
    in_pages = looking.glance(regions=[HOME])
    assert in_pages.decided() == whole.decided() == dict.fromkeys(CONTROLS, COMPLIANT)
    assert len(looking.answers.calls(operation="ListInferenceProfiles", session=True)) > 10
    assert looking.answers.repeated(session=True) == {}


# -- faults that pass -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def last_calls(looking: Deployment) -> list[dict[str, Any]]:
    """For each service, its last call of a look at home, as a fault names it; of S3, also that of the settings."""
    looking.answers.reset("calls")
    looking.glance(regions=[HOME])
    calls = looking.answers.calls(session=True)
    times = Counter((call["service"], call["operation"]) for call in calls)
    last = {(c["service"], c["operation"] in SETTINGS_OF_S3): (c["service"], c["operation"]) for c in calls}
    assert {service for service, _ in last.values()} == {*NEED, "sqs"}
    return [
        {"service": service, "operation": operation, "after": times[service, operation] - 1, "count": 1}
        for service, operation in last.values()
    ]


@pytest.mark.parametrize("fault", [ERROR, UNAVAILABLE, RESET, BROKEN_OFF])
def test_what_fails_once_is_asked_again(looking: Deployment, last_calls: list[dict[str, Any]], fault: str) -> None:
    """Each service fails once while it is read, and handing on and keeping the report, too: nobody would know."""
    for each in last_calls:
        looking.answers.fail(fault, **each)
    looked = looking.glance(regions=[HOME])
    assert looking.answers.fired() == [1] * len(last_calls)
    assert looked.decided() == dict.fromkeys(CONTROLS, COMPLIANT), looked.not_compliant


def test_a_bad_night(looking: Deployment) -> None:
    """Two Regions throttle, one answers too late, one not at all: three are compliant as they are, and of the fourth
    each control is undecided by the actions that failed.
    """
    # Before what throttled is asked again, eight to twenty seconds pass: no two wait for each other. The list of
    # Regions would keep all waiting.
    throttled = {
        HOME: ("cloudtrail", "cloudwatch", "ec2", "events", "kms", "s3control"),
        OSAKA: ("bedrock", "bedrock-agent", "logs", "s3"),
        "": ("iam", "organizations", "sqs"),
    }
    late = ("bedrock-agent", "cloudtrail", "cloudwatch", "ec2", "events", "logs")
    assert {service for services in throttled.values() for service in services} == {*NEED, "sqs"} - {"account"}
    # What was throttled once is asked more slowly from then on; other tests have no time for that.
    with looking.restarted(POSTURE):
        for region, services in throttled.items():
            for service in services:
                operation = "GetBucketPolicy" if service == "s3" else ""
                looking.answers.fail(THROTTLED, service=service, operation=operation, region=region, count=1)
        for service in late:
            looking.answers.fail(LATE_ANSWER, service=service, region=SILENT, count=1)
        for number, service in enumerate(sorted(NEED)):
            fail(looking, [UNAVAILABLE, RESET, ERROR, BROKEN_OFF][number % 4], service, region=WEST)
        looked = looking.glance(regions=[HOME, OSAKA, SILENT, WEST])
        fired = looking.answers.fired()
        looking.answers.reset("faults")
        after = looking.glance(regions=[WEST])
    passing = len(NEED) + len(late)
    assert fired[:passing] == [1] * passing
    regional = [control for control in CONTROLS if control not in OF_THE_ACCOUNT]
    assert set(looked.not_compliant) == {(WEST, control) for control in regional if control not in OF_SOURCES}
    for assessed in (assessed for assessed in looked.at(WEST).values() if assessed["decision"] != COMPLIANT):
        assert {kind for kind, _ in unknown(assessed)} == {"not_observed"}
        assert all(":" in action for _, action in unknown(assessed))
    assert after.decided() == dict.fromkeys(regional, COMPLIANT), "the next look sees everything"


# -- faults that stay -----------------------------------------------------------------------


def test_everything_is_refused(looking: Deployment) -> None:
    """Each service in its own words: nothing is compliant, nothing is missing, and the function answers."""
    for service in NEED:
        fail(looking, DENIED, service)
    looked = looking.glance(regions=[HOME])
    assert looked.decided() == dict.fromkeys(CONTROLS, UNDECIDED)
    for assessed in looked.assessments:
        assert {kind for kind, _ in unknown(assessed)} == {"not_observed"}
        for _, action in unknown(assessed):
            assert f"{action} failed" in assessed["explanation"]


@pytest.mark.parametrize("service", NEED)
def test_a_service_answers_nonsense(looking: Deployment, service: str) -> None:
    """A page that some proxy made, with the status of a success, is no empty list: what needs the service is undecided,
    each by an action of it, and everything else is compliant.
    """
    fail(looking, NONSENSE, service)
    looked = looking.glance(regions=[HOME])
    expected = {control: UNDECIDED if control in NEED[service] else COMPLIANT for control in CONTROLS}
    assert looked.decided() == expected, looked.not_compliant
    for control in NEED[service]:
        gaps = unknown(looked.at(HOME)[control])
        assert {kind for kind, _ in gaps} == {"not_observed"}
        prefix = {"bedrock-agent": "bedrock", "s3control": "s3"}.get(service, service)
        assert {action.partition(":")[0] for _, action in gaps} == {prefix}


# -- no time left ---------------------------------------------------------------------------


@contextlib.contextmanager
def seconds_to_look(deployed: Deployment, seconds: int) -> Iterator[None]:
    """Meanwhile the Lambda service ends the function so much after the half minute that it keeps for handing on."""
    client = deployed.aws.client("lambda")
    usual = client.get_function_configuration(FunctionName=POSTURE)["Timeout"]
    client.update_function_configuration(FunctionName=POSTURE, Timeout=30 + seconds)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=POSTURE, Timeout=usual)


def test_a_service_hangs_in_one_region(looking: Deployment) -> None:
    """The look ends in time: what hung was not reached, and every other decision is made and handed on."""
    looking.begin_anew()
    looking.answers.fail(LATE_ANSWER, service="ec2", region=WEST, seconds=8)
    with seconds_to_look(looking, 5):
        looked = looking.glance()
    hung = {(WEST, control) for control in NEED["ec2"]}
    assert set(looked.not_compliant) == hung
    for _, control in hung:
        found = looked.of(control)[WEST]
        assert unknown(found) == [("not_reached", "")]
        assert "there was no time left to look at it" in found["explanation"]
    assert looking.metrics(POSTURE)["FindingsSent"] == len(looked.news)


def test_everything_is_too_slow(looking: Deployment) -> None:
    """A night on which AWS crawls: nothing is compliant that was not looked at, and the coverage tells how much was."""
    looking.answers.tell(latency=0.7)
    with seconds_to_look(looking, 1):
        looked = looking.glance()
    enabled = [a for a in looked.assessments if a["region"] in ENABLED]
    assert len(enabled) == len(ENABLED) * (len(CONTROLS) - len(OF_THE_ACCOUNT)) + len(OF_THE_ACCOUNT), "none is absent"
    undecided = [a for a in enabled if a["decision"] == UNDECIDED]
    assert len(undecided) > len(enabled) / 2
    for assessed in undecided:
        assert unknown(assessed) == [("not_reached", "")]
    assert looked.report["coverage"]["undecided"] == len(undecided)
