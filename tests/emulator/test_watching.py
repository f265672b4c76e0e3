"""What crisguard watches itself by behaves as on AWS: counting rules, metrics, schedules, canaries."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.httpsession
import cbor2
import pytest

from .emulator import Emulator, EmulatorError
from .test_emulator import RECORD, logged, messages

HOME = "ap-northeast-1"
SOURCE = "us-east-1"
ENABLED = (HOME, SOURCE, "eu-west-1")
# As the compiled pattern for denials by a service control policy: the canary passes.
DENIED = {
    "source": [{"prefix": "aws.bedrock"}, "crisguard.canary"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {"errorMessage": [{"wildcard": "*service control policy*"}]},
}
CANARY_ROLE = f"crisguard-canary-{SOURCE}"


@pytest.fixture(scope="module")
def watched(code: dict[str, Path]) -> Iterator[Emulator]:
    """An account with three Regions, one of them watched beside the home Region's stack."""
    with Emulator.start(regions=ENABLED) as aws:
        aws.deploy_home(code, {"ReservedConcurrency": "20"})
        aws.deploy_source_region(SOURCE, {"PolicySha256": "a" * 64, "Pattern1": json.dumps(DENIED)})
        yield aws


def sums(aws: Emulator, region: str, metric: str, *dimensions: dict[str, str], namespace: str = "AWS/Events") -> float:
    """A metric's sum of the last hours, by GetMetricData."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stat = {"Namespace": namespace, "MetricName": metric, "Dimensions": list(dimensions)}
    answer = aws.client("cloudwatch", region).get_metric_data(
        MetricDataQueries=[{"Id": "m0", "MetricStat": {"Metric": stat, "Period": 3600, "Stat": "Sum"}}],
        StartTime=now - datetime.timedelta(hours=2),
        EndTime=now + datetime.timedelta(hours=1),
    )
    return float(sum(answer["MetricDataResults"][0]["Values"]))


def named(name: str, value: str) -> dict[str, str]:
    return {"Name": name, "Value": value}


def inline(aws: Emulator, role: str, policy: str) -> dict[str, Any]:
    document: dict[str, Any] = aws.client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    return document


def test_a_rule_without_targets_counts_what_it_matches(watched: Emulator) -> None:
    events = watched.client("events", SOURCE)
    for name in ("crisguard-seen-calls", "crisguard-seen-completions"):
        assert events.describe_rule(Name=name)["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
        assert not events.list_targets_by_rule(Rule=name)["Targets"]
    calls, completions = (named("RuleName", f"crisguard-seen-{kind}") for kind in ("calls", "completions"))
    before = [sums(watched, SOURCE, "MatchedEvents", rule) for rule in (calls, completions)]
    watched.put_cloudtrail_event(SOURCE, RECORD)
    watched.put_cloudtrail_event(SOURCE, {**RECORD, "eventName": "ConverseStream"})
    watched.put_cloudtrail_event(SOURCE, {**RECORD, "eventType": "AwsServiceEvent"})
    no_inference = {**RECORD, "eventName": "ListFoundationModels", "additionalEventData": None}
    watched.put_cloudtrail_event(SOURCE, no_inference)
    after = [sums(watched, SOURCE, "MatchedEvents", rule) for rule in (calls, completions)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 1]
    assert sums(watched, SOURCE, "TriggeredRules", calls) == after[0]
    assert sums(watched, HOME, "MatchedEvents", calls) == 0, "each Region counts for itself"
    listed = watched.client("cloudwatch", SOURCE).list_metrics(Namespace="AWS/Events", MetricName="MatchedEvents")
    assert [calls] in [m["Dimensions"] for m in listed["Metrics"]]


def test_a_rule_of_another_bus_counts_with_the_bus(watched: Emulator) -> None:
    rule, bus = named("RuleName", "crisguard-inference"), named("EventBusName", "crisguard")
    before = sums(watched, HOME, "MatchedEvents", rule, bus)
    denied = {**RECORD, "errorCode": "AccessDenied", "errorMessage": "an explicit deny in a service control policy"}
    watched.put_cloudtrail_event(SOURCE, denied)
    assert sums(watched, HOME, "MatchedEvents", rule, bus) == before + 1
    assert sums(watched, HOME, "MatchedEvents", rule) == 0


def test_a_metric_without_dimensions_is_one_of_its_own(watched: Emulator) -> None:
    cloudwatch = watched.client("cloudwatch", SOURCE)
    model = named("ModelId", "amazon.nova-micro-v1:0")
    for dimensions, value in (([model], 5), ([], 7)):
        datum = {"MetricName": "Invocations", "Dimensions": dimensions, "Value": value, "Unit": "Count"}
        cloudwatch.put_metric_data(Namespace="AWS/Bedrock", MetricData=[datum])
    assert sums(watched, SOURCE, "Invocations", namespace="AWS/Bedrock") == 7
    assert sums(watched, SOURCE, "Invocations", model, namespace="AWS/Bedrock") == 5
    assert sums(watched, "eu-west-1", "Invocations", namespace="AWS/Bedrock") == 0


@pytest.mark.parametrize(("permitted", "status"), [("cloudwatch:ListMetrics", 200), ("cloudwatch:GetMetricData", 403)])
def test_metrics_are_listed_in_the_protocol_of_the_sdk_for_rust(watched: Emulator, permitted: str, status: int) -> None:
    iam, name = watched.client("iam"), permitted.replace(":", "-")
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": permitted, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="one", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    request = botocore.awsrequest.AWSRequest(
        "POST",
        f"{watched.endpoint}/service/GraniteServiceVersion20100801/operation/ListMetrics",
        headers={"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
        data=cbor2.dumps({"Namespace": "AWS/Events"}),
    )
    credentials = botocore.credentials.Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    botocore.auth.SigV4Auth(credentials, "monitoring", SOURCE).add_auth(request)
    answer = botocore.httpsession.URLLib3Session().send(request.prepare())
    assert answer.status_code == status
    body = cbor2.loads(answer.content)
    assert ("Metrics" in body) == (status == 200)


def test_regions_that_are_not_enabled_are_listed_as_that(watched: Emulator) -> None:
    regions = watched.client("account").list_regions()["Regions"]
    enabled = {r["RegionName"] for r in regions if r["RegionOptStatus"] != "DISABLED"}
    assert enabled == set(ENABLED) < {r["RegionName"] for r in regions}
    asked = watched.client("account").list_regions(RegionOptStatusContains=["ENABLED_BY_DEFAULT"])["Regions"]
    assert {r["RegionName"] for r in asked} == set(ENABLED)
    assert {r["RegionName"] for r in watched.client("ec2").describe_regions()["Regions"]} == set(ENABLED)


def test_a_bus_has_the_policy_of_its_template(watched: Emulator) -> None:
    events = watched.client("events")
    (statement,) = json.loads(events.describe_event_bus(Name="crisguard")["Policy"])["Statement"]
    assert statement["Condition"]["ArnLike"]["aws:PrincipalArn"].endswith(":role/crisguard-forward-*")
    everyone = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "*"}]}
    events.put_permission(EventBusName="crisguard", Policy=json.dumps(everyone))
    assert json.loads(events.describe_event_bus(Name="crisguard")["Policy"]) == everyone


def test_concurrency_is_reserved(watched: Emulator) -> None:
    functions = watched.client("lambda")
    for name, reserved in (("watch-inference", 20), ("send-alerts", 20), ("check-posture", 4)):
        answer = functions.get_function_concurrency(FunctionName=f"crisguard-{name}")
        assert answer["ReservedConcurrentExecutions"] == reserved


def test_a_canary_takes_the_way_of_a_call(watched: Emulator) -> None:
    seen = sums(watched, SOURCE, "MatchedEvents", named("RuleName", "crisguard-seen-calls"))
    watched.start_schedule("crisguard-canary", SOURCE)
    line = logged(watched, "crisguard-watch-inference", "crisguard.canary")
    (message,) = json.loads(line.removeprefix("RECEIVED "))["Records"]
    envelope = json.loads(message["body"])
    assert (envelope["source"], envelope["region"]) == ("crisguard.canary", SOURCE)
    record = envelope["detail"]
    assert record["eventID"].startswith("canary-")
    assert "<" not in json.dumps(record), "every context attribute is filled in"
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(record["eventTime"])
    assert age < datetime.timedelta(minutes=1)
    assert sums(watched, SOURCE, "MatchedEvents", named("RuleName", "crisguard-seen-calls")) == seen, "it is no call"


@pytest.mark.parametrize("condition", [{"events:source": "aws.bedrock"}, {"events:source": "crisguard"}])
def test_the_canary_s_role_is_bound_to_its_source(watched: Emulator, condition: dict[str, str]) -> None:
    iam, document = watched.client("iam"), inline(watched, CANARY_ROLE, "canary")
    other = json.loads(json.dumps(document))
    other["Statement"][0]["Condition"] = {"StringEquals": condition}
    rule = named("RuleName", "crisguard-forward-1")
    before = sums(watched, SOURCE, "MatchedEvents", rule)
    iam.put_role_policy(RoleName=CANARY_ROLE, PolicyName="canary", PolicyDocument=json.dumps(other))
    try:
        watched.start_schedule("crisguard-canary", SOURCE)
    finally:
        iam.put_role_policy(RoleName=CANARY_ROLE, PolicyName="canary", PolicyDocument=json.dumps(document))
    assert sums(watched, SOURCE, "MatchedEvents", rule) == before
    watched.start_schedule("crisguard-canary", SOURCE)
    assert sums(watched, SOURCE, "MatchedEvents", rule) == before + 1


@pytest.mark.parametrize(
    ("schedule", "function", "word"),
    [("crisguard-nightly", "check-posture", "nightly"), ("crisguard-digest", "send-alerts", "review")],
)
def test_a_schedule_starts_its_function_as_its_role(watched: Emulator, schedule: str, function: str, word: str) -> None:
    watched.start_schedule(schedule)
    assert logged(watched, f"crisguard-{function}", f'"crisguard": "{word}"')

    iam, role, policy = watched.client("iam"), f"{schedule}-{HOME}", schedule.removeprefix("crisguard-")
    document = inline(watched, role, policy)
    without = {**document, "Statement": [s for s in document["Statement"] if "lambda" not in s["Action"]]}
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(without))
    try:
        watched.start_schedule(schedule)
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    assert messages(watched, f"{schedule}-dlq") == [{"crisguard": word}]


def test_only_a_schedule_that_is_enabled_starts(watched: Emulator) -> None:
    scheduler = watched.client("scheduler", SOURCE)
    schedule = scheduler.get_schedule(Name="crisguard-canary")
    kept = {k: schedule[k] for k in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(**kept, State="DISABLED")
    try:
        with pytest.raises(EmulatorError, match="crisguard-canary is DISABLED"):
            watched.start_schedule("crisguard-canary", SOURCE)
    finally:
        scheduler.update_schedule(**kept, State="ENABLED")
    with pytest.raises(EmulatorError, match="no schedule crisguard-canary in eu-west-1"):
        watched.start_schedule("crisguard-canary", "eu-west-1")


# A function that counts one metric, as crisguard's functions do; its name is in the event.
COUNTS = """#!/usr/bin/env python3
import json, os, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)
    name, function = body["count"], os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    metrics = {"Namespace": "crisguard", "Dimensions": [["FunctionName"]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metrics]}
    line = {"_aws": metadata, "FunctionName": function, name: body["value"]}
    print(json.dumps(line, separators=(",", ":")), flush=True)
    urllib.request.urlopen(api + request + "/response", b"{}").close()
"""


def test_what_a_function_counts_raises_the_alarm_about_it(tmp_path: Path) -> None:
    archive = tmp_path / "counts.zip"
    entry = ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    with ZipFile(archive, "w") as packed:
        packed.writestr(entry, COUNTS)
    with Emulator.start() as aws:
        topic = aws.deploy_home({"check-posture": archive})["OperationsTopicArn"]
        aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="operations@example.com")

        def count(name: str, value: int) -> None:
            payload = json.dumps({"count": name, "value": value})
            aws.client("lambda").invoke(FunctionName="crisguard-check-posture", Payload=payload)

        count("NightlyLooks", 1)
        posture = named("FunctionName", "crisguard-check-posture")
        assert sums(aws, HOME, "NightlyLooks", posture, namespace="crisguard") == 1
        count("PolicyRejected", 1)
        states = {a["AlarmName"]: a["StateValue"] for a in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]}
        assert states["crisguard-policy-rejected-by-check-posture"] == "ALARM"
        assert states["crisguard-policy-rejected"] != "ALARM", "that one is about watch-inference"
        assert states["crisguard-nightly-missing"] == "OK", "a run was counted"
        told = [mail["subject"] for mail in aws.mail() if mail["subject"].startswith("ALARM")]
        assert told == [f'ALARM: "crisguard-policy-rejected-by-check-posture" in {HOME}']
