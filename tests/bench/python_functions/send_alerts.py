"""What send-alerts does for one new finding, as one would write it in Python: the measure for cold starts.

Roughly: counts in one transaction, reads the subject, publishes, notes that it was told, announces it.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import boto3
import yaml

S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
SNS = boto3.client("sns")
EVENTS = boto3.client("events")
TABLE = os.environ["CRISGUARD_TABLE"]


def _policy() -> dict[str, Any]:
    answer = S3.get_object(Bucket=os.environ["CRISGUARD_POLICY_BUCKET"], Key=os.environ["CRISGUARD_POLICY_KEY"])
    policy: dict[str, Any] = yaml.safe_load(answer["Body"].read())
    return policy


POLICY = _policy()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Counts each finding, and tells people of a new one."""
    for message in event["Records"]:
        finding = json.loads(message["body"])
        key = {"pk": {"S": f"SUBJECT#{finding['subject']}"}, "sk": {"S": f"FINDING#{finding['id']}"}}
        found = DYNAMODB.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")
        record = json.loads(found["body"]["S"]) if found else {"count": 0, "told": False}
        version = int(found["document_version"]["N"]) if found else 0
        record["count"] += len(finding["identities"])
        writes = [_put(key, record, version)]
        writes += [
            _put({"pk": {"S": f"IDENTITY#{finding['id']}#{one}"}, "sk": {"S": "IDENTITY"}}, {}, 0)
            for one in finding["identities"]
        ]
        DYNAMODB.transact_write_items(TransactItems=writes)
        DYNAMODB.query(
            TableName=TABLE,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": key["pk"]},
            ConsistentRead=True,
        )
        if record["told"]:
            continue
        text = f"{finding['principal']} used {finding.get('profile')} ({finding.get('explanation')})"
        SNS.publish(
            TopicArn=os.environ["CRISGUARD_TOPIC_ARN"],
            Subject="[crisguard] violation",
            MessageStructure="json",
            Message=json.dumps({"default": json.dumps(finding), "email": text}),
        )
        DYNAMODB.transact_write_items(TransactItems=[_put(key, {**record, "told": True}, version + 1)])
        EVENTS.put_events(
            Entries=[
                {
                    "EventBusName": os.environ["CRISGUARD_EVENT_BUS"],
                    "Source": "crisguard",
                    "DetailType": "crisguard Finding",
                    "Detail": json.dumps({"transition": "first", "finding": finding}),
                }
            ]
        )
    print(json.dumps({"Received": len(event["Records"])}))
    return {"batchItemFailures": []}


def _put(key: dict[str, Any], body: dict[str, Any], version: int) -> dict[str, Any]:
    item = {
        **key,
        "document_version": {"N": str(version + 1)},
        "body": {"S": json.dumps(body)},
        "expires_at": {"N": str(int(time.time()) + 30 * 86400)},
    }
    put: dict[str, Any] = {"TableName": TABLE, "Item": item}
    if version:
        put["ConditionExpression"] = "document_version = :version"
        put["ExpressionAttributeValues"] = {":version": {"N": str(version)}}
    else:
        put["ConditionExpression"] = "attribute_not_exists(pk)"
    return {"Put": put}
