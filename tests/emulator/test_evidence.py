"""What check-posture looks at is there as AWS has it: made by a template or by hand, read back, changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from .emulator import Emulator

HOME = "ap-northeast-1"
NARROW = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "bedrock:InvokeModel", "Resource": "*"}]}
TEMPLATE: dict[str, Any] = {
    "Key": {
        "Type": "AWS::KMS::Key",
        "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}},
    },
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketName": "evidence-of-calls",
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
                        },
                    }
                ]
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "old",
                        "Status": "Enabled",
                        "Prefix": "logs/",
                        "ExpirationInDays": 400,
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                    }
                ]
            },
        },
    },
    "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Endpoint": {
        "Type": "AWS::EC2::VPCEndpoint",
        "Properties": {
            "VpcId": {"Ref": "Network"},
            "VpcEndpointType": "Interface",
            "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.bedrock-runtime"},
            "PrivateDnsEnabled": True,
            "PolicyDocument": NARROW,
        },
    },
}


@pytest.fixture(scope="module")
def stack(aws: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator with the template above deployed."""
    path = tmp_path_factory.mktemp("evidence") / "template.json"
    path.write_text(json.dumps({"Resources": TEMPLATE}), encoding="utf-8")
    aws.deploy(path, stack="evidence")
    yield aws
    aws.client("cloudformation").delete_stack(StackName="evidence")


def test_a_bucket_is_as_its_template_says(stack: Emulator) -> None:
    s3, bucket = stack.client("s3"), {"Bucket": "evidence-of-calls"}
    (rule,) = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].startswith(f"arn:aws:kms:{HOME}:")
    (ownership,) = s3.get_bucket_ownership_controls(**bucket)["OwnershipControls"]["Rules"]
    assert ownership == {"ObjectOwnership": "ObjectWriter"}
    (lifecycle,) = s3.get_bucket_lifecycle_configuration(**bucket)["Rules"]
    assert (lifecycle["Expiration"]["Days"], lifecycle["Filter"]["Prefix"]) == (400, "logs/")
    assert lifecycle["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30


def test_an_endpoint_is_as_its_template_says(stack: Emulator) -> None:
    (endpoint,) = described(stack.client("ec2"), "com.amazonaws.*.bedrock-runtime")
    assert json.loads(endpoint["PolicyDocument"]) == NARROW
    assert endpoint["PrivateDnsEnabled"] is True


def described(ec2: Any, service: str) -> list[dict[str, Any]]:
    """The endpoints of a service, from pages of one each."""
    pages = ec2.get_paginator("describe_vpc_endpoints").paginate(
        Filters=[{"Name": "service-name", "Values": [service]}], PaginationConfig={"PageSize": 1}
    )
    return [endpoint for page in pages for endpoint in page["VpcEndpoints"]]


def test_endpoints_are_listed_by_service_and_changed(aws: Emulator) -> None:
    ec2 = aws.client("ec2", "us-west-2")
    network = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    groups = [ec2.create_security_group(GroupName="in", Description="in", VpcId=network)["GroupId"]]
    service = "com.amazonaws.us-west-2.bedrock-runtime"
    made = [
        ec2.create_vpc_endpoint(VpcId=network, ServiceName=name, VpcEndpointType="Interface", **more)["VpcEndpoint"]
        for name, more in (
            (service, {"SecurityGroupIds": groups, "PrivateDnsEnabled": True, "PolicyDocument": json.dumps(NARROW)}),
            (service, {}),
            ("com.amazonaws.us-west-2.sqs", {}),
        )
    ]
    narrow, wide = described(ec2, service)
    assert (narrow["PrivateDnsEnabled"], [group["GroupId"] for group in narrow["Groups"]]) == (True, groups)
    assert json.loads(narrow["PolicyDocument"]) == NARROW
    (statement,) = json.loads(wide["PolicyDocument"])["Statement"]
    assert (statement["Action"], statement["Principal"], wide["PrivateDnsEnabled"]) == ("*", "*", False)

    ec2.modify_vpc_endpoint(VpcEndpointId=wide["VpcEndpointId"], PolicyDocument=json.dumps(NARROW))
    ec2.modify_vpc_endpoint(VpcEndpointId=narrow["VpcEndpointId"], ResetPolicy=True, PrivateDnsEnabled=False)
    wide_now, narrow_now = described(ec2, service)
    assert json.loads(narrow_now["PolicyDocument"]) == NARROW
    assert json.loads(wide_now["PolicyDocument"])["Statement"] == [statement]
    assert wide_now["PrivateDnsEnabled"] is False
    with pytest.raises(botocore.exceptions.ClientError, match="NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0"])
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"] for endpoint in made])
    assert described(ec2, "*") == []


def test_a_log_group_changes_its_key(aws: Emulator) -> None:
    logs, key = aws.client("logs"), f"arn:aws:kms:{HOME}:{aws.account}:key/0d4a7b6c-1b1c-4d5c-9f0e-2f0c3e9f4a11"
    for name in ("/evidence", "/evidence/more"):
        logs.create_log_group(logGroupName=name)
    (group,) = logs.describe_log_groups(logGroupIdentifiers=["/evidence"])["logGroups"]
    logs.associate_kms_key(logGroupName="/evidence", kmsKeyId=key)
    by_arn = {"logGroupIdentifiers": [group["logGroupArn"]]}
    assert [found.get("kmsKeyId") for found in logs.describe_log_groups(**by_arn)["logGroups"]] == [key]
    logs.disassociate_kms_key(logGroupName="/evidence")
    assert [found.get("kmsKeyId") for found in logs.describe_log_groups(**by_arn)["logGroups"]] == [None]
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.associate_kms_key(logGroupName="/nowhere", kmsKeyId=key)


def test_keys_of_aws_are_found_by_their_alias(aws: Emulator) -> None:
    kms = aws.client("kms")
    for identifier in ("alias/aws/s3", f"arn:aws:kms:{HOME}:{aws.account}:alias/aws/s3"):
        key = kms.describe_key(KeyId=identifier)["KeyMetadata"]
        assert (key["KeyManager"], key["KeyState"]) == ("AWS", "Enabled")
        assert kms.describe_key(KeyId=key["Arn"])["KeyMetadata"]["KeyManager"] == "AWS"
    assert kms.describe_key(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])["KeyMetadata"]["KeyManager"] == "CUSTOMER"
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId="alias/nobody-s")


def test_everything_that_identities_may_do_comes_in_pages(aws: Emulator) -> None:
    iam = aws.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    iam.create_role(RoleName="evidence", AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
    iam.attach_role_policy(RoleName="evidence", PolicyArn="arn:aws:iam::aws:policy/AmazonBedrockFullAccess")
    iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(NARROW))
    whole = iam.get_account_authorization_details()
    assert whole["IsTruncated"] is False
    (role,) = [role for role in whole["RoleDetailList"] if role["RoleName"] == "evidence"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    policies = {policy["PolicyName"]: policy["PolicyVersionList"][0] for policy in whole["Policies"]}
    assert policies["AmazonBedrockFullAccess"]["Document"]["Statement"][0]["Action"] == ["bedrock:*"]
    assert "own" in policies
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 1}))
    for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
        assert [item for page in pages for item in page[name]] == whole[name]
    assert len(pages) > 3
    only = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])
    assert "AmazonBedrockFullAccess" not in {policy["PolicyName"] for policy in only["Policies"]}
