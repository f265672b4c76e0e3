"""What every case plays, and what must be known at its end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.e2e import records
from tests.e2e.records import ACCOUNT, GLOBAL, HOME, LEAVES, STAYS, Record, envelope

POLICY = Path(__file__).with_name("policy.yaml")
ELSEWHERE, SYDNEY = "us-east-1", "ap-southeast-2"
# Regions whose rules were found wrong, and mended; and could not be looked at.
MENDED, UNSEEN = "eu-west-3", "eu-west-1"
HOUR, DAY = 3600, 86400

DESTINATION, RULES = "destination-region-allowed", "rule-receives-inference"
VIOLATION, UNDECIDED, COMPLIANT = "non-compliant", "undecided", "compliant"

# What a person would call a finding: control, who or where, destination.
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Truth:
    """What must be known of a finding."""

    count: int
    decision: str
    """How it stands at the end, before it is closed."""


# Each finding of the story: written down here, not taken from a run.
EXPECTED: dict[Key, Truth] = {
    (DESTINATION, "chat", SYDNEY): Truth(4, VIOLATION),
    (DESTINATION, "agent", ELSEWHERE): Truth(1, VIOLATION),
    ("global-profile-allowed", "agent", ELSEWHERE): Truth(1, VIOLATION),
    (DESTINATION, "unclear", "?"): Truth(1, UNDECIDED),
    (DESTINATION, "unclear", SYDNEY): Truth(1, VIOLATION),
    (DESTINATION, "stream", SYDNEY): Truth(1, VIOLATION),
    ("source-region-allowed", "batch", HOME): Truth(1, VIOLATION),
    # No list has a profile for Japan that is called from Virginia.
    ("profile-destinations-known", "batch", HOME): Truth(1, UNDECIDED),
    (RULES, MENDED, "?"): Truth(0, COMPLIANT),
    (RULES, UNSEEN, "?"): Truth(0, UNDECIDED),
}
# What the round adds that is played while the function is at work (`meanwhile`).
MEANWHILE: dict[Key, Truth] = {
    (DESTINATION, "chat", SYDNEY): Truth(1, VIOLATION),
    (DESTINATION, "late", SYDNEY): Truth(1, VIOLATION),
}


def expected(meanwhile: bool) -> dict[Key, Truth]:
    """What must be known at the end."""
    truths = dict(EXPECTED)
    for key, truth in MEANWHILE.items() if meanwhile else ():
        before = truths.get(key)
        truths[key] = Truth(truth.count + (before.count if before else 0), truth.decision)
    return truths


@dataclass(frozen=True)
class Round:
    """What arrives at one time."""

    events: list[str]
    """Bodies for the events queue."""
    assessments: list[dict[str, Any]]
    """Messages that check-posture puts into the findings queue."""


def rounds(now: float) -> list[Round]:
    """The two batches in which everything comes.

    The second holds what came before once more, an end of a stream whose begin was in the first, a violation
    where only a gap was known, and the mending of what was found wrong.
    """
    chat = [records.call(LEAVES, processed_in=SYDNEY, by="chat") for _ in range(4)]
    everywhere = records.call(GLOBAL, processed_in=ELSEWHERE, by="agent")
    unclear = records.call(LEAVES, by="unclear")
    clearer = records.call(LEAVES, processed_in=SYDNEY, by="unclear")
    begun = records.call(LEAVES, by="stream", name="InvokeModelWithResponseStream")
    ended = records.end_of_stream(begun, SYDNEY)
    from_elsewhere = records.call(STAYS, processed_in=HOME, by="batch", region=ELSEWHERE)
    compliant = records.call(STAYS, processed_in=HOME, by="chat")
    listing = records.call(by="chat", name="ListFoundationModels")
    other = {**records.call(by="chat", name="PutObject"), "eventSource": "s3.amazonaws.com"}
    first = [chat[0], chat[1], chat[0], everywhere, unclear, compliant, begun, from_elsewhere, listing, other]
    second = [chat[2], chat[0], ended, clearer, chat[3], everywhere]
    wrong, unseen = _assessed(MENDED, VIOLATION, now - 60), _assessed(UNSEEN, UNDECIDED, now - 60)
    return [
        Round([*(_body(record, now) for record in first), _canary(now)], [wrong, unseen]),
        # Beside the mending, the older message once more: it must not undo it.
        Round([_body(record, now + 600) for record in second], [_assessed(MENDED, COMPLIANT, now + 540), wrong]),
    ]


def meanwhile(now: float) -> Round:
    """What arrives while the function is at work on something else."""
    calls = [records.call(LEAVES, processed_in=SYDNEY, by=who) for who in ("chat", "late")]
    return Round([_body(record, now) for record in calls], [])


def _at(now: float) -> str:
    return datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _body(record: Record, now: float) -> str:
    return json.dumps(envelope({**record, "eventTime": _at(now - 30)}))


def _canary(now: float) -> str:
    """The synthetic record that a schedule puts on each Region's bus every hour."""
    refused = {"errorCode": "AccessDenied", "errorMessage": "with an explicit deny in a service control policy"}
    record = {**records.call(by="canary"), **refused, "eventTime": _at(now)}
    return json.dumps({**envelope(record), "source": "crisguard.canary", "time": _at(now)})


def _assessed(region: str, decision: str, at: float) -> dict[str, Any]:
    """What check-posture says of a Region's rules."""
    reasons: dict[str, dict[str, Any]] = {
        VIOLATION: {
            "kind": "rules_do_not_receive",
            "region": region,
            "problems": [{"kind": "missing", "rules": ["crisguard-forward-1"]}],
        },
        UNDECIDED: {
            "kind": "not_observed",
            "region": region,
            "not_observed": [{"action": "events:ListRules", "cause": "AccessDenied"}],
        },
        COMPLIANT: {"kind": "rules_stand", "region": region},
    }
    return {
        "kind": "posture",
        "version": 2,
        "id": _digits("id", region),
        "subject": _digits("subject"),
        "control": RULES,
        "decision": decision,
        "reason": reasons[decision],
        "severity": "high",
        "account": ACCOUNT,
        "region": region,
        "observed_at": _at(at),
        "explanation": f"the rules in {region} are {decision}",
        "policy_sha256": hashlib.sha256(POLICY.read_bytes()).hexdigest(),
    }


def _digits(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:32]


def key_of(finding: Mapping[str, Any]) -> Key:
    """Names a line of a notice, or a finding of the memory."""
    principal = finding.get("principal")
    who = principal.rsplit("/", 1)[-1] if principal else finding.get("region") or finding["source_region"]
    return finding["control"], who, finding.get("destination_region") or "?"
