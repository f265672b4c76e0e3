"""Nobody puts events on a bus that crisguard takes for AWS's own."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import pytest

from . import records
from .deployment import ELSEWHERE, EVENTS, WATCH, Deployment
from .records import HOME

BUSES = [(HOME, "default"), (ELSEWHERE, "default"), (HOME, "crisguard")]


def entry(source: str, bus: str) -> dict[str, Any]:
    """What a customer would put to look like CloudTrail."""
    return {
        "Source": source,
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(records.call(processed_in="us-east-1", by="forged")),
        "EventBusName": bus,
    }


@pytest.mark.parametrize(("region", "bus"), BUSES)
def test_the_source_of_aws_is_refused(deployed: Deployment, region: str, bus: str) -> None:
    """Not even an administrator can put an event with Bedrock's source, on any bus."""
    for source in ("aws.bedrock", "aws.bedrock-mantle", "aws.bedrock.of-mine"):
        (answer,) = deployed.aws.client("events", region).put_events(Entries=[entry(source, bus)])["Entries"]
        assert answer["ErrorCode"] == "NotAuthorizedForSourceException"
    assert_that_nothing_came(deployed)


@pytest.mark.parametrize(("region", "bus"), BUSES)
def test_another_source_does_not_match(deployed: Deployment, region: str, bus: str) -> None:
    """An event that only looks like CloudTrail's has another source, and no rule takes it."""
    events = deployed.aws.client("events", region)
    for source in ("bedrock", "forged.aws.bedrock", "AWS.bedrock", "awsXbedrock"):
        assert events.put_events(Entries=[entry(source, bus)])["FailedEntryCount"] == 0
    assert_that_nothing_came(deployed)


def assert_that_nothing_came(deployed: Deployment) -> None:
    """PutEvents delivers before it answers, so what did not come by now does not come."""
    assert deployed.depth(EVENTS) == 0
    deployed.play(records.call(processed_in="ap-southeast-2", by="real"))
    deployed.settle()
    assert deployed.exits(WATCH, 1)["Violation"] == 1, "only the real event"
    (alert,) = deployed.alerts()
    assert alert.body["findings"][0]["principal"].endswith(":role/real")


def test_a_principal_without_permission_puts_nothing(deployed: Deployment) -> None:
    """The crisguard bus takes events from the forwarders; a principal without permission is refused outright."""
    iam = deployed.aws.client("iam")
    iam.create_user(UserName="outsider")
    key = iam.create_access_key(UserName="outsider")["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    try:
        events = deployed.aws.client("events", credentials=credentials)
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            events.put_events(Entries=[entry("bedrock", "crisguard")])
        sqs = deployed.aws.client("sqs", credentials=credentials)
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            sqs.send_message(QueueUrl=deployed.url(EVENTS), MessageBody="{}")
    finally:
        iam.delete_access_key(UserName="outsider", AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName="outsider")
    assert_that_nothing_came(deployed)
