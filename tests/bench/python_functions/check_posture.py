"""What check-posture does for one Region, as one would write it in Python: the measure for cold starts.

Roughly: lists the Regions, looks at rules, bus and metrics, decides whether rules are there, sends the decision,
and keeps the report and what is known beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import botocore.exceptions
import yaml
from botocore.config import Config

# Without a checksum beside the signature, as the function.
S3 = boto3.client("s3", config=Config(request_checksum_calculation="when_required"))
SQS = boto3.client("sqs")
ACCOUNT = boto3.client("account")


def _policy() -> dict[str, Any]:
    answer = S3.get_object(Bucket=os.environ["CRISGUARD_POLICY_BUCKET"], Key=os.environ["CRISGUARD_POLICY_KEY"])
    policy: dict[str, Any] = yaml.safe_load(answer["Body"].read())
    return policy


POLICY = _policy()
KNOWN = f"posture/{os.environ['CRISGUARD_ACCOUNT']}/known.json"
COUNTED = ("crisguard-seen-calls", "crisguard-seen-completions", *(f"crisguard-forward-{n}" for n in range(1, 9)))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Looks at each Region and sends what was decided."""
    if os.environ["AWS_REGION"] in event["regions"]:
        ACCOUNT.list_regions()
    known = _known()
    decisions = [_decide(region) for region in event["regions"]]
    for decision in decisions:
        body = json.dumps(decision)
        mark = hashlib.sha256(body.encode()).hexdigest()
        entry = {"Id": "0", "MessageBody": body, "MessageGroupId": mark[:32], "MessageDeduplicationId": mark}
        SQS.send_message_batch(QueueUrl=os.environ["CRISGUARD_FINDINGS_QUEUE_URL"], Entries=[entry])
    known.update({decision["region"]: decision["decision"] for decision in decisions})
    answer = {"assessed": decisions}
    day = datetime.now(timezone.utc).date()
    for key, document in ((KNOWN, known), (KNOWN.replace("known", f"{day}/by-hand"), answer)):
        S3.put_object(Bucket=os.environ["CRISGUARD_REPORTS_BUCKET"], Key=key, Body=json.dumps(document).encode())
    return answer


def _known() -> dict[str, Any]:
    try:
        answer = S3.get_object(Bucket=os.environ["CRISGUARD_REPORTS_BUCKET"], Key=KNOWN)
    except botocore.exceptions.ClientError:
        return {}
    known: dict[str, Any] = json.loads(answer["Body"].read())
    return known


def _decide(region: str) -> dict[str, Any]:
    events = boto3.client("events", region_name=region)
    metrics = boto3.client("cloudwatch", region_name=region)
    rules = events.list_rules(NamePrefix="crisguard-")["Rules"]
    if region == os.environ["AWS_REGION"]:
        events.describe_event_bus(Name="crisguard")
        rules += events.list_rules(NamePrefix="crisguard-", EventBusName="crisguard")["Rules"]
    metrics.list_metrics(Namespace="AWS/Bedrock", MetricName="Invocations")
    now = datetime.now(timezone.utc)
    metrics.get_metric_data(
        MetricDataQueries=[_query(number, rule) for number, rule in enumerate(COUNTED)],
        StartTime=now - timedelta(days=1),
        EndTime=now,
    )
    return {
        "region": region,
        "decision": "compliant" if rules else "non-compliant",
        "observed_at": datetime.now(timezone.utc).isoformat(),
    }


def _query(number: int, rule: str) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/Events",
        "MetricName": "TriggeredRules",
        "Dimensions": [{"Name": "RuleName", "Value": rule}],
    }
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}
