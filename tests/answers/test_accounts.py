"""What an account has in no Region: keys for one service, its public access block, its effective policies."""

from __future__ import annotations

import json

from tests.emulator import Emulator

from .conftest import Clients, refusal
from .handle import Answers
from .repertoire import ANSWERED

BEDROCK = "bedrock.amazonaws.com"
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": True}


def test_keys_for_bedrock_are_listed_for_one_and_for_all(client: Clients) -> None:
    iam = client("iam")
    lasting = iam.create_service_specific_credential(UserName="ann", ServiceName=BEDROCK)["ServiceSpecificCredential"]
    iam.create_service_specific_credential(UserName="bob", ServiceName=BEDROCK, CredentialAgeDays=30)
    iam.create_service_specific_credential(UserName="bob", ServiceName="codecommit.amazonaws.com")
    assert lasting["ServiceCredentialSecret"]

    def listed(**which: object) -> dict[str, bool]:
        found = iam.list_service_specific_credentials(**which)["ServiceSpecificCredentials"]
        assert not any("ServiceCredentialSecret" in key for key in found)
        return {f"{key['UserName']} {key['ServiceName']}": "ExpirationDate" in key for key in found}

    assert listed(AllUsers=True, ServiceName=BEDROCK) == {f"ann {BEDROCK}": False, f"bob {BEDROCK}": True}
    assert listed(UserName="bob") == {f"bob {BEDROCK}": True, "bob codecommit.amazonaws.com": False}

    identity = lasting["ServiceSpecificCredentialId"]
    iam.update_service_specific_credential(ServiceSpecificCredentialId=identity, Status="Inactive")
    (key,) = iam.list_service_specific_credentials(UserName="ann")["ServiceSpecificCredentials"]
    assert key["Status"] == "Inactive"
    iam.delete_service_specific_credential(ServiceSpecificCredentialId=identity)
    assert iam.list_service_specific_credentials(UserName="ann")["ServiceSpecificCredentials"] == []
    refused = refusal(iam.delete_service_specific_credential, ServiceSpecificCredentialId=identity)
    assert refused == ("NoSuchEntity", 404)


def test_the_public_access_block_of_an_account(client: Clients, aws: Emulator) -> None:
    """It is the same from every Region, and of one's own account alone."""
    control = client("s3control")
    missing = ("NoSuchPublicAccessBlockConfiguration", 404)
    assert refusal(control.get_public_access_block, AccountId=aws.account) == missing
    control.put_public_access_block(AccountId=aws.account, PublicAccessBlockConfiguration=BLOCK)
    elsewhere = client("s3control", "us-east-1")
    assert elsewhere.get_public_access_block(AccountId=aws.account)["PublicAccessBlockConfiguration"] == BLOCK
    assert refusal(control.get_public_access_block, AccountId="444455556666") == ("AccessDenied", 403)
    control.delete_public_access_block(AccountId=aws.account)
    assert refusal(control.get_public_access_block, AccountId=aws.account) == missing


def test_an_effective_policy_is_what_a_test_says(client: Clients, answers: Answers, aws: Emulator) -> None:
    organizations = client("organizations", "us-east-1")
    missing = ("EffectivePolicyNotFoundException", 400)
    assert refusal(organizations.describe_effective_policy, PolicyType="BEDROCK_POLICY") == missing
    content = {"bedrock": {"guardrail_inference": {"us-east-1": {"config_1": {"identifier": "arn:x:1"}}}}}
    answers.set_effective_policy(content)
    policy = organizations.describe_effective_policy(PolicyType="BEDROCK_POLICY")["EffectivePolicy"]
    assert (json.loads(policy["PolicyContent"]), policy["TargetId"]) == (content, aws.account)
    assert refusal(organizations.describe_effective_policy, PolicyType="S3_POLICY") == missing
    answers.set_effective_policy(None)
    assert refusal(organizations.describe_effective_policy, PolicyType="BEDROCK_POLICY") == missing


def test_every_answer_was_held_against_the_model(_clients: Clients) -> None:
    """The tests above call everything that is answered here for an account."""
    assert _clients.seen >= {named for named in ANSWERED if not named.startswith("bedrock:")}
