"""The part of Lambda that reads a queue, delivers batches and reads the answers; and the schedule.

The queues are the emulator's: they count receives, keep a FIFO group's order, hide a group of which
a message is under way, and move what was received five times to the dead-letter queue. What is
modelled here is the mapping:

- a batch is what the queue gives, at most the mapping's batch size;
- the messages that the answer names come again, the others are deleted; an answer that names a message
  of another batch, or none where it should, has the whole batch come again;
- an error, a time-out, a death or a failed start has the whole batch come again;
- "again" is after the visibility time-out: the clock moves on by that, nobody waits.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.runtime import Answered, Function, Outcome, StartError

from .proxy import Proxy
from .stage import DEAD_LETTERS, EVENTS, FINDINGS, PROGRAMS, SEND, VISIBILITY, WATCH, Stage
from .story import Round

BATCH_SIZES = {EVENTS: 500, FINDINGS: 10}
QUEUE_OF = {WATCH: EVENTS, SEND: FINDINGS}
# More deliveries than any case can need; beyond, something goes round in circles.
MOST_DELIVERIES = 120
SCHEDULE_RETRIES, SCHEDULE_PAUSE = 10, 60


class RestlessError(AssertionError):
    """Messages kept coming."""


@dataclass
class Invocation:
    """One invocation and what is to be checked of it."""

    function: str
    received: int
    """How many messages it was given; 0 for the hourly request."""
    outcome: Outcome | None
    """`None` if the function did not start."""
    failures: list[str] | None
    """The messages that the answer names; `None` if there is no answer, or none that can be read."""
    log: str

    def metrics(self) -> list[dict[str, Any]]:
        """The metrics that it wrote."""
        return [json.loads(line) for line in self.log.splitlines() if line.startswith('{"_aws"')]


@dataclass
class Driver:
    """Delivers what is in the queues until they are empty."""

    stage: Stage
    invocations: list[Invocation] = field(default_factory=list)
    redelivered: int = 0
    _arrived: int = 0

    def drain(self) -> None:
        """Delivers until neither function has anything left; watch-inference first, for it fills the other's queue."""
        for _ in range(MOST_DELIVERIES):
            if not any([self.deliver(WATCH), self.deliver(SEND)]):
                return
        raise RestlessError(f"messages still come after {MOST_DELIVERIES} rounds of deliveries")

    def arrive(self, round_: Round) -> None:
        """Puts what arrives into the queues."""
        self.stage.send(EVENTS, round_.events)
        for message in round_.assessments:
            self._arrived += 1
            self.stage.put_into_fifo(FINDINGS, json.dumps(message), message["subject"], f"assessment-{self._arrived}")

    def deliver(self, function: str, instance: str = "") -> bool:
        """Delivers one batch, to a certain instance if one is named; `False` if there is none."""
        queue = QUEUE_OF[function]
        messages = self.stage.receive(queue, BATCH_SIZES[queue])
        if not messages:
            return False
        self.redelivered += sum(int(message["Attributes"]["ApproximateReceiveCount"]) > 1 for message in messages)
        event = {"Records": [_record(message) for message in messages]}
        invocation = self._invoke(instance or function, event, len(messages))
        ids = [message["MessageId"] for message in messages]
        again = failed_of(ids, invocation.failures)
        done = [message for message in messages if message["MessageId"] not in again]
        if done:
            self.stage.delete(queue, done)
        if again:
            self.stage.clock.let_pass(VISIBILITY)
            self.stage.show_again(queue, [message for message in messages if message["MessageId"] in again])
        return True

    def hourly(
        self, request: dict[str, str], retries: int = SCHEDULE_RETRIES, instance: str = SEND
    ) -> dict[str, Any] | None:
        """Sends the hourly request, again if it fails, as the schedule does; returns the answer, if one came."""
        for _ in range(1 + retries):
            invocation = self._invoke(instance, request, 0)
            if isinstance(invocation.outcome, Answered):
                answer: dict[str, Any] = json.loads(invocation.outcome.body)
                return answer
            self.stage.clock.let_pass(SCHEDULE_PAUSE)
        return None

    def redrive(self) -> int:
        """Puts what is in the dead-letter queues back, as an operator does; returns how much it was."""
        moved = 0
        for queue, dead_letters in DEAD_LETTERS.items():
            for message in self.stage.take(dead_letters):
                moved += 1
                group = message["Attributes"].get("MessageGroupId")
                if group:
                    self.stage.put_into_fifo(queue, message["Body"], group, f"redriven-{moved}-{message['MessageId']}")
                else:
                    self.stage.send(queue, [message["Body"]])
        return moved

    def settle(self) -> None:
        """Waits for requests whose client has gone, and which may yet reach the service."""
        for proxy in self.stage.proxies.values():
            proxy.settle()

    def _invoke(self, instance: str, event: object, received: int) -> Invocation:
        proxy: Proxy = self.stage.proxies[instance]
        proxy.invocation += 1
        program: Function = self.stage.functions[instance]
        try:
            outcome: Outcome | None = program.invoke(json.dumps(event))
            log = outcome.log if outcome else ""
        except StartError as error:
            outcome, log = None, str(error)
        failures = answered_failures(outcome.body) if isinstance(outcome, Answered) and received else None
        invocation = Invocation(PROGRAMS[instance], received, outcome, failures, log)
        self.invocations.append(invocation)
        return invocation


def answered_failures(body: bytes) -> list[str] | None:
    """The message ids that an answer names; `None` if Lambda would take the answer as a failure of all."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    if not answer:
        return []
    if not isinstance(answer, dict):
        return None
    items = answer.get("batchItemFailures") or []
    named = [item.get("itemIdentifier") for item in items if isinstance(item, dict)]
    ids = [name for name in named if isinstance(name, str) and name]
    return ids if len(ids) == len(items) else None


def failed_of(ids: Sequence[str], failures: list[str] | None) -> set[str]:
    """Which messages of a batch come again."""
    if failures is None or not set(failures) <= set(ids):
        return set(ids)
    return set(failures)


def _record(message: dict[str, Any]) -> dict[str, Any]:
    """A message as an event has it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "awsRegion": "ap-northeast-1",
    }
