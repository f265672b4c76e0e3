"""Plays one case and judges it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.deployment import build_folder
from tests.emulator.emulator import REPOSITORY

from .faults import BURST, LASTING, Case, Injection, rule
from .mapping import Driver
from .proxy import Proxy, Seen
from .servers import Burst, Servers
from .stage import CLOCK, SEND, WATCH, Clients, Clock, Stage, hourly_request
from .story import EXPECTED, rounds
from .verdict import Known, known_of, problems

# Accounts of the cases, one each.
FIRST_ACCOUNT = 500_000_000_000
# A fault that lasts makes the schedule's request fail, too; three are enough to see it.
TRIES_WHILE_IT_LASTS = 2


@dataclass
class Result:
    """What a case came to."""

    case: Case
    injected: int = 0
    redelivered: int = 0
    dead: int = 0
    """How many messages were in the dead-letter queues when the fault ended."""
    notices: int = 0
    requests: int = 0
    problems: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    seconds: float = 0.0
    journal: list[Seen] = field(default_factory=list)
    """The requests until the fault was over."""
    known: Known | None = None


def prepare(folder: Path) -> None:
    """Copies the release build, so that a build meanwhile changes nothing, and compiles the clock."""
    for name in (WATCH, SEND):
        executable = build_folder() / name
        if not executable.exists():
            raise SystemExit(f"{executable} is missing; run `make build` first")
        shutil.copy2(executable, folder / name)
    source = REPOSITORY / "tests" / "e2e" / "clock.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(folder / CLOCK), str(source)], check=True)


class Player:
    """What one process keeps between cases."""

    def __init__(self, servers: Servers, programs: Path) -> None:
        """Opens the proxies and makes clients."""
        self.programs = programs
        self.burst = Burst(servers.burst)
        self.clients = Clients(servers)
        self.clock = Clock(programs / f"clock-of-{os.getpid()}")
        emulator, burst = ("127.0.0.1", servers.emulator), ("127.0.0.1", servers.burst)
        self.proxies = {name: Proxy(name, emulator, burst) for name in (WATCH, SEND)}

    def play(self, case: Case, number: int) -> Result:
        """Plays a case in an account of its own."""
        began = time.monotonic()
        result = Result(case)
        mark = f"case-{number:06}-"
        injection = Injection(case, mark)
        through_burst = case.fault in BURST and case.call is not None
        fault = {"headers": {"x-crisguard-fault": mark}}
        if through_burst and case.call:
            fault |= rule(case.fault, case.call.service)
            rule_number = self.burst.add({"service": "*", **fault})
        for proxy in self.proxies.values():
            proxy.plan = injection
        driver = None
        try:
            with Stage(self.clients, f"{FIRST_ACCOUNT + number}", self.clock, self.programs, self.proxies) as stage:
                driver = Driver(stage)
                self._story(driver, injection, result)
                result.known = known_of(stage, result.known)
                result.problems += problems(result.known, EXPECTED, driver)
        except Exception as error:  # noqa: BLE001 (whatever stops a case is its verdict)
            result.problems.append(f"{type(error).__name__}: {error}")
        result.injected = self.burst.fired(rule_number) if through_burst else injection.fired
        if through_burst:
            self.burst.remove(fault)
        if case.call and not result.injected:
            result.problems.append("the fault was never injected")
        if through_burst and result.injected != injection.fired:
            result.problems.append(f"microburst failed {result.injected} of {injection.fired} requests")
        if driver:
            result.redelivered = driver.redelivered
            result.log = [line for invocation in driver.invocations for line in invocation.log.splitlines()][-40:]
        result.notices = len(result.known.notices) if result.known else 0
        result.requests = sum(len(proxy.journal) for proxy in self.proxies.values())
        result.seconds = time.monotonic() - began
        return result

    def _story(self, driver: Driver, injection: Injection, result: Result) -> None:
        """Both batches of events, the hour's request; then the fault ends, and what it left is mended."""
        stage, request = driver.stage, hourly_request()
        lasting = injection.case.duration == LASTING
        began = self.clock.now()
        for number, bodies in enumerate(rounds(began)):
            self.clock.let_pass(600 * number)
            stage.send("crisguard-events", bodies)
            driver.drain()
        self.clock.let_pass(3000)
        answer = driver.hourly(request, *([TRIES_WHILE_IT_LASTS] if lasting else []))
        if answer is None and not lasting:
            result.problems.append("the hourly request failed eleven times")
        driver.settle()
        injection.over = True
        result.journal = [seen for proxy in self.proxies.values() for seen in proxy.journal]
        if lasting:
            result.dead = driver.redrive()
        driver.drain()
        self.clock.let_pass(3600)
        if driver.hourly(request) is None:
            result.problems.append("the hourly request fails after the fault is over")
