"""What was called: each call with what came of it, and how many were under way at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from .actions import action_of
from .models import Call


@dataclass
class Entry:
    """One call."""

    service: str
    operation: str
    region: str
    account: str
    key: str
    """The id of the access key that signed it."""
    session: bool
    """Whether that is the key of a role's session, as functions have it."""
    action: str
    """The permission that it needs."""
    parameters: str
    started: float
    """Seconds since the journal began."""
    seconds: float = 0.0
    own: float = 0.0
    """How much of it went by here, neither in the emulator nor waiting."""
    status: int = 0
    """The answer's status; 0 if the connection ended instead."""
    fault: str = ""
    by: str = ""
    """Who answered: `emulator`, `answers` (from its own state), `recorded` or `fault`."""


@dataclass
class Journal:
    """The calls since the last reset, in the order in which they came."""

    entries: list[Entry] = field(default_factory=list)
    peak: int = 0
    _under_way: int = 0
    _since: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def call(self, call: Call) -> Iterator[Entry]:
        """Writes a call down while it is under way."""
        now = time.monotonic()
        action = action_of(call.service, call.operation)
        session = "x-amz-security-token" in call.request.headers
        entry = Entry(
            call.service, call.operation, call.region, "", call.key, session, action, call.parameters, now - self._since
        )
        with self._lock:
            self.entries.append(entry)
            self._under_way += 1
            self.peak = max(self.peak, self._under_way)
        try:
            yield entry
        finally:
            entry.seconds = time.monotonic() - now
            with self._lock:
                self._under_way -= 1

    def reset(self) -> None:
        """Forgets what was called; what is under way still counts for the next peak."""
        with self._lock:
            self.entries, self.peak, self._since = [], self._under_way, time.monotonic()

    def shown(self) -> dict[str, Any]:
        """Everything, as the control endpoint shows it."""
        with self._lock:
            return {"calls": [asdict(entry) for entry in self.entries], "peak": self.peak}
