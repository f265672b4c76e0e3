"""What can go wrong with a request, how long it lasts, and the plan that makes it so in one case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .partial import PARTIAL
from .proxy import Seen, Treatment
from .wire import Call

# Longer than one attempt may take (5 s, shared/aws/src/client.rs); the request still reaches the service.
LATE_MS = 5600

# How services word it that have words of their own: codes and statuses.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
THROTTLED = {"s3": ("SlowDown", 503), "sqs": ("RequestThrottled", 403)}
DENIED = {"s3": ("AccessDenied", 403), "sns": ("AuthorizationError", 403), "sqs": ("AccessDenied", 403)}

# The durations: one request; every such request of one invocation; until the case calls it over.
ONCE, INVOCATION, LASTING = "once", "for one invocation", "for every delivery"


def rule(fault: str, service: str) -> dict[str, Any]:
    """The effect of a fault in microburst's words, with the codes and statuses that the service uses."""
    throttled = THROTTLED.get(service, ("ThrottlingException", 400))
    denied = DENIED.get(service, ("AccessDeniedException", 400))
    effects: dict[str, dict[str, Any]] = {
        "throttled": {"error": {"code": throttled[0], "status": throttled[1], "message": "Rate exceeded"}},
        "HTTP 500": {"error": {"code": "InternalFailure", "status": 500}},
        "HTTP 503": {"error": {"code": "ServiceUnavailable", "status": 503}},
        "access denied": {"error": {"code": denied[0], "status": denied[1]}},
        "late": {"latency": LATE_MS},
        "connection reset": {"reset": True},
        "answer broken off": {"response": {"abort_frac": 0.5}},
        "answer cut short": {"response": {"truncate_frac": 0.5}},
        "answer corrupted": {"response": {"corrupt_bytes": 16}},
    }
    return effects[fault]


# Each fault of microburst with the durations that are played.
BURST: dict[str, tuple[str, ...]] = {
    "throttled": (ONCE, INVOCATION),
    "HTTP 500": (ONCE, INVOCATION),
    "HTTP 503": (ONCE,),
    "access denied": (ONCE, LASTING),
    "late": (ONCE, INVOCATION),
    "connection reset": (ONCE, INVOCATION),
    "answer broken off": (ONCE, INVOCATION),
    "answer cut short": (ONCE, INVOCATION),
    "answer corrupted": (ONCE, INVOCATION),
}
BEFORE, AFTER = "killed before it leaves", "killed after it was done"


@dataclass(frozen=True)
class Case:
    """One fault at one place. Without a fault, the clean run."""

    function: str = ""
    call: Call | None = None
    fault: str = ""
    duration: str = ONCE
    number: int = 0
    """For a kill: which of the function's requests."""

    @property
    def name(self) -> str:
        """What `--only` matches."""
        if not self.call:
            return "clean run"
        at = f" #{self.number}" if self.number else ""
        return f"{self.function} {self.call}{at}: {self.fault} {self.duration}"


@dataclass
class Injection:
    """The plan of one case."""

    case: Case
    mark: str
    over: bool = False
    fired: int = 0
    _invocation: int = field(default=0, repr=False)

    def treat(self, seen: Seen) -> Treatment | None:
        """Treats the requests that the case is about, as long as it lasts."""
        case = self.case
        if self.over or seen.function != case.function or seen.call != case.call:
            return None
        if case.number:
            due = seen.number == case.number
        elif case.duration == ONCE:
            due = not self.fired
        elif case.duration == INVOCATION:
            self._invocation = self._invocation or seen.invocation
            due = seen.invocation == self._invocation
        else:
            due = True
        if not due:
            return None
        self.fired += 1
        if case.fault in (BEFORE, AFTER):
            return Treatment(kill="before" if case.fault == BEFORE else "after")
        partial = PARTIAL.get(seen.call.name, {}).get(case.fault)
        return Treatment(partly=partial) if partial else Treatment(mark=self.mark)


def cases(journal: list[Seen]) -> list[Case]:
    """Every fault for every place that a clean run went through, and both kills around every request."""
    made: list[Case] = []
    places = list(dict.fromkeys((seen.function, seen.call) for seen in journal))
    for function, call in places:
        for fault, durations in BURST.items():
            made += [Case(function, call, fault, duration) for duration in durations]
        for fault in PARTIAL.get(call.name, {}):
            made += [Case(function, call, fault, duration) for duration in (ONCE, INVOCATION)]
    for seen in journal:
        made += [Case(seen.function, seen.call, fault, number=seen.number) for fault in (BEFORE, AFTER)]
    return made
