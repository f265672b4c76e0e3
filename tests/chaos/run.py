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

from .faults import LASTING, MEANWHILE, STORM, Case, Injection
from .mapping import SCHEDULE_RETRIES, Driver
from .proxy import Proxy, Seen
from .servers import Burst, Servers
from .stage import CLOCK, OTHER, PROGRAMS, SEND, WATCH, Clients, Clock, Stage, hourly_request
from .story import DAY, HOUR, expected, meanwhile, rounds
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
        self.servers = servers
        self.burst = Burst(servers.burst)
        self.clients = Clients(servers)
        self.clock = Clock(programs / f"clock-of-{os.getpid()}")
        emulator, burst, hub = (("127.0.0.1", port) for port in (servers.emulator, servers.burst, servers.hub))
        self.proxies = {name: Proxy(name, emulator, burst, elsewhere={"securityhub": hub}) for name in PROGRAMS}

    def play(self, case: Case, number: int) -> Result:
        """Plays a case in an account of its own."""
        began = time.monotonic()
        result = Result(case)
        account = f"{FIRST_ACCOUNT + number}"
        injection = Injection(case, account)
        rules = injection.rules()
        numbers = self.burst.add(rules) if rules else []
        for proxy in self.proxies.values():
            proxy.plan = injection
        driver = None
        try:
            with Stage(self.clients, account, self.clock, self.programs, self.proxies, self.servers.hub) as stage:
                driver = Driver(stage)
                self._story(driver, injection, result)
                result.known = known_of(stage)
                truths = expected(meanwhile=case.fault == MEANWHILE)
                result.problems += problems(result.known, truths, driver, lasted=result.dead > 0)
        except Exception as error:
            # Whatever stops a case is its verdict.
            result.problems.append(f"{type(error).__name__}: {error}")
        fired = self.burst.fired(numbers) if rules else 0
        if rules:
            self.burst.remove(rules)
        if fired != injection.through_burst:
            result.problems.append(f"microburst failed {fired} of {injection.through_burst} requests")
        result.injected = injection.fired
        if case.fault and not result.injected:
            result.problems.append("the fault was never injected")
        if driver:
            result.redelivered = driver.redelivered
            result.log = [line for invocation in driver.invocations for line in invocation.log.splitlines()]
        result.notices = len(result.known.notices) if result.known else 0
        result.requests = sum(len(self.proxies[name].journal) for name in (WATCH, SEND))
        result.seconds = time.monotonic() - began
        return result

    def _story(self, driver: Driver, injection: Injection, result: Result) -> None:
        """Plays two batches, and reviews a day and a week later; then the fault ends.

        What it left is mended then: dead letters are put back, and time goes on.
        """
        request = hourly_request()
        may_die = injection.case.duration == LASTING or injection.case.fault == STORM
        retries = TRIES_WHILE_IT_LASTS if injection.case.duration == LASTING else SCHEDULE_RETRIES
        began = self.clock.now()
        self.proxies[SEND].meanwhile = lambda: self._meanwhile(driver, request)
        for number, round_ in enumerate(rounds(began)):
            self.clock.let_pass(600 * number)
            driver.arrive(round_)
            driver.drain()
        for seconds in (DAY + HOUR, 8 * DAY):
            self.clock.let_pass(seconds)
            if driver.hourly(request, retries) is None and not may_die:
                result.problems.append("the hourly request failed eleven times")
        driver.settle()
        injection.over = True
        result.journal = [seen for name in (WATCH, SEND) for seen in self.proxies[name].journal]
        if may_die:
            result.dead = driver.redrive()
        driver.drain()
        for seconds in (DAY + HOUR, 8 * DAY):
            self.clock.let_pass(seconds)
            answer = driver.hourly(request)
            if answer is None or answer["failed"] or answer["left"]:
                result.problems.append(f"a review after the fault answered {answer}")

    def _meanwhile(self, driver: Driver, request: dict[str, str]) -> None:
        driver.arrive(meanwhile(self.clock.now()))
        driver.deliver(WATCH)
        while driver.deliver(SEND, OTHER):
            pass
        driver.hourly(request, instance=OTHER)


# What a process of the pool has: one player.
players: list[Player] = []


def open_lane(shared: Servers, programs: Path) -> None:
    """Prepares a process for its cases."""
    players.append(Player(shared, programs))


def play(case: Case, number: int) -> Result:
    """Plays one case in this process."""
    return players[0].play(case, number)
