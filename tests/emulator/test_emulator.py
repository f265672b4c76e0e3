"""The emulator behaves as AWS does in the points that the product depends on (README.md lists them)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from .emulator import Emulator

SOURCE = "us-east-1"
RECORD = {
    "eventSource": "bedrock.amazonaws.com",
    "eventName": "InvokeModel",
    "eventType": "AwsApiCall",
    "awsRegion": SOURCE,
    "readOnly": True,
    "managementEvent": True,
    "additionalEventData": {"inferenceRegion": "us-west-2"},
}
PATTERN = {"source": [{"prefix": "aws.bedrock"}], "detail": {"eventName": ["InvokeModel"]}}
HOLD = "crisguard-watch-inference"


@pytest.fixture(scope="module")
def deployed(aws: Emulator, code: dict[str, Path]) -> dict[str, str]:
    """The outputs of the main stack, with a source Region beside it."""
    outputs = aws.deploy_home(code)
    aws.deploy_source_region(SOURCE, {"PolicySha256": "a" * 64, "Pattern1": json.dumps(PATTERN)})
    return outputs


def logged(aws: Emulator, function: str, marker: str, seconds: float = 10) -> str:
    """The line with the marker in a function's log, or nothing after that time."""
    logs, group = aws.client("logs"), f"/aws/lambda/{function}"
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]:
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]:
                if marker in event["message"]:
                    return str(event["message"])
        time.sleep(0.2)
    return ""


def messages(
    aws: Emulator, queue: str, region: str | None = None, credentials: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    sqs = aws.client("sqs", region, credentials)
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages", [])
    for message in received:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(m["Body"]) for m in received]


def test_event_travels_from_another_region_to_the_function(aws: Emulator, deployed: dict[str, str]) -> None:
    (answer,) = aws.put_cloudtrail_event(SOURCE, {**RECORD, "eventID": "travels"})
    line = logged(aws, HOLD, "travels")
    assert answer["EventId"] in line
    envelope = json.loads(json.loads(line.removeprefix("RECEIVED "))["Records"][0]["body"])
    assert envelope["region"] == SOURCE, "the forwarded event keeps the Region it came from"
    assert envelope["source"] == "aws.bedrock"


def test_nobody_forges_an_event_of_aws(aws: Emulator, deployed: dict[str, str]) -> None:
    entry = {"Source": "aws.bedrock", "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(RECORD)}
    (refused,) = aws.client("events", SOURCE).put_events(Entries=[entry])["Entries"]
    assert refused["ErrorCode"] == "NotAuthorizedForSourceException"


def test_another_source_does_not_match(aws: Emulator, deployed: dict[str, str]) -> None:
    entry = {
        "Source": "forged.bedrock",
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps({**RECORD, "eventID": "forged"}),
    }
    for region, bus in ((SOURCE, "default"), (aws.home_region, "crisguard")):
        assert (
            aws.client("events", region).put_events(Entries=[{**entry, "EventBusName": bus}])["FailedEntryCount"] == 0
        )
    assert not logged(aws, HOLD, "forged", seconds=2)


def test_rule_in_state_enabled_misses_read_only_events(aws: Emulator) -> None:
    region, events, sqs = "eu-west-3", aws.client("events", "eu-west-3"), aws.client("sqs", "eu-west-3")
    policy = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": "*",
            }
        ]
    }
    for name, state in (("plain", "ENABLED"), ("all", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")):
        sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})
        events.put_rule(Name=name, State=state, EventPattern=json.dumps(PATTERN))
        arn = f"arn:aws:sqs:{region}:{aws.account}:{name}"
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    aws.put_cloudtrail_event(region, {**RECORD, "eventID": "read-only"})
    aws.put_cloudtrail_event(region, {**RECORD, "eventID": "write", "readOnly": False})
    assert [m["detail"]["eventID"] for m in messages(aws, "plain", region)] == ["write"]
    assert sorted(m["detail"]["eventID"] for m in messages(aws, "all", region)) == ["read-only", "write"]


def test_without_the_roles_permission_the_event_is_kept(aws: Emulator, deployed: dict[str, str]) -> None:
    iam, role = aws.client("iam"), f"crisguard-forward-{SOURCE}"
    document = iam.get_role_policy(RoleName=role, PolicyName="forward")["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName="forward")
    try:
        aws.put_cloudtrail_event(SOURCE, {**RECORD, "eventID": "kept"})
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="forward", PolicyDocument=json.dumps(document))
    assert [m["detail"]["eventID"] for m in messages(aws, "crisguard-forward-dlq", SOURCE)] == ["kept"]


def test_without_the_queues_policy_the_event_is_kept(aws: Emulator, deployed: dict[str, str]) -> None:
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="crisguard-events")["QueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    allowed = [s for s in json.loads(policy)["Statement"] if s["Effect"] == "Deny"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": allowed})})
    try:
        aws.put_cloudtrail_event(SOURCE, {**RECORD, "eventID": "refused"})
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    assert [m["detail"]["eventID"] for m in messages(aws, "crisguard-events-dlq")] == ["refused"]


def test_queue_refuses_plain_http(aws: Emulator, deployed: dict[str, str]) -> None:
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="crisguard-events-dlq")["QueueUrl"]
    sqs.meta.events.register("before-sign.*.*", say_that_it_is_plain_http)
    try:
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            sqs.receive_message(QueueUrl=url)
    finally:
        # Every test has the same client.
        sqs.meta.events.unregister("before-sign.*.*", say_that_it_is_plain_http)


def say_that_it_is_plain_http(request: Any, **_: Any) -> None:
    request.headers.add_header("x-crisguard-plain-http", "1")


def test_a_function_receives_whole_batches(aws: Emulator, deployed: dict[str, str]) -> None:
    functions, sqs = aws.client("lambda"), aws.client("sqs")
    (mapping,) = functions.list_event_source_mappings(FunctionName=HOLD)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    url = sqs.get_queue_url(QueueName="crisguard-events")["QueueUrl"]
    for start in (0, 10):
        entries = [{"Id": str(n), "MessageBody": f"whole batch {n}"} for n in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    line = logged(aws, HOLD, "whole batch 19")
    assert len(json.loads(line.removeprefix("RECEIVED "))["Records"]) == 20


def test_subscribers_receive_mail(aws: Emulator, deployed: dict[str, str]) -> None:
    sns, topic = aws.client("sns"), deployed["AlertsTopicArn"]
    for address, wanted in (("security@example.com", ["critical"]), ("low@example.com", ["low"])):
        filters = {"FilterPolicy": json.dumps({"severity": wanted})}
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address, Attributes=filters)
    sns.publish(
        TopicArn=topic,
        Subject="an alert",
        Message=json.dumps({"default": "{}", "email": "as people read it"}),
        MessageStructure="json",
        MessageAttributes={"severity": {"DataType": "String", "StringValue": "critical"}},
    )
    (mail,) = aws.mail()
    assert (mail["from"], mail["to"]) == ("crisguard", "security@example.com")
    assert (mail["subject"], mail["body"]) == ("an alert", "as people read it")


def test_schedules_and_alarms_stand(aws: Emulator, deployed: dict[str, str]) -> None:
    scheduler = aws.client("scheduler")
    inputs = {
        name: scheduler.get_schedule(Name=f"crisguard-{name}")["Target"]["Input"] for name in ("digest", "nightly")
    }
    assert inputs == {"digest": '{"crisguard":"review"}', "nightly": '{"crisguard":"nightly"}'}
    alarms = {a["AlarmName"] for a in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert {"crisguard-events-dlq-not-empty", "crisguard-policy-rejected", "crisguard-canary-missing"} <= alarms


def test_redeploying_changes_what_changed(aws: Emulator, deployed: dict[str, str], code: dict[str, Path]) -> None:
    again = aws.deploy_home(code, {"LogLevel": "debug"})
    assert again == deployed
    variables = aws.client("lambda").get_function_configuration(FunctionName=HOLD)["Environment"]["Variables"]
    assert variables["CRISGUARD_LOG_LEVEL"] == "debug"
