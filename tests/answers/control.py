"""The control endpoint: what a test tells the server, and what it may ask of it. README.md lists all of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from tests.runtime.http import Request
from tests.runtime.passing import Answer

from .faults import Faults
from .journal import Journal
from .repertoire import LARGEST_PAGE
from .world import World

JSON = (("content-type", "application/json"),)


@dataclass(frozen=True)
class Settings:
    """What a test can change, besides what AWS's own calls change."""

    upstream: tuple[str, int] | None = None
    account: str = "111122223333"
    """Whose calls these are if neither the emulator nor the key says so."""
    latency: float = 0.0
    """Seconds that every call takes longer."""
    page: int = LARGEST_PAGE
    """How many items a page has at most."""
    replay: bool = False
    """Whether calls that change nothing are answered as they were before, without the emulator."""


@dataclass
class Desk:
    """Everything that the server goes by, and where tests change it."""

    settings: Settings = field(default_factory=Settings)
    world: World = field(default_factory=World)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    recorded: dict[tuple[str, ...], Answer] = field(default_factory=dict)
    """Answers to calls that change nothing, for `replay`."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever uses the world."""

    def answer(self, request: Request) -> Answer:
        """Does what a request to the control endpoint says."""
        try:
            answer, status = self._do(json.loads(request.body or b"{}")), 200
        except (KeyError, TypeError, ValueError) as error:
            answer, status = {"error": f"{type(error).__name__}: {error}"}, 400
        return Answer(status, JSON, json.dumps(answer).encode(), whole=True)

    def _do(self, told: dict[str, Any]) -> dict[str, Any]:
        """Does what it is told, in this order, and shows what is asked for."""
        doing: dict[str, Callable[[Any], object]] = {
            "reset": self._reset,
            "upstream": self._stand_before,
            "account": lambda account: self._set(account=account),
            "latency": lambda seconds: self._set(latency=float(seconds)),
            "page": lambda size: self._set(page=int(size)),
            "replay": self._replay,
            "faults": self.faults.add,
            "profiles": self._change_profiles,
            "effective_policy": self._put_effective_policy,
            "organization": self._put_organization,
        }
        showing: dict[str, Callable[[], Any]] = {
            "calls": self.journal.shown,
            "fired": lambda: [{"fault": rule.fault, "fired": rule.fired} for rule in self.faults.rules],
        }
        unknown = set(told) - set(doing) - set(showing)
        if unknown:
            known = ", ".join([*doing, *showing])
            raise ValueError(f"nothing here is called {', '.join(sorted(unknown))}; what is: {known}")
        for name, do in doing.items():
            if name in told:
                do(told[name])
        return {name: show() for name, show in showing.items() if name in told}

    def _set(self, **values: Any) -> None:
        self.settings = replace(self.settings, **values)

    def _reset(self, what: list[str]) -> None:
        resetting: dict[str, Callable[[], None]] = {
            "calls": self.journal.reset,
            "faults": self.faults.reset,
            "state": self._forget,
            "settings": self._settle,
        }
        for name in what:
            if name not in resetting:
                raise ValueError(f"there are no {name} to reset; there are {', '.join(resetting)}")
            resetting[name]()

    def _forget(self) -> None:
        with self.lock:
            self.world.reset()

    def _settle(self) -> None:
        self.settings = Settings(upstream=self.settings.upstream, account=self.settings.account)
        self.recorded.clear()

    def _stand_before(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.hostname is None or parts.port is None:
            raise ValueError(f"{address} has no host and port")
        self._set(upstream=(parts.hostname, parts.port))

    def _replay(self, on: bool) -> None:
        self.recorded.clear()
        self._set(replay=on)

    def _change_profiles(self, changes: dict[str, dict[str, list[str] | None]]) -> None:
        with self.lock:
            for region, profiles in changes.items():
                self.world.changed_profiles.setdefault(region, {}).update(profiles)

    def _put_organization(self, told: dict[str, Any] | None) -> None:
        self.world.organization = told

    def _put_effective_policy(self, told: dict[str, Any]) -> None:
        policies = self.world.accounts[told["account"]].effective_policies
        if told["content"] is None:
            policies.pop(told["type"], None)
            return
        policies[told["type"]] = {
            "PolicyContent": json.dumps(told["content"]),
            "LastUpdatedTimestamp": int(time.time()),
            "TargetId": told["account"],
            "PolicyType": told["type"],
        }
