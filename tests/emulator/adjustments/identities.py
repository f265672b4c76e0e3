"""IAM: everything that identities may do, in one list.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from ministack.services import iam

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
OF_AWS = "arn:aws:iam::aws:policy/"
# What the emulator does not know of AWS's own policies, as far as calls of models go.
# https://docs.aws.amazon.com/bedrock/latest/userguide/security-iam-awsmanpol.html
BEDROCK = {"AmazonBedrockFullAccess": {"Effect": "Allow", "Action": ["bedrock:*"], "Resource": "*"}}


def apply() -> None:
    """Adjusts the list, and the policies of AWS's own."""
    seed = iam._seed_aws_managed_policies

    def seed_more() -> None:
        seed()
        for name, statement in BEDROCK.items():
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam._aws_managed_policies[OF_AWS + name] = iam._make_aws_managed_record(name, document)

    iam._seed_aws_managed_policies = seed_more
    seed_more()
    details = iam._get_account_authorization_details
    iam._IAM_HANDLERS["GetAccountAuthorizationDetails"] = lambda request: _completed(request, details(request))


def _completed(request: dict[str, Any], answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
    """Adds boundaries and the attached policies of AWS's own, and cuts the list into pages."""
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.fromstring(answer[2])
    result = root[0]
    lists = {name: _child(result, name) for name in LISTS}
    for store, name, title in ((iam._users, "UserDetailList", "UserName"), (iam._roles, "RoleDetailList", "RoleName")):
        for member in lists[name]:
            boundary = store[_child(member, title).text].get("PermissionsBoundary")
            if boundary:
                told = _append(member, "PermissionsBoundary")
                _append(told, "PermissionsBoundaryType", "Policy")
                _append(told, "PermissionsBoundaryArn", boundary)
    filters = {value for name, values in request.items() if name.startswith("Filter.") for value in values}
    if not filters or "AWSManagedPolicy" in filters:
        for arn in sorted(set(_attached())):
            _append_policy(lists["Policies"], arn)
    _page(request, result, lists)
    return answer[0], answer[1], ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _attached() -> Iterator[str]:
    """The policies of AWS's own that somebody has."""
    for store in (iam._users, iam._groups, iam._roles):
        for identity in store.values():
            yield from (arn for arn in identity.get("AttachedPolicies", []) if arn.startswith(OF_AWS))


def _append_policy(policies: ElementTree.Element, arn: str) -> None:
    known = iam._lookup_policy(arn)
    if known is None:
        return
    version = known["DefaultVersionId"]
    policy = _append(policies, "member")
    for name in ("PolicyName", "PolicyId", "Path", "DefaultVersionId"):
        _append(policy, name, known[name])
    _append(policy, "Arn", arn)
    member = _append(_append(policy, "PolicyVersionList"), "member")
    _append(member, "Document", quote(known["Versions"][version]["Document"], safe=""))
    _append(member, "VersionId", version)
    _append(member, "IsDefaultVersion", "true")


def _page(request: dict[str, Any], result: ElementTree.Element, lists: dict[str, ElementTree.Element]) -> None:
    start = int(iam._p(request, "Marker") or 0)
    end = start + int(iam._p(request, "MaxItems") or 100)
    items = [(listed, member) for listed in lists.values() for member in list(listed)]
    for number, (listed, member) in enumerate(items):
        if not start <= number < end:
            listed.remove(member)
    if end < len(items):
        _child(result, "IsTruncated").text = "true"
        _append(result, "Marker", str(end))


def _child(element: ElementTree.Element, name: str) -> ElementTree.Element:
    found = element.find(f"{{{NAMESPACE}}}{name}")
    assert found is not None, f"the emulator's answer has no {name}"
    return found


def _append(element: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(element, f"{{{NAMESPACE}}}{name}")
    child.text = text
    return child
