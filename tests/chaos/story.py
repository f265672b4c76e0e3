"""What every case plays, and what must be known at its end."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.e2e import records
from tests.e2e.records import GLOBAL, HOME, LEAVES, STAYS, Record, envelope

POLICY = Path(__file__).with_name("policy.yaml")
ELSEWHERE = "us-east-1"
SYDNEY = "ap-southeast-2"


def _at(now: float) -> str:
    return datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def rounds(now: float) -> list[list[str]]:
    """The bodies of the events queue, in the two batches in which they come.

    The second holds what came before once more, an end of a stream whose begin was in the first, a
    violation where only a gap was known, and something new.
    """
    chat = [records.call(LEAVES, processed_in=SYDNEY, by="chat") for _ in range(4)]
    everywhere = records.call(GLOBAL, processed_in=ELSEWHERE, by="agent")
    unclear = records.call(LEAVES, by="unclear")
    clearer = records.call(LEAVES, processed_in=SYDNEY, by="unclear")
    begun = records.call(LEAVES, by="stream", name="InvokeModelWithResponseStream")
    ended = records.end_of_stream(begun, SYDNEY)
    from_elsewhere = records.call(STAYS, processed_in=HOME, by="batch", region=ELSEWHERE)
    late = records.call(LEAVES, processed_in=SYDNEY, by="late")
    compliant = records.call(STAYS, processed_in=HOME, by="chat")
    listing = records.call(by="chat", name="ListFoundationModels")
    other = {**records.call(by="chat", name="PutObject"), "eventSource": "s3.amazonaws.com"}
    first = [chat[0], chat[1], chat[0], everywhere, unclear, compliant, begun, from_elsewhere, listing, other]
    second = [chat[2], chat[0], ended, clearer, chat[3], late, everywhere]
    return [[_body(record, now) for record in first], [_body(record, now + 600) for record in second]]


def _body(record: Record, now: float) -> str:
    return json.dumps(envelope({**record, "eventTime": _at(now - 30)}))


# What a person would call a finding: control, who, destination, decision.
Key = tuple[str, str, str, str]

DESTINATION, VIOLATION, UNDECIDED = "destination-region-allowed", "non-compliant", "undecided"
# Each finding of the story, with how often it happened: written down here, not taken from a run.
EXPECTED: dict[Key, int] = {
    (DESTINATION, "chat", SYDNEY, VIOLATION): 4,
    (DESTINATION, "agent", ELSEWHERE, VIOLATION): 1,
    ("global-profile-allowed", "agent", ELSEWHERE, VIOLATION): 1,
    (DESTINATION, "unclear", "?", UNDECIDED): 1,
    (DESTINATION, "unclear", SYDNEY, VIOLATION): 1,
    (DESTINATION, "stream", SYDNEY, VIOLATION): 1,
    ("source-region-allowed", "batch", HOME, VIOLATION): 1,
    (DESTINATION, "late", SYDNEY, VIOLATION): 1,
}


def key_of(finding: dict[str, Any]) -> Key:
    """Names a finding of the memory, or a line of a notice."""
    return (
        finding["control"],
        str(finding.get("principal", "")).rsplit("/", 1)[-1],
        finding.get("destination_region") or "?",
        finding["decision"],
    )
