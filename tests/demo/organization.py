"""The organization that the account is in: five accounts under AWS Control Tower, whose Region deny is set by unit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.answers import Answers
from tests.emulator.emulator import ACCOUNT

from .records import MANAGEMENT, ORGANIZATION, OSAKA, TOKYO

# As AWS Control Tower's control CT.MULTISERVICE.PV.1 writes it, for Tokyo and Osaka:
# https://docs.aws.amazon.com/controltower/latest/controlreference/ou-region-deny.html
REGION_DENY: dict[str, Any] = json.loads(Path(__file__).with_name("region-deny.json").read_text(encoding="utf-8"))
STATEMENT: str = REGION_DENY["Statement"][0]["Sid"]
TYPE, FULL = "SERVICE_CONTROL_POLICY", "p-FullAWSAccess"
ROOT = "r-ab12"
SECURITY, WORKLOADS, ONLINE, SANDBOX = (f"ou-ab12-{name}" for name in ("security", "workload", "online01", "sandbox1"))
AUDIT, DOCUMENTS, LAB = "555566667777", "222233334444", "666677778888"
INVOKE = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")

Policy = dict[str, Any]


def region_deny(*regions: str, but: tuple[str, ...] = ()) -> Policy:
    """Control Tower's Region deny that permits these Regions, but for some actions everywhere."""
    statement = REGION_DENY["Statement"][0]
    condition = {**statement["Condition"], "StringNotEquals": {"aws:RequestedRegion": list(regions)}}
    actions = sorted([*statement["NotAction"], *but])
    return {**REGION_DENY, "Statement": [{**statement, "NotAction": actions, "Condition": condition}]}


@dataclass(frozen=True)
class Scp:
    """A service control policy, with what people call it: the Regions that it permits."""

    name: str
    called: str
    content: Policy


JAPAN = Scp("aws-guardrails-TkOs01", "Tokyo, Osaka", region_deny(TOKYO, OSAKA))
EXEMPT = Scp("aws-guardrails-TkOs02", "Tokyo, Osaka; InvokeModel: any", region_deny(TOKYO, OSAKA, but=INVOKE))
STRICT = Scp("aws-guardrails-Tk0001", "Tokyo", region_deny(TOKYO))


@dataclass
class Node:
    """A level of the organization: its root, a unit or an account."""

    id: str
    name: str
    # What stands at it beside FullAWSAccess, as people call it.
    policies: list[str]
    account: bool = False
    below: list[Node] = field(default_factory=list)


class Organization:
    """The organization in the local AWS: asked and changed by AWS's operations alone, once it was set up."""

    def __init__(self, client: Callable[[str, str], Any], folder: Path) -> None:
        """Takes what makes clients, and where to keep what is exported."""
        self._client = client
        self.file = folder / "organization.json"
        # What policies are called, by id.
        self._called: dict[str, str] = {}

    def set_up(self, answers: Answers) -> None:
        """The organization as it is before its first change."""
        japan, exempt = "p-ctregion01", "p-ctregion02"
        self._called = {japan: JAPAN.called, exempt: EXEMPT.called}

        def unit(identity: str, name: str, parent: str, *policies: str) -> dict[str, Any]:
            return {"id": identity, "name": name, "parent": parent, "policies": [FULL, *policies]}

        answers.set_organization({
            "version": 1,
            "id": ORGANIZATION,
            "management_account": MANAGEMENT,
            "root": {"id": ROOT, "scps_enabled": True, "policies": [FULL]},
            "units": [
                unit(SECURITY, "Security", ROOT, japan),
                unit(WORKLOADS, "Workloads", ROOT, japan),
                unit(ONLINE, "Online", WORKLOADS),
                unit(SANDBOX, "Sandbox", ROOT, exempt),
            ],
            "accounts": [
                unit(MANAGEMENT, "management", ROOT),
                unit(AUDIT, "audit", SECURITY),
                unit(DOCUMENTS, "documents", WORKLOADS),
                unit(ACCOUNT, "applications", ONLINE),
                unit(LAB, "lab", SANDBOX),
            ],
            "policies": [
                {"id": japan, "name": JAPAN.name, "content": JAPAN.content},
                {"id": exempt, "name": EXEMPT.name, "content": EXEMPT.content},
            ],
        })  # fmt: skip

    def attach(self, target: str, policy: Scp) -> str:
        """Makes a policy and attaches it; returns its id."""
        text = json.dumps(policy.content, separators=(",", ":"))
        made = self._api.create_policy(Name=policy.name, Description=policy.called, Type=TYPE, Content=text)
        identity: str = made["Policy"]["PolicySummary"]["Id"]
        self._called[identity] = policy.called
        self._api.attach_policy(PolicyId=identity, TargetId=target)
        return identity

    def detach(self, target: str, identity: str) -> None:
        """Takes a policy away from where it is attached."""
        self._api.detach_policy(PolicyId=identity, TargetId=target)

    def export(self) -> None:
        """Writes the organization as `crisguard reach --organization` reads it, asked of AWS level by level."""
        described, (root,) = self._api.describe_organization()["Organization"], self._api.list_roots()["Roots"]
        units, accounts = list(self._units(root["Id"])), []
        for parent in (root["Id"], *(unit["id"] for unit in units)):
            found = self._api.list_accounts_for_parent(ParentId=parent)["Accounts"]
            accounts += [self._level(each["Id"], name=each["Name"], parent=parent) for each in found]
        top = self._level(root["Id"], scps_enabled=bool(root["PolicyTypes"]))
        attached = {policy for level in (top, *units, *accounts) for policy in level["policies"]}
        document = {
            "version": 1,
            "id": described["Id"],
            "management_account": described["MasterAccountId"],
            "root": top,
            "units": units,
            "accounts": accounts,
            "policies": [self._described(policy) for policy in sorted(attached - {FULL})],
        }
        self.file.write_text(json.dumps(document), encoding="utf-8")

    def tree(self) -> Node:
        """The organization as it was exported last, as a tree."""
        document = json.loads(self.file.read_text(encoding="utf-8"))
        nodes = {}
        for level in (document["root"], *document["accounts"], *document["units"]):
            called = [self._called[policy] for policy in level["policies"] if policy != FULL]
            nodes[level["id"]] = Node(level["id"], level.get("name", "Root"), called, level in document["accounts"])
        for level in (*document["accounts"], *document["units"]):
            nodes[level["parent"]].below.append(nodes[level["id"]])
        return nodes[document["root"]["id"]]

    @property
    def _api(self) -> Any:
        return self._client("organizations", "us-east-1")

    def _units(self, parent: str) -> Iterator[dict[str, Any]]:
        for unit in self._api.list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]:
            yield self._level(unit["Id"], name=unit["Name"], parent=parent)
            yield from self._units(unit["Id"])

    def _level(self, identity: str, **more: Any) -> dict[str, Any]:
        attached = self._api.list_policies_for_target(TargetId=identity, Filter=TYPE)["Policies"]
        return {"id": identity, **more, "policies": [policy["Id"] for policy in attached]}

    def _described(self, identity: str) -> dict[str, Any]:
        policy = self._api.describe_policy(PolicyId=identity)["Policy"]
        return {"id": identity, "name": policy["PolicySummary"]["Name"], "content": policy["Content"]}
