"""What a million events cost, from what was counted here and AWS's list prices.

Prices of us-east-1 in November 2026, in US dollars, without any free tier.
"""

from __future__ import annotations

from collections.abc import Mapping

from .play import Used

EVENT_FORWARDED = 1.00e-6  # https://aws.amazon.com/eventbridge/pricing/
EVENT_PUT = 1.00e-6
SQS_REQUEST, SQS_FIFO_REQUEST = 0.40e-6, 0.50e-6  # https://aws.amazon.com/sqs/pricing/
LAMBDA_REQUEST, LAMBDA_GB_SECOND = 0.20e-6, 0.0000133334  # arm64, https://aws.amazon.com/lambda/pricing/
WRITE_UNIT, READ_UNIT = 0.625e-6, 0.125e-6  # https://aws.amazon.com/dynamodb/pricing/on-demand/
SNS_EMAIL = 2.00 / 100_000  # https://aws.amazon.com/sns/pricing/
LOG_GB = 0.50  # https://aws.amazon.com/cloudwatch/pricing/

MEMORY_GB = 0.25
CPU_SHARE = 256 / 1769
"""Lambda gives a function of 1,769 MB one vCPU, and others their share
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)."""
A_CALL = 0.005
"""What a call to an AWS service is taken to last there, in seconds: network and service, an assumption."""


def billed_seconds(used: Used, calls: int) -> float:
    """Returns what Lambda would bill: the CPU time at 256 MB's share, and waiting for AWS."""
    return used.cpu_seconds / CPU_SHARE + calls * A_CALL


def of_calls(events: int, watch: Used, calls: Mapping[str, int]) -> dict[str, float]:
    """Returns the costs up to the decision: every event that a pattern lets through has them."""
    waits = calls.get("s3:GetObject", 0) + calls.get("sqs:SendMessageBatch", 0)
    return {
        "EventBridge: forwarding to the crisguard bus": events * EVENT_FORWARDED,
        "SQS: calls in, received and deleted by tens": events * 1.2 * SQS_REQUEST,
        "Lambda: watch-inference": _lambda(watch, waits),
        "CloudWatch Logs: watch-inference": watch.log_bytes / 1e9 * LOG_GB,
    }


def of_findings(send: Used, calls: Mapping[str, int]) -> dict[str, float]:
    """Returns the costs behind the decision: only what is not compliant has them."""
    waits = sum(calls.get(name, 0) for name in calls if name.startswith(("dynamodb:", "sns:", "events:")))
    findings = calls.get("sqs requests of 64 KB", 0) + 2 * send.invocations
    return {
        "SQS FIFO: findings sent, received and deleted": findings * SQS_FIFO_REQUEST,
        "Lambda: send-alerts": _lambda(send, waits),
        "DynamoDB: writes, doubled by transactions": calls.get("dynamodb write request units", 0) * WRITE_UNIT,
        "DynamoDB: reads": calls.get("dynamodb read request units", 0) * READ_UNIT,
        "SNS e-mail, EventBridge announcements": calls.get("sns:Publish", 0) * SNS_EMAIL
        + calls.get("events put", 0) * EVENT_PUT,
        "CloudWatch Logs: send-alerts": send.log_bytes / 1e9 * LOG_GB,
    }


def _lambda(used: Used, waits: int) -> float:
    return used.invocations * LAMBDA_REQUEST + billed_seconds(used, waits) * MEMORY_GB * LAMBDA_GB_SECOND
