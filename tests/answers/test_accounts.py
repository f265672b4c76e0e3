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


ORGANIZATION = {
    "version": 1,
    "id": "o-a1b2c3d4e5",
    "management_account": "444455556666",
    "root": {"id": "r-ab12", "scps_enabled": True, "policies": ["p-FullAWSAccess"]},
    "units": [{"id": "ou-ab12-11111111", "parent": "r-ab12", "policies": ["p-FullAWSAccess", "p-regions100"]}],
    "accounts": [{"id": "111122223333", "parent": "ou-ab12-11111111", "policies": ["p-FullAWSAccess"]}],
    "policies": [{"id": "p-regions100", "name": "Regions", "content": {"Version": "2012-10-17", "Statement": []}}],
}


def test_an_organization_is_what_a_test_says(client: Clients, answers: Answers) -> None:
    organizations = client("organizations", "us-east-1")
    none = ("AWSOrganizationsNotInUseException", 400)
    assert refusal(organizations.describe_organization) == none
    answers.set_organization(ORGANIZATION)
    described = organizations.describe_organization()["Organization"]
    assert (described["Id"], described["MasterAccountId"]) == ("o-a1b2c3d4e5", "444455556666")
    (root,) = organizations.list_roots()["Roots"]
    assert root["PolicyTypes"] == [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]

    unit = "ou-ab12-11111111"
    above = organizations.list_parents(ChildId="111122223333")["Parents"]
    assert above == [{"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}]
    assert organizations.list_parents(ChildId=unit)["Parents"] == [{"Id": "r-ab12", "Type": "ROOT"}]
    strange = refusal(organizations.list_parents, ChildId="999999999999")
    assert strange == ("ChildNotFoundException", 400)
    units = organizations.list_organizational_units_for_parent(ParentId="r-ab12")["OrganizationalUnits"]
    assert [each["Id"] for each in units] == [unit]
    accounts = organizations.list_accounts_for_parent(ParentId=unit)["Accounts"]
    assert [(each["Id"], each["State"]) for each in accounts] == [("111122223333", "ACTIVE")]

    def attached(target: str, kind: str = "SERVICE_CONTROL_POLICY") -> list[str]:
        listed = organizations.list_policies_for_target(TargetId=target, Filter=kind)["Policies"]
        return [policy["Id"] for policy in listed]

    assert attached("r-ab12") == ["p-FullAWSAccess"]
    assert attached(unit) == ["p-FullAWSAccess", "p-regions100"]
    assert attached(unit, "TAG_POLICY") == []
    policy = organizations.describe_policy(PolicyId="p-regions100")["Policy"]
    assert (policy["PolicySummary"]["Name"], json.loads(policy["Content"])["Statement"]) == ("Regions", [])
    assert organizations.describe_policy(PolicyId="p-FullAWSAccess")["Policy"]["PolicySummary"]["AwsManaged"]
    assert refusal(organizations.describe_policy, PolicyId="p-other00001") == ("PolicyNotFoundException", 400)
    answers.set_organization(None)
    assert refusal(organizations.describe_organization) == none


def test_policies_of_an_organization_are_made_changed_attached_and_detached(client: Clients, answers: Answers) -> None:
    organizations, unit = client("organizations", "us-east-1"), "ou-ab12-11111111"
    answers.set_organization(ORGANIZATION)
    content = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    new = {"Name": "Closed", "Description": "d", "Type": "SERVICE_CONTROL_POLICY", "Content": content}
    identity = organizations.create_policy(**new)["Policy"]["PolicySummary"]["Id"]
    assert refusal(organizations.create_policy, **new) == ("DuplicatePolicyException", 400)
    malformed = refusal(organizations.create_policy, **{**new, "Name": "Other", "Content": "{"})
    assert malformed == ("MalformedPolicyDocumentException", 400)
    assert organizations.describe_policy(PolicyId=identity)["Policy"]["Content"] == content

    def attached(target: str) -> list[str]:
        listed = organizations.list_policies_for_target(TargetId=target, Filter="SERVICE_CONTROL_POLICY")["Policies"]
        return [policy["Id"] for policy in listed]

    there = {"PolicyId": identity, "TargetId": unit}
    organizations.attach_policy(**there)
    assert attached(unit) == ["p-FullAWSAccess", "p-regions100", identity]
    assert refusal(organizations.attach_policy, **there) == ("DuplicatePolicyAttachmentException", 400)
    organizations.detach_policy(**there)
    assert attached(unit) == ["p-FullAWSAccess", "p-regions100"]
    assert refusal(organizations.detach_policy, **there) == ("PolicyNotAttachedException", 400)
    last = {"PolicyId": "p-FullAWSAccess", "TargetId": "111122223333"}
    assert refusal(organizations.detach_policy, **last) == ("ConstraintViolationException", 400)
    nowhere = {**there, "TargetId": "ou-ab12-99999999"}
    assert refusal(organizations.attach_policy, **nowhere) == ("TargetNotFoundException", 400)

    changed = organizations.update_policy(PolicyId="p-regions100", Content=content)["Policy"]
    assert (changed["PolicySummary"]["Name"], changed["Content"]) == ("Regions", content)
    renamed = organizations.update_policy(PolicyId="p-regions100", Name="Shut")["Policy"]
    assert (renamed["PolicySummary"]["Name"], renamed["Content"]) == ("Shut", content)
    taken = refusal(organizations.update_policy, PolicyId="p-regions100", Name="Closed")
    assert taken == ("DuplicatePolicyException", 400)
    assert refusal(organizations.update_policy, PolicyId="p-FullAWSAccess") == ("PolicyNotFoundException", 400)


def test_every_answer_was_held_against_the_model(_clients: Clients) -> None:
    """The tests above call everything that is answered here for an account."""
    assert _clients.seen >= {named for named in ANSWERED if not named.startswith("bedrock:")}
