"""What a client meets instead of an answer, or before it: which calls, how often, and what."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from tests.runtime.passing import Answer

from .actions import action_of
from .models import Call
from .wording import denied, refused, throttled

# Longer than one attempt may take (5 s, shared/aws/src/client.rs); the request still reaches the service.
LATE = 5.6
# As `make chaos` calls them.
THROTTLED, ERROR, UNAVAILABLE, DENIED = "throttled", "HTTP 500", "HTTP 503", "access denied"
LATE_ANSWER, RESET, BROKEN_OFF, OTHER = "late", "connection reset", "answer broken off", "error"
# What a proxy that wants a password answers, with the status of a success.
NONSENSE = "nonsense"
FAULTS = (THROTTLED, ERROR, UNAVAILABLE, DENIED, LATE_ANSWER, RESET, BROKEN_OFF, OTHER, NONSENSE)
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Who are you?</body></html>"


@dataclass
class Fault:
    """What happens to the calls that it is about. What is left empty is about any."""

    fault: str
    service: str = ""
    operation: str = ""
    action: str = ""
    """The permission that the calls need, instead of service and operation."""
    region: str = ""
    count: int | None = None
    """How many calls it happens to; all of them if there is no count."""
    after: int = 0
    """How many calls it spares first: the second page of a list fails after one."""
    seconds: float = LATE
    """How long a late answer is held back."""
    code: str = ""
    status: int = 400
    message: str = "told by the answers' fault"
    fired: int = 0
    met: int = 0

    def __post_init__(self) -> None:
        """Refuses what nobody would notice to be without effect."""
        if self.fault not in FAULTS:
            raise ValueError(f"no fault is called {self.fault!r}; these are: {', '.join(FAULTS)}")
        if self.fault == OTHER and not self.code:
            raise ValueError("an error needs its code")

    def concerns(self, call: Call) -> bool:
        """Whether it is about this call, and not used up."""
        if self.count is not None and self.fired >= self.count:
            return False
        asked = (
            (self.service, call.service),
            (self.operation, call.operation),
            (self.region, call.region),
            (self.action, action_of(call.service, call.operation)),
        )
        return all(wanted in ("", found) for wanted, found in asked)

    def answer(self, call: Call) -> Answer | None:
        """What comes instead of the service's answer; `None` if that comes too."""
        if self.fault == RESET:
            return Answer(0, (), b"", whole=False)
        if self.fault == NONSENSE:
            return Answer(200, (("content-type", "text/html"),), PAGE, whole=True)
        if self.fault in (LATE_ANSWER, BROKEN_OFF):
            return None
        message = self.message
        if self.fault == DENIED:
            action = action_of(call.service, call.operation)
            message = (
                f"User: arn:aws:iam::000000000000:user/{call.key} is not authorized to perform: {action} "
                f"because no identity-based policy allows the {action} action"
            )
        code, status = {
            THROTTLED: throttled(call.service),
            ERROR: ("InternalFailure", 500),
            UNAVAILABLE: ("ServiceUnavailable", 503),
            DENIED: denied(call.service),
            OTHER: (self.code, self.status),
        }[self.fault]
        return refused(call, code, message, status)


@dataclass
class Faults:
    """The faults in force; of several that are about a call, the first that was told."""

    rules: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, call: Call) -> Fault | None:
        """The fault that happens to this call."""
        with self._lock:
            for rule in self.rules:
                if rule.concerns(call):
                    rule.met += 1
                    if rule.met > rule.after:
                        rule.fired += 1
                        return rule
        return None

    def add(self, rules: list[dict[str, Any]]) -> None:
        """Adds faults."""
        made = [Fault(**rule) for rule in rules]
        with self._lock:
            self.rules += made

    def reset(self) -> None:
        """Ends all faults."""
        with self._lock:
            self.rules = []
