"""What proves, in one Region, what was asked and answered: as infra/invocation-logging.yaml makes it, made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# A client of a service in a Region.
Client = Callable[[str, str], Any]
DAYS = 400
MODALITIES = ("text", "image", "embedding", "video", "audio")
SERVICE = "bedrock.amazonaws.com"


@dataclass(frozen=True)
class Evidence:
    """A bucket, a log group and their key; model invocation logging delivers to both."""

    account: str
    region: str
    bucket: str
    log_group: str
    key: str

    @classmethod
    def make(cls, client: Client, account: str, region: str) -> Evidence:
        """Makes all of it, and turns logging on."""
        key = client("kms", region).create_key(Description="logs of Bedrock's invocations")["KeyMetadata"]["Arn"]
        made = cls(account, region, f"bedrock-logs-{account}-{region}", "/bedrock/invocations", key)
        made.make_bucket(client)
        logs = client("logs", region)
        logs.create_log_group(logGroupName=made.log_group, kmsKeyId=key)
        logs.put_retention_policy(logGroupName=made.log_group, retentionInDays=DAYS)
        made.turn_on(client)
        return made

    def make_bucket(self, client: Client) -> None:
        """A bucket that is private and kept, and that Bedrock writes to for this account alone."""
        s3, here = client("s3", self.region), {"LocationConstraint": self.region}
        elsewhere = self.region != "us-east-1"
        s3.create_bucket(Bucket=self.bucket, **({"CreateBucketConfiguration": here} if elsewhere else {}))
        self.encrypt(client, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key})
        blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
        owner = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        s3.put_bucket_ownership_controls(Bucket=self.bucket, OwnershipControls=owner)
        s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(self._policy()))
        rule = {"ID": "kept", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": DAYS}}
        s3.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration={"Rules": [rule]})

    def encrypt(self, client: Client, by: dict[str, str]) -> None:
        """Encrypts the bucket otherwise."""
        rule = {"ApplyServerSideEncryptionByDefault": by}
        client("s3", self.region).put_bucket_encryption(
            Bucket=self.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
        )

    def turn_on(self, client: Client, **delivers: bool) -> None:
        """Turns logging on, of every kind of data but those that are said not to be delivered."""
        role = f"arn:aws:iam::{self.account}:role/bedrock-logs"
        large = {"largeDataDeliveryS3Config": {"bucketName": self.bucket}}
        client("bedrock", self.region).put_model_invocation_logging_configuration(
            loggingConfig={
                "s3Config": {"bucketName": self.bucket},
                "cloudWatchConfig": {"logGroupName": self.log_group, "roleArn": role, **large},
                **{f"{kind}DataDeliveryEnabled": delivers.get(kind, True) for kind in MODALITIES},
            }
        )

    def turn_off(self, client: Client) -> None:
        """Turns logging off; what was logged stays."""
        client("bedrock", self.region).delete_model_invocation_logging_configuration()

    def delete_destinations(self, client: Client) -> None:
        """Deletes what logging delivers to, and leaves it on."""
        client("s3", self.region).delete_bucket(Bucket=self.bucket)
        client("logs", self.region).delete_log_group(logGroupName=self.log_group)

    def _policy(self) -> dict[str, Any]:
        bucket = f"arn:aws:s3:::{self.bucket}"
        writes = {
            "Sid": "BedrockWritesForThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "s3:PutObject",
            "Resource": f"{bucket}/AWSLogs/{self.account}/BedrockModelInvocationLogs/*",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": self.account},
                "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:{self.region}:{self.account}:*"},
            },
        }
        plain = {
            "Sid": "RequireTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return {"Version": "2012-10-17", "Statement": [writes, plain]}


def record_trail(client: Client, region: str) -> str:
    """A trail that records every management event in every Region; returns its ARN."""
    bucket = f"trail-{region}"
    client("s3", region).create_bucket(
        Bucket=bucket,
        **({"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}),
    )
    trails = client("cloudtrail", region)
    arn: str = trails.create_trail(Name="everything", S3BucketName=bucket, IsMultiRegionTrail=True)["TrailARN"]
    trails.start_logging(Name=arn)
    return arn
