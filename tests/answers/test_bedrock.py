"""What Bedrock has and the emulator does not: it is kept for each account and Region, and has the models' shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.emulator.emulator import client_of

from .conftest import Clients, refusal
from .handle import Answers
from .profiles import CATALOGUE
from .repertoire import ANSWERED, COMPLETED

TOKYO, VIRGINIA, CANADA = "ap-northeast-1", "us-east-1", "ca-central-1"
OTHER_ACCOUNT = {"aws_access_key_id": "444455556666", "aws_secret_access_key": "test"}
BLOCKED = {"blockedInputMessaging": "no", "blockedOutputsMessaging": "no"}
KEY = "arn:aws:kms:ap-northeast-1:111122223333:key/0d4a7b6c-1b1c-4d5c-9f0e-2f0c3e9f4a11"
ROLE = "arn:aws:iam::111122223333:role/bedrock"
ASIA = {"guardrailProfileIdentifier": "apac.guardrail.v1:0"}
STRICT = {
    "filtersConfig": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "LOW"}],
    "tierConfig": {"tierName": "STANDARD"},
}


def test_data_retention_is_of_an_account_in_a_region(client: Clients, answers: Answers) -> None:
    bedrock = client("bedrock", TOKYO)
    assert bedrock.get_account_data_retention()["mode"] == "inherit"
    bedrock.put_account_data_retention(mode="provider_data_share")
    assert bedrock.get_account_data_retention()["mode"] == "provider_data_share"
    assert client("bedrock", VIRGINIA).get_account_data_retention()["mode"] == "inherit"
    assert answers.client("bedrock", TOKYO, OTHER_ACCOUNT).get_account_data_retention()["mode"] == "inherit"


def made(bedrock: Any, **more: Any) -> str:
    """A guardrail's id."""
    identity: str = bedrock.create_guardrail(name="strict", **BLOCKED, **more)["guardrailId"]
    return identity


def test_a_guardrail_says_where_it_goes(client: Clients) -> None:
    bedrock = client("bedrock", TOKYO)
    identity = made(bedrock, crossRegionConfig=ASIA, contentPolicyConfig=STRICT, kmsKeyId=KEY)
    guardrail = bedrock.get_guardrail(guardrailIdentifier=identity)
    assert guardrail["crossRegionDetails"] == {
        "guardrailProfileId": "apac.guardrail.v1:0",
        "guardrailProfileArn": f"arn:aws:bedrock:{TOKYO}:111122223333:guardrail-profile/apac.guardrail.v1:0",
    }
    assert guardrail["contentPolicy"]["tier"] == {"tierName": "STANDARD"}
    assert guardrail["contentPolicy"]["filters"] == STRICT["filtersConfig"]
    assert guardrail["kmsKeyArn"] == KEY
    (listed,) = bedrock.list_guardrails()["guardrails"]
    assert (listed["id"], listed["crossRegionDetails"]) == (identity, guardrail["crossRegionDetails"])
    assert client("bedrock", VIRGINIA).list_guardrails()["guardrails"] == []

    bedrock.update_guardrail(guardrailIdentifier=guardrail["guardrailArn"], name="strict", **BLOCKED)
    assert "crossRegionDetails" not in bedrock.get_guardrail(guardrailIdentifier=identity)
    bedrock.delete_guardrail(guardrailIdentifier=identity)
    assert bedrock.list_guardrails()["guardrails"] == []
    assert refusal(bedrock.get_guardrail, guardrailIdentifier=identity) == ("ResourceNotFoundException", 404)


def test_a_guardrail_of_the_standard_tier_goes_elsewhere_or_is_refused(client: Clients) -> None:
    bedrock = client("bedrock", TOKYO)
    refused = refusal(bedrock.create_guardrail, name="strict", **BLOCKED, contentPolicyConfig=STRICT)
    assert refused == ("ValidationException", 400)


def test_a_guardrail_is_enforced_in_a_version(client: Clients) -> None:
    bedrock = client("bedrock", TOKYO)
    identity = made(bedrock)
    asked = {"guardrailIdentifier": identity, "guardrailVersion": "1"}
    refused = refusal(bedrock.put_enforced_guardrail_configuration, guardrailInferenceConfig=asked)
    assert refused == ("ResourceNotFoundException", 404)
    assert bedrock.create_guardrail_version(guardrailIdentifier=identity)["version"] == "1"
    versions = bedrock.list_guardrails(guardrailIdentifier=identity)["guardrails"]
    assert [version["version"] for version in versions] == ["DRAFT", "1"]
    made_one = bedrock.put_enforced_guardrail_configuration(guardrailInferenceConfig=asked)
    (enforced,) = bedrock.list_enforced_guardrails_configuration()["guardrailsConfig"]
    assert (enforced["guardrailId"], enforced["guardrailVersion"], enforced["owner"]) == (identity, "1", "ACCOUNT")
    assert client("bedrock", VIRGINIA).list_enforced_guardrails_configuration()["guardrailsConfig"] == []
    bedrock.delete_enforced_guardrail_configuration(configId=made_one["configId"])
    assert bedrock.list_enforced_guardrails_configuration()["guardrailsConfig"] == []


def reach(bedrock: Any, **which: str) -> dict[str, list[str]]:
    """Where the listed profiles go, by id."""
    pages = bedrock.get_paginator("list_inference_profiles").paginate(**which)
    return {
        profile["inferenceProfileId"]: [model["modelArn"].split(":")[3] for model in profile["models"]]
        for page in pages
        for profile in page["inferenceProfileSummaries"]
    }


@pytest.mark.parametrize("region", [TOKYO, VIRGINIA, CANADA])
def test_every_region_lists_the_profiles_of_the_catalogue(client: Clients, region: str) -> None:
    catalogue = json.loads(CATALOGUE.read_text(encoding="utf-8"))["profiles"]
    expected = {
        identity: [region, ""] if row["to"] == ["*"] else row["to"]
        for identity, rows in catalogue.items()
        for row in rows
        if region in row["from"]
    }
    assert reach(client("bedrock", region)) == expected
    assert reach(client("bedrock", region), typeEquals="APPLICATION") == {}
    assert len(expected) > 10


def test_the_catalogue_changes_when_a_test_says_so(client: Clients, answers: Answers) -> None:
    bedrock = client("bedrock", TOKYO)
    before = reach(bedrock)
    moved, gone = list(before)[:2]
    answers.change_profiles(TOKYO, {moved: [TOKYO, VIRGINIA], gone: None, "jp.new.model-v1:0": [TOKYO]})
    after = reach(bedrock)
    assert (after[moved], gone in after, after["jp.new.model-v1:0"]) == ([TOKYO, VIRGINIA], False, [TOKYO])
    assert refusal(bedrock.get_inference_profile, inferenceProfileIdentifier=gone)[0] == "ResourceNotFoundException"
    answers.reset("state")
    assert reach(bedrock) == before


def test_an_application_profile_goes_where_its_source_goes(client: Clients) -> None:
    bedrock = client("bedrock", TOKYO)
    system = next(identity for identity in reach(bedrock) if identity.startswith("global."))
    source = f"arn:aws:bedrock:{TOKYO}:111122223333:inference-profile/{system}"
    arn = bedrock.create_inference_profile(inferenceProfileName="team", modelSource={"copyFrom": source})[
        "inferenceProfileArn"
    ]
    assert f":{TOKYO}:111122223333:application-inference-profile/" in arn
    profile = bedrock.get_inference_profile(inferenceProfileIdentifier=arn)
    assert (profile["type"], profile["inferenceProfileName"]) == ("APPLICATION", "team")
    assert list(reach(bedrock, typeEquals="APPLICATION").values()) == [[TOKYO, ""]]
    assert reach(client("bedrock", VIRGINIA), typeEquals="APPLICATION") == {}
    bedrock.delete_inference_profile(inferenceProfileIdentifier=arn)
    assert reach(bedrock, typeEquals="APPLICATION") == {}


def test_an_imported_model_keeps_its_key(client: Clients) -> None:
    bedrock, data = client("bedrock", TOKYO), {"s3DataSource": {"s3Uri": "s3://models/mine"}}
    job = {"roleArn": ROLE, "modelDataSource": data}
    bedrock.create_model_import_job(jobName="one", importedModelName="with-key", importedModelKmsKeyId=KEY, **job)
    bedrock.create_model_import_job(jobName="two", importedModelName="without-key", **job)
    assert bedrock.get_imported_model(modelIdentifier="with-key")["modelKmsKeyArn"] == KEY
    assert "modelKmsKeyArn" not in bedrock.get_imported_model(modelIdentifier="without-key")


def test_batch_jobs_are_listed_from_when_and_in_which_state(client: Clients) -> None:
    bedrock = client("bedrock", CANADA)
    bedrock.create_model_invocation_job(
        jobName="nightly",
        roleArn=ROLE,
        modelId="us.amazon.nova-lite-v1:0",
        inputDataConfig={"s3InputDataConfig": {"s3Uri": "s3://questions/today/"}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://replies/today/"}},
    )

    def names(**which: str) -> list[str]:
        return [job["jobName"] for job in bedrock.list_model_invocation_jobs(**which)["invocationJobSummaries"]]

    assert names() == names(statusEquals="InProgress") == names(submitTimeAfter="2026-01-01T00:00:00Z") == ["nightly"]
    assert (
        names(statusEquals="Failed") == names(submitTimeAfter="2099-01-01T00:00:00Z") == names(nameContains="x") == []
    )
    (job,) = bedrock.list_model_invocation_jobs()["invocationJobSummaries"]
    assert bedrock.get_model_invocation_job(jobIdentifier=job["jobArn"])["submitTime"] == job["submitTime"]


def test_lists_come_in_pages(client: Clients, answers: Answers, aws: Emulator) -> None:
    """Those of the server as those of the emulator, which gives them whole."""
    agents = client("bedrock-agent", CANADA)
    for name in ("one", "two", "three"):
        agents.create_agent(agentName=name, agentResourceRoleArn=ROLE, foundationModel="amazon.nova-lite-v1:0")
        client("bedrock", CANADA).create_guardrail(name=name, **BLOCKED)
    answers.tell(page=2)
    for service, operation, member in (
        ("bedrock-agent", "list_agents", "agentSummaries"),
        ("bedrock", "list_guardrails", "guardrails"),
    ):
        caller = client(service, CANADA)
        pages = list(caller.get_paginator(operation).paginate())
        assert [len(page[member]) for page in pages] == [2, 1]
        first = getattr(caller, operation)(maxResults=1)
        assert (len(first[member]), "nextToken" in first) == (1, True)


def test_a_permission_is_needed_for_what_is_answered_here(client: Clients, answers: Answers, aws: Emulator) -> None:
    """The emulator lets in or refuses, as it does for what it answers itself."""
    iam = aws.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    bedrock = answers.client("bedrock", TOKYO, reader)
    assert refusal(bedrock.get_account_data_retention) == ("AccessDeniedException", 403)
    assert refusal(bedrock.list_inference_profiles) == ("AccessDeniedException", 403)
    block = answers.client("s3control", TOKYO, reader).get_public_access_block
    assert refusal(block, AccountId=aws.account) == ("AccessDenied", 403)
    actions = ["bedrock:GetAccountDataRetention", "s3:GetAccountPublicAccessBlock"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_user_policy(UserName="reader", PolicyName="some", PolicyDocument=json.dumps(policy))
    assert bedrock.get_account_data_retention()["mode"] == "inherit"
    assert refusal(block, AccountId=aws.account) == ("NoSuchPublicAccessBlockConfiguration", 404)
    assert refusal(bedrock.list_inference_profiles) == ("AccessDeniedException", 403)
    forged = {**reader, "aws_secret_access_key": "wrong"}
    assert refusal(client_of(answers.url, "bedrock", TOKYO, forged).get_account_data_retention)[1] == 403


def test_every_answer_was_held_against_the_model(_clients: Clients) -> None:
    """The tests above call everything of Bedrock that is answered or completed here."""
    assert _clients.seen >= {named for named in (*ANSWERED, *COMPLETED) if named.startswith("bedrock:")}
