"""What an account has in no Region: keys for one service, the account's public access block, effective policies."""

from __future__ import annotations

import string
from datetime import timedelta

from .wording import RefusedError
from .world import Ask, Document, new_id, now

UPPER = string.ascii_uppercase + string.digits
BEDROCK = "bedrock.amazonaws.com"
SECRETS = ("ServiceCredentialSecret", "ServicePassword")


# -- keys for one service: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html


def create_credential(ask: Ask) -> Document:
    """CreateServiceSpecificCredential."""
    user, service, moment = ask.inputs["UserName"], ask.inputs["ServiceName"], now()
    credential = {
        "CreateDate": moment,
        "ServiceName": service,
        "ServiceSpecificCredentialId": "ACCA" + new_id(17, UPPER),
        "UserName": user,
        "Status": "Active",
    }
    name = f"{user}-at-{ask.place.account}"
    if service == BEDROCK:
        credential.update({"ServiceCredentialAlias": name, "ServiceCredentialSecret": new_id(40)})
    else:
        credential.update({"ServiceUserName": name, "ServicePassword": new_id(40)})
    if "CredentialAgeDays" in ask.inputs:
        credential["ExpirationDate"] = moment + timedelta(days=ask.inputs["CredentialAgeDays"])
    ask.account.credentials[credential["ServiceSpecificCredentialId"]] = credential
    return {"ServiceSpecificCredential": credential}


def list_credentials(ask: Ask) -> Document:
    """ListServiceSpecificCredentials: of one user, or of all."""
    user, service = ask.inputs.get("UserName"), ask.inputs.get("ServiceName")
    if user is None and not ask.inputs.get("AllUsers"):
        raise RefusedError("ValidationError", "these answers do not know who you are: name a user, or ask for all")
    listed = [
        {name: value for name, value in credential.items() if name not in SECRETS}
        for credential in ask.account.credentials.values()
        if user in (None, credential["UserName"]) and service in (None, credential["ServiceName"])
    ]
    return {"ServiceSpecificCredentials": listed, "IsTruncated": False}


def update_credential(ask: Ask) -> Document:
    """UpdateServiceSpecificCredential."""
    _credential(ask)["Status"] = ask.inputs["Status"]
    return {}


def delete_credential(ask: Ask) -> Document:
    """DeleteServiceSpecificCredential."""
    del ask.account.credentials[_credential(ask)["ServiceSpecificCredentialId"]]
    return {}


def _credential(ask: Ask) -> Document:
    identity = ask.inputs["ServiceSpecificCredentialId"]
    if identity not in ask.account.credentials:
        raise RefusedError("NoSuchEntity", f"there is no credential {identity}", 404)
    return ask.account.credentials[identity]


# -- the public access block of all buckets:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html


def get_public_access_block(ask: Ask) -> Document:
    """GetPublicAccessBlock."""
    _own(ask)
    if ask.account.public_access_block is None:
        code = "NoSuchPublicAccessBlockConfiguration"
        raise RefusedError(code, "The public access block configuration was not found", 404)
    return {"PublicAccessBlockConfiguration": ask.account.public_access_block}


def put_public_access_block(ask: Ask) -> Document:
    """PutPublicAccessBlock."""
    _own(ask)
    ask.account.public_access_block = ask.inputs["PublicAccessBlockConfiguration"]
    return {}


def delete_public_access_block(ask: Ask) -> Document:
    """DeletePublicAccessBlock."""
    _own(ask)
    ask.account.public_access_block = None
    return {}


def _own(ask: Ask) -> None:
    if ask.inputs["AccountId"] != ask.place.account:
        raise RefusedError("AccessDenied", "Access Denied", 403)


# -- effective policies: https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeEffectivePolicy.html


def describe_effective_policy(ask: Ask) -> Document:
    """DescribeEffectivePolicy of the account that asks, or of the one that it names."""
    target = ask.inputs.get("TargetId", ask.place.account)
    policy = ask.world.accounts[target].effective_policies.get(ask.inputs["PolicyType"])
    if policy is None:
        raise RefusedError("EffectivePolicyNotFoundException", "The effective policy was not found")
    return {"EffectivePolicy": policy}
