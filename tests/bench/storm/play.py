"""Plays a storm through watch-inference and send-alerts as their event source mappings would."""

from __future__ import annotations

import itertools
import json
import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import events
from tests.bench.aws import Aws
from tests.runtime import Answered, Function

BATCH, FIFO_BATCH = 500, 10
"""What the mappings ask for (infra/watch-inference.yaml, infra/send-alerts.yaml)."""

Message = dict[str, str]


@dataclass
class Used:
    """What a function was asked for, what it used and what it counted."""

    invocations: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    log_bytes: int = 0
    delivered_again: int = 0
    metrics: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def add(self, other: Used) -> None:
        """Adds another instance's share."""
        self.invocations += other.invocations
        self.seconds += other.seconds
        self.cpu_seconds += other.cpu_seconds
        self.peak_memory = max(self.peak_memory, other.peak_memory)
        self.log_bytes += other.log_bytes
        self.delivered_again += other.delivered_again
        self.metrics += other.metrics
        self.errors += other.errors


class Instance:
    """One instance of a function, and what it has used."""

    def __init__(self, program: Path, environment: dict[str, str]) -> None:
        """Names the program; it starts with its first event."""
        self.function = Function([program], environment, name=f"crisguard-{program.name}")
        self.used = Used()

    def invoke(self, event: str) -> dict[str, Any] | None:
        """Hands over one event; returns the answer, or `None` if it failed."""
        outcome = self.function.invoke(event)
        used = self.used
        used.invocations += 1
        used.seconds += outcome.seconds
        used.cpu_seconds += outcome.cpu_seconds
        used.log_bytes += len(outcome.log)
        for line in outcome.log.splitlines():
            if '"_aws"' in line:
                counted = json.loads(line)
                names = [metric["Name"] for metric in counted["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
                used.metrics.update({name: counted[name] for name in names})
            elif '"ERROR"' in line and len(used.errors) < 5:
                used.errors.append(line)
        if not isinstance(outcome, Answered):
            used.errors.append(str(outcome)[:500])
            return None
        answer: dict[str, Any] = json.loads(outcome.body)
        return answer

    def batch(self, messages: list[Message], queue: str) -> list[Message]:
        """Hands over a batch; returns the messages that are to be delivered again."""
        given = ((message["id"], message.get("group", ""), message["body"]) for message in messages)
        answer = self.invoke(events.batch(given, queue))
        failed = messages if answer is None else _failed(messages, answer)
        self.used.delivered_again += len(failed)
        return failed

    def close(self) -> Used:
        """Ends the process and returns what it used."""
        self.used.peak_memory = self.function.peak_memory()
        self.function.close()
        return self.used


def _failed(messages: list[Message], answer: dict[str, Any]) -> list[Message]:
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    return [message for message in messages if message["id"] in failed]


@dataclass
class Played:
    """What came of a storm."""

    watch: Used = field(default_factory=Used)
    send: Used = field(default_factory=Used)
    review: dict[str, Any] | None = None
    duplicates: int = 0


def play(
    calls: Iterator[events.Violation],
    programs: Path,
    aws: Aws,
    *,
    duplicates: float,
    randomness: random.Random,
    workers: int = 2,
    progress: Callable[[int], None],
) -> Played:
    """Hands every call to watch-inference, and its findings to `workers` instances of send-alerts.

    As SQS and EventBridge may, it delivers some messages twice: a share of the calls in another
    batch, and the same share of the findings. Findings of one group are handed over in their order,
    to one instance at a time; what fails is handed over again with the next batch.
    """
    environment = events.environment(aws.url)
    played = Played()
    watch = Instance(programs / "watch-inference", environment)
    senders = [Instance(programs / "send-alerts", environment) for _ in range(workers)]
    again: list[list[Message]] = [[] for _ in senders]
    repeated: list[Message] = []
    done = 0

    def send(number: int, messages: list[Message]) -> None:
        for start in range(0, len(messages), FIFO_BATCH):
            batch = messages[start : start + FIFO_BATCH]
            again[number] += senders[number].batch(batch, "crisguard-findings.fifo")
            if randomness.random() < duplicates:
                again[number] += senders[number].batch(batch, "crisguard-findings.fifo")

    with ThreadPoolExecutor(workers) as pool:
        pending: list[Any] = []
        while True:
            some = [{"id": f"c-{call.number}", "body": call.body()} for call in itertools.islice(calls, BATCH)]
            chosen = [message for message in some if randomness.random() < duplicates]
            if not some and not repeated and not any(again):
                break
            failed = watch.batch(some + repeated, "crisguard-calls") if some or repeated else []
            played.duplicates += len(chosen)
            repeated = chosen + failed
            findings = aws.ask("take")
            for one in pending:
                one.result()
            shares = again
            again = [[] for _ in senders]
            for finding in findings:
                shares[zlib.crc32(finding["group"].encode()) % workers].append(finding)
            # A queue hands out a group's messages together.
            pending = [
                pool.submit(send, number, sorted(share, key=lambda message: message["group"]))
                for number, share in enumerate(shares)
            ]
            if not some:
                for one in pending:
                    one.result()
            done += len(some)
            progress(done)
        for one in pending:
            one.result()
    played.review = senders[0].invoke('{"crisguard":"review"}')
    played.watch = watch.close()
    for sender in senders:
        played.send.add(sender.close())
    return played
