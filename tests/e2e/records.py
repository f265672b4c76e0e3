"""CloudTrail records as Bedrock writes them, each built from what a test wants to say.

https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

ACCOUNT = "111122223333"
HOME = "ap-northeast-1"
# From Tokyo, the first reaches Tokyo and Osaka only, the second ten Regions, the third all of them.
STAYS = "jp.anthropic.claude-sonnet-4-5-20250929-v1:0"
LEAVES = "apac.anthropic.claude-sonnet-4-20250514-v1:0"
GLOBAL = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
AT_HOME = "anthropic.claude-3-haiku-20240307-v1:0"

Record = dict[str, Any]


def call(
    model_id: str = LEAVES,
    *,
    processed_in: str | None = None,
    by: str = "chat",
    region: str = HOME,
    name: str = "Converse",
    **members: Any,
) -> Record:
    """The record of one inference request; `processed_in` is the Region that CloudTrail reports."""
    # Requests that send no prompt go to another endpoint than those that do.
    reads = name.startswith(("Get", "List", "CreateModelInvocationJob")) and not name.endswith(("Invoke", "Invokes"))
    endpoint = "bedrock" if reads else "bedrock-runtime"
    additional = {} if processed_in is None else {"additionalEventData": {"inferenceRegion": processed_in}}
    return {
        "eventVersion": "1.11",
        "userIdentity": identity(by),
        "eventTime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "bedrock.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "Boto3/1.44.5",
        "requestParameters": {"modelId": model_id},
        "responseElements": None,
        **additional,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{endpoint}.{region}.amazonaws.com",
        },
        **members,
    }


def end_of_stream(opened: Record, processed_in: str, **members: Any) -> Record:
    """The record of the end of a stream that `opened` began: it names no profile.

    https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html#cloudtrail-stream-completion-events
    """
    region = opened["awsRegion"]
    kept = ("userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "readOnly", "recipientAccountId")
    return {
        "eventVersion": "1.08",
        **{name: opened[name] for name in kept},
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "eventType": "AwsServiceEvent",
        "serviceEventDetails": {
            "parentRequestId": opened["requestID"],
            "AdditionalEventData": {
                "additionalEntries": {"inferenceRegion": processed_in, "inputTokens": 18694, "outputTokens": 356}
            },
        },
        "resources": [
            {
                "type": "AWS::Bedrock::Model",
                "ARN": f"arn:aws:bedrock:{region}::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0",
            }
        ],
        **members,
    }


def identity(role: str) -> Record:
    """A session of a role."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{role}-session",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{role}-session",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                "accountId": ACCOUNT,
                "userName": role,
            },
            "attributes": {"creationDate": "2026-11-22T00:00:00Z", "mfaAuthenticated": "false"},
        },
    }


def envelope(record: Record) -> Record:
    """The EventBridge event that carries a record: what a message of the events queue holds."""
    kind = "AWS Service Event" if record["eventType"] == "AwsServiceEvent" else "AWS API Call"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": f"{kind} via CloudTrail",
        "source": "aws." + record["eventSource"].removesuffix(".amazonaws.com"),
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }
