"""Whoever changes a setting that is evidence is told of within minutes, by name; whatever else changes costs no look.

Events go the whole way: the default bus of a Region, the rules of infra/change-region.yaml, the crisguard bus, the
changes queue, check-posture, send-alerts. The emulator makes no events of its own, so each test says what CloudTrail
would say of what it does.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.answers.faults import DENIED

from . import records
from .deployment import CHANGES, CHANGES_DLQ, ELSEWHERE, POSTURE, SEND, SILENT, Deployment
from .looking import LOGGING
from .records import ACCOUNT, HOME, Record

EVE = f"arn:aws:iam::{ACCOUNT}:role/eve"
LOGGED, TRAILS = LOGGING[0], "trail-records-inference"
OFF, ON = "DeleteModelInvocationLoggingConfiguration", "PutModelInvocationLoggingConfiguration"


def change(
    name: str, service: str = "bedrock", *, region: str = ELSEWHERE, by: str = "eve", ago: int = 0, **members: Any
) -> Record:
    """CloudTrail's record of a change of a setting, so many seconds ago.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago)
    return {
        "eventVersion": "1.11",
        "userIdentity": records.identity(by),
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
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
def _after_a_night(deployment: Deployment) -> Iterator[None]:
    """The nightly look found everything in order, so it is known what the evidence is; Bedrock is in use in one more
    Region. Changes wait a minute for each other, and nobody waits that long here.
    """
    sqs, url = deployment.aws.client("sqs"), deployment.url(CHANGES)
    deployment.answers.count_invocations(ELSEWHERE, records.AT_HOME, 1, datetime.timedelta(days=30))
    with deployment.paused(SEND):
        assert deployment.glance().not_compliant == {}
        deployment.purge()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "60"})


def play(deployed: Deployment, *changes: Record) -> None:
    """Has changes happen, and waits until they were looked at and what was found is told."""
    # Else send-alerts may begin with the first decisions while the others are being sent.
    with deployed.paused(SEND):
        with deployed.paused(POSTURE):
            deployed.play(*changes)
        deployed.wait(lambda: deployed.depth(CHANGES) == 0, f"{CHANGES} to be empty", 30)
    deployed.settle()


def asked(deployed: Deployment) -> set[tuple[str, str, str]]:
    """What check-posture asked AWS of settings: service, operation, Region."""
    own = {("s3", "GetObject"), ("s3", "PutObject"), ("events", "PutEvents")}
    calls = [(call["service"], call["operation"], call["region"]) for call in deployed.answers.calls(session=True)]
    told_by = {"sqs", "sns", "dynamodb"}
    return {call for call in calls if call[0] not in told_by and call[:2] not in own}


def looks_at_logging(deployed: Deployment) -> list[dict[str, Any]]:
    """The calls with which check-posture asked how invocations are logged."""
    return deployed.answers.calls(operation="GetModelInvocationLoggingConfiguration", session=True)


@contextlib.contextmanager
def logging_off(deployed: Deployment, region: str) -> Iterator[None]:
    """Meanwhile nothing is logged in a Region."""
    deployed.evidence[region].switch_off()
    try:
        yield
    finally:
        deployed.evidence[region].configure()


def test_switching_logging_off_is_told_with_who_did_it(deployed: Deployment) -> None:
    """The alert names the role, the event and the Region; putting it back ends it, and nothing else was looked at."""
    off = change(OFF)
    with logging_off(deployed, ELSEWHERE):
        play(deployed, off)
        (alert,) = deployed.alerts()
        assert (alert.kind, alert.controls) == ("alert", [LOGGED])
        (finding,) = alert.body["findings"]
        assert (finding["source_region"], finding["decision"]) == (ELSEWHERE, "non-compliant")
        assert "model invocation logging is off" in finding["explanation"]
        (mail,) = deployed.mail()
        for said in (EVE, OFF, off["eventID"], ELSEWHERE):
            assert said in mail["body"], mail["body"]
        (transition,) = deployed.transitions()
        assert transition["transition"] == "first"
        assert EVE in str(transition)
        assert {region for _, _, region in asked(deployed)} == {ELSEWHERE}
        assert not [call for call in asked(deployed) if call[0] in ("cloudtrail", "ec2", "iam", "events")]
    play(deployed, change(ON, by="mallory"))
    (resolved,) = deployed.alerts()
    assert (resolved.kind, resolved.controls) == ("resolved", [LOGGED])
    assert deployed.review() == {}
    assert deployed.alerts() == []


def test_a_change_that_leaves_everything_in_order_tells_nobody(deployed: Deployment) -> None:
    """Somebody configures logging anew, as it must be: one look, and silence."""
    play(deployed, change(ON))
    metrics = deployed.metrics(POSTURE)
    assert (metrics["Changes"], metrics["ChangesLookedAt"], metrics["ChangesNotApplicable"]) == (1, 1, 0)
    assert metrics["Violation"] == 0
    assert deployed.alerts() == []


def test_many_changes_are_one_look(deployed: Deployment) -> None:
    """Twenty changes of one Region's logging cost what one costs; the alert names the latest of them."""
    with logging_off(deployed, ELSEWHERE):
        play(deployed, *(change(ON, by=f"step-{number}", ago=30 - number) for number in range(19)), change(OFF))
        assert len(looks_at_logging(deployed)) == 1
        (alert,) = deployed.alerts()
        assert alert.controls == [LOGGED]
        told = deployed.mail()[-1]["body"]
        assert EVE in told
        assert "role/step-18" in told
        assert "role/step-0" not in told, "the latest are named"
    play(deployed, change(ON))


@pytest.mark.parametrize("region", [ELSEWHERE, HOME])
def test_what_is_no_evidence_costs_no_look(deployed: Deployment, region: str) -> None:
    """Buckets, log groups and keys of applications change all day: nobody asks Bedrock, or anybody, about them."""
    key = {"keyId": f"arn:aws:kms:{region}:{ACCOUNT}:key/{uuid.uuid4()}"}
    play(
        deployed,
        change("PutBucketPolicy", "s3", region=region, requestParameters={"bucketName": "photos"}),
        change("DeleteLogGroup", "logs", region=region, requestParameters={"logGroupName": "/aws/lambda/shop"}),
        change("DisableKey", "kms", region=region, requestParameters=key),
    )
    metrics = deployed.metrics(POSTURE)
    assert (metrics["Changes"], metrics["ChangesLookedAt"], metrics["ChangesNotApplicable"]) == (3, 0, 3)
    assert asked(deployed) == set()
    assert deployed.alerts() == []


def test_a_failed_or_foreign_call_changes_nothing(deployed: Deployment) -> None:
    """Somebody tried and was refused; another account's event cannot be one of ours; events of ours that only read."""
    play(
        deployed,
        change(OFF, errorCode="AccessDenied", errorMessage="not authorized"),
        change("GetModelInvocationLoggingConfiguration", readOnly=True),
    )
    assert deployed.metrics(POSTURE)["Changes"] == 0, "the rules leave them out"
    foreign = change(OFF, recipientAccountId="444455556666")
    deployed.put_into(CHANGES, [json.dumps(records.envelope(foreign))])
    deployed.wait(lambda: deployed.metrics(POSTURE)["Changes"] == 1, "the message to be taken")
    assert deployed.metrics(POSTURE)["ChangesNotApplicable"] == 1
    assert asked(deployed) == set()


EVIDENCE: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "its bucket": ("DeleteBucket", "s3", {"bucketName": "invocations-{region}"}, LOGGED),
    "its log group": ("DeleteLogGroup", "logs", {"logGroupName": "/invocations/{region}"}, LOGGED),
    "its key": ("DisableKey", "kms", {"keyId": "{key}"}, "invocation-logging-bucket-encrypted"),
}


@pytest.mark.parametrize("what", EVIDENCE)
def test_the_evidence_itself_is_changed(deployed: Deployment, what: str) -> None:
    """Whoever deletes the bucket or the log group, or disables the key, leaves the configuration as it was."""
    name, service, parameters, control = EVIDENCE[what]
    evidence = deployed.evidence[HOME]
    named = {k: v.format(region=HOME, key=evidence.key.rpartition("/")[2]) for k, v in parameters.items()}
    undo = _break(evidence, what)
    try:
        play(deployed, change(name, service, region=HOME, requestParameters=named))
        told = [f for alert in deployed.alerts() for f in alert.body["findings"]]
        assert control in {finding["control"] for finding in told}
        assert {finding["source_region"] for finding in told} == {HOME}
        assert EVE in deployed.mail()[-1]["body"]
    finally:
        undo()
    assert deployed.look(*LOGGING, regions=[HOME]).not_compliant == {}


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


def test_a_trail_is_stopped_for_every_region(deployed: Deployment) -> None:
    """One event in the trail's Region, and every Region has lost its evidence: one alert names them all."""
    trails = deployed.answers.client("cloudtrail")
    trails.stop_logging(Name=deployed.trail)
    try:
        play(deployed, change("StopLogging", "cloudtrail", region=HOME, requestParameters={"name": deployed.trail}))
        (alert,) = deployed.alerts()
        assert set(alert.controls) == {TRAILS}
        assert {f["source_region"] for f in alert.body["findings"]} == set(deployed.evidence)
        assert EVE in deployed.mail()[-1]["body"]
    finally:
        trails.start_logging(Name=deployed.trail)
    play(deployed, change("StartLogging", "cloudtrail", region=HOME, requestParameters={"name": deployed.trail}))
    (resolved,) = deployed.alerts()
    assert (resolved.kind, resolved.body["total"]) == ("resolved", len(deployed.evidence))


def test_an_api_key_is_made(deployed: Deployment) -> None:
    """IAM's events are us-east-1's, whatever the home Region is; who may do what is decided at home."""
    iam = deployed.answers.client("iam")
    asked_for = {"userName": "tester", "serviceName": "bedrock.amazonaws.com"}
    made = iam.create_service_specific_credential(UserName="tester", ServiceName="bedrock.amazonaws.com")
    identity = made["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    try:
        event = change("CreateServiceSpecificCredential", "iam", region="us-east-1", requestParameters=asked_for)
        play(deployed, event)
        (alert,) = deployed.alerts()
        assert alert.controls == ["api-key-long-term"]
        assert alert.body["findings"][0]["source_region"] == HOME
        assert EVE in deployed.mail()[-1]["body"]
    finally:
        iam.delete_service_specific_credential(UserName="tester", ServiceSpecificCredentialId=identity)
    other = {"userName": "tester", "serviceName": "codecommit.amazonaws.com"}
    before = deployed.metrics(POSTURE)["Changes"]
    play(deployed, change("CreateServiceSpecificCredential", "iam", region="us-east-1", requestParameters=other))
    assert deployed.metrics(POSTURE)["Changes"] == before, "keys for other services are not forwarded"


def test_a_rule_of_crisguard_is_changed(deployed: Deployment) -> None:
    """Whoever switches a forwarding rule off is named at once; rules of others are nobody's business."""
    events = deployed.aws.client("events", SILENT)
    rule = events.describe_rule(Name="crisguard-forward-1")
    events.disable_rule(Name=rule["Name"])
    try:
        play(
            deployed,
            change("DisableRule", "events", region=SILENT, requestParameters={"name": rule["Name"]}),
            change("DisableRule", "events", region=SILENT, requestParameters={"name": "nightly-report"}),
        )
        assert deployed.metrics(POSTURE)["Changes"] == 1
        (alert,) = deployed.alerts()
        assert alert.controls == ["rule-receives-inference"]
        assert EVE in deployed.mail()[-1]["body"]
    finally:
        events.put_rule(**{name: rule[name] for name in ("Name", "EventPattern", "State", "Description")})


def test_the_look_after_a_change_is_refused(deployed: Deployment) -> None:
    """Who switches logging off may also keep crisguard from looking: what cannot be seen ends nothing, and of what was
    only unclear for a while nobody hears.
    """
    with logging_off(deployed, ELSEWHERE):
        play(deployed, change(OFF))
        (alert,) = deployed.alerts()
        assert (alert.kind, alert.controls) == ("alert", [LOGGED])
        deployed.answers.fail(DENIED, action="bedrock:GetModelInvocationLoggingConfiguration")
        play(deployed, change(ON))
        assert deployed.alerts() == [], "what cannot be seen is not mended"
        deployed.answers.reset("faults")
    play(deployed, change(ON))
    assert [(told.kind, told.controls) for told in deployed.alerts()] == [("resolved", [LOGGED])]


def test_a_change_that_cannot_be_read_fails_alone(deployed: Deployment) -> None:
    """A message that is none waits for a person, and its neighbours are looked at."""
    with deployed.quick_retries(CHANGES):
        with deployed.paused(POSTURE):
            deployed.put_into(CHANGES, ['{"source": "aws.bedrock", "detail": '])
            deployed.play(change(ON))
        deployed.wait(lambda: deployed.depth(CHANGES_DLQ) == 1, "it to reach the dead-letter queue")
        deployed.settle()
    metrics = deployed.metrics(POSTURE)
    assert (metrics["ChangesRejected"], metrics["ChangesLookedAt"]) == (5, 1)
