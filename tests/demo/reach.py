"""What profiles can do under the organization's service control policies: what breaks, the mend, and what changes."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.e2e.clock import HOUR
from tests.emulator.emulator import ACCOUNT

from .days import Scene, play_calls
from .organization import (
    AUDIT,
    DOCUMENTS,
    LAB,
    ONLINE,
    SANDBOX,
    STATEMENT,
    STRICT,
    Node,
    Policy,
    Scp,
)
from .records import MANAGEMENT, OSAKA, TOKYO, call, denied_by_scp
from .stage import WATCH, Stage, StageError
from .stories import SONNET, Mail, Words

GEOGRAPHIES = ("jp.", "apac.", "global.")
WORKS, LEAVES, FAILS = "works", "leaves", "fails"
# What must be told of each account: of the profiles that stay in Japan, in Asia and the Pacific, and nowhere.
STAYS_ALONE, ANYTHING, NOTHING = (WORKS, FAILS, FAILS), (WORKS, LEAVES, LEAVES), (FAILS, FAILS, FAILS)
BEFORE = {MANAGEMENT: ANYTHING, AUDIT: STAYS_ALONE, DOCUMENTS: STAYS_ALONE, ACCOUNT: NOTHING, LAB: ANYTHING}
AFTER = {**BEFORE, ACCOUNT: STAYS_ALONE, LAB: STAYS_ALONE}
# How long a policy of an organization may be: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
QUOTA = 5_120


@dataclass(frozen=True)
class Reach:
    """What `crisguard reach` tells of the whole organization, called from Tokyo."""

    tree: Node = field(default_factory=lambda: Node("", "", []))
    # Each account's profiles, as the command writes them.
    profiles: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    exempt: set[str] = field(default_factory=set)

    def verdicts(self, account: str, geography: str) -> Counter[str]:
        """How many profiles of a geography there are of each verdict."""
        return Counter(_verdict(one) for one in self.profiles[account] if one["profile"].startswith(geography))

    def denied(self, account: str, geography: str) -> set[tuple[str, str, str]]:
        """What denies an account's profiles: in which Region, by which policy and statement."""
        found = [one for one in self.profiles[account] if one["profile"].startswith(geography)]
        return {(each["region"], each["policy"], each["statement"]) for one in found for each in one["denied"]}

    def changed(self, since: Reach) -> set[tuple[str, str]]:
        """The accounts and profiles with another verdict than before."""
        before, now = since.each(), self.each()
        return {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}

    def each(self) -> dict[tuple[str, str], str]:
        """Each account's and profile's verdict."""
        return {(account, one["profile"]): _verdict(one) for account, told in self.profiles.items() for one in told}


def _verdict(profile: dict[str, Any]) -> str:
    works_outside = profile["verdict"] == WORKS and profile["leaves"]
    return LEAVES if works_outside else str(profile["verdict"])


@dataclass
class Seen:
    """What is seen of the organization while its scenes are played."""

    # The id of the policy that is too strict.
    strict: str = ""
    before: Reach = field(default_factory=Reach)
    # What the command writes of the mend, for people.
    mend: str = ""
    # What the mend and the policy that closes what leaves come to, before they are attached.
    sizes: dict[str, int] = field(default_factory=dict)
    foretold: set[tuple[str, str]] = field(default_factory=set)
    left_open: list[str] = field(default_factory=list)
    after: Reach = field(default_factory=Reach)

    def foretold_of(self, account: str) -> int:
        """How many verdicts of an account were to change."""
        return sum(told == account for told, _ in self.foretold)

    @property
    def changed(self) -> set[tuple[str, str]]:
        """The accounts and profiles whose verdict is another one afterwards."""
        return self.after.changed(self.before)


def scenes(seen: Seen) -> list[Scene]:
    """The organization's scenes, which note what is seen."""
    return [
        Scene(
            "The next night",
            "A unit gets a stricter Region deny",
            "Control Tower's Region deny is turned on for the unit Online, with Tokyo alone. Nobody has called "
            "anything yet when the nightly look says what it breaks.",
            partial(_stricter, seen),
            (Mail.ALERT,),
            (Words("jp."), Words(OSAKA), Words(STRICT.name), Words(STATEMENT)),
            {"first": 1},
            partial(_broken, seen),
        ),
        Scene(
            "The next morning",
            "An application calls all the same",
            "It is refused, and CloudTrail names the policy at best. The alert names the statement, for "
            "check-posture keeps what stands above the account.",
            partial(_called, seen),
            (Mail.ALERT,),
            (Words(OSAKA), Words(STRICT.name), Words(STATEMENT), Words("role/ticket-desk")),
            {"first": 1},
        ),
        Scene(
            "The next night",
            "The mend is attached",
            "The control is turned off for Online, and the statement as crisguard changed it attached in its stead; to "
            "Sandbox, the policy that closes what leaves. The nightly look finds all in order.",
            partial(_mended, seen),
            (Mail.RESOLVED,),
            (Words(TOKYO),),
            {"resolved": 1},
            partial(_in_order, seen),
        ),
    ]


def asked(*profiles: str) -> list[str]:
    """How profiles are asked about."""
    return [word for profile in profiles for word in ("--profile", f"{profile}*")]


def ask(stage: Stage) -> Reach:
    """Exports the organization as it is, and asks what profiles can do in each of its accounts."""
    stage.organization.export()
    answer = json.loads(_crisguard(stage, *asked(*GEOGRAPHIES), "--format", "json"))
    profiles, exempt = {}, set()
    for told in answer["accounts"]:
        for account in told["accounts"]:
            profiles[account] = told["profiles"]
            exempt |= {account} if "exempt" in told else set()
    return Reach(stage.organization.tree(), profiles, exempt)


def _crisguard(stage: Stage, *arguments: str) -> str:
    files = ("--organization", str(stage.organization.file), "--policy", str(stage.policy_file))
    return stage.crisguard("reach", *files, "--source", TOKYO, *arguments)


# -- what happens --------------------------------------------------------------------


def _stricter(seen: Seen, stage: Stage, _: str) -> None:
    stage.later(12 * HOUR)
    seen.strict = stage.organization.attach(ONLINE, STRICT)
    stage.look()
    stage.tell()
    seen.before = ask(stage)


def _called(seen: Seen, stage: Stage, time: str) -> None:
    stage.later(8 * HOUR)
    # A function that is started anew reads what check-posture keeps; one that runs reads it every five minutes.
    functions = stage.aws.client("lambda")
    usual = functions.get_function_configuration(FunctionName=WATCH)["Environment"]["Variables"]
    started = {**usual, "CRISGUARD_DEMO_STARTED": uuid.uuid4().hex}
    functions.update_function_configuration(FunctionName=WATCH, Environment={"Variables": started})
    refused = denied_by_scp(call("ticket-desk", f"jp.{SONNET}"), OSAKA, SONNET, seen.strict)
    play_calls(stage, time, "under the stricter Region deny", refused)


def _mended(seen: Seen, stage: Stage, _: str) -> None:
    stage.later(8 * HOUR)
    wanted = ("--account", ACCOUNT, *asked("jp."))
    seen.mend = _crisguard(stage, *wanted, "--lang", stage.language)
    mends = json.loads(_crisguard(stage, *wanted, "--format", "json"))["mend"]
    if len(mends) != 1:
        raise StageError(f"crisguard reach proposes {len(mends)} changes of policies instead of one")
    mend = mends[0]
    seen.foretold = _what_if(stage, seen.strict, mend["document"])
    closing = json.loads(_crisguard(stage, "--account", LAB, *asked(*GEOGRAPHIES), "--format", "json"))["closing"]
    seen.foretold |= {(LAB, told.partition(" ")[0]) for told in closing["closed"]}
    seen.left_open = [*closing["open"], *closing["breaks"]]
    seen.sizes = {"mend": mend["size"], "closing": closing["size"]}

    stage.organization.attach(ONLINE, Scp("online-regions", "Tokyo, and jp. to Osaka", mend["document"]))
    stage.organization.detach(ONLINE, seen.strict)
    stage.organization.attach(SANDBOX, Scp("sandbox-profiles", "no profile leaves", closing["document"]))
    stage.look()
    stage.tell()
    seen.after = ask(stage)


def _what_if(stage: Stage, policy: str, document: Policy) -> set[tuple[str, str]]:
    """Which verdicts would change if this were the policy's text."""
    new = stage.aws.folder / "mended.json"
    new.write_text(json.dumps(document), encoding="utf-8")
    changes = json.loads(_crisguard(stage, *asked(*GEOGRAPHIES), "--what-if", f"{policy}={new}", "--format", "json"))[
        "changes"
    ]
    return {(account, change["profile"]) for change in changes for account in change["accounts"]}


# -- what must come of it ------------------------------------------------------------


def _broken(seen: Seen, _: Stage) -> list[str]:
    found = _other_than(BEFORE, seen.before)
    denied, expected = seen.before.denied(ACCOUNT, "jp."), {(OSAKA, seen.strict, STATEMENT)}
    return found if denied == expected else [*found, f"jp. is denied by {denied} instead of {expected}"]


def _in_order(seen: Seen, stage: Stage) -> list[str]:
    found = _other_than(AFTER, seen.after)
    found += [f"the verdict on {' in '.join(each[::-1])} did not change" for each in seen.foretold - seen.changed]
    found += [f"the verdict on {' in '.join(each[::-1])} changed" for each in seen.changed - seen.foretold]
    found += [
        f"the {what} has {size} characters, which is too long" for what, size in seen.sizes.items() if size > QUOTA
    ]
    found += [f"the closing policy leaves or breaks {profile}" for profile in seen.left_open]
    reach = [each for each in stage.report["assessments"] if each["control"] == "profile-reach-allowed"]
    wrong = [each["explanation"] for each in reach if each["decision"] != "compliant"]
    return [*found, *wrong] if reach else [*found, "nothing was decided about what profiles can do"]


def _other_than(expected: Mapping[str, tuple[str, ...]], reach: Reach) -> list[str]:
    found = []
    for account, verdicts in expected.items():
        for geography, verdict in zip(GEOGRAPHIES, verdicts, strict=True):
            told = reach.verdicts(account, geography)
            if set(told) != {verdict}:
                found.append(f"{geography} profiles in {account}: {dict(told)} instead of {verdict}")
    return found
