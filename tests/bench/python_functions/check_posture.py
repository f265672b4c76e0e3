"""What check-posture does for one Region, as one would write it in Python: the measure for cold starts.

Roughly: lists the Regions, looks at rules, bus and metrics, decides whether rules are there, sends the decision.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime, timezone
from typing import Any

import boto3
import yaml

S3 = boto3.client("s3")
SQS = boto3.client("sqs")
ACCOUNT = boto3.client("account")


def _policy() -> dict[str, Any]:
    answer = S3.get_object(Bucket=os.environ["CRISGUARD_POLICY_BUCKET"], Key=os.environ["CRISGUARD_POLICY_KEY"])
    policy: dict[str, Any] = yaml.safe_load(answer["Body"].read())
    return policy


POLICY = _policy()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Looks at each Region and sends what was decided."""
    if os.environ["AWS_REGION"] in event["regions"]:
        ACCOUNT.list_regions()
    decisions = [_decide(region) for region in event["regions"]]
    for decision in decisions:
        body = json.dumps(decision)
        mark = hashlib.sha256(body.encode()).hexdigest()
        entry = {"Id": "0", "MessageBody": body, "MessageGroupId": mark[:32], "MessageDeduplicationId": mark}
        SQS.send_message_batch(QueueUrl=os.environ["CRISGUARD_FINDINGS_QUEUE_URL"], Entries=[entry])
    return {"assessed": decisions}


def _decide(region: str) -> dict[str, Any]:
    events = boto3.client("events", region_name=region)
    metrics = boto3.client("cloudwatch", region_name=region)
    rules = events.list_rules(NamePrefix="crisguard-")["Rules"]
    if region == os.environ["AWS_REGION"]:
        events.describe_event_bus(Name="crisguard")
        rules += events.list_rules(NamePrefix="crisguard-", EventBusName="crisguard")["Rules"]
    metrics.list_metrics(Namespace="AWS/Bedrock", MetricName="Invocations")
    return {
        "region": region,
        "decision": "compliant" if rules else "non-compliant",
        "observed_at": datetime.now(timezone.utc).isoformat(),
    }
