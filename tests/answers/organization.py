"""The organization of the account, as a test tells it (the form in which crisguard exports one) and as calls change it.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from typing import Any

from .wording import RefusedError
from .world import Ask, Document, new_id

SCP = "SERVICE_CONTROL_POLICY"
FULL_AWS_ACCESS = {
    "id": "p-FullAWSAccess",
    "name": "FullAWSAccess",
    "content": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
}


def describe(ask: Ask) -> Document:
    """DescribeOrganization."""
    told, management = _told(ask), _told(ask)["management_account"]
    return {
        "Organization": {
            "Id": told["id"],
            "Arn": f"arn:aws:organizations::{management}:organization/{told['id']}",
            "FeatureSet": "ALL",
            "MasterAccountArn": f"arn:aws:organizations::{management}:account/{told['id']}/{management}",
            "MasterAccountId": management,
            "MasterAccountEmail": "management@example.com",
        }
    }


def list_roots(ask: Ask) -> Document:
    """ListRoots."""
    root = _told(ask)["root"]
    types = [{"Type": SCP, "Status": "ENABLED"}] if root["scps_enabled"] else []
    listed = {"Id": root["id"], "Arn": _arn(ask, "root", root["id"]), "Name": "Root", "PolicyTypes": types}
    return {"Roots": [listed]}


def list_parents(ask: Ask) -> Document:
    """ListParents."""
    told = _told(ask)
    nodes = {node["id"]: node["parent"] for node in [*told.get("units", []), *told["accounts"]]}
    parent = nodes.get(ask.inputs["ChildId"])
    if parent is None:
        raise RefusedError("ChildNotFoundException", "You specified a child that doesn't exist.")
    kind = "ROOT" if parent == told["root"]["id"] else "ORGANIZATIONAL_UNIT"
    return {"Parents": [{"Id": parent, "Type": kind}]}


def list_units(ask: Ask) -> Document:
    """ListOrganizationalUnitsForParent."""
    units = [unit for unit in _told(ask).get("units", []) if unit["parent"] == ask.inputs["ParentId"]]
    listed = [{"Id": unit["id"], "Arn": _arn(ask, "ou", unit["id"]), "Name": _name(unit)} for unit in units]
    return {"OrganizationalUnits": listed}


def list_accounts(ask: Ask) -> Document:
    """ListAccountsForParent."""
    accounts = [account for account in _told(ask)["accounts"] if account["parent"] == ask.inputs["ParentId"]]
    listed = [
        {
            "Id": each["id"],
            "Arn": _arn(ask, "account", each["id"]),
            "Name": _name(each),
            "State": each.get("state", "ACTIVE"),
        }
        for each in accounts
    ]
    return {"Accounts": listed}


def list_policies(ask: Ask) -> Document:
    """ListPoliciesForTarget: what is attached to a node itself."""
    attached = _target(ask)["policies"] if ask.inputs["Filter"] == SCP else []
    return {"Policies": [_summary(ask, _policy(ask, identity)) for identity in attached]}


def describe_policy(ask: Ask) -> Document:
    """DescribePolicy."""
    return _described(ask, _policy(ask, ask.inputs["PolicyId"]))


def create_policy(ask: Ask) -> Document:
    """CreatePolicy: attached to nothing yet."""
    _check_name(ask, "")
    made = {"id": f"p-{new_id(10)}", "name": ask.inputs["Name"], "content": _content(ask)}
    _told(ask)["policies"].append(made)
    return _described(ask, made)


def update_policy(ask: Ask) -> Document:
    """UpdatePolicy: what is named changes, the rest stays."""
    policy = _own(ask)
    _check_name(ask, policy["id"])
    if "Content" in ask.inputs:
        policy["content"] = _content(ask)
    policy["name"] = ask.inputs.get("Name", _name(policy))
    return _described(ask, policy)


def attach_policy(ask: Ask) -> Document:
    """AttachPolicy."""
    policy, attached = _policy(ask, ask.inputs["PolicyId"]), _target(ask)["policies"]
    if policy["id"] in attached:
        raise RefusedError("DuplicatePolicyAttachmentException", "The policy is already attached to the target.")
    attached.append(policy["id"])
    return {}


def detach_policy(ask: Ask) -> Document:
    """DetachPolicy: one service control policy stays attached to everything."""
    policy, attached = _policy(ask, ask.inputs["PolicyId"]), _target(ask)["policies"]
    if policy["id"] not in attached:
        raise RefusedError("PolicyNotAttachedException", "The policy isn't attached to the target.")
    if len(attached) == 1:
        raise RefusedError("ConstraintViolationException", "You cannot remove the last policy attached to the target.")
    attached.remove(policy["id"])
    return {}


def _told(ask: Ask) -> dict[str, Any]:
    if ask.world.organization is None:
        raise RefusedError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return ask.world.organization


def _target(ask: Ask) -> dict[str, Any]:
    told = _told(ask)
    for node in [told["root"], *told.get("units", []), *told["accounts"]]:
        if node["id"] == ask.inputs["TargetId"]:
            return dict(node)
    raise RefusedError("TargetNotFoundException", "You specified a target that doesn't exist.")


def _own(ask: Ask) -> dict[str, Any]:
    """The policy that is named, if it is the organization's own: AWS's cannot be changed."""
    for policy in _told(ask)["policies"]:
        if policy["id"] == ask.inputs["PolicyId"]:
            own: dict[str, Any] = policy
            return own
    raise RefusedError("PolicyNotFoundException", "You specified a policy that doesn't exist.")


def _check_name(ask: Ask, identity: str) -> None:
    others = [_name(policy) for policy in _told(ask)["policies"] if policy["id"] != identity]
    if ask.inputs.get("Name") in [*others, FULL_AWS_ACCESS["name"]]:
        raise RefusedError("DuplicatePolicyException", "A policy with the same name already exists.")


def _content(ask: Ask) -> str:
    """A policy's text, which is kept as it came."""
    text: str = ask.inputs["Content"]
    try:
        sound = "Statement" in json.loads(text)
    except ValueError:
        sound = False
    if not sound:
        raise RefusedError("MalformedPolicyDocumentException", "The provided policy document is not valid.")
    return text


def _name(told: dict[str, Any]) -> str:
    name: str = told.get("name", told["id"])
    return name


def _described(ask: Ask, policy: dict[str, Any]) -> Document:
    content = policy["content"]
    text = content if isinstance(content, str) else json.dumps(content)
    return {"Policy": {"PolicySummary": _summary(ask, policy), "Content": text}}


def _policy(ask: Ask, identity: str) -> dict[str, Any]:
    for policy in [*_told(ask)["policies"], FULL_AWS_ACCESS]:
        if policy["id"] == identity:
            return dict(policy)
    raise RefusedError("PolicyNotFoundException", "You specified a policy that doesn't exist.")


def _summary(ask: Ask, policy: dict[str, Any]) -> Document:
    of_aws = policy["id"] == FULL_AWS_ACCESS["id"]
    arn = f"arn:aws:organizations::aws:policy/service_control_policy/{policy['id']}"
    return {
        "Id": policy["id"],
        "Arn": arn if of_aws else _arn(ask, "policy", f"service_control_policy/{policy['id']}"),
        "Name": _name(policy),
        "Type": SCP,
        "AwsManaged": of_aws,
    }


def _arn(ask: Ask, kind: str, name: str) -> str:
    told = _told(ask)
    return f"arn:aws:organizations::{told['management_account']}:{kind}/{told['id']}/{name}"
