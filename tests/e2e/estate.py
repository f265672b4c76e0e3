"""What good looks like, made by hand: the evidence of a Region, and one of everything else that is judged."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.answers import Answers

from .records import ACCOUNT, HOME, STAYS

# A key of its own for each Region; what encrypts with it is made with it.
OTHER_ACCOUNT = {"aws_access_key_id": "444455556666", "aws_secret_access_key": "test"}
MODALITIES = ("text", "image", "embedding", "video", "audio")
BLOCKED = {"blockedInputMessaging": "no", "blockedOutputsMessaging": "no"}
EVERY_WAY = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
# The account blocks two of the four ways, and each bucket all of them but two: both settings are needed.
BY_THE_ACCOUNT = {**EVERY_WAY, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
BY_THE_BUCKET = {**EVERY_WAY, "BlockPublicAcls": False, "IgnorePublicAcls": False}


@dataclass
class Evidence:
    """The evidence of one Region: where its invocations are logged, with everything that the policy asks for."""

    answers: Answers
    region: str
    key: str = ""
    network: str = ""
    endpoint: str = ""
    guardrail: str = ""
    enforced: str = ""
    made: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """A client of the administrator in the Region."""
        return self.answers.client(service, self.region)

    @property
    def bucket(self) -> str:
        """The bucket of invocations."""
        return f"invocations-{self.region}"

    @property
    def large(self) -> str:
        """The bucket of what a log group does not take."""
        return f"large-{self.region}"

    @property
    def log_group(self) -> str:
        """The log group of invocations."""
        return f"/invocations/{self.region}"

    # -- making ------------------------------------------------------------------------

    def stand(self) -> Evidence:
        """Makes everything that the policy asks of a Region in which Bedrock is used."""
        self.key = self.make_key()
        for name in (self.bucket, self.large):
            self.make_bucket(name)
        self.make_log_group()
        self.configure()
        self.make_endpoint()
        self.enforce_a_guardrail()
        return self

    def make_key(self) -> str:
        """A customer-managed key's ARN."""
        arn: str = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        return arn

    def make_bucket(self, name: str) -> None:
        """A bucket as it must be."""
        s3 = self.client("s3")
        here = {"LocationConstraint": self.region}
        s3.create_bucket(Bucket=name, **({} if self.region == "us-east-1" else {"CreateBucketConfiguration": here}))
        self.encrypt(name, SSEAlgorithm="aws:kms", KMSMasterKeyID=self.key)
        self.own(name)
        self.block(name)
        self.put_policy(name, requires_tls(name), bedrock_writes(name))
        rule = {"ID": "kept", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}}
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})

    def encrypt(self, name: str, **by_default: str) -> None:
        """Sets how a bucket encrypts."""
        rules = [{"ApplyServerSideEncryptionByDefault": by_default}]
        self.client("s3").put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})

    def own(self, name: str, ownership: str = "BucketOwnerEnforced") -> None:
        """Sets who owns what is put into a bucket."""
        controls = {"Rules": [{"ObjectOwnership": ownership}]}
        self.client("s3").put_bucket_ownership_controls(Bucket=name, OwnershipControls=controls)

    def block(self, name: str, ways: dict[str, bool] | None = None) -> None:
        """Sets what a bucket blocks of public access."""
        self.client("s3").put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=ways or EVERY_WAY)

    def put_policy(self, name: str, *statements: dict[str, Any]) -> None:
        """Sets a bucket's policy."""
        self.client("s3").put_bucket_policy(Bucket=name, Policy=policy(*statements))

    def make_log_group(self) -> None:
        """A log group as it must be."""
        logs = self.client("logs")
        logs.create_log_group(logGroupName=self.log_group, kmsKeyId=self.key)
        logs.put_retention_policy(logGroupName=self.log_group, retentionInDays=400)

    def configure(self, **changes: Any) -> None:
        """Has Bedrock log invocations, as it must or with changes of the configuration; `None` leaves out."""
        configuration: dict[str, Any] = {
            "s3Config": {"bucketName": self.bucket},
            "cloudWatchConfig": {
                "logGroupName": self.log_group,
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/writes-invocations",
                "largeDataDeliveryS3Config": {"bucketName": self.large},
            },
            **{f"{modality}DataDeliveryEnabled": True for modality in MODALITIES},
            **changes,
        }
        kept = {name: value for name, value in configuration.items() if value is not None}
        self.client("bedrock").put_model_invocation_logging_configuration(loggingConfig=kept)

    @contextlib.contextmanager
    def configured(self, **changes: Any) -> Iterator[None]:
        """Meanwhile invocations are logged otherwise."""
        self.configure(**changes)
        try:
            yield
        finally:
            self.configure()

    def switch_off(self) -> None:
        """Has Bedrock log no invocations."""
        self.client("bedrock").delete_model_invocation_logging_configuration()

    def make_endpoint(self) -> None:
        """A VPC endpoint that only the account's principals can use."""
        ec2 = self.client("ec2")
        self.network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        own = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
        endpoint = ec2.create_vpc_endpoint(
            VpcId=self.network,
            ServiceName=f"com.amazonaws.{self.region}.bedrock-runtime",
            VpcEndpointType="Interface",
            PolicyDocument=policy(allow("*", "bedrock:InvokeModel", "*", Condition=own)),
        )
        self.endpoint = endpoint["VpcEndpoint"]["VpcEndpointId"]

    def enforce_a_guardrail(self) -> None:
        """A guardrail for every call."""
        bedrock = self.client("bedrock")
        self.guardrail = bedrock.create_guardrail(name="everywhere", **BLOCKED)["guardrailId"]
        version = bedrock.create_guardrail_version(guardrailIdentifier=self.guardrail)["version"]
        asked = {"guardrailIdentifier": self.guardrail, "guardrailVersion": version}
        self.enforced = bedrock.put_enforced_guardrail_configuration(guardrailInferenceConfig=asked)["configId"]


def statement(effect: str, principal: Any, action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource, **more}


def allow(principal: Any, action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return statement("Allow", principal, action, resource, **more)


def policy(*statements: dict[str, Any]) -> str:
    """A policy as it is written."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def requires_tls(bucket: str) -> dict[str, Any]:
    """The statement that refuses requests without TLS."""
    arn = f"arn:aws:s3:::{bucket}"
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    return statement("Deny", "*", "s3:*", [arn, f"{arn}/*"], Condition=plain)


def bedrock_writes(bucket: str, account: str | None = ACCOUNT) -> dict[str, Any]:
    """The statement that lets Bedrock write for an account, or (`None`) for any."""
    resource = f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/*"
    held = {"Condition": {"StringEquals": {"aws:SourceAccount": account}}} if account else {}
    return allow({"Service": "bedrock.amazonaws.com"}, "s3:PutObject", resource, **held)


def make_a_trail(answers: Answers, credentials: dict[str, str] | None = None, bucket: str = "trails") -> str:
    """A trail that records every call in every Region; its ARN."""
    s3, trails = answers.client("s3", HOME, credentials), answers.client("cloudtrail", HOME, credentials)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": HOME})
    arn: str = trails.create_trail(Name="all", S3BucketName=bucket, IsMultiRegionTrail=True)["TrailARN"]
    trails.start_logging(Name=arn)
    return arn


def make_one_of_everything(evidence: Evidence) -> None:
    """A model, an agent, a knowledge base … in a Region, each as it must be, and who may do what in the account."""
    bedrock, agents, iam = evidence.client("bedrock"), evidence.client("bedrock-agent"), evidence.client("iam")
    role, key = f"arn:aws:iam::{ACCOUNT}:role/bedrock", evidence.key
    there = {"s3DataSource": {"s3Uri": "s3://models/mine"}}
    bedrock.create_custom_model(modelName="mine", modelSourceConfig=there, modelKmsKeyArn=key, roleArn=role)
    bedrock.create_model_import_job(
        jobName="import",
        importedModelName="theirs",
        roleArn=role,
        modelDataSource=there,
        importedModelKmsKeyId=key,
    )
    bedrock.create_model_invocation_job(
        jobName="batch",
        roleArn=role,
        modelId="amazon.nova-lite-v1:0",
        inputDataConfig={"s3InputDataConfig": {"s3Uri": f"s3://{evidence.bucket}/in/"}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://{evidence.bucket}/out/"}},
    )
    copied = f"arn:aws:bedrock:{evidence.region}:{ACCOUNT}:inference-profile/{STAYS}"
    bedrock.create_inference_profile(inferenceProfileName="team", modelSource={"copyFrom": copied})
    agents.create_agent(
        agentName="helper",
        agentResourceRoleArn=role,
        foundationModel="amazon.nova-lite-v1:0",
        customerEncryptionKeyArn=key,
        guardrailConfiguration={"guardrailIdentifier": evidence.guardrail, "guardrailVersion": "1"},
    )
    model = f"arn:aws:bedrock:{evidence.region}::foundation-model/amazon.titan-embed-text-v2:0"
    base = agents.create_knowledge_base(
        name="handbook",
        roleArn=role,
        knowledgeBaseConfiguration={
            "type": "VECTOR",
            "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": model},
        },
    )["knowledgeBase"]["knowledgeBaseId"]
    agents.create_data_source(
        knowledgeBaseId=base,
        name="documents",
        dataSourceConfiguration={"type": "S3", "s3Configuration": {"bucketArn": "arn:aws:s3:::documents"}},
        serverSideEncryptionConfiguration={"kmsKeyArn": key},
    )
    block = {"AccountId": ACCOUNT, "PublicAccessBlockConfiguration": BY_THE_ACCOUNT}
    evidence.client("s3control").put_public_access_block(**block)
    for name in (evidence.bucket, evidence.large):
        evidence.block(name, BY_THE_BUCKET)
    service = "bedrock.amazonaws.com"
    iam.create_user(UserName="tester")
    iam.create_service_specific_credential(UserName="tester", ServiceName=service, CredentialAgeDays=30)
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    for name, action, resource in (
        ("calls-one-model", "bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0"),
        ("keeps-the-evidence", ["bedrock:*LoggingConfiguration", "cloudtrail:*"], "*"),
    ):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        may = policy({"Effect": "Allow", "Action": action, "Resource": resource})
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=may)
