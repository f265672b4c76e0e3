"""Violations as EventBridge hands them to the queue, and batches as Lambda hands them to a function."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ACCOUNT = "111122223333"
REGION = "ap-northeast-1"
REPORTS = "crisguard-reports"
POLICY = """\
# What the measurements decide by: prompts of a company in Japan stay in Japan.
version: 1
regions:
  source: [ap-northeast-1, ap-northeast-3]
  destination: [ap-northeast-1, ap-northeast-3]
profiles:
  global: deny
"""


@dataclass(frozen=True)
class Violation:
    """One call through a profile that was processed where the policy does not allow it."""

    number: int
    role: str
    profile: str
    destination: str
    time: str

    def body(self) -> str:
        """Returns the message's body: the event of EventBridge around the record of CloudTrail."""
        # Filled in rather than made anew: a storm has a million of them.
        return (
            _BODY.replace("@number@", f"{self.number:012x}")
            .replace("@role@", self.role)
            .replace("@profile@", self.profile)
            .replace("@destination@", self.destination)
            .replace("@time@", self.time)
        )


_RECORD: dict[str, Any] = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLEEXAMPLE123:i-0abc",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/@role@/i-0abc",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLEEXAMPLE12",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLEEXAMPLE123",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/@role@",
                "accountId": ACCOUNT,
                "userName": "@role@",
            },
            "attributes": {"creationDate": "2026-11-21T09:12:44Z", "mfaAuthenticated": "false"},
        },
    },
    "eventTime": "@time@",
    "eventSource": "bedrock.amazonaws.com",
    "eventName": "Converse",
    "awsRegion": REGION,
    "sourceIPAddress": "192.0.2.7",
    "userAgent": "Boto3/1.42.0 md/Botocore#1.42.0 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.12.4",
    "requestParameters": {"modelId": "@profile@"},
    "responseElements": None,
    "additionalEventData": {"inferenceRegion": "@destination@", "inputTokens": 214, "outputTokens": 36},
    "requestID": "5b9d3a52-1f60-4f4e-8a5c-@number@",
    "eventID": "8f0e5d2a-93f0-4d3c-9a57-@number@",
    "readOnly": True,
    "eventType": "AwsApiCall",
    "managementEvent": True,
    "recipientAccountId": ACCOUNT,
    "eventCategory": "Management",
    "tlsDetails": {
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "clientProvidedHostHeader": f"bedrock-runtime.{REGION}.amazonaws.com",
    },
}
_BODY = json.dumps(
    {
        "version": "0",
        "id": "0e0f9d33-2a0e-4f0a-9a4c-@number@",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.bedrock",
        "account": ACCOUNT,
        "time": "@time@",
        "region": REGION,
        "resources": [],
        "detail": _RECORD,
    },
    separators=(",", ":"),
)


def batch(messages: Iterable[tuple[str, str, str]], queue: str) -> str:
    """Returns the event of a batch of messages, each given as its id, its group ("" for none) and its body."""
    records = []
    for identity, group, body in messages:
        attributes = {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1763719451000",
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": "1763719451010",
        }
        if group:
            attributes["MessageGroupId"] = group
        records.append(
            {
                "messageId": identity,
                "receiptHandle": "AQEBexample" + "x" * 300,
                "body": body,
                "attributes": attributes,
                "messageAttributes": {},
                "md5OfBody": "0" * 32,
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
                "awsRegion": REGION,
            }
        )
    return json.dumps({"Records": records}, separators=(",", ":"))


def environment(url: str, *, trust: str = "") -> dict[str, str]:
    """Returns what the template and Lambda tell the functions, with AWS at `url`."""
    given = {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "example",
        "AWS_ENDPOINT_URL": url,
        "CRISGUARD_ACCOUNT": ACCOUNT,
        "CRISGUARD_POLICY_BUCKET": "crisguard-policy",
        "CRISGUARD_POLICY_KEY": "policy.yaml",
        "CRISGUARD_FINDINGS_QUEUE_URL": f"{url}/{ACCOUNT}/crisguard-findings.fifo",
        "CRISGUARD_REPORTS_BUCKET": REPORTS,
        "CRISGUARD_TABLE": "crisguard-memory",
        "CRISGUARD_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:crisguard-alerts",
        "CRISGUARD_EVENT_BUS": "default",
    }
    return {**given, "SSL_CERT_FILE": trust, "AWS_CA_BUNDLE": trust} if trust else given
