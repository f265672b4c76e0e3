"""The organization of the account, as a test tells it: the form in which crisguard exports one.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from typing import Any

from .wording import RefusedError
from .world import Ask, Document

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
    listed = [{"Id": unit["id"], "Arn": _arn(ask, "ou", unit["id"]), "Name": unit["id"]} for unit in units]
    return {"OrganizationalUnits": listed}


def list_accounts(ask: Ask) -> Document:
    """ListAccountsForParent."""
    accounts = [account for account in _told(ask)["accounts"] if account["parent"] == ask.inputs["ParentId"]]
    return {"Accounts": [{"Id": each["id"], "Arn": _arn(ask, "account", each["id"])} for each in accounts]}


def list_policies(ask: Ask) -> Document:
    """ListPoliciesForTarget: what is attached to a node itself."""
    told = _told(ask)
    nodes = {node["id"]: node for node in [told["root"], *told.get("units", []), *told["accounts"]]}
    node = nodes.get(ask.inputs["TargetId"])
    if node is None:
        raise RefusedError("TargetNotFoundException", "You specified a target that doesn't exist.")
    attached = node["policies"] if ask.inputs["Filter"] == SCP else []
    return {"Policies": [_summary(ask, _policy(ask, identity)) for identity in attached]}


def describe_policy(ask: Ask) -> Document:
    """DescribePolicy."""
    policy = _policy(ask, ask.inputs["PolicyId"])
    content = policy["content"]
    text = content if isinstance(content, str) else json.dumps(content)
    return {"Policy": {"PolicySummary": _summary(ask, policy), "Content": text}}


def _told(ask: Ask) -> dict[str, Any]:
    if ask.world.organization is None:
        raise RefusedError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return ask.world.organization


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
        "Name": policy.get("name", policy["id"]),
        "Type": SCP,
        "AwsManaged": of_aws,
    }


def _arn(ask: Ask, kind: str, name: str) -> str:
    told = _told(ask)
    return f"arn:aws:organizations::{told['management_account']}:{kind}/{told['id']}/{name}"
