"""What people make in Bedrock and around it: models, agents, knowledge bases, batch jobs, endpoints, roles, API keys.

Each test finds the control compliant and breaks one thing as people do.
"""

from __future__ import annotations

from typing import Any

import pytest

from .deployment import ABROAD, Deployment, decided
from .estate import OTHER_ACCOUNT, Evidence, allow, policy
from .looking import COMPLIANT, problems
from .records import ACCOUNT, HOME

ROLE = f"arn:aws:iam::{ACCOUNT}:role/bedrock"

# -- models, agents, knowledge bases, batch jobs --------------------------------------------


def test_a_custom_model_has_no_key(looking: Deployment, abroad: Evidence) -> None:
    """A model repeats what it was trained on: its key is the customer's, or it is told."""
    control, bedrock = "custom-model-encrypted", abroad.client("bedrock")
    model = {"modelSourceConfig": {"s3DataSource": {"s3Uri": "s3://models/mine"}}, "roleArn": ROLE}
    bedrock.create_custom_model(modelName="good", **model, modelKmsKeyArn=abroad.key)
    assert decided(looking, control)["reason"]["kind"] == "as_asked"
    arn = bedrock.create_custom_model(modelName="open", **model)["modelArn"]
    assert problems(decided(looking, control)) == [("without_customer_key", [arn])]


def test_an_imported_model_has_no_key(looking: Deployment, abroad: Evidence) -> None:
    """The same of a model that was made elsewhere."""
    control, bedrock = "imported-model-encrypted", abroad.client("bedrock")
    job = {"roleArn": ROLE, "modelDataSource": {"s3DataSource": {"s3Uri": "s3://models/theirs"}}}
    bedrock.create_model_import_job(jobName="good", importedModelName="good", **job, importedModelKmsKeyId=abroad.key)
    assert decided(looking, control)["reason"]["kind"] == "as_asked"
    bedrock.create_model_import_job(jobName="open", importedModelName="open", **job)
    arns = {m["modelName"]: m["modelArn"] for m in bedrock.list_imported_models()["modelSummaries"]}
    assert problems(decided(looking, control)) == [("without_customer_key", [arns["open"]])]


def test_an_agent_has_no_guardrail_and_no_key(looking: Deployment, abroad: Evidence) -> None:
    """Each is told by a control of its own."""
    controls, agents = ("agent-encrypted", "agent-has-guardrail"), abroad.client("bedrock-agent")
    agent = {"agentResourceRoleArn": ROLE, "foundationModel": "amazon.nova-lite-v1:0"}
    checked = {"guardrailConfiguration": {"guardrailIdentifier": abroad.guardrail, "guardrailVersion": "1"}}
    agents.create_agent(agentName="good", **agent, customerEncryptionKeyArn=abroad.key, **checked)
    looked = looking.glance(*controls, regions=[ABROAD]).at(ABROAD)
    assert {name: looked[name]["reason"]["kind"] for name in controls} == dict.fromkeys(controls, "as_asked")
    identity = agents.create_agent(agentName="open", **agent)["agent"]["agentId"]
    looked = looking.glance(*controls, regions=[ABROAD]).at(ABROAD)
    agents.delete_agent(agentId=identity, skipResourceInUseCheck=True)
    assert problems(looked["agent-encrypted"]) == [("without_customer_key", [identity])]
    assert problems(looked["agent-has-guardrail"]) == [("without_guardrail", [identity])]


def test_a_data_source_has_no_key(looking: Deployment, abroad: Evidence) -> None:
    """What a knowledge base reads is copied on its way, under the key of its data source."""
    control, agents = "knowledge-base-encrypted", abroad.client("bedrock-agent")
    model = f"arn:aws:bedrock:{ABROAD}::foundation-model/amazon.titan-embed-text-v2:0"
    vectors = {"type": "VECTOR", "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": model}}
    base = agents.create_knowledge_base(name="handbook", roleArn=ROLE, knowledgeBaseConfiguration=vectors)[
        "knowledgeBase"
    ]["knowledgeBaseId"]
    documents = {"type": "S3", "s3Configuration": {"bucketArn": "arn:aws:s3:::documents"}}
    source = {"knowledgeBaseId": base, "dataSourceConfiguration": documents}
    own = {"serverSideEncryptionConfiguration": {"kmsKeyArn": abroad.key}}
    agents.create_data_source(name="good", **source, **own)
    assert decided(looking, control)["reason"]["kind"] == "as_asked"
    identity = agents.create_data_source(name="open", **source)["dataSource"]["dataSourceId"]
    assert problems(decided(looking, control)) == [("without_customer_key", [f"{base}/{identity}"])]


def test_a_batch_job_writes_elsewhere(looking: Deployment, abroad: Evidence) -> None:
    """Prompts and answers stand in the job's output: its bucket is here, or where prompts may be."""
    control, bedrock = "batch-output-in-region", abroad.client("bedrock")
    job = {
        "roleArn": ROLE,
        "modelId": "amazon.nova-lite-v1:0",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": f"s3://{abroad.bucket}/in/"}},
    }

    def writes(name: str, bucket: str) -> str:
        output = {"s3OutputDataConfig": {"s3Uri": f"s3://{bucket}/out/"}}
        arn: str = bedrock.create_model_invocation_job(jobName=name, **job, outputDataConfig=output)["jobArn"]
        return arn

    there = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    looking.answers.client("s3", "eu-west-1").create_bucket(Bucket="output-abroad", **there)
    theirs = looking.answers.client("s3", "eu-west-1", OTHER_ACCOUNT)
    theirs.create_bucket(Bucket="output-of-others", **there)
    writes("here", abroad.bucket)
    assert decided(looking, control)["reason"]["kind"] == "as_asked"
    jobs = {bucket: writes(bucket, bucket) for bucket in ("output-abroad", "output-of-others")}
    found = decided(looking, control)
    assert sorted(name for _, resources in problems(found) for name in resources) == sorted(jobs.values())
    for bucket in jobs:
        assert f"the bucket {bucket} in eu-west-1" in found["explanation"]


# -- the network and identities -------------------------------------------------------------


def test_an_endpoint_lets_everything_through(looking: Deployment, abroad: Evidence) -> None:
    """A private way with AWS's default policy leads to everybody's models."""
    ec2 = abroad.client("ec2")
    controls = ("vpc-endpoint-present", "vpc-endpoint-restricted")
    assert set(looking.glance(*controls, regions=[ABROAD]).decided().values()) == {COMPLIANT}
    ec2.modify_vpc_endpoint(VpcEndpointId=abroad.endpoint, PolicyDocument=policy(allow("*", "*", "*")))
    looked = looking.glance(*controls, regions=[ABROAD]).at(ABROAD)
    assert problems(looked["vpc-endpoint-restricted"]) == [("endpoint_unrestricted", [abroad.endpoint])]
    assert looked["vpc-endpoint-present"]["decision"] == COMPLIANT
    ec2.delete_vpc_endpoints(VpcEndpointIds=[abroad.endpoint])
    looked = looking.glance(*controls, regions=[ABROAD]).at(ABROAD)
    assert problems(looked["vpc-endpoint-present"]) == [("no_vpc_endpoint", [])]
    assert looked["vpc-endpoint-restricted"]["reason"]["kind"] == "nothing_there"
    abroad.make_endpoint()
    assert set(looking.glance(*controls, regions=[ABROAD]).decided().values()) == {COMPLIANT}


def test_who_may_invoke_everything_or_change_the_evidence(looking: Deployment) -> None:
    """A role that may call every model, and one that calls models and may switch their logs off."""
    controls = ("invoke-is-least-privilege", "manage-and-invoke-separate")
    iam = looking.answers.client("iam")
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    model = "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0"
    grants: dict[str, list[dict[str, Any]]] = {
        "calls-everything": [{"Effect": "Allow", "Action": "bedrock:InvokeModel*", "Resource": "*"}],
        "calls-and-manages": [
            {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": model},
            {"Effect": "Allow", "Action": "cloudtrail:StopLogging", "Resource": "*"},
        ],
    }
    assert set(looking.glance(*controls, regions=[HOME]).decided().values()) == {COMPLIANT}
    for name, statements in grants.items():
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy(*statements))
    looked = looking.glance(*controls, regions=[HOME]).at(HOME)
    for name in grants:
        iam.delete_role_policy(RoleName=name, PolicyName="may")
        iam.delete_role(RoleName=name)
    everything, both = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in grants)
    assert problems(looked["invoke-is-least-privilege"]) == [("invokes_everything", [everything])]
    assert problems(looked["manage-and-invoke-separate"]) == [("manages_and_invokes", [both])]
    assert "cloudtrail:StopLogging" in looked["manage-and-invoke-separate"]["explanation"]


@pytest.mark.parametrize(("days", "wrong"), [(None, "never_expires"), (365, "expires_late"), (90, None)])
def test_an_api_key_lasts_too_long(looking: Deployment, days: int | None, wrong: str | None) -> None:
    """A password for Bedrock that nobody has to renew; asked of another Region, it is decided at home all the same."""
    iam, control = looking.answers.client("iam"), "api-key-long-term"
    lasts = {} if days is None else {"CredentialAgeDays": days}
    asked = {"UserName": "tester", "ServiceName": "bedrock.amazonaws.com", **lasts}
    key = iam.create_service_specific_credential(**asked)["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    found = looking.glance(control, regions=[ABROAD]).at(HOME)[control]
    iam.delete_service_specific_credential(UserName="tester", ServiceSpecificCredentialId=key)
    if wrong:
        assert problems(found) == [(wrong, [f"tester/{key}"])]
    assert looking.glance(control, regions=[ABROAD]).at(HOME)[control]["decision"] == COMPLIANT
