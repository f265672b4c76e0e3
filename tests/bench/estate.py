"""An account in which every area of settings has something to look at, in each of its Regions."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.answers import Answers
from tests.demo.evidence import Evidence, record_trail

from .events import ACCOUNT, REGION

# Those that no account has to enable: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/bedrock"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
# As many rules as a deployment has in a Region.
RULES = (
    *(f"crisguard-forward-{number}" for number in range(1, 6)),
    *("crisguard-seen-calls", "crisguard-seen-completions"),
    *(f"crisguard-change-{of}" for of in ("bedrock", "logs", "s3", "kms", "cloudtrail", "ec2", "events")),
)
NARROW = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "bedrock:InvokeModel",
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
}


def make(answers: Answers, progress: Callable[[str], None]) -> None:
    """Makes everything."""
    for number, region in enumerate(REGIONS, start=1):
        progress(f"settings: Region {number} of {len(REGIONS)}")
        evidence = Evidence.make(answers.client, ACCOUNT, region)
        guardrail = _guardrails(answers, region)
        _models(answers, region, evidence)
        _agents(answers, region, evidence, guardrail)
        _network(answers, region)
        _rules(answers, region)
        answers.count_invocations(region, HAIKU, number)
    record_trail(answers.client, REGION)
    _identities(answers)


def _guardrails(answers: Answers, region: str) -> str:
    bedrock, identity = answers.client("bedrock", region), ""
    for name in ("chat", "agents"):
        words = {"wordsConfig": [{"text": "secret"}]}
        identity = bedrock.create_guardrail(
            name=name, blockedInputMessaging="no", blockedOutputsMessaging="no", wordPolicyConfig=words
        )["guardrailId"]
        bedrock.create_guardrail_version(guardrailIdentifier=identity)
    bedrock.put_enforced_guardrail_configuration(
        guardrailInferenceConfig={"guardrailIdentifier": identity, "guardrailVersion": "1"}
    )
    return identity


def _models(answers: Answers, region: str, evidence: Evidence) -> None:
    bedrock, place = answers.client("bedrock", region), {"s3Uri": f"s3://{evidence.bucket}/models"}
    bedrock.create_custom_model(
        modelName="tuned", modelSourceConfig={"s3DataSource": place}, modelKmsKeyArn=evidence.key, roleArn=ROLE
    )
    bedrock.create_model_import_job(
        jobName="import",
        importedModelName="imported",
        roleArn=ROLE,
        modelDataSource={"s3DataSource": place},
        importedModelKmsKeyId=evidence.key,
    )
    bedrock.create_model_invocation_job(
        jobName="nightly",
        roleArn=ROLE,
        modelId=HAIKU,
        inputDataConfig={"s3InputDataConfig": {"s3Uri": f"s3://{evidence.bucket}/in"}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://{evidence.bucket}/out"}},
    )
    model = f"arn:aws:bedrock:{region}::foundation-model/{HAIKU}"
    bedrock.create_inference_profile(inferenceProfileName="billing", modelSource={"copyFrom": model})


def _agents(answers: Answers, region: str, evidence: Evidence, guardrail: str) -> None:
    agents = answers.client("bedrock-agent", region)
    for name in ("help-desk", "research"):
        agents.create_agent(
            agentName=name,
            agentResourceRoleArn=ROLE,
            foundationModel=HAIKU,
            customerEncryptionKeyArn=evidence.key,
            guardrailConfiguration={"guardrailIdentifier": guardrail, "guardrailVersion": "1"},
        )
    embedding = f"arn:aws:bedrock:{region}::foundation-model/amazon.titan-embed-text-v2:0"
    base = agents.create_knowledge_base(
        name="manuals",
        roleArn=ROLE,
        knowledgeBaseConfiguration={
            "type": "VECTOR",
            "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": embedding},
        },
    )["knowledgeBase"]["knowledgeBaseId"]
    agents.create_data_source(
        knowledgeBaseId=base,
        name="documents",
        dataSourceConfiguration={"type": "S3", "s3Configuration": {"bucketArn": f"arn:aws:s3:::{evidence.bucket}"}},
        serverSideEncryptionConfiguration={"kmsKeyArn": evidence.key},
    )


def _network(answers: Answers, region: str) -> None:
    ec2 = answers.client("ec2", region)
    network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_vpc_endpoint(
        VpcId=network,
        ServiceName=f"com.amazonaws.{region}.bedrock-runtime",
        VpcEndpointType="Interface",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [NARROW]}),
    )


def _rules(answers: Answers, region: str) -> None:
    events, bus = answers.client("events", region), f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/crisguard"
    for name in RULES:
        events.put_rule(Name=name, EventPattern='{"source":["aws.bedrock"]}')
        if "seen" not in name:
            events.put_targets(Rule=name, Targets=[{"Id": "crisguard-bus", "Arn": bus, "RoleArn": ROLE}])
    if region == REGION:
        events.create_event_bus(Name="crisguard")
        for name in ("crisguard-events", "crisguard-changes"):
            events.put_rule(Name=name, EventBusName="crisguard", EventPattern='{"source":[{"prefix":"aws."}]}')


def _identities(answers: Answers) -> None:
    iam = answers.client("iam", REGION)
    allow = {"Effect": "Allow", "Action": "bedrock:InvokeModel*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    for name in ("alice", "bob"):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="models", PolicyDocument=policy)
        iam.create_service_specific_credential(UserName=name, ServiceName="bedrock.amazonaws.com", CredentialAgeDays=30)
