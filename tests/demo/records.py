"""CloudTrail records as Bedrock's calls leave them, in the forms that AWS documents.

https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

import uuid
from typing import Any

from tests.emulator.emulator import ACCOUNT

Record = dict[str, Any]

TOKYO = "ap-northeast-1"
OSAKA = "ap-northeast-3"
SINGAPORE = "ap-southeast-1"
SYDNEY = "ap-southeast-2"
VIRGINIA = "us-east-1"
OREGON = "us-west-2"

# The organization, and its management account.
ORGANIZATION, MANAGEMENT = "o-a1b2c3d4e5", "444455556666"

NAMESPACE = uuid.UUID("6f1c2f0e-0000-4000-8000-000000000000")


def call(role: str, model: str, *, operation: str = "Converse", region: str = TOKYO, served_in: str = "") -> Record:
    """One call on bedrock-runtime; `served_in` is the Region that CloudTrail reports, if it does."""
    record = {
        **_head(role, region, "bedrock.amazonaws.com", operation),
        "requestParameters": {"modelId": model},
        "responseElements": None,
        "eventType": "AwsApiCall",
        "readOnly": True,
        "managementEvent": True,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "clientProvidedHostHeader": f"bedrock-runtime.{region}.amazonaws.com",
        },
    }
    return {**record, "additionalEventData": {"inferenceRegion": served_in}} if served_in else record


def stream(role: str, profile: str, model: str, served_in: str) -> list[Record]:
    """A streamed call: the record of the call, and the record of the stream's end, which alone says where it ran."""
    begun = call(role, profile, operation="ConverseStream")
    ended = {
        **_head(role, TOKYO, "bedrock.amazonaws.com", "ConverseStream"),
        "eventType": "AwsServiceEvent",
        "readOnly": True,
        "serviceEventDetails": {
            "AdditionalEventData": {
                "additionalEntries": {"inferenceRegion": served_in, "inputTokens": 1869, "outputTokens": 356}
            }
        },
        "resources": [{"type": "AWS::Bedrock::Model", "ARN": f"arn:aws:bedrock:{TOKYO}::foundation-model/{model}"}],
    }
    return [begun, ended]


def mantle_call(role: str, model: str) -> Record:
    """One call on bedrock-mantle, which never leaves its Region."""
    return {
        **_head(role, TOKYO, "bedrock-mantle.amazonaws.com", "CreateInference"),
        "requestParameters": {"model": model, "stream": False, "service_tier": "default"},
        "eventType": "AwsApiCall",
        "readOnly": False,
        "managementEvent": False,
        "eventCategory": "Data",
        "resources": [
            {
                "accountId": ACCOUNT,
                "type": "AWS::BedrockMantle::Project",
                "ARN": f"arn:aws:bedrock-mantle:{TOKYO}:{ACCOUNT}:project/proj_demo",
            }
        ],
    }


def failed(record: Record, code: str, message: str) -> Record:
    """The same call, refused with an error."""
    return {**record, "errorCode": code, "errorMessage": message}


def denied_by_scp(record: Record, blocked_region: str, model: str, policy: str = "p-abcd1234") -> Record:
    """The same call, refused because a service control policy blocks a Region of the profile ("": the global one)."""
    caller = record["userIdentity"]["arn"]
    return failed(
        record,
        "AccessDeniedException",
        f"User: {caller} is not authorized to perform: bedrock:InvokeModel on resource: "
        f"arn:aws:bedrock:{blocked_region}::foundation-model/{model} with an explicit deny in a service control "
        f"policy: arn:aws:organizations::{MANAGEMENT}:policy/{ORGANIZATION}/service_control_policy/{policy}",
    )


def stamped(records: list[Record], name: str, time: str) -> list[Record]:
    """The records with their time, and with ids that are the same in every run of the demo."""
    done: list[Record] = []
    for number, record in enumerate(records):
        event_id = str(uuid.uuid5(NAMESPACE, f"{name} event {number}"))
        request_id = str(uuid.uuid5(NAMESPACE, f"{name} request {number}"))
        record = {"eventTime": time, **record, "eventID": event_id, "requestID": request_id}  # noqa: PLW2901
        if "serviceEventDetails" in record and done:
            details = {**record["serviceEventDetails"], "parentRequestId": done[-1]["requestID"]}
            record = {**record, "serviceEventDetails": details}  # noqa: PLW2901
        done.append(record)
    return done


def _head(role: str, region: str, source: str, name: str) -> Record:
    session = "notebook" if role == "data-scientist" else "app"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE:{session}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
            "accountId": ACCOUNT,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                    "accountId": ACCOUNT,
                    "userName": role,
                }
            },
        },
        "eventSource": source,
        "eventName": name,
        "awsRegion": region,
        "recipientAccountId": ACCOUNT,
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "demo",
    }
