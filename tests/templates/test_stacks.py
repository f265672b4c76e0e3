"""What the stacks contain: names, states, encryption, alarms, and the room to run in."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .permissions import as_list
from .rendering import ACCOUNT, INFRA, Resource, change_region, home, load, source_region

HOME_STACK = home()
SOURCE_STACK = source_region()
CHANGE_STACK = change_region()
ALL = [r for stack in (HOME_STACK, SOURCE_STACK, CHANGE_STACK) for r in stack.resources.values()]
ALL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def of_type(kind: str) -> list[Resource]:
    return [r for r in ALL if r.type == kind]


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


def pattern_of(rule: Resource) -> dict[str, Any]:
    pattern = rule.properties["EventPattern"]
    parsed: dict[str, Any] = json.loads(pattern) if isinstance(pattern, str) else pattern
    return parsed


@pytest.mark.parametrize("coverage", ["violations", "all"])
def test_rules_for_cloudtrail_see_read_only_events(coverage: str) -> None:
    stack = source_region(Coverage=coverage)
    rules = [*HOME_STACK.of_type("AWS::Events::Rule"), *stack.of_type("AWS::Events::Rule")]
    seen = 0
    for rule in rules:
        sources = pattern_of(rule)["source"]
        if sources == ["aws.cloudwatch"]:
            assert rule.properties["State"] == "ENABLED"
            continue
        if rule.path == "Changes.ChangesRule":
            continue
        seen += 1
        assert rule.properties["State"] == ALL_MANAGEMENT_EVENTS, rule.path
        # Only these let canaries through, which everybody may put on a bus.
        canaries = ["crisguard.canary"] if rule.path in ("Intake.InferenceRule", "ForwardAll") else []
        assert sources == [{"prefix": "aws.bedrock"}, *canaries], rule.path
    assert seen == {"violations": 5, "all": 4}[coverage]


def test_what_arrives_is_counted_by_rules_without_targets() -> None:
    rules = {r.properties["Name"]: r for r in SOURCE_STACK.of_type("AWS::Events::Rule")}
    counting = {name for name, r in rules.items() if not r.properties.get("Targets")}
    assert counting == {"crisguard-seen-calls", "crisguard-seen-completions"}
    types = [t for name in sorted(counting) for t in pattern_of(rules[name])["detail-type"]]
    assert types == ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"]
    assert all(len(rules[name].properties["EventPattern"]) <= 2048 for name in counting), "EventBridge's quota"


def test_calls_are_counted_as_the_compiled_patterns_choose_them() -> None:
    """A call that one of them knows and the other does not would be a false alarm, or silence."""
    snapshots = INFRA.parent / "shared/core/src/pattern/snapshots"
    (compiled,) = [
        json.loads(line)
        for snapshot in snapshots.glob("*readable_patterns.snap")
        for line in snapshot.read_text(encoding="utf-8").splitlines()
        if line.startswith("{") and "service control policy" in line
    ]
    counted = pattern_of(SOURCE_STACK.resources["SeenCalls"])
    assert counted["detail"]["$or"] == compiled["detail"]["$or"]


def test_each_pattern_becomes_a_rule() -> None:
    patterns = {f"Pattern{n}": json.dumps({"source": [{"prefix": "aws.bedrock"}], "id": [str(n)]}) for n in range(1, 9)}
    rules = source_region(**patterns).of_type("AWS::Events::Rule")
    forwarding = [r for r in rules if re.fullmatch(r"crisguard-forward-\d", r.properties["Name"])]
    assert {r.properties["EventPattern"] for r in forwarding} == set(patterns.values())
    assert all("0" * 64 in r.properties["Description"] for r in forwarding)


def test_every_target_has_a_dead_letter_queue_or_is_told_why() -> None:
    for rule in of_type("AWS::Events::Rule"):
        for target in rule.properties.get("Targets", []):
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


@pytest.mark.parametrize("nested", ["WatchInference", "SendAlerts", "CheckPosture"])
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
    assert mapping.properties["BatchSize"] == {"WatchInference": 500, "SendAlerts": 10, "CheckPosture": 500}[nested]


def test_functions_get_what_they_read() -> None:
    decides = {"CRISGUARD_ACCOUNT", "CRISGUARD_ORGANIZATION_PATH", "CRISGUARD_POLICY_BUCKET", "CRISGUARD_POLICY_KEY"}
    decides.add("CRISGUARD_LOG_LEVEL")
    tells = decides | {"CRISGUARD_TABLE", "CRISGUARD_TOPIC_ARN", "CRISGUARD_EVENT_BUS"}
    expected = {
        "crisguard-watch-inference": decides | {"CRISGUARD_FINDINGS_QUEUE_URL", "CRISGUARD_REPORTS_BUCKET"},
        "crisguard-check-posture": decides | {"CRISGUARD_FINDINGS_QUEUE_URL", "CRISGUARD_REPORTS_BUCKET"},
        "crisguard-send-alerts": tells,
    }
    functions = {f.properties["FunctionName"]: f.properties for f in of_type("AWS::Lambda::Function")}
    assert {name: set(p["Environment"]["Variables"]) for name, p in functions.items()} == expected
    for p in functions.values():
        assert "ReservedConcurrentExecutions" not in p, "nothing is taken from other functions unless asked for"
        assert (p["Runtime"], p["Handler"], p["Architectures"]) == ("provided.al2023", "bootstrap", ["arm64"])


def test_concurrency_is_kept_where_it_is_asked_for() -> None:
    functions = home(ReservedConcurrency="20").of_type("AWS::Lambda::Function")
    kept = {f.properties["FunctionName"]: f.properties["ReservedConcurrentExecutions"] for f in functions}
    assert kept == {"crisguard-watch-inference": "20", "crisguard-send-alerts": "20", "crisguard-check-posture": "4"}


def test_security_hub_is_told_only_where_that_is_asked_for() -> None:
    product = f"arn:aws:securityhub:ap-northeast-1:{ACCOUNT}:product/{ACCOUNT}/default"
    for stack, expected in ((HOME_STACK, None), (home(SecurityHub="yes"), product)):
        statements = stack.resources["SendAlerts.Role"].properties["Policies"][0]["PolicyDocument"]["Statement"]
        told = [s["Resource"] for s in statements if s["Sid"] == "TellSecurityHub"]
        variables = stack.resources["SendAlerts.Function"].properties["Environment"]["Variables"]
        assert told == ([expected] if expected else [])
        assert variables.get("CRISGUARD_SECURITY_HUB_PRODUCT_ARN") == expected


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
        "Reports.ReportsBucket",
        "Reports.ReportsBucketPolicy",
    }


def test_buckets_are_those_that_are_kept() -> None:
    assert {b.path for b in of_type("AWS::S3::Bucket")} == {"PolicyStore.PolicyBucket", "Reports.ReportsBucket"}


@named(of_type("AWS::S3::Bucket"))
def test_bucket_is_private_versioned_and_encrypted(resource: Resource) -> None:
    p = resource.properties
    assert set(p["PublicAccessBlockConfiguration"].values()) == {True}
    assert p["VersioningConfiguration"] == {"Status": "Enabled"}
    assert p["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = p["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key = HOME_STACK.resources["Key.Key"].arn
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    (policy,) = [b for b in of_type("AWS::S3::BucketPolicy") if b.properties["Bucket"] == p["BucketName"]]
    (denied,) = policy.properties["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", "s3:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denied["Resource"] == [resource.arn, f"{resource.arn}/*"]


def test_reports_are_kept_as_long_as_the_logs() -> None:
    bucket = home(LogRetentionDays="90").resources["Reports.ReportsBucket"]
    kept, markers = bucket.properties["LifecycleConfiguration"]["Rules"]
    assert (kept["ExpirationInDays"], kept["NoncurrentVersionExpiration"]["NoncurrentDays"]) == ("90", "90")
    assert markers["ExpiredObjectDeleteMarker"] is True
    assert all(rule["Status"] == "Enabled" for rule in (kept, markers))


def test_what_exists_already_is_used() -> None:
    key = f"arn:aws:kms:ap-northeast-1:{ACCOUNT}:key/existing"
    topic = f"arn:aws:sns:ap-northeast-1:{ACCOUNT}:existing"
    stack = home(
        ExistingKeyArn=key,
        ExistingTopicArn=topic,
        PolicyBucketName="existing",
        PolicyKeyArn=f"{key}-too",
        ReportsBucketName="reports",
    )
    assert not stack.of_type("AWS::KMS::Key") + stack.of_type("AWS::S3::Bucket")
    assert [t.path for t in stack.of_type("AWS::SNS::Topic")] == ["Operations.OperationsTopic"]
    statements = {
        name: {s["Sid"]: s["Resource"] for s in r.properties["Policies"][0]["PolicyDocument"]["Statement"]}
        for name, r in stack.resources.items()
        if name in ("WatchInference.Role", "SendAlerts.Role", "CheckPosture.Role")
    }
    assert len(statements) == 3
    for resources in statements.values():
        assert resources["ReadThePolicy"] == "arn:aws:s3:::existing/policy.yaml"
    assert statements["SendAlerts.Role"]["DecryptThePolicyThroughS3"] == f"{key}-too"
    for function in ("WatchInference", "CheckPosture"):
        assert statements[f"{function}.Role"]["DecryptThroughS3"] == [f"{key}-too", key]
    kept = "arn:aws:s3:::reports/posture/*"
    assert statements["WatchInference.Role"]["ReadTheListsOfProfiles"] == f"{kept}/profiles.json"
    assert statements["WatchInference.Role"]["ReadWhatStandsAboveAccounts"] == f"{kept}/scps.json"
    assert statements["CheckPosture.Role"]["KeepReports"] == f"arn:aws:s3:::reports/posture/{ACCOUNT}/*"
    assert statements["SendAlerts.Role"]["Tell"] == topic
    assert statements["WatchInference.Role"]["UseTheKeyThroughSqs"] == key
    assert statements["CheckPosture.Role"]["UseTheKeyThroughSqs"] == key


def test_source_regions_do_not_collide() -> None:
    one, other = source_region("us-east-1"), source_region("eu-west-1")
    roles = [r.properties["RoleName"] for s in (one, other) for r in s.of_type("AWS::IAM::Role")]
    assert len(roles) == 4
    assert len(set(roles)) == 4, "IAM is global"


def test_every_dead_letter_queue_has_its_alarm() -> None:
    watched = {
        d["Value"]
        for a in of_type("AWS::CloudWatch::Alarm")
        if a.properties.get("MetricName") == "ApproximateNumberOfMessagesVisible"
        for d in a.properties["Dimensions"]
    }
    queues = {q.properties["QueueName"] for q in of_type("AWS::SQS::Queue")}
    assert watched == {name for name in queues if "-dlq" in name}


@pytest.mark.parametrize(
    ("function", "alarm_name", "total", "exits"),
    [
        (
            "watch-inference",
            "watch-inference-exits",
            "Received",
            "Compliant Violation Undecided NotApplicable NotBedrock Canary Rejected Retried",
        ),
        ("send-alerts", "send-alerts-exits", "Received", "Counted Duplicate CanaryArrived Rejected Retried"),
        ("check-posture", "check-posture-exits", "Assessments", "Compliant Violation Undecided"),
        (
            "check-posture",
            "check-posture-changes-exits",
            "Changes",
            "ChangesLookedAt ChangesNotApplicable ChangesRejected",
        ),
    ],
)
def test_exits_that_do_not_add_up_are_an_alarm(function: str, alarm_name: str, total: str, exits: str) -> None:
    alarms = {a.properties["AlarmName"]: a.properties for a in of_type("AWS::CloudWatch::Alarm")}
    by_id = {m["Id"]: m for m in alarms[f"crisguard-{alarm_name}"]["Metrics"]}
    metrics = {i: m["MetricStat"]["Metric"]["MetricName"] for i, m in by_id.items() if "MetricStat" in m}
    assert sorted(metrics.values()) == sorted([total, *exits.split()])
    terms = re.findall(r"(- )?FILL\((\w+), 0\)", by_id["difference"]["Expression"])
    assert {metrics[i]: sign for sign, i in terms} == {total: "", **dict.fromkeys(exits.split(), "- ")}
    for metric in by_id.values():
        if "MetricStat" in metric:
            dimension = {"Name": "FunctionName", "Value": f"crisguard-{function}"}
            assert metric["MetricStat"]["Metric"]["Dimensions"] == [dimension]


def test_each_sum_that_must_add_up_has_its_alarm() -> None:
    sums = [a for a in of_type("AWS::CloudWatch::Alarm") if "Metrics" in a.properties]
    assert len(sums) == 4


def test_alarms_are_told_to_the_operations_topic() -> None:
    topic = HOME_STACK.resources["Operations.OperationsTopic"].arn
    for alarm in HOME_STACK.of_type("AWS::CloudWatch::Alarm"):
        p = alarm.properties
        assert p["AlarmActions"] == p["OKActions"] == [topic], alarm.path
        assert p["AlarmName"].startswith("crisguard-"), "the topic policy admits these names"
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        period = p.get("Period", 300)
        assert period * p["EvaluationPeriods"] <= (604_800 if period >= 3600 else 86_400), alarm.path


def test_silence_of_what_must_be_heard_is_an_alarm() -> None:
    alarms = {a.properties["AlarmName"]: a.properties for a in HOME_STACK.of_type("AWS::CloudWatch::Alarm")}
    silent = {name: p for name, p in alarms.items() if p["TreatMissingData"] == "breaching"}
    assert {name: (p["MetricName"], p["Period"] * p["EvaluationPeriods"] // 3600) for name, p in silent.items()} == {
        "crisguard-canary-missing": ("Canary", 3),
        "crisguard-review-missing": ("Reviews", 3),
        "crisguard-nightly-missing": ("NightlyLooks", 26),
    }
    for p in silent.values():
        assert (p["ComparisonOperator"], p["Threshold"], p["Statistic"]) == ("LessThanThreshold", 1, "Sum")
    assert {p["TreatMissingData"] for name, p in alarms.items() if name not in silent} == {"notBreaching"}


def test_each_function_s_troubles_are_alarms() -> None:
    watched: dict[str, set[str]] = {}
    for alarm in HOME_STACK.of_type("AWS::CloudWatch::Alarm"):
        for dimension in alarm.properties.get("Dimensions", []):
            if dimension["Name"] == "FunctionName":
                watched.setdefault(dimension["Value"], set()).add(alarm.properties["MetricName"])
    every = {"Errors", "Throttles", "PolicyRejected"}
    assert watched == {
        "crisguard-watch-inference": every | {"Canary"},
        "crisguard-send-alerts": every | {"CanaryLate", "Reviews"},
        "crisguard-check-posture": every | {"NightlyLooks"},
    }


def test_functions_are_started_by_their_schedules() -> None:
    schedules = {s.properties["Name"]: s.properties for s in HOME_STACK.of_type("AWS::Scheduler::Schedule")}
    when = {name: p["ScheduleExpression"] for name, p in schedules.items()}
    assert when == {"crisguard-digest": "rate(1 hour)", "crisguard-nightly": "cron(0 17 * * ? *)"}
    said = {name: json.loads(p["Target"]["Input"]) for name, p in schedules.items()}
    assert said == {"crisguard-digest": {"crisguard": "review"}, "crisguard-nightly": {"crisguard": "nightly"}}
    for name, p in schedules.items():
        assert p["Target"]["DeadLetterConfig"]["Arn"].endswith(f":{name}-dlq")


def test_each_region_sends_a_canary_that_the_patterns_let_through() -> None:
    stack = source_region("eu-west-1")
    (schedule,) = stack.of_type("AWS::Scheduler::Schedule")
    target = schedule.properties["Target"]
    assert (schedule.properties["ScheduleExpression"], schedule.properties["State"]) == ("rate(1 hour)", "ENABLED")
    assert target["Arn"] == f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default"
    parameters = {"Source": "crisguard.canary", "DetailType": "AWS API Call via CloudTrail"}
    assert target["EventBridgeParameters"] == parameters
    record = json.loads(target["Input"])
    assert record["awsRegion"] == "eu-west-1"
    assert record["eventID"] == "canary-<aws.scheduler.execution-id>", "each is another event"
    assert record["eventTime"] == "<aws.scheduler.scheduled-time>"
    # What the pattern "denied by an SCP" asks for; it stands whatever the policy says.
    assert (record["errorCode"], record["eventName"]) == ("AccessDenied", "Converse")
    assert "service control policy" in record["errorMessage"]


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
