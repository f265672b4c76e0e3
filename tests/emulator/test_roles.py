"""Each function may do what it does and nothing else: calls made inside it, as its role, under IAM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import pytest

from .emulator import ACCOUNT, FUNCTIONS, Emulator
from .emulator import HOME_REGION as HOME
from .probe import PROBE

SOURCE = "us-east-1"
BUCKET = f"crisguard-policy-{ACCOUNT}-{HOME}"
REPORTS = f"crisguard-reports-{ACCOUNT}-{HOME}"
EVIDENCE = {"Bucket": REPORTS, "Key": f"posture/{ACCOUNT}/known.json"}
LISTS = {"Bucket": REPORTS, "Key": f"posture/{ACCOUNT}/profiles.json"}
METRIC = {"Namespace": "AWS/Bedrock", "MetricName": "Invocations"}
QUERY = {"Id": "m0", "MetricStat": {"Metric": METRIC, "Period": 3600, "Stat": "Sum"}}
HOURS = {"StartTime": "2026-11-21T00:00:00Z", "EndTime": "2026-11-22T00:00:00Z"}
NOTHING: dict[str, Any] = {}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}

Call = tuple[str, str, str, dict[str, Any]]


def queue(name: str) -> str:
    return f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT}/{name}"


def events_of(*sources: str, bus: str = "default") -> dict[str, Any]:
    return {
        "Entries": [{"Source": s, "DetailType": "any", "Detail": "{}", "EventBusName": bus} for s in sources],
    }


FINDING = {"QueueUrl": queue("crisguard-findings.fifo"), "MessageBody": "{}", "MessageGroupId": "probe"}
POLICY = {"Bucket": BUCKET, "Key": "policy.yaml"}
KEY = {"TableName": "crisguard-memory", "Key": {"pk": {"S": "probe"}, "sk": {"S": "probe"}}}

READS_OF_BEDROCK = (
    "get_model_invocation_logging_configuration",
    "list_custom_models",
    "list_guardrails",
    "list_imported_models",
    "list_inference_profiles",
    "list_model_invocation_jobs",
)
READS_OF_A_BUCKET = (
    "get_bucket_encryption",
    "get_bucket_lifecycle_configuration",
    "get_bucket_ownership_controls",
    "get_bucket_policy",
    "get_public_access_block",
)

MAY: dict[str, list[Call]] = {
    "check-posture": [
        ("account", HOME, "list_regions", NOTHING),
        ("events", HOME, "list_rules", {"NamePrefix": "crisguard-"}),
        ("events", SOURCE, "list_rules", {"NamePrefix": "crisguard-"}),
        ("events", HOME, "list_rules", {"EventBusName": "crisguard", "NamePrefix": "crisguard-"}),
        ("events", SOURCE, "list_targets_by_rule", {"Rule": "crisguard-forward-1"}),
        ("events", HOME, "list_targets_by_rule", {"Rule": "crisguard-inference", "EventBusName": "crisguard"}),
        ("events", HOME, "describe_event_bus", {"Name": "crisguard"}),
        ("cloudwatch", HOME, "list_metrics", METRIC),
        ("cloudwatch", SOURCE, "list_metrics", METRIC),
        ("cloudwatch", SOURCE, "get_metric_data", {"MetricDataQueries": [QUERY], **HOURS}),
        ("s3", HOME, "get_object", POLICY),
        ("sqs", HOME, "send_message", {**FINDING, "MessageDeduplicationId": "check-posture"}),
        *[("bedrock", SOURCE, operation, NOTHING) for operation in READS_OF_BEDROCK],
        ("bedrock-agent", SOURCE, "list_agents", NOTHING),
        ("bedrock-agent", SOURCE, "list_knowledge_bases", NOTHING),
        ("s3", HOME, "list_buckets", NOTHING),
        *[("s3", HOME, operation, {"Bucket": BUCKET}) for operation in READS_OF_A_BUCKET],
        ("kms", HOME, "describe_key", {"KeyId": "alias/crisguard"}),
        ("logs", SOURCE, "describe_log_groups", NOTHING),
        ("cloudtrail", SOURCE, "describe_trails", NOTHING),
        ("cloudtrail", SOURCE, "get_trail_status", {"Name": "probed"}),
        ("cloudtrail", SOURCE, "get_event_selectors", {"TrailName": "probed"}),
        ("s3", HOME, "put_object", {"Bucket": REPORTS, "Key": f"posture/{ACCOUNT}/probed.json", "Body": b"{}"}),
        ("s3", HOME, "put_object", {**EVIDENCE, "Body": b"{}"}),
        ("s3", HOME, "get_object", EVIDENCE),
        ("s3", HOME, "get_object", LISTS),
        ("ec2", SOURCE, "describe_vpc_endpoints", NOTHING),
        ("iam", HOME, "get_account_authorization_details", NOTHING),
    ],
    "send-alerts": [
        ("events", HOME, "put_events", events_of("crisguard")),
        ("events", HOME, "put_events", events_of("crisguard", "crisguard")),
        ("s3", HOME, "get_object", POLICY),
        ("dynamodb", HOME, "get_item", KEY),
    ],
    "watch-inference": [
        ("s3", HOME, "get_object", POLICY),
        ("s3", HOME, "get_object", LISTS),
        ("sqs", HOME, "send_message", {**FINDING, "MessageDeduplicationId": "watch-inference"}),
    ],
}
MAY_NOT: dict[str, list[Call]] = {
    "check-posture": [
        # It looks and changes nothing, and only at what is crisguard's.
        ("events", SOURCE, "list_targets_by_rule", {"Rule": "somebody-s-rule"}),
        ("events", HOME, "list_targets_by_rule", {"Rule": "crisguard-x", "EventBusName": "somebody-s"}),
        ("events", HOME, "describe_event_bus", {"Name": "default"}),
        ("events", SOURCE, "disable_rule", {"Name": "crisguard-forward-1"}),
        ("events", SOURCE, "delete_rule", {"Name": "crisguard-forward-1"}),
        ("events", HOME, "put_events", events_of("crisguard")),
        ("account", HOME, "get_contact_information", NOTHING),
        ("cloudwatch", HOME, "put_metric_data", {"Namespace": "crisguard", "MetricData": [{"MetricName": "Regions"}]}),
        ("s3", HOME, "put_object", {**POLICY, "Body": b""}),
        ("s3", HOME, "get_object", {**POLICY, "Key": "another.yaml"}),
        ("sqs", HOME, "send_message", {"QueueUrl": queue("crisguard-events"), "MessageBody": "{}"}),
        ("dynamodb", HOME, "get_item", KEY),
        ("s3", HOME, "get_object", {"Bucket": REPORTS, "Key": f"posture/{ACCOUNT}/probed.json"}),
        ("s3", HOME, "put_object", {"Bucket": REPORTS, "Key": "posture/999999999999/probed.json", "Body": b"{}"}),
        ("s3", HOME, "delete_object", EVIDENCE),
        # It sees how things are set up, not what they hold, and sets nothing.
        ("s3", HOME, "list_objects_v2", {"Bucket": BUCKET}),
        ("s3", HOME, "delete_bucket_policy", {"Bucket": BUCKET}),
        ("bedrock", SOURCE, "delete_model_invocation_logging_configuration", NOTHING),
        ("logs", HOME, "delete_log_group", {"logGroupName": "/aws/lambda/crisguard-check-posture"}),
        ("logs", HOME, "filter_log_events", {"logGroupName": "/aws/lambda/crisguard-check-posture"}),
        ("kms", HOME, "disable_key", {"KeyId": "alias/crisguard"}),
        ("cloudtrail", SOURCE, "stop_logging", {"Name": "probed"}),
        ("ec2", SOURCE, "delete_vpc_endpoints", {"VpcEndpointIds": ["vpce-1"]}),
        ("iam", HOME, "create_user", {"UserName": "somebody"}),
    ],
    "send-alerts": [
        # Under no other name than its own: above all, no canary.
        ("events", HOME, "put_events", events_of("crisguard.canary")),
        ("events", HOME, "put_events", events_of("crisguard", "crisguard.canary")),
        ("events", HOME, "put_events", events_of("somebody")),
        ("events", HOME, "put_events", events_of("crisguard", bus="crisguard")),
        ("events", SOURCE, "put_events", events_of("crisguard")),
        ("s3", HOME, "put_object", {**POLICY, "Body": b""}),
        ("sqs", HOME, "send_message", {**FINDING, "MessageDeduplicationId": "send-alerts"}),
        ("dynamodb", HOME, "scan", {"TableName": "crisguard-memory"}),
    ],
    "watch-inference": [
        ("events", HOME, "put_events", events_of("crisguard")),
        ("events", SOURCE, "list_rules", NOTHING),
        ("account", HOME, "list_regions", NOTHING),
        ("cloudwatch", SOURCE, "list_metrics", METRIC),
        ("dynamodb", HOME, "get_item", KEY),
        ("s3", HOME, "get_object", EVIDENCE),
        ("s3", HOME, "put_object", {**LISTS, "Body": b"{}"}),
        ("s3", HOME, "list_objects_v2", {"Bucket": REPORTS}),
    ],
}


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator where crisguard's functions make the calls they are told to."""
    archive = tmp_path_factory.mktemp("probe") / "probe.zip"
    entry = ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    with ZipFile(archive, "w") as packed:
        packed.writestr(entry, PROBE)
    with Emulator.start() as aws:
        aws.deploy_home(dict.fromkeys(FUNCTIONS, Path(archive)))
        aws.deploy_source_region(
            SOURCE, {"PolicySha256": "a" * 64, "Pattern1": '{"source":[{"prefix":"aws.bedrock"}]}'}
        )
        aws.client("s3").put_object(Bucket=BUCKET, Key="policy.yaml", Body=b"version: 1\n")
        aws.client("s3").put_object(**LISTS, Body=b"{}")
        rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}}
        aws.client("s3").put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [rule]})
        aws.client("cloudtrail", SOURCE).create_trail(Name="probed", S3BucketName=BUCKET)
        yield aws


def made(aws: Emulator, function: str, calls: list[Call]) -> list[str]:
    """The error code of each call, or an empty text."""
    payload = json.dumps({"calls": calls}, default=lambda body: body.decode())
    answer = aws.client("lambda").invoke(FunctionName=f"crisguard-{function}", Payload=payload)
    answers: list[str] = json.load(answer["Payload"])
    return answers


@pytest.mark.parametrize("function", FUNCTIONS)
def test_role_may_do_what_its_function_does(probed: Emulator, function: str) -> None:
    answers = made(probed, function, MAY[function])
    calls = zip(MAY[function], answers, strict=True)
    assert not {f"{c[0]}:{c[2]} {c[3]}": code for c, code in calls if code}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_role_may_do_nothing_else(probed: Emulator, function: str) -> None:
    answers = made(probed, function, MAY_NOT[function])
    calls = zip(MAY_NOT[function], answers, strict=True)
    assert not {f"{c[0]}:{c[2]} {c[3]}": code for c, code in calls if code not in DENIED}
