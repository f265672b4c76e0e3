"""Whoever changes a setting that is evidence is told of within minutes, by name; whatever else changes costs no look.

Events go the whole way: the default bus of a Region, the rules of infra/change-region.yaml, the crisguard bus, the
changes queue, check-posture, send-alerts. The emulator makes no events of its own, so each test says what CloudTrail
would say of what it does.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.answers.faults import DENIED

from . import records
from .deployment import CHANGES, CHANGES_DLQ, ELSEWHERE, POSTURE, SEND, SILENT, WEST, Deployment
from .records import ACCOUNT, HOME, Record

EVE = f"arn:aws:iam::{ACCOUNT}:role/eve"
LOGGED, RETENTION, TRAILS = "invocation-logging-enabled", "data-retention-allowed", "trail-records-inference"
OFF, ON = "DeleteModelInvocationLoggingConfiguration", "PutModelInvocationLoggingConfiguration"


def change(name: str, service: str = "bedrock", *, region: str = ELSEWHERE, by: str = "eve", **members: Any) -> Record:
    """CloudTrail's record of a change of a setting.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    return {
        "eventVersion": "1.11",
        "userIdentity": records.identity(by),
        "eventTime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2.33",
        "requestParameters": None,
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **members,
    }


@pytest.fixture(scope="module", autouse=True)
def _at_once(deployment: Deployment) -> Iterator[None]:
    """Changes wait a minute for each other; nobody waits that long here."""
    sqs, url = deployment.aws.client("sqs"), deployment.url(CHANGES)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "60"})


@pytest.fixture
def watched(deployed: Deployment) -> Deployment:
    """The deployment after a nightly look that found everything in order: it knows what the evidence is."""
    with deployed.paused(SEND):
        assert deployed.glance().not_compliant == {}
        deployed.purge()
    deployed.answers.reset("calls")
    return deployed


def play(deployed: Deployment, *changes: Record) -> None:
    """Has changes happen, and waits until they were looked at and what was found is told."""
    with deployed.paused(POSTURE):
        deployed.play(*changes)
    deployed.wait(lambda: deployed.depth(CHANGES) == 0, f"{CHANGES} to be empty", 30)
    deployed.settle()


def asked(deployed: Deployment) -> set[tuple[str, str, str]]:
    """What check-posture asked AWS of settings: service, operation, Region."""
    own = {("s3", "GetObject"), ("s3", "PutObject"), ("s3", "CopyObject")}
    calls = [(call["service"], call["operation"], call["region"]) for call in deployed.answers.calls(session=True)]
    told_by = {"sqs", "sns", "dynamodb"}
    return {call for call in calls if call[0] not in told_by and call[:2] not in own}


@contextlib.contextmanager
def logging_off(deployed: Deployment, region: str) -> Iterator[None]:
    """Meanwhile nothing is logged in a Region."""
    deployed.evidence[region].switch_off()
    try:
        yield
    finally:
        deployed.evidence[region].configure()


def test_switching_logging_off_is_told_with_who_did_it(watched: Deployment) -> None:
    """The alert names the role, the event and the Region; putting it back ends it, and nothing else was looked at."""
    watched.answers.count_invocations(ELSEWHERE, records.AT_HOME)
    off = change(OFF)
    with logging_off(watched, ELSEWHERE):
        play(watched, off)
        (alert,) = watched.alerts()
        assert (alert.kind, alert.controls) == ("alert", [LOGGED])
        (finding,) = alert.body["findings"]
        assert (finding["source_region"], finding["decision"]) == (ELSEWHERE, "non-compliant")
        assert "model invocation logging is off" in finding["explanation"]
        (mail,) = watched.mail()
        for said in (EVE, OFF, off["eventID"], ELSEWHERE):
            assert said in mail["body"], mail["body"]
        (transition,) = watched.transitions()
        assert transition["transition"] == "first"
        assert EVE in str(transition)
        assert {region for _, _, region in asked(watched)} == {ELSEWHERE, HOME}, "the buckets are asked at home"
        assert not [call for call in asked(watched) if call[0] in ("cloudtrail", "ec2", "iam", "events")]
    play(watched, change(ON, by="mallory"))
    (resolved,) = watched.alerts()
    assert (resolved.kind, resolved.controls) == ("resolved", [LOGGED])
    assert watched.review() == {}
    assert watched.alerts() == []


def test_a_change_that_leaves_everything_in_order_tells_nobody(watched: Deployment) -> None:
    """Somebody configures logging anew, as it must be: one look, and silence."""
    play(watched, change(ON))
    metrics = watched.metrics(POSTURE)
    assert (metrics["Changes"], metrics["ChangesLookedAt"], metrics["ChangesNotApplicable"]) == (1, 1, 0)
    assert metrics["Violation"] == 0
    assert watched.alerts() == []


def test_many_changes_are_one_look(watched: Deployment) -> None:
    """Twenty changes of one Region's logging cost what one costs; the alert names the latest of them."""
    watched.answers.count_invocations(ELSEWHERE, records.AT_HOME)
    play(watched, change(ON))
    once = len(asked(watched))
    watched.answers.reset("calls")
    with logging_off(watched, ELSEWHERE):
        play(watched, *(change(ON, by=f"step-{number}") for number in range(19)), change(OFF))
        assert watched.answers.repeated(session=True) == {}
        assert len(asked(watched)) <= once
        (alert,) = watched.alerts()
        assert EVE in str(alert.body) or EVE in watched.mail()[-1]["body"]


@pytest.mark.parametrize("region", [ELSEWHERE, HOME])
def test_what_is_no_evidence_costs_no_look(watched: Deployment, region: str) -> None:
    """Buckets, log groups and keys of applications change all day: nobody asks Bedrock, or anybody, about them."""
    key = {"keyId": f"arn:aws:kms:{region}:{ACCOUNT}:key/{uuid.uuid4()}"}
    play(
        watched,
        change("PutBucketPolicy", "s3", region=region, requestParameters={"bucketName": "photos"}),
        change("DeleteLogGroup", "logs", region=region, requestParameters={"logGroupName": "/aws/lambda/shop"}),
        change("DisableKey", "kms", region=region, requestParameters=key),
    )
    metrics = watched.metrics(POSTURE)
    assert (metrics["Changes"], metrics["ChangesLookedAt"], metrics["ChangesNotApplicable"]) == (3, 0, 3)
    assert asked(watched) == set()
    assert watched.alerts() == []


def test_a_failed_or_foreign_call_changes_nothing(watched: Deployment) -> None:
    """Somebody tried and was refused; another account's event cannot be one of ours; events of ours that only read."""
    play(
        watched,
        change(OFF, errorCode="AccessDenied", errorMessage="not authorized"),
        change("GetModelInvocationLoggingConfiguration", readOnly=True),
    )
    assert watched.metrics(POSTURE)["Changes"] == 0, "the rules leave them out"
    foreign = change(OFF, recipientAccountId="444455556666")
    watched.put_into(CHANGES, [json.dumps(records.envelope(foreign))])
    watched.wait(lambda: watched.metrics(POSTURE)["Changes"] == 1, "the message to be taken")
    assert watched.metrics(POSTURE)["ChangesNotApplicable"] == 1
    assert asked(watched) == set()


EVIDENCE: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "its bucket": ("DeleteBucket", "s3", {"bucketName": "invocations-{region}"}, LOGGED),
    "its log group": ("DeleteLogGroup", "logs", {"logGroupName": "/invocations/{region}"}, LOGGED),
    "its key": ("DisableKey", "kms", {"keyId": "{key}"}, "invocation-logging-bucket-encrypted"),
}


@pytest.mark.parametrize("what", EVIDENCE)
def test_the_evidence_itself_is_changed(watched: Deployment, what: str) -> None:
    """Whoever deletes the bucket or the log group, or disables the key, leaves the configuration as it was."""
    name, service, parameters, control = EVIDENCE[what]
    evidence = watched.evidence[HOME]
    named = {k: v.format(region=HOME, key=evidence.key.rpartition("/")[2]) for k, v in parameters.items()}
    undo = _break(evidence, what)
    try:
        play(watched, change(name, service, region=HOME, requestParameters=named))
        told = [f for alert in watched.alerts() for f in alert.body["findings"]]
        assert control in {finding["control"] for finding in told}
        assert {finding["source_region"] for finding in told} == {HOME}
        assert EVE in watched.mail()[-1]["body"]
    finally:
        undo()
    assert watched.look().not_compliant == {}


def _break(evidence: Any, what: str) -> Any:
    """Changes a part of the evidence; returns what puts it back."""
    s3, kms, logs = (evidence.client(service) for service in ("s3", "kms", "logs"))
    if what == "its bucket":
        s3.delete_bucket(Bucket=evidence.bucket)
        return lambda: evidence.make_bucket(evidence.bucket)
    if what == "its log group":
        logs.delete_log_group(logGroupName=evidence.log_group)
        return evidence.make_log_group
    kms.disable_key(KeyId=evidence.key)
    return lambda: kms.enable_key(KeyId=evidence.key)


def test_a_trail_is_stopped_for_every_region(watched: Deployment) -> None:
    """One event in the trail's Region, and every Region has lost its evidence: one alert names them all."""
    trails = watched.answers.client("cloudtrail")
    trails.stop_logging(Name=watched.trail)
    try:
        play(watched, change("StopLogging", "cloudtrail", region=HOME, requestParameters={"name": watched.trail}))
        (alert,) = watched.alerts()
        assert set(alert.controls) == {TRAILS}
        assert {f["source_region"] for f in alert.body["findings"]} == set(watched.evidence)
        assert EVE in watched.mail()[-1]["body"]
    finally:
        trails.start_logging(Name=watched.trail)
    play(watched, change("StartLogging", "cloudtrail", region=HOME, requestParameters={"name": watched.trail}))
    (resolved,) = watched.alerts()
    assert (resolved.kind, resolved.body["total"]) == ("resolved", len(watched.evidence))


def test_an_api_key_is_made(watched: Deployment) -> None:
    """IAM's events are us-east-1's, whatever the home Region is; who may do what is decided at home."""
    iam = watched.answers.client("iam")
    asked_for = {"userName": "tester", "serviceName": "bedrock.amazonaws.com"}
    made = iam.create_service_specific_credential(UserName="tester", ServiceName="bedrock.amazonaws.com")
    identity = made["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    try:
        event = change("CreateServiceSpecificCredential", "iam", region="us-east-1", requestParameters=asked_for)
        play(watched, event)
        (alert,) = watched.alerts()
        assert alert.controls == ["api-key-long-term"]
        assert alert.body["findings"][0]["source_region"] == HOME
        assert EVE in watched.mail()[-1]["body"]
    finally:
        iam.delete_service_specific_credential(UserName="tester", ServiceSpecificCredentialId=identity)
    other = {"userName": "tester", "serviceName": "codecommit.amazonaws.com"}
    before = watched.metrics(POSTURE)["Changes"]
    play(watched, change("CreateServiceSpecificCredential", "iam", region="us-east-1", requestParameters=other))
    assert watched.metrics(POSTURE)["Changes"] == before, "keys for other services are not forwarded"


def test_a_rule_of_crisguard_is_changed(watched: Deployment) -> None:
    """Whoever switches a forwarding rule off is named at once; rules of others are nobody's business."""
    events = watched.aws.client("events", SILENT)
    rule = events.describe_rule(Name="crisguard-forward-1")
    events.disable_rule(Name=rule["Name"])
    try:
        play(
            watched,
            change("DisableRule", "events", region=SILENT, requestParameters={"name": rule["Name"]}),
            change("DisableRule", "events", region=SILENT, requestParameters={"name": "nightly-report"}),
        )
        assert watched.metrics(POSTURE)["Changes"] == 1
        (alert,) = watched.alerts()
        assert alert.controls == ["rule-receives-inference"]
        assert EVE in watched.mail()[-1]["body"]
    finally:
        events.put_rule(**{name: rule[name] for name in ("Name", "EventPattern", "State", "Description")})


def test_the_look_after_a_change_is_refused(watched: Deployment) -> None:
    """Who switches logging off may also keep crisguard from looking: undecided is told, and resolves nothing."""
    watched.answers.count_invocations(WEST, records.AT_HOME)
    with logging_off(watched, WEST):
        play(watched, change(OFF, region=WEST))
        (alert,) = watched.alerts()
        assert alert.kind == "alert"
        watched.answers.fail(DENIED, action="bedrock:GetModelInvocationLoggingConfiguration")
        play(watched, change(ON, region=WEST))
        assert watched.alerts() == [], "what cannot be seen is not mended"
        watched.answers.reset("faults")
    play(watched, change(ON, region=WEST))
    (resolved,) = watched.alerts()
    assert resolved.kind == "resolved"


def test_a_change_that_cannot_be_read_fails_alone(watched: Deployment) -> None:
    """A message that is none waits for a person, and its neighbours are looked at."""
    with watched.quick_retries(CHANGES):
        with watched.paused(POSTURE):
            watched.put_into(CHANGES, ['{"source": "aws.bedrock", "detail": '])
            watched.play(change(ON))
        watched.wait(lambda: watched.depth(CHANGES_DLQ) == 1, "it to reach the dead-letter queue")
        watched.settle()
    metrics = watched.metrics(POSTURE)
    assert (metrics["ChangesRejected"], metrics["ChangesLookedAt"]) == (5, 1)
