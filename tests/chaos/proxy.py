"""The proxy between a function and AWS: it sees every request, and may fail it, pass it on, or kill the function."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from tests.runtime.http import Request
from tests.runtime.passing import Answer, Listener, exchange, passed_back

from .wire import Call, call_of

# Where a request's fault rule is found: microburst matches it by this header.
MARK = "x-crisguard-fault"


@dataclass(frozen=True)
class Seen:
    """A request that the proxy has seen."""

    function: str
    call: Call
    number: int
    """Its place among the function's requests in this case, from 1, over all its processes."""
    invocation: int
    """The number of the function's invocation that made it."""


@dataclass(frozen=True)
class Treatment:
    """What is to become of one request."""

    mark: str = ""
    """Goes through microburst under the rule with this mark."""
    kill: str = ""
    """`before` it is passed on, or `after` the service has done it: the function is killed."""
    meanwhile: bool = False
    """Waits until something else has happened, then goes on."""
    partly: Callable[[Request, Pass], Answer] | None = None
    """Answers in place of the service, or passes part of the request on."""


Pass = Callable[[Request], Answer]


class Plan(Protocol):
    """Decides what becomes of each request."""

    def treat(self, seen: Seen) -> Treatment | None:
        """`None` passes the request on as it is."""


@dataclass
class Proxy:
    """Listens for one function. Each connection has a thread; a request that was taken is finished in any case."""

    function: str
    service: tuple[str, int]
    burst: tuple[str, int] | None = None
    plan: Plan | None = None
    kill: Callable[[], None] = lambda: None
    meanwhile: Callable[[], None] = lambda: None
    now: Callable[[], float] = time.time
    """The functions' time."""
    invocation: int = 0
    journal: list[Seen] = field(default_factory=list)
    under_way: int = 0
    local: Mapping[str, Callable[[Request], Answer]] = field(default_factory=dict)
    """Who answers for services that the emulator does not have, by their names."""
    elsewhere: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Where services are that are not where the others are."""

    def __post_init__(self) -> None:
        """Opens the port and serves it until `close`."""
        self._changed = threading.Condition()
        self._listener = Listener(self._handle)

    @property
    def endpoint(self) -> str:
        """Where the function finds AWS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._listener.port

    def close(self) -> None:
        """Stops listening."""
        self._listener.close()

    def settle(self, seconds: float = 30) -> None:
        """Waits until no request is under way: one whose client has gone may still reach the service."""
        until = time.monotonic() + seconds
        with self._changed:
            while self.under_way:
                if not self._changed.wait(until - time.monotonic()):
                    raise AssertionError(f"{self.under_way} requests of {self.function} are still under way")

    def _handle(self, request: Request, stream: socket.socket) -> bool:
        """Answers one request; `False` ends the connection."""
        with self._changed:
            self.under_way += 1
            seen = Seen(self.function, call_of(request), len(self.journal) + 1, self.invocation)
            self.journal.append(seen)
            treatment = self.plan.treat(seen) if self.plan else None
        try:
            answer = self._answer(seen, request, treatment or Treatment())
        finally:
            with self._changed:
                self.under_way -= 1
                self._changed.notify_all()
        return answer is not None and passed_back(answer, stream, self.now())

    def _answer(self, seen: Seen, request: Request, treatment: Treatment) -> Answer | None:
        local = self.local.get(seen.call.service)

        def on(request: Request) -> Answer:
            if local:
                return local(request)
            address = self.elsewhere.get(seen.call.service, self.service)
            return exchange(address, without_deduplication(seen, request))

        if treatment.meanwhile:
            self.meanwhile()
        if treatment.kill == "before":
            self.kill()
            return None
        if treatment.kill == "after":
            on(request)
            self.kill()
            return None
        if treatment.mark and self.burst:
            return exchange(self.burst, without_deduplication(seen, request), {MARK: treatment.mark})
        if treatment.partly:
            return treatment.partly(request, on)
        return on(request)


def without_deduplication(seen: Seen, request: Request) -> Request:
    """Makes the findings queue forget what it has accepted.

    A message that failed comes again after the visibility time-out, six minutes, and the queue
    remembers deduplication ids for five: so they help nobody here, and the worst is what is tested.
    """
    if seen.call.operation != "SendMessageBatch":
        return request
    body = json.loads(request.body)
    for entry in body["Entries"]:
        entry["MessageDeduplicationId"] = f"{entry['MessageDeduplicationId'][:100]}-{seen.number}"
    return replace(request, body=json.dumps(body).encode())
