"""What judges the functions is itself to be trusted: each part can fail."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.emulator import INFRA
from tests.runtime import Answered
from tests.runtime.http import Request
from tests.runtime.passing import Answer, exchange

from .faults import AFTER, BEFORE, INVOCATION, LASTING, MEANWHILE, ONCE, STORM, Case, Injection, cases
from .mapping import BATCH_SIZES, Invocation, answered_failures, failed_of
from .partial import PARTIAL
from .proxy import Proxy, Seen, Treatment
from .stage import EVENTS, FINDINGS, RECEIVES, SEND, VISIBILITY, WATCH
from .story import COMPLIANT, EXPECTED, VIOLATION, Key, Truth, expected
from .verdict import Known, _machines, _memory, _people, exits
from .wire import Call, call_of

SENT = Call("sqs", "SendMessageBatch", "")
CHAT: Key = ("destination-region-allowed", "chat", "ap-southeast-2")


def request(operation: str = "SendMessageBatch", **body: Any) -> Request:
    """A signed request of the JSON protocol."""
    scope = "AWS4-HMAC-SHA256 Credential=500000000000/20261122/ap-northeast-1/sqs/aws4_request, Signature=0"
    headers = {"authorization": scope, "x-amz-target": f"AmazonSQS.{operation}", "host": "x"}
    return Request("POST", "/", headers, json.dumps(body).encode())


# -- the proxy -------------------------------------------------------------------


class Service:
    """Stands for AWS: keeps the bodies that arrive and answers each."""

    def __init__(self) -> None:
        """Listens."""
        self.arrived: list[dict[str, Any]] = []
        self.proxy = Proxy("service", ("127.0.0.1", 1), local={"sqs": self.answer})

    def answer(self, request: Request) -> Answer:
        """Answers one request."""
        self.arrived.append(json.loads(request.body))
        return Answer(200, (("x-from", "service"),), b'{"Successful":[]}', whole=True)


class Treated:
    """A plan that treats every request alike."""

    def __init__(self, treatment: Treatment) -> None:
        """Names the treatment."""
        self.treatment = treatment

    def treat(self, _: Seen) -> Treatment:
        """Treats a request."""
        return self.treatment


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.proxy.close()


@pytest.fixture
def through(service: Service) -> Iterator[Callable[..., tuple[Answer, list[str]]]]:
    made: list[Proxy] = []

    def send(treatment: Treatment, burst: tuple[str, int] | None = None) -> tuple[Answer, list[str]]:
        killed: list[str] = []
        proxy = Proxy(WATCH, ("127.0.0.1", service.proxy.port), burst, Treated(treatment))
        proxy.kill = lambda: killed.append(f"after {len(service.arrived)}")
        made.append(proxy)
        entries = [{"Id": str(n), "MessageBody": "m", "MessageDeduplicationId": "d"} for n in range(3)]
        return exchange(("127.0.0.1", proxy.port), request(Entries=entries)), killed

    yield send
    for proxy in made:
        proxy.close()


def test_what_is_not_treated_passes(service: Service, through: Callable[..., tuple[Answer, list[str]]]) -> None:
    answer, killed = through(Treatment())
    assert (answer.status, answer.body, answer.whole, killed) == (200, b'{"Successful":[]}', True, [])
    assert ("x-from", "service") in answer.headers
    assert [entry["MessageDeduplicationId"] for entry in service.arrived[0]["Entries"]] == ["d-1"] * 3


@pytest.mark.parametrize(("kill", "arrived"), [("before", 0), ("after", 1)])
def test_it_kills_before_or_after_the_service(
    service: Service, through: Callable[..., tuple[Answer, list[str]]], kill: str, arrived: int
) -> None:
    answer, killed = through(Treatment(kill=kill))
    assert (answer.status, answer.whole) == (0, False)
    assert (killed, len(service.arrived)) == ([f"after {arrived}"], arrived)


def test_what_is_called_failed_does_not_arrive(
    service: Service, through: Callable[..., tuple[Answer, list[str]]]
) -> None:
    answer, _ = through(Treatment(partly=PARTIAL["sqs:SendMessageBatch"]["first entry Failed"]))
    assert [entry["Id"] for entry in service.arrived[0]["Entries"]] == ["1", "2"]
    assert [entry["Id"] for entry in json.loads(answer.body)["Failed"]] == ["0"]


def test_what_breaks_off_is_broken_off(through: Callable[..., tuple[Answer, list[str]]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def half() -> None:
            stream, _ = listener.accept()
            with stream:
                stream.recv(65536)
                stream.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")

        threading.Thread(target=half, daemon=True).start()
        address: tuple[str, int] = listener.getsockname()
        answer, _ = through(Treatment(mark="x"), burst=address)
    assert (answer.status, answer.whole) == (200, False)


def test_calls_are_named() -> None:
    item = {"Put": {"Item": {"pk": {"S": "SUBJECT#1"}, "sk": {"S": "FINDING#2"}}}}
    transaction = call_of(request("TransactWriteItems", TransactItems=[item, item]))
    assert str(transaction) == "sqs:TransactWriteItems (Put SUBJECT/FINDING)"
    form = b"Action=Publish&MessageAttributes.entry.1.Name=kind&MessageAttributes.entry.1.Value.StringValue=alert"
    headers = {**request().headers, "content-type": "application/x-www-form-urlencoded"}
    headers.pop("x-amz-target")
    assert str(call_of(Request("POST", "/", headers, form))) == "sqs:Publish (alert)"


# -- the plan --------------------------------------------------------------------


def seen(number: int, invocation: int = 1, function: str = WATCH) -> Seen:
    """The n-th request of a function."""
    return Seen(function, SENT, number, invocation)


@pytest.mark.parametrize(("case", "fired"), [
    (Case(WATCH, SENT, "throttled", ONCE), [1]),
    (Case(WATCH, SENT, "throttled", INVOCATION), [1, 2]),
    (Case(WATCH, SENT, "throttled", LASTING), [1, 2, 3, 4]),
    (Case(WATCH, SENT, BEFORE, number=3), [3]),
    (Case(SEND, SENT, "throttled", LASTING), []),
    (Case(WATCH, Call("sqs", "SendMessageBatch", "elsewhere"), "throttled", LASTING), []),
])  # fmt: skip
def test_a_fault_lasts_as_long_as_it_says(case: Case, fired: list[int]) -> None:
    injection = Injection(case, "5")
    requests = [seen(1), seen(2), seen(3, 2), seen(4, 2)]
    assert [one.number for one in requests if injection.treat(one)] == fired
    injection.over = True
    assert injection.treat(seen(3)) is None


def test_every_call_has_every_fault_and_every_request_both_kills() -> None:
    made = cases([seen(1), seen(2), seen(1, function=SEND)], storms=2)
    names = {case.name for case in made}
    assert len(names) == len(made)
    assert {(case.function, case.number) for case in made if case.fault == AFTER} == {(WATCH, 1), (WATCH, 2), (SEND, 1)}
    assert [case.function for case in made if case.fault == MEANWHILE] == [SEND]
    assert [case.number for case in made if case.fault == STORM] == [1, 2]
    assert "watch-inference sqs:SendMessageBatch: first entry Failed for one invocation" in names


# -- the mapping -----------------------------------------------------------------


@pytest.mark.parametrize(("body", "again"), [
    (b'{"batchItemFailures":[]}', set()),
    (b"null", set()),
    (b'{"batchItemFailures":[{"itemIdentifier":"b"}]}', {"b"}),
    (b'{"batchItemFailures":[{"itemIdentifier":""}]}', {"a", "b"}),
    (b'{"batchItemFailures":[{"id":"a"}]}', {"a", "b"}),
    (b'{"batchItemFailures":[{"itemIdentifier":"c"}]}', {"a", "b"}),
    (b"not JSON", {"a", "b"}),
])  # fmt: skip
def test_answers_are_read_as_lambda_reads_them(body: bytes, again: set[str]) -> None:
    assert failed_of(["a", "b"], answered_failures(body)) == again


def test_the_model_is_that_of_the_templates() -> None:
    def numbers(path: Path, name: str) -> set[int]:
        return {int(found) for found in re.findall(rf"{name}: (\d+)", path.read_text(encoding="utf-8"))}

    for template in ("intake.yaml", "delivery.yaml"):
        assert numbers(INFRA / template, "maxReceiveCount") == {RECEIVES}
        assert min(numbers(INFRA / template, "Default")) >= VISIBILITY
    assert numbers(INFRA / "watch-inference.yaml", "BatchSize") == {BATCH_SIZES[EVENTS]}
    assert numbers(INFRA / "send-alerts.yaml", "BatchSize") == {BATCH_SIZES[FINDINGS]}


# -- the verdict -----------------------------------------------------------------


def right() -> Known:
    """What is known when all is well."""
    known = Known()
    for key, truth in EXPECTED.items():
        goes_on = key[0] == "rule-receives-inference" and truth.decision != COMPLIANT
        kind = "alert" if truth.decision in (VIOLATION, COMPLIANT) else "digest"
        known.memory[key] = [(truth.count, truth.decision)]
        known.notices.append((kind, key, truth.count))
        known.announced.append(("first", key, f"{key}-1", truth.count))
        known.imported[key] = ["ACTIVE"] if goes_on else ["ACTIVE", "ARCHIVED"]
        if truth.decision == COMPLIANT:
            known.notices.append(("resolved", key, truth.count))
        if not goes_on:
            known.announced.append(
                ("resolved" if truth.decision == COMPLIANT else "closed", key, f"{key}-2", truth.count)
            )
    return known


def judged(known: Known) -> list[str]:
    """The verdict on what is known."""
    truths: dict[Key, Truth] = expected(meanwhile=False)
    return [
        *_memory(known, truths),
        *_people(known, truths, lasted=False),
        *_machines(known, truths, lasted=False),
    ]


def test_what_is_right_is_found_right() -> None:
    assert judged(right()) == []


@pytest.mark.parametrize("wrong", [
    lambda known: known.memory.update({CHAT: [(3, VIOLATION)]}),
    lambda known: known.memory.update({CHAT: [(4, VIOLATION)] * 2}),
    lambda known: known.memory.pop(CHAT),
    lambda known: known.memory.update({("x", "y", "z"): [(1, VIOLATION)]}),
    lambda known: known.notices.remove(("alert", CHAT, 4)),
    lambda known: known.notices.append(("alert", CHAT, 5)),
    lambda known: known.announced.remove(("first", CHAT, f"{CHAT}-1", 4)),
    lambda known: known.announced.remove(("closed", CHAT, f"{CHAT}-2", 4)),
    lambda known: known.announced.append(("first", CHAT, "another", 4)),
    lambda known: known.imported.update({CHAT: ["ACTIVE"]}),
    lambda known: known.imported.update({CHAT: ["ARCHIVED"]}),
    lambda known: known.imported.pop(CHAT),
])  # fmt: skip
def test_what_is_wrong_is_found_wrong(wrong: Callable[[Known], None]) -> None:
    known = right()
    wrong(known)
    assert judged(known) != []


@pytest.mark.parametrize(("counts", "failures", "right_"), [
    ({"Received": 2, "Compliant": 1, "Retried": 1}, ["m"], True),
    ({"Received": 2, "Compliant": 1}, [], False),
    ({"Received": 1, "Compliant": 1}, [], False),
    ({"Received": 2, "Compliant": 2}, ["m"], False),
])  # fmt: skip
def test_exits_must_add_up(counts: dict[str, int], failures: list[str], right_: bool) -> None:
    names = ("Compliant", "Violation", "Undecided", "NotApplicable", "NotBedrock", "Canary", "Rejected", "Retried")
    line = json.dumps({"_aws": {}, **dict.fromkeys(names, 0), **counts})
    outcome = Answered(0, 0, 0, line, b"")
    assert (exits(Invocation(WATCH, 2, outcome, failures, line)) == []) == right_
