"""What must hold at the end of every case."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .mapping import Driver, Invocation
from .stage import EVENTS, EVENTS_DLQ, FINDINGS, FINDINGS_DLQ, MACHINE, SEND, SUBSCRIBER, WATCH, Stage
from .story import COMPLIANT, RULES, VIOLATION, Key, Truth, key_of

# The ways out of each function.
EXITS = {
    WATCH: ("Compliant", "Violation", "Undecided", "NotApplicable", "NotBedrock", "Canary", "Rejected", "Retried"),
    SEND: ("Counted", "Duplicate", "CanaryArrived", "Rejected", "Retried"),
}
AGAIN = ("Rejected", "Retried")
OPENING, ENDING = ("first", "reopened", "worsened"), ("closed", "resolved")


@dataclass
class Known:
    """What the world knows at the end of a case."""

    memory: dict[Key, list[tuple[int, str]]] = field(default_factory=dict)
    """Each finding's count and decision, once for each document that there is of it."""
    open: set[Key] = field(default_factory=set)
    """The findings on the list of what is open."""
    waiting: list[str] = field(default_factory=list)
    """Documents that wait for the digest."""
    notices: list[tuple[str, Key, int]] = field(default_factory=list)
    """What people were told: the kind of notice, the finding, the count, for each line."""
    announced: list[tuple[str, Key, str, int]] = field(default_factory=list)
    """What machines were told: the transition, the finding, the id that repeats share, the count."""
    imported: dict[Key, list[str]] = field(default_factory=dict)
    """The states that the finding came through in Security Hub."""

    def told(self, key: Key) -> int:
        """The largest count that anybody was told."""
        counts = [count for _, told, count in self.notices if told == key]
        counts += [count for _, told, _, count in self.announced if told == key]
        return max(counts, default=0)


def known_of(stage: Stage) -> Known:
    """Reads the table, Security Hub, and what the subscribers received."""
    known = Known()
    ids: dict[str, Key] = {}
    items = stage.items()
    for item in items:
        partition, sort = item["pk"]["S"], item["sk"]["S"]
        if partition.startswith("SUBJECT#") and sort.startswith("FINDING#"):
            document = json.loads(item["body"]["S"])
            matter = document["matter"]
            finding = matter.get("finding") or matter["deciding"]
            ids[sort] = key_of(finding)
            known.memory.setdefault(ids[sort], []).append((document["count"], finding["decision"]))
    for item in items:
        partition, sort = item["pk"]["S"], item["sk"]["S"]
        if partition == "PENDING":
            known.waiting.append(sort)
        elif partition == "OPEN":
            known.open.add(ids.get(sort, ("?", sort, "?")))
    for message in stage.take(SUBSCRIBER):
        outer = json.loads(message["Body"])
        kind = outer["MessageAttributes"]["kind"]["Value"]
        lines = json.loads(outer["Message"])["findings"]
        known.notices += [(kind, key_of(line), line["count"] or 0) for line in lines]
    for message in stage.take(MACHINE):
        detail = json.loads(message["Body"])["detail"]
        line = detail["finding"]
        known.announced.append((detail["transition"], key_of(line), detail["id"], line["count"] or 0))
        ids[f"FINDING#{line['id']}"] = key_of(line)
    for identity, states in stage.imported.items():
        key = next((key for sort, key in ids.items() if sort.removeprefix("FINDING#") in identity), ("?", identity, ""))
        known.imported.setdefault(key, []).extend(states)
    return known


def problems(known: Known, truths: Mapping[Key, Truth], driver: Driver, *, lasted: bool) -> list[str]:
    """Everything that does not hold, in words.

    Where a fault lasted until messages were dead letters, what was mended meanwhile need not have been told: it
    stands as it should by the time that anybody could be told.
    """
    return [
        *_memory(known, truths),
        *_people(known, truths, lasted=lasted),
        *_machines(known, truths, lasted=lasted),
        *_rest(known, truths, driver.stage),
        *(problem for invocation in driver.invocations for problem in exits(invocation)),
    ]


def _memory(known: Known, truths: Mapping[Key, Truth]) -> list[str]:
    """Exactly one document of each finding, with the exact count and the right decision; nothing else."""
    found = []
    for key in sorted({*known.memory, *truths}):
        is_ = known.memory.get(key, [])
        truth = truths.get(key)
        must = [(truth.count, truth.decision)] if truth else []
        if is_ != must:
            found.append(f"the memory has {is_} of {' '.join(key)}, not {must}")
    return found


def _people(known: Known, truths: Mapping[Key, Truth], *, lasted: bool) -> list[str]:
    """Every finding in a notice, every subject with a violation in an alert, every resolution told."""
    found = []
    told = {key for _, key, _ in known.notices}
    by_kind = {kind: {key for of, key, _ in known.notices if of == kind} for kind in ("alert", "resolved")}
    alerted = {_subject(key) for key in by_kind["alert"]}
    for key, truth in truths.items():
        mended = truth.decision == COMPLIANT
        if key not in told and not (mended and lasted):
            found.append(f"never told: {' '.join(key)}")
        if known.told(key) != truth.count:
            found.append(f"told a count of {known.told(key)}, not {truth.count}: {' '.join(key)}")
        if truth.decision == VIOLATION and _subject(key) not in alerted:
            found.append(f"no alert about {' '.join(_subject(key))}")
        if mended and key in told and key not in by_kind["resolved"]:
            found.append(f"told, but not its resolution: {' '.join(key)}")
    found += [f"told, but not played: {' '.join(key)}" for key in told if key not in truths]
    return found


def _subject(key: Key) -> tuple[str, ...]:
    """What one alert is about: here, a principal; or the account's settings."""
    return (RULES,) if key[0] == RULES else (key[1],)


def _machines(known: Known, truths: Mapping[Key, Truth], *, lasted: bool) -> list[str]:
    """Each finding's beginning and end announced, each once, but for repeats with the same id."""
    found = []
    for key, truth in truths.items():
        goes_on = key[0] == RULES and truth.decision != COMPLIANT
        mended = truth.decision == COMPLIANT
        ids: dict[str, set[str]] = {}
        for transition, of, identity, _ in known.announced:
            if of == key:
                ids.setdefault(transition, set()).add(identity)
        begun = {identity for transition in OPENING for identity in ids.get(transition, ())}
        ended = {identity for transition in ENDING for identity in ids.get(transition, ())}
        if not begun and not (mended and lasted):
            found.append(f"no event announced {' '.join(key)}")
        if begun and bool(ended) == goes_on:
            found.append(f"the end of {' '.join(key)} was {'announced' if ended else 'not announced'}")
        # A reopening is another beginning; anything else that is said twice has the same id.
        most = 1 + len(ids.get("reopened", ()))
        if not lasted and (len(ids.get("first", ())) > 1 or len(ended) > most):
            found.append(f"{' '.join(key)} was announced under several ids: {ids}")
        states, last = known.imported.get(key, []), "ACTIVE" if goes_on else "ARCHIVED"
        if begun and (states[-1:] != [last] or ("ACTIVE" not in states and not lasted)):
            found.append(f"Security Hub has seen {states} of {' '.join(key)}, which is {last} now")
    return found


def _rest(known: Known, truths: Mapping[Key, Truth], stage: Stage) -> list[str]:
    """Nothing waits; only what goes on is on the list of what is open; the queues are empty."""
    found = [f"still waits for the digest: {sort}" for sort in known.waiting]
    going_on = {key for key, truth in truths.items() if key[0] == RULES and truth.decision != COMPLIANT}
    found += [f"on the list of open findings: {' '.join(key)}" for key in known.open - going_on]
    found += [f"not on the list of open findings: {' '.join(key)}" for key in going_on - known.open]
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
        out = _sum(metrics, EXITS[invocation.function])
        if out != metrics["Received"]:
            found.append(f"exits of {where} do not add up: {metrics['Received']} received, {out} left")
    if invocation.failures is None:
        return found
    if len(written) != 1:
        return [*found, f"{where} answered and wrote {len(written)} lines of metrics"]
    (metrics,) = written
    if metrics["Received"] != invocation.received:
        found.append(f"{where} was given {invocation.received} messages and counted {metrics['Received']}")
    again = _sum(metrics, AGAIN)
    if again != len(invocation.failures):
        found.append(f"{where} names {len(invocation.failures)} messages and counts {again} as failed")
    return found


def _sum(metrics: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return sum(int(metrics[name]) for name in names)


def kinds(known: Known) -> Counter[str]:
    """How many lines of each kind of notice there were, for the table."""
    return Counter(kind for kind, _, _ in known.notices)
