"""What watch-inference does for one event, as one would write it in Python: the measure for cold starts.

Roughly: one control, no exceptions, no catalogue.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import boto3
import botocore.exceptions
import yaml

S3 = boto3.client("s3")
SQS = boto3.client("sqs")


def _policy() -> dict[str, Any]:
    answer = S3.get_object(Bucket=os.environ["CRISGUARD_POLICY_BUCKET"], Key=os.environ["CRISGUARD_POLICY_KEY"])
    policy: dict[str, Any] = yaml.safe_load(answer["Body"].read())
    return policy


def _profiles() -> dict[str, Any]:
    key = f"posture/{os.environ['CRISGUARD_ACCOUNT']}/profiles.json"
    try:
        answer = S3.get_object(Bucket=os.environ["CRISGUARD_REPORTS_BUCKET"], Key=key)
    except botocore.exceptions.ClientError:
        return {}
    profiles: dict[str, Any] = json.loads(answer["Body"].read())
    return profiles


POLICY = _policy()
PROFILES = _profiles()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Parses and decides each message, and sends the findings."""
    findings: dict[str, dict[str, Any]] = {}
    failed = []
    for message in event["Records"]:
        try:
            _decide(json.loads(message["body"])["detail"], findings)
        except (KeyError, TypeError, ValueError):
            failed.append({"itemIdentifier": message["messageId"]})
    entries = []
    for number, (identity, finding) in enumerate(findings.items()):
        marks = hashlib.sha256("".join(sorted(finding["identities"])).encode()).hexdigest()
        body = json.dumps(finding)
        entries.append(
            {"Id": str(number), "MessageBody": body, "MessageGroupId": identity, "MessageDeduplicationId": marks}
        )
    for start in range(0, len(entries), 10):
        SQS.send_message_batch(QueueUrl=os.environ["CRISGUARD_FINDINGS_QUEUE_URL"], Entries=entries[start : start + 10])
    print(json.dumps({"Received": len(event["Records"]), "FindingsSent": len(entries)}))
    return {"batchItemFailures": failed}


def _decide(record: dict[str, Any], findings: dict[str, dict[str, Any]]) -> None:
    destination = (record.get("additionalEventData") or {}).get("inferenceRegion")
    if destination in POLICY["regions"]["destination"]:
        return
    principal = record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    profile = record["requestParameters"]["modelId"]
    key = f"{record['recipientAccountId']}|{record['awsRegion']}|{destination}|{profile}|{principal}"
    identity = hashlib.sha256(key.encode()).hexdigest()[:32]
    finding = findings.setdefault(
        identity,
        {"id": identity, "principal": principal, "profile": profile, "destination": destination, "identities": []},
    )
    finding["identities"].append(hashlib.sha256(record["eventID"].encode()).hexdigest()[:32])
