"""What must hold at the end of every case."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .mapping import Driver, Invocation
from .stage import EVENTS, EVENTS_DLQ, FINDINGS, FINDINGS_DLQ, MACHINE, SEND, SUBSCRIBER, WATCH, Stage
from .story import VIOLATION, Key, key_of

# The ways out of each function; a name that a version does not write counts nothing.
EXITS = {
    WATCH: ("Compliant", "Violation", "Undecided", "NotApplicable", "NotBedrock", "Canary", "Rejected", "Retried"),
    SEND: ("Counted", "Duplicate", "CanaryArrived", "Rejected", "Retried"),
}
AGAIN = ("Rejected", "Retried")


@dataclass(frozen=True)
class Known:
    """What the world knows at the end of a case."""

    counts: Mapping[Key, int]
    """The memory: each finding's count."""
    doubled: tuple[Key, ...]
    """Findings that stand in the memory more than once."""
    notices: tuple[tuple[str, Key, int], ...]
    """What people were told: the kind of notice, the finding, the count, for each line."""
    announced: tuple[tuple[str, Key, str], ...]
    """What machines were told: the transition, the finding, the id that repeats share."""
    imported: Mapping[Key, str]
    """The record state in Security Hub."""
    waiting: tuple[str, ...]
    """Documents that wait for the digest."""

    @property
    def alerts(self) -> Counter[Key]:
        """In how many notices each finding stands."""
        return Counter(key for _, key, _ in self.notices)


def known_of(stage: Stage, earlier: Known | None = None) -> Known:
    """Reads the table and what the subscribers received since the last time."""
    findings: list[tuple[Key, int]] = []
    waiting: list[str] = []
    for item in stage.items():
        partition, sort = item["pk"]["S"], item["sk"]["S"]
        if partition.startswith("SUBJECT#") and sort.startswith("FINDING#"):
            document = json.loads(item["body"]["S"])
            findings.append((key_of(document.get("finding", document)), document["count"]))
        elif partition.startswith("PENDING"):
            waiting.append(f"{partition}/{sort}")
    notices: list[tuple[str, Key, int]] = []
    for message in stage.take(SUBSCRIBER):
        outer = json.loads(message["Body"])
        kind = outer.get("MessageAttributes", {}).get("kind", {}).get("Value", "?")
        notices += [(kind, key_of(line), line["count"]) for line in json.loads(outer["Message"])["findings"]]
    announced: list[tuple[str, Key, str]] = []
    for message in stage.take(MACHINE):
        detail = json.loads(message["Body"])["detail"]
        announced.append((detail["transition"], key_of(detail["finding"]), detail["id"]))
    times = Counter(key for key, _ in findings)
    return Known(
        dict(findings),
        tuple(key for key, number in times.items() if number > 1),
        (*(earlier.notices if earlier else ()), *notices),
        (*(earlier.announced if earlier else ()), *announced),
        {},
        tuple(waiting),
    )


def problems(known: Known, expected: Mapping[Key, int], driver: Driver) -> list[str]:
    """Everything that does not hold, in words."""
    return [
        *_memory(known, expected),
        *_notices(known, expected),
        *_machines(known, expected),
        *_rest(known, driver.stage),
        *(problem for invocation in driver.invocations for problem in exits(invocation)),
    ]


def _memory(known: Known, expected: Mapping[Key, int]) -> list[str]:
    found = [f"in the memory more than once: {key}" for key in known.doubled]
    for key in sorted({*known.counts, *expected}):
        is_, must = known.counts.get(key), expected.get(key)
        if is_ != must:
            found.append(f"count of {' '.join(key)}: {is_}, not {must}")
    return found


def _notices(known: Known, expected: Mapping[Key, int]) -> list[str]:
    """Every finding in a notice with its exact count, and every subject with a violation in an alert."""
    found = []
    last: dict[Key, int] = {}
    for _, key, count in known.notices:
        last[key] = max(last.get(key, 0), count)
    for key, count in expected.items():
        if key not in last:
            found.append(f"never told: {' '.join(key)}")
        elif last[key] != count:
            found.append(f"told a count of {last[key]}, not {count}: {' '.join(key)}")
    found += [f"told, but not played: {' '.join(key)}" for key in last if key not in expected]
    alerted = {key[1] for kind, key, _ in known.notices if kind == "alert"}
    silent = {key[1] for key in expected if key[3] == VIOLATION} - alerted
    found += [f"no alert about {who}" for who in sorted(silent)]
    return found


def _machines(known: Known, expected: Mapping[Key, int]) -> list[str]:
    """If machines are told at all, each finding's beginning was announced."""
    if not known.announced:
        return []
    begun = {key for transition, key, _ in known.announced if transition in ("first", "worsened", "reopened")}
    return [f"no event announced {' '.join(key)}" for key in expected if key not in begun]


def _rest(known: Known, stage: Stage) -> list[str]:
    found = [f"still waits for the digest: {sort}" for sort in known.waiting]
    for queue in (EVENTS, EVENTS_DLQ, FINDINGS, FINDINGS_DLQ):
        if depth := stage.depth(queue):
            found.append(f"{depth} messages in {queue}")
    return found


def exits(invocation: Invocation) -> list[str]:
    """What is wrong with the metrics of one invocation that answered."""
    found = []
    written = invocation.metrics()
    where = f"an invocation of {invocation.function}"
    for metrics in written:
        out = sum(metrics.get(name, 0) for name in EXITS[invocation.function])
        if out != metrics["Received"]:
            found.append(f"exits of {where} do not add up: {metrics['Received']} received, {out} left")
    if invocation.failures is None:
        return found
    if len(written) != 1:
        return [*found, f"{where} answered and wrote {len(written)} lines of metrics"]
    (metrics,) = written
    if metrics["Received"] != invocation.received:
        found.append(f"{where} was given {invocation.received} messages and counted {metrics['Received']}")
    again = sum(metrics.get(name, 0) for name in AGAIN)
    if again != len(invocation.failures):
        found.append(f"{where} names {len(invocation.failures)} messages and counts {again} as failed")
    return found
