"""What the stacks contain: names, states, encryption, alarms, and the room to run in."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .permissions import as_list
from .rendering import ACCOUNT, INFRA, Resource, home, load, source_region

HOME_STACK = home()
SOURCE_STACK = source_region()
BOTH = [*HOME_STACK.resources.values(), *SOURCE_STACK.resources.values()]
ALL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def of_type(kind: str) -> list[Resource]:
    return [r for r in BOTH if r.type == kind]


def named(resources: list[Resource]) -> Any:
    return pytest.mark.parametrize("resource", resources, ids=lambda r: r.path)


def policies_about(kind: str, resource: Resource) -> list[dict[str, Any]]:
    """The statements of all policies that a queue or topic has."""
    list_name, reference = {
        "AWS::SQS::QueuePolicy": ("Queues", f"https://sqs.{resource.region}.amazonaws.com/{ACCOUNT}/"),
        "AWS::SNS::TopicPolicy": ("Topics", ""),
    }[kind]
    reference = reference + resource.properties["QueueName"] if reference else resource.arn
    return [
        statement
        for policy in of_type(kind)
        if reference in policy.properties[list_name]
        for statement in policy.properties["PolicyDocument"]["Statement"]
    ]


@pytest.mark.parametrize("coverage", ["violations", "all"])
def test_rules_for_cloudtrail_see_read_only_events(coverage: str) -> None:
    stack = source_region(Coverage=coverage)
    rules = [*HOME_STACK.of_type("AWS::Events::Rule"), *stack.of_type("AWS::Events::Rule")]
    seen = 0
    for rule in rules:
        pattern = rule.properties["EventPattern"]
        pattern = json.loads(pattern) if isinstance(pattern, str) else pattern
        if pattern["source"] == ["aws.cloudwatch"]:
            assert rule.properties["State"] == "ENABLED"
            continue
        seen += 1
        assert rule.properties["State"] == ALL_MANAGEMENT_EVENTS, rule.path
        assert pattern["source"] == [{"prefix": "aws.bedrock"}], rule.path
    assert seen == {"violations": 3, "all": 2}[coverage]


def test_each_pattern_becomes_a_rule() -> None:
    patterns = {f"Pattern{n}": json.dumps({"source": [{"prefix": "aws.bedrock"}], "id": [str(n)]}) for n in range(1, 9)}
    rules = source_region(**patterns).of_type("AWS::Events::Rule")
    received = {r.properties["EventPattern"] for r in rules if isinstance(r.properties["EventPattern"], str)}
    assert received == set(patterns.values())
    assert all("0" * 64 in r.properties["Description"] for r in rules if "forward-alarm" not in r.properties["Name"])


def test_every_target_has_a_dead_letter_queue_or_is_told_why() -> None:
    for rule in of_type("AWS::Events::Rule"):
        for target in rule.properties["Targets"]:
            # An alarm that could not be told stays an alarm: nothing to keep.
            assert "DeadLetterConfig" in target or rule.properties["Name"] == "crisguard-alarms", rule.path


@named(of_type("AWS::SQS::Queue"))
def test_queue_names_its_senders_and_requires_tls(resource: Resource) -> None:
    statements = policies_about("AWS::SQS::QueuePolicy", resource)
    denied = [s for s in statements if s["Effect"] == "Deny"]
    assert denied == [
        {
            "Sid": "RequireTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": resource.arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]
    for statement in (s for s in statements if s["Effect"] == "Allow"):
        assert statement["Principal"] != "*"
        keys = {key for keys in statement["Condition"].values() for key in keys}
        assert keys & {"aws:SourceArn", "aws:PrincipalArn"}, f"{statement['Sid']} names no sender"
        assert statement["Action"] == "sqs:SendMessage"


@named(of_type("AWS::SQS::Queue"))
def test_queue_is_encrypted_and_ends_in_a_dead_letter_queue(resource: Resource) -> None:
    p = resource.properties
    assert "KmsMasterKeyId" in p or p["SqsManagedSseEnabled"] is True
    if "-dlq" in p["QueueName"]:
        assert p["MessageRetentionPeriod"] == 1209600
    else:
        assert p["RedrivePolicy"]["deadLetterTargetArn"] in {q.arn for q in of_type("AWS::SQS::Queue")}
        assert p["MessageRetentionPeriod"] < 1209600


@named(of_type("AWS::SNS::Topic"))
def test_topic_names_its_publishers_and_requires_tls(resource: Resource) -> None:
    statements = policies_about("AWS::SNS::TopicPolicy", resource)
    assert [s["Condition"] for s in statements if s["Effect"] == "Deny"] == [{"Bool": {"aws:SecureTransport": "false"}}]
    for statement in (s for s in statements if s["Effect"] == "Allow"):
        keys = {key for keys in statement["Condition"].values() for key in keys}
        assert keys & {"aws:SourceArn", "aws:PrincipalArn"}
        assert statement["Action"] == "sns:Publish"
    assert resource.properties["KmsMasterKeyId"]


@pytest.mark.parametrize("nested", ["WatchInference", "SendAlerts"])
def test_queue_waits_for_the_function(nested: str) -> None:
    """Lambda asks for six times the function's timeout plus the batching window.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    function = HOME_STACK.resources[f"{nested}.Function"].properties
    (mapping,) = [m for m in of_type("AWS::Lambda::EventSourceMapping") if m.path.startswith(nested)]
    (queue,) = [q for q in of_type("AWS::SQS::Queue") if q.arn == mapping.properties["EventSourceArn"]]
    window = int(mapping.properties.get("MaximumBatchingWindowInSeconds", 0))
    assert int(queue.properties["VisibilityTimeout"]) >= 6 * function["Timeout"] + window
    assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert int(mapping.properties["ScalingConfig"]["MaximumConcurrency"]) >= 2
    assert mapping.properties["BatchSize"] == {"WatchInference": 500, "SendAlerts": 10}[nested]


def test_functions_get_what_they_read() -> None:
    decides = {"CRISGUARD_ACCOUNT", "CRISGUARD_ORGANIZATION_PATH", "CRISGUARD_POLICY_BUCKET", "CRISGUARD_POLICY_KEY"}
    expected = {
        "crisguard-watch-inference": decides | {"CRISGUARD_FINDINGS_QUEUE_URL", "CRISGUARD_LOG_LEVEL"},
        "crisguard-send-alerts": {"CRISGUARD_TABLE", "CRISGUARD_TOPIC_ARN", "CRISGUARD_LOG_LEVEL"},
    }
    functions = {f.properties["FunctionName"]: f.properties for f in of_type("AWS::Lambda::Function")}
    assert {name: set(p["Environment"]["Variables"]) for name, p in functions.items()} == expected
    for p in functions.values():
        assert (p["Runtime"], p["Handler"], p["Architectures"]) == ("provided.al2023", "bootstrap", ["arm64"])


def test_each_function_has_a_role_and_a_log_of_its_own() -> None:
    functions = of_type("AWS::Lambda::Function")
    assert len({f.properties["Role"] for f in functions}) == len(functions)
    logs = {g.properties["LogGroupName"]: g.properties for g in of_type("AWS::Logs::LogGroup")}
    assert set(logs) == {f"/aws/lambda/{f.properties['FunctionName']}" for f in functions}
    assert all(p["KmsKeyId"] and int(p["RetentionInDays"]) >= 90 for p in logs.values())


def test_memory_is_as_the_code_expects() -> None:
    (table,) = of_type("AWS::DynamoDB::Table")
    p = table.properties
    assert [(k["AttributeName"], k["KeyType"]) for k in p["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]
    assert p["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert p["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert p["SSESpecification"]["SSEType"] == "KMS"
    assert p["BillingMode"] == "PAY_PER_REQUEST"


def test_key_rotates_and_outlives_the_stack() -> None:
    key = HOME_STACK.resources["Key.Key"]
    assert key.properties["EnableKeyRotation"] is True
    kept = {r.path for r in HOME_STACK.resources.values() if r.deletion_policy == "RetainExceptOnCreate"}
    assert kept == {
        "Delivery.AlertsTopic",
        "Delivery.AlertsTopicPolicy",
        "Key.Alias",
        "Key.Key",
        "PolicyStore.PolicyBucket",
        "PolicyStore.PolicyBucketPolicy",
    }


def test_policy_bucket_is_private_versioned_and_encrypted() -> None:
    (bucket,) = of_type("AWS::S3::Bucket")
    p = bucket.properties
    assert set(p["PublicAccessBlockConfiguration"].values()) == {True}
    assert p["VersioningConfiguration"] == {"Status": "Enabled"}
    assert p["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = p["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_what_exists_already_is_used() -> None:
    key = f"arn:aws:kms:ap-northeast-1:{ACCOUNT}:key/existing"
    topic = f"arn:aws:sns:ap-northeast-1:{ACCOUNT}:existing"
    stack = home(ExistingKeyArn=key, ExistingTopicArn=topic, PolicyBucketName="existing", PolicyKeyArn=f"{key}-too")
    assert not stack.of_type("AWS::KMS::Key") + stack.of_type("AWS::S3::Bucket")
    assert [t.path for t in stack.of_type("AWS::SNS::Topic")] == ["Operations.OperationsTopic"]
    statements = {
        s["Sid"]: s
        for name in ("WatchInference.Role", "SendAlerts.Role")
        for s in stack.resources[name].properties["Policies"][0]["PolicyDocument"]["Statement"]
    }
    assert statements["Tell"]["Resource"] == topic
    assert statements["ReadThePolicy"]["Resource"] == "arn:aws:s3:::existing/policy.yaml"
    assert statements["DecryptThePolicyThroughS3"]["Resource"] == f"{key}-too"
    assert statements["UseTheKeyThroughSqs"]["Resource"] == key


def test_source_regions_do_not_collide() -> None:
    one, other = source_region("us-east-1"), source_region("eu-west-1")
    roles = [s.resources["ForwarderRole"].properties["RoleName"] for s in (one, other)]
    assert len(set(roles)) == 2, "IAM is global"


def test_every_dead_letter_queue_has_its_alarm() -> None:
    watched = {
        d["Value"]
        for a in of_type("AWS::CloudWatch::Alarm")
        if a.properties.get("MetricName") == "ApproximateNumberOfMessagesVisible"
        for d in a.properties["Dimensions"]
    }
    queues = {q.properties["QueueName"] for q in of_type("AWS::SQS::Queue")}
    assert watched == {name for name in queues if "-dlq" in name}


def test_exits_that_do_not_add_up_are_an_alarm() -> None:
    exits = {
        "crisguard-watch-inference": "Compliant Violation Undecided NotApplicable NotBedrock Rejected Retried",
        "crisguard-send-alerts": "Counted Duplicate Rejected Retried",
    }
    for function, names in exits.items():
        (alarm,) = [a for a in of_type("AWS::CloudWatch::Alarm") if a.properties["AlarmName"] == f"{function}-exits"]
        by_id = {m["Id"]: m for m in alarm.properties["Metrics"]}
        metrics = {i: m["MetricStat"]["Metric"]["MetricName"] for i, m in by_id.items() if "MetricStat" in m}
        assert sorted(metrics.values()) == sorted(["Received", *names.split()])
        terms = re.findall(r"(- )?FILL\((\w+), 0\)", by_id["difference"]["Expression"])
        assert {metrics[i]: sign for sign, i in terms} == {"Received": "", **dict.fromkeys(names.split(), "- ")}
        for metric in by_id.values():
            if "MetricStat" in metric:
                assert metric["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "FunctionName", "Value": function}]


def test_alarms_are_told_to_the_operations_topic() -> None:
    topic = HOME_STACK.resources["Operations.OperationsTopic"].arn
    for alarm in HOME_STACK.of_type("AWS::CloudWatch::Alarm"):
        assert alarm.properties["AlarmActions"] == [topic], alarm.path
        assert alarm.properties["AlarmName"].startswith("crisguard-"), "the topic policy admits these names"
        assert alarm.properties["TreatMissingData"] == "notBreaching"


def test_digest_is_scheduled_hourly() -> None:
    (schedule,) = of_type("AWS::Scheduler::Schedule")
    target = schedule.properties["Target"]
    assert schedule.properties["ScheduleExpression"] == "rate(1 hour)"
    assert json.loads(target["Input"]) == {"crisguard": "digest"}
    assert target["DeadLetterConfig"]["Arn"].endswith(":crisguard-digest-dlq")


@pytest.mark.parametrize("template", sorted(p.name for p in INFRA.glob("*.yaml")))
def test_template_is_short_and_explains_itself(template: str) -> None:
    text = (INFRA / template).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    body = load(template)
    for group in ("Parameters", "Outputs"):
        assert all(spec.get("Description") for spec in body.get(group, {}).values())
    for spec in body["Resources"].values():
        for skip in spec.get("Metadata", {}).get("checkov", {}).get("skip", []):
            assert len(skip["comment"]) > 30, f"{template}: {skip['id']} is suppressed without a reason"
    assert as_list(body["Description"])
