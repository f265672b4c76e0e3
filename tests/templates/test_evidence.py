"""What good looks like: invocation logging and a private endpoint as crisguard's controls ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from .permissions import Request, as_list, statement_matches
from .rendering import ACCOUNT, STACK_NUMBER, Stack, invocation_logging, load, vpc_endpoint

LOGGING = invocation_logging()
FOREIGN = "999999999999"
HERE, NEAR, FAR = "ap-northeast-1", "ap-northeast-3", "us-east-1"
CALLER = f"arn:aws:iam::{ACCOUNT}:role/application"


def test_bucket_is_encrypted_private_and_kept() -> None:
    p = LOGGING.resources["Invocations"].properties
    (rule,) = p["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key = LOGGING.resources["Key"].arn
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert p["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert p["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert p["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "LoggingConfiguration" not in p


def test_bedrock_writes_for_this_account_and_region_alone() -> None:
    policy = LOGGING.resources["InvocationsPolicy"].properties["PolicyDocument"]["Statement"]
    bucket = LOGGING.resources["Invocations"].arn
    allowed, denied = policy
    assert allowed["Effect"] == "Allow"
    assert allowed["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert allowed["Action"] == "s3:PutObject"
    assert allowed["Resource"] == f"{bucket}/AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/*"
    of_this_account = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:*"},
    }
    assert allowed["Condition"] == of_this_account
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", "s3:*")
    assert denied["Resource"] == [bucket, f"{bucket}/*"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (trust,) = LOGGING.resources["DeliveryRole"].properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == of_this_account
    by_sid = {s["Sid"]: s for s in LOGGING.resources["Key"].properties["KeyPolicy"]["Statement"]}
    delivers = by_sid["BedrockDeliversEncrypted"]
    assert (delivers["Action"], delivers["Condition"]) == ("kms:GenerateDataKey", of_this_account)


def test_everything_is_kept_as_long_as_asked_and_outlives_the_stack() -> None:
    stack = invocation_logging(RetentionDays="731")
    kept, markers = stack.resources["Invocations"].properties["LifecycleConfiguration"]["Rules"]
    assert (kept["ExpirationInDays"], kept["NoncurrentVersionExpiration"]["NoncurrentDays"]) == ("731", "731")
    assert markers["ExpiredObjectDeleteMarker"] is True
    log = stack.resources["InvocationsLog"].properties
    assert (log["RetentionInDays"], log["KmsKeyId"]) == ("731", stack.resources["Key"].arn)
    assert stack.resources["Key"].properties["EnableKeyRotation"] is True
    outlives = {r.path for r in stack.resources.values() if r.deletion_policy == "RetainExceptOnCreate"}
    assert outlives == {"Key", "Invocations", "InvocationsPolicy", "InvocationsLog"}
    # Another stack can stand beside what was kept.
    assert "BucketName" not in stack.resources["Invocations"].properties
    assert STACK_NUMBER in log["LogGroupName"]


def test_logging_is_turned_on_with_all_of_it_once_bedrock_may_write() -> None:
    p = dict(LOGGING.resources["Logging"].properties)
    bucket = LOGGING.resources["Invocations"].arn.rsplit(":", 1)[-1]
    assert p.pop("ServiceToken") == LOGGING.resources["Function"].arn
    assert int(p.pop("ServiceTimeout")) > LOGGING.resources["Function"].properties["Timeout"]
    assert p == {
        "BucketName": bucket,
        "LargeDataBucketName": bucket,
        "LogGroupName": f"/crisguard/invocations/{STACK_NUMBER}",
        "RoleArn": LOGGING.resources["DeliveryRole"].arn,
        "Modalities": ["text", "image", "embedding", "video", "audio"],
        "Revision": "1",
    }
    assert load("invocation-logging.yaml")["Resources"]["Logging"]["DependsOn"] == "InvocationsPolicy"
    assert LOGGING.resources["Function"].properties["Environment"]["Variables"] == {"CRISGUARD_LOG_LEVEL": "info"}


def statements(stack: Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.resources["Endpoint"].properties["PolicyDocument"]["Statement"]
    return found


def lets_through(stack: Stack, resource: str, action: str = "bedrock:InvokeModel", who: str = CALLER) -> bool:
    request = Request(who, action, resource)
    return any(s["Effect"] == "Allow" and statement_matches(s, request) for s in statements(stack))


def model(region: str) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/amazon.nova-lite-v1:0"


def profile(account: str = ACCOUNT, kind: str = "inference-profile") -> str:
    return f"arn:aws:bedrock:{HERE}:{account}:{kind}/jp.amazon.nova-2-lite-v1:0"


@pytest.mark.parametrize("action", ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"])
def test_endpoint_lets_this_account_invoke_in_the_allowed_regions(action: str) -> None:
    stack = vpc_endpoint(ModelRegions=f"{HERE},{NEAR}")
    for resource in (profile(), profile(kind="application-inference-profile"), model(HERE), model(NEAR)):
        assert lets_through(stack, resource, action)
        assert not lets_through(stack, resource, action, who=CALLER.replace(ACCOUNT, FOREIGN))
    # Neither elsewhere, nor wherever the model of a global profile is.
    for resource in (model(FAR), model(""), profile(FOREIGN)):
        assert not lets_through(stack, resource, action)


def test_endpoint_leads_to_this_region_alone_unless_told_otherwise() -> None:
    assert lets_through(vpc_endpoint(), model(HERE))
    assert not lets_through(vpc_endpoint(), model(NEAR))


def test_endpoint_lets_nothing_else_through() -> None:
    stack = vpc_endpoint(ModelRegions=HERE)
    for action in ("bedrock:ApplyGuardrail", "bedrock:InvokeAgent", "bedrock:StartAsyncInvoke", "s3:GetObject"):
        assert not lets_through(stack, model(HERE), action)
    for statement in statements(stack):
        assert "*" not in as_list(statement["Resource"])
        assert statement["Action"] == ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
        assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}


def test_endpoint_leads_to_named_models_and_profiles_alone() -> None:
    stack = vpc_endpoint(ModelArns=f"{model(HERE)},{model(NEAR)}", ProfileArns=profile())
    named = [as_list(s["Resource"]) for s in statements(stack)]
    assert named == [[profile()], [model(HERE), model(NEAR)]]


def test_endpoint_speaks_of_its_own_partition() -> None:
    stack = vpc_endpoint("aws-us-gov", ModelRegions="us-gov-west-1,us-gov-east-1")
    (_, models) = statements(stack)
    assert models["Resource"] == [
        f"arn:aws-us-gov:bedrock:us-gov-{side}-1::foundation-model/*" for side in ("west", "east")
    ]


def test_endpoint_is_reached_by_https_from_the_vpc_alone() -> None:
    stack = vpc_endpoint(VpcCidr="10.9.0.0/16")
    group = stack.resources["SecurityGroup"].properties
    (inward,) = group["SecurityGroupIngress"]
    (outward,) = group["SecurityGroupEgress"]
    assert (inward["IpProtocol"], inward["FromPort"], inward["ToPort"]) == ("tcp", 443, 443)
    assert (inward["CidrIp"], outward["CidrIp"]) == ("10.9.0.0/16", "127.0.0.1/32")
    endpoint = stack.resources["Endpoint"].properties
    assert endpoint["ServiceName"] == f"com.amazonaws.{HERE}.bedrock-runtime"
    assert (endpoint["VpcEndpointType"], endpoint["PrivateDnsEnabled"]) == ("Interface", "true")
    assert endpoint["SubnetIds"] == ["subnet-1", "subnet-2"]
