"""What the emulator answers well by itself arrives as it is: each reading is compared with what was written before."""

from __future__ import annotations

import io
import json
import time
from typing import Any
from zipfile import ZipFile, ZipInfo

import botocore.exceptions
import pytest

from tests.emulator import Emulator
from tests.emulator.probe import PROBE

from .conftest import Clients, refusal
from .handle import Answers

TOKYO, VIRGINIA = "ap-northeast-1", "us-east-1"
OTHER_ACCOUNT = {"aws_access_key_id": "444455556666", "aws_secret_access_key": "test"}
ROLE = "arn:aws:iam::111122223333:role/bedrock"
KEY = "arn:aws:kms:ap-northeast-1:111122223333:key/0d4a7b6c-1b1c-4d5c-9f0e-2f0c3e9f4a11"
HERE = {"CreateBucketConfiguration": {"LocationConstraint": TOKYO}}


def test_logging_of_invocations(client: Clients, answers: Answers) -> None:
    bedrock = client("bedrock", TOKYO)
    logging = {
        "cloudWatchConfig": {
            "logGroupName": "/bedrock",
            "roleArn": ROLE,
            "largeDataDeliveryS3Config": {"bucketName": "large-bodies", "keyPrefix": "p"},
        },
        "s3Config": {"bucketName": "bodies"},
        "textDataDeliveryEnabled": True,
        "imageDataDeliveryEnabled": False,
    }
    bedrock.put_model_invocation_logging_configuration(loggingConfig=logging)
    assert bedrock.get_model_invocation_logging_configuration()["loggingConfig"] == logging
    for other in (client("bedrock", VIRGINIA), answers.client("bedrock", TOKYO, OTHER_ACCOUNT)):
        assert "loggingConfig" not in other.get_model_invocation_logging_configuration()
    bedrock.delete_model_invocation_logging_configuration()
    assert "loggingConfig" not in bedrock.get_model_invocation_logging_configuration()


def test_custom_models_with_their_keys(client: Clients) -> None:
    bedrock, source = client("bedrock", TOKYO), {"s3DataSource": {"s3Uri": "s3://models/mine"}}
    arn = bedrock.create_custom_model(modelName="mine", modelSourceConfig=source, modelKmsKeyArn=KEY, roleArn=ROLE)[
        "modelArn"
    ]
    (listed,) = bedrock.list_custom_models()["modelSummaries"]
    assert listed["modelArn"] == arn
    assert bedrock.get_custom_model(modelIdentifier=arn)["modelKmsKeyArn"] == KEY
    assert client("bedrock", VIRGINIA).list_custom_models()["modelSummaries"] == []


def test_agents_and_knowledge_bases(client: Clients) -> None:
    agents, guardrail = client("bedrock-agent", TOKYO), {"guardrailIdentifier": "abc", "guardrailVersion": "1"}
    agent = agents.create_agent(
        agentName="one",
        agentResourceRoleArn=ROLE,
        foundationModel="amazon.nova-lite-v1:0",
        customerEncryptionKeyArn=KEY,
        guardrailConfiguration=guardrail,
    )["agent"]["agentId"]
    assert [summary["agentId"] for summary in agents.list_agents()["agentSummaries"]] == [agent]
    seen = agents.get_agent(agentId=agent)["agent"]
    assert (seen["customerEncryptionKeyArn"], seen["guardrailConfiguration"]) == (KEY, guardrail)
    vector = {"embeddingModelArn": f"arn:aws:bedrock:{TOKYO}::foundation-model/amazon.titan-embed-text-v2:0"}
    base = agents.create_knowledge_base(
        name="one",
        roleArn=ROLE,
        knowledgeBaseConfiguration={"type": "VECTOR", "vectorKnowledgeBaseConfiguration": vector},
    )["knowledgeBase"]["knowledgeBaseId"]
    source = agents.create_data_source(
        knowledgeBaseId=base,
        name="one",
        dataSourceConfiguration={"type": "S3", "s3Configuration": {"bucketArn": "arn:aws:s3:::documents"}},
        serverSideEncryptionConfiguration={"kmsKeyArn": KEY},
    )["dataSource"]["dataSourceId"]
    assert [b["knowledgeBaseId"] for b in agents.list_knowledge_bases()["knowledgeBaseSummaries"]] == [base]
    assert agents.get_knowledge_base(knowledgeBaseId=base)["knowledgeBase"]["roleArn"] == ROLE
    listed = agents.list_data_sources(knowledgeBaseId=base)["dataSourceSummaries"]
    assert [summary["dataSourceId"] for summary in listed] == [source]
    seen = agents.get_data_source(knowledgeBaseId=base, dataSourceId=source)["dataSource"]
    assert seen["serverSideEncryptionConfiguration"] == {"kmsKeyArn": KEY}


def test_buckets_are_ours_or_not_and_here_or_not(client: Clients, answers: Answers) -> None:
    s3 = client("s3", TOKYO)
    s3.create_bucket(Bucket="in-tokyo", **HERE)
    client("s3", VIRGINIA).create_bucket(Bucket="in-virginia")
    answers.client("s3", TOKYO, OTHER_ACCOUNT).create_bucket(Bucket="of-others", **HERE)
    assert {b["Name"]: b["BucketRegion"] for b in s3.list_buckets()["Buckets"]} == {
        "in-tokyo": TOKYO,
        "in-virginia": VIRGINIA,
    }
    answers.reset("calls")
    assert s3.head_bucket(Bucket="in-virginia")["BucketRegion"] == VIRGINIA
    # boto3 goes where it is sent to.
    assert [(call["status"], call["region"]) for call in answers.calls()] == [(301, TOKYO), (200, VIRGINIA)]
    assert refusal(s3.head_bucket, Bucket="of-others") == ("403", 403)
    assert refusal(s3.head_bucket, Bucket="of-nobody") == ("404", 404)
    assert refusal(s3.get_bucket_encryption, Bucket="of-others") == ("AccessDenied", 403)
    assert refusal(s3.get_bucket_encryption, Bucket="of-nobody") == ("NoSuchBucket", 404)


def test_settings_of_a_bucket_until_they_are_deleted(client: Clients) -> None:
    s3, bucket = client("s3", TOKYO), {"Bucket": "with-settings"}
    s3.create_bucket(**bucket, **HERE)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    s3.put_bucket_policy(**bucket, Policy=policy)
    assert json.loads(s3.get_bucket_policy(**bucket)["Policy"]) == json.loads(policy)
    s3.put_bucket_ownership_controls(**bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    (ownership,) = s3.get_bucket_ownership_controls(**bucket)["OwnershipControls"]["Rules"]
    assert ownership == {"ObjectOwnership": "ObjectWriter"}
    assert all(s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"].values())
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 400}}
    s3.put_bucket_lifecycle_configuration(**bucket, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(**bucket)["Rules"] == [rule]
    for delete, get, code in (
        ("delete_bucket_policy", "get_bucket_policy", "NoSuchBucketPolicy"),
        ("delete_bucket_ownership_controls", "get_bucket_ownership_controls", "OwnershipControlsNotFoundError"),
        ("delete_public_access_block", "get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
        ("delete_bucket_lifecycle", "get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    ):
        getattr(s3, delete)(**bucket)
        assert refusal(getattr(s3, get), **bucket) == (code, 404)


def test_objects_of_any_size_pass(client: Clients) -> None:
    """The client waits for leave before it sends a large body, and a HEAD announces what does not come."""
    s3, body = client("s3", TOKYO), b"x" * 3_000_000
    s3.create_bucket(Bucket="with-objects", **HERE)
    began = time.monotonic()
    s3.put_object(Bucket="with-objects", Key="a/key with spaces", Body=body)
    assert time.monotonic() - began < 1, "it waited for leave in vain"
    assert s3.head_object(Bucket="with-objects", Key="a/key with spaces")["ContentLength"] == len(body)
    assert s3.get_object(Bucket="with-objects", Key="a/key with spaces")["Body"].read() == body


def test_keys_and_their_states(client: Clients) -> None:
    kms = client("kms", TOKYO)
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    for identifier in (key["KeyId"], key["Arn"], "alias/mine", f"arn:aws:kms:{TOKYO}:111122223333:alias/mine"):
        assert kms.describe_key(KeyId=identifier)["KeyMetadata"]["Arn"] == key["Arn"]
    for change, state in (
        (lambda: kms.disable_key(KeyId=key["KeyId"]), "Disabled"),
        (lambda: kms.enable_key(KeyId=key["KeyId"]), "Enabled"),
        (lambda: kms.schedule_key_deletion(KeyId=key["KeyId"]), "PendingDeletion"),
    ):
        change()
        assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == state
    assert refusal(client("kms", VIRGINIA).describe_key, KeyId=key["KeyId"])[0] == "NotFoundException"


def test_log_groups_in_pages(client: Clients) -> None:
    logs = client("logs", TOKYO)
    for number in range(3):
        logs.create_log_group(logGroupName=f"/paged/{number}", kmsKeyId=KEY)
        logs.put_retention_policy(logGroupName=f"/paged/{number}", retentionInDays=365)
    pages = list(
        logs.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix="/paged", PaginationConfig={"PageSize": 2}
        )
    )
    assert [[(g["retentionInDays"], g["kmsKeyId"]) for g in page["logGroups"]] for page in pages] == [
        [(365, KEY), (365, KEY)],
        [(365, KEY)],
    ]


def test_trails_and_what_they_select(client: Clients) -> None:
    client("s3", TOKYO).create_bucket(Bucket="trails", **HERE)
    trails, elsewhere = client("cloudtrail", TOKYO), client("cloudtrail", VIRGINIA)
    arn = trails.create_trail(Name="all", S3BucketName="trails", IsMultiRegionTrail=True)["TrailARN"]

    def seen(caller: Any, **which: bool) -> list[str]:
        return [trail["TrailARN"] for trail in caller.describe_trails(**which)["trailList"]]

    assert seen(trails) == seen(elsewhere) == seen(trails, includeShadowTrails=False) == [arn]
    assert seen(elsewhere, includeShadowTrails=False) == []
    trails.start_logging(Name=arn)
    assert elsewhere.get_trail_status(Name=arn)["IsLogging"] is True
    trails.stop_logging(Name=arn)
    assert trails.get_trail_status(Name=arn)["IsLogging"] is False
    basic = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "ExcludeManagementEventSources": []}
    trails.put_event_selectors(TrailName=arn, EventSelectors=[{**basic, "DataResources": []}])
    (selector,) = elsewhere.get_event_selectors(TrailName=arn)["EventSelectors"]
    assert selector["ReadWriteType"] == "WriteOnly"
    fields = [{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["false"]}]
    trails.put_event_selectors(TrailName=arn, AdvancedEventSelectors=[{"Name": "few", "FieldSelectors": fields}])
    (advanced,) = trails.get_event_selectors(TrailName=arn)["AdvancedEventSelectors"]
    assert advanced["FieldSelectors"] == fields
    assert refusal(trails.get_trail_status, Name="none")[0] == "TrailNotFoundException"


def test_metrics_of_bedrock(client: Clients, answers: Answers) -> None:
    answers.count_invocations(TOKYO, "jp.amazon.nova-2-lite-v1:0", 3)
    answers.count_failures(TOKYO, "ModelInvocationLogsS3DeliveryFailure", 2)
    cloudwatch = client("cloudwatch", TOKYO)
    listed = cloudwatch.list_metrics(Namespace="AWS/Bedrock", Dimensions=[{"Name": "ModelId"}])["Metrics"]
    assert [metric["Dimensions"][0]["Value"] for metric in listed] == ["jp.amazon.nova-2-lite-v1:0"]
    metric = {"Namespace": "AWS/Bedrock", "MetricName": "ModelInvocationLogsS3DeliveryFailure"}
    query = {"Id": "failures", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}
    span = {"StartTime": "2020-01-01T00:00:00Z", "EndTime": "2099-01-01T00:00:00Z"}
    (result,) = cloudwatch.get_metric_data(MetricDataQueries=[query], **span)["MetricDataResults"]
    assert sum(result["Values"]) == 2
    assert client("cloudwatch", VIRGINIA).list_metrics(Namespace="AWS/Bedrock")["Metrics"] == []


READS: dict[str, tuple[str, ...]] = {
    "bedrock": (
        "get_account_data_retention",
        "get_model_invocation_logging_configuration",
        "list_custom_models",
        "list_enforced_guardrails_configuration",
        "list_guardrails",
        "list_imported_models",
        "list_inference_profiles",
        "list_model_invocation_jobs",
    ),
    "bedrock-agent": ("list_agents", "list_knowledge_bases"),
    "cloudtrail": ("describe_trails",),
    "cloudwatch": ("list_metrics",),
    "ec2": ("describe_vpc_endpoints",),
    "iam": ("get_account_authorization_details", "list_service_specific_credentials"),
    "logs": ("describe_log_groups",),
    "s3": ("list_buckets",),
}
"""What reads without naming anything."""
NAMED: list[tuple[str, str, dict[str, str]]] = [
    ("bedrock", "get_custom_model", {"modelIdentifier": "mine"}),
    ("bedrock", "get_guardrail", {"guardrailIdentifier": "abc"}),
    ("bedrock", "get_imported_model", {"modelIdentifier": "mine"}),
    ("bedrock", "get_inference_profile", {"inferenceProfileIdentifier": "jp.x"}),
    ("bedrock-agent", "get_agent", {"agentId": "AGENT00001"}),
    ("bedrock-agent", "get_data_source", {"knowledgeBaseId": "BASE000001", "dataSourceId": "SOURCE0001"}),
    ("bedrock-agent", "get_knowledge_base", {"knowledgeBaseId": "BASE000001"}),
    ("bedrock-agent", "list_data_sources", {"knowledgeBaseId": "BASE000001"}),
    ("cloudtrail", "get_event_selectors", {"TrailName": "all"}),
    ("cloudtrail", "get_trail_status", {"Name": "all"}),
    ("kms", "describe_key", {"KeyId": "alias/mine"}),
    ("organizations", "describe_effective_policy", {"PolicyType": "BEDROCK_POLICY"}),
    ("organizations", "describe_organization", {}),
    ("organizations", "describe_policy", {"PolicyId": "p-FullAWSAccess"}),
    ("organizations", "list_parents", {"ChildId": "111122223333"}),
    ("organizations", "list_policies_for_target", {"TargetId": "r-ab12", "Filter": "SERVICE_CONTROL_POLICY"}),
    ("organizations", "list_roots", {}),
    ("s3", "get_bucket_encryption", {"Bucket": "guarded"}),
    ("s3", "get_bucket_lifecycle_configuration", {"Bucket": "guarded"}),
    ("s3", "get_bucket_ownership_controls", {"Bucket": "guarded"}),
    ("s3", "get_bucket_policy", {"Bucket": "guarded"}),
    ("s3", "get_public_access_block", {"Bucket": "guarded"}),
    ("s3", "head_bucket", {"Bucket": "guarded"}),
    ("s3control", "get_public_access_block", {"AccountId": "111122223333"}),
]


def test_who_lacks_a_permission_is_refused_by_its_name(client: Clients, answers: Answers, aws: Emulator) -> None:
    client("s3", TOKYO).create_bucket(Bucket="guarded", **HERE)
    iam = aws.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    nobody = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    answers.reset("calls")
    unnamed: dict[str, str] = {}
    calls = [(service, operation, unnamed) for service, operations in READS.items() for operation in operations]
    for service, operation, arguments in [*calls, *NAMED]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            getattr(answers.client(service, TOKYO, nobody), operation)(**arguments)
        if operation != "head_bucket":
            assert f"perform: {answers.calls()[-1]['action']} " in f"{refused.value} "
    assert {(call["by"], call["status"] in (400, 403)) for call in answers.calls()} == {("emulator", True)}


@pytest.fixture
def function(aws: Emulator) -> str:
    """A function in the emulator that makes the calls that it is told to, as its own role."""
    service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [service]})
    iam = aws.client("iam")
    role = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": "bedrock:GetAccountDataRetention", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    iam.put_role_policy(RoleName="caller", PolicyName="one", PolicyDocument=policy)
    packed, entry = io.BytesIO(), ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    with ZipFile(packed, "w") as archive:
        archive.writestr(entry, PROBE)
    aws.client("lambda").create_function(
        FunctionName="caller",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=role,
        Code={"ZipFile": packed.getvalue()},
        Timeout=60,
    )
    return "caller"


def test_functions_call_through_the_server(client: Clients, answers: Answers, aws: Emulator, function: str) -> None:
    """With their role's session, which the emulator knows; what their role lacks is refused."""
    answers.fail("HTTP 500", service="bedrock", region=VIRGINIA, operation="GetAccountDataRetention")
    calls: list[tuple[str, str, str, dict[str, Any]]] = [
        ("bedrock", TOKYO, "get_account_data_retention", {}),
        ("bedrock", VIRGINIA, "get_account_data_retention", {}),
        ("bedrock", TOKYO, "list_enforced_guardrails_configuration", {}),
    ]
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps({"calls": calls}))
    assert json.load(answer["Payload"]) == ["", "InternalFailure", "AccessDeniedException"]
    assert [(call["operation"], call["by"]) for call in answers.calls(region=TOKYO)] == [
        ("GetAccountDataRetention", "answers"),
        ("ListEnforcedGuardrailsConfiguration", "emulator"),
    ]
    assert {call["account"] for call in answers.calls(region=TOKYO)} == {aws.account}
    client("bedrock", TOKYO).get_account_data_retention()
    assert (answers.repeated(session=True), len(answers.repeated())) == ({}, 1)
