"""What can go wrong with a request, how long it lasts, and the plan that makes it so in one case."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.answers.faults import LATE
from tests.answers.wording import denied, throttled

from .partial import PARTIAL
from .proxy import MARK, Seen, Treatment
from .stage import SEND, WATCH
from .wire import Call

# The durations: one request; every such request of one invocation; until the case calls it over.
ONCE, INVOCATION, LASTING = "once", "for one invocation", "for every delivery"


def effect(fault: str, service: str) -> dict[str, Any]:
    """The effect of a fault in microburst's words, with the codes and statuses that the service uses."""
    throttling, denial = throttled(service), denied(service)
    effects: dict[str, dict[str, Any]] = {
        "throttled": {"error": {"code": throttling[0], "status": throttling[1], "message": "Rate exceeded"}},
        "HTTP 500": {"error": {"code": "InternalFailure", "status": 500}},
        "HTTP 503": {"error": {"code": "ServiceUnavailable", "status": 503}},
        "access denied": {"error": {"code": denial[0], "status": denial[1]}},
        "late": {"latency": round(LATE * 1000)},
        "connection reset": {"reset": True},
        "answer broken off": {"response": {"abort_frac": 0.5}},
        "answer cut short": {"response": {"truncate_frac": 0.5}},
        "answer corrupted": {"response": {"corrupt_bytes": 16}},
    }
    return effects[fault]


# Each fault of microburst with the durations that are played: for as long as an invocation lasts where the
# client goes on trying.
BURST: dict[str, tuple[str, ...]] = {
    "throttled": (ONCE, INVOCATION),
    "HTTP 500": (ONCE, INVOCATION),
    "HTTP 503": (ONCE,),
    "access denied": (ONCE, LASTING),
    "late": (ONCE, INVOCATION),
    "connection reset": (ONCE, INVOCATION),
    "answer broken off": (ONCE, INVOCATION),
    "answer cut short": (ONCE,),
    "answer corrupted": (ONCE,),
}
# Operations that change nothing: to be killed around one of them is to be killed after what came before it.
READS = ("Get", "Query", "List", "Describe")
FUNCTIONS = (WATCH, SEND)
BEFORE, AFTER = "killed before it leaves", "killed after it was done"
# While this request is on its way, other calls are found and told by another instance, which then also
# does the hourly review.
MEANWHILE = "another instance at work meanwhile"
KILLS = {BEFORE: "before", AFTER: "after"}
# Many faults in one case, drawn by its number.
STORM = "storm"
STORM_CHANCE, STORM_MOST = 0.05, 15
SERVICES = ("dynamodb", "events", "s3", "securityhub", "sns", "sqs")


@dataclass(frozen=True)
class Case:
    """One fault at one place, or a storm. Without a fault, the clean run."""

    function: str = ""
    call: Call | None = None
    fault: str = ""
    duration: str = ONCE
    number: int = 0
    """For what happens at one request: which of the function's requests. For a storm: its seed."""

    @property
    def name(self) -> str:
        """What `--only` matches."""
        if not self.fault:
            return "clean run"
        at = f" #{self.number}" if self.number else ""
        return f"{self.function} {self.call or 'any call'}{at}: {self.fault} {self.duration}"


@dataclass
class Injection:
    """The plan of one case."""

    case: Case
    account: str
    """Marks the case's own rules in microburst."""
    over: bool = False
    fired: int = 0
    through_burst: int = 0
    """How many of them microburst was asked for."""
    _invocation: int = field(default=0, repr=False)
    _chance: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Seeds a storm's chances."""
        self._chance = Random(self.case.number)

    def rules(self) -> list[dict[str, Any]]:
        """What microburst must know for this case."""
        case = self.case
        if case.fault == STORM:
            wanted = [(fault, service) for fault in BURST if fault != "late" for service in SERVICES]
        else:
            wanted = [(case.fault, case.call.service)] if case.fault in BURST and case.call else []
        return [
            {"service": "*", "headers": {MARK: self._mark(fault, service)}, **effect(fault, service)}
            for fault, service in wanted
        ]

    def treat(self, seen: Seen) -> Treatment | None:
        """Treats the requests that the case is about, as long as it lasts."""
        if self.over:
            return None
        fault = self._stormy(seen) if self.case.fault == STORM else self._due(seen)
        if not fault:
            return None
        self.fired += 1
        if fault in KILLS:
            return Treatment(kill=KILLS[fault])
        if fault == MEANWHILE:
            return Treatment(meanwhile=True)
        partial = PARTIAL.get(seen.call.name, {}).get(fault)
        if partial:
            return Treatment(partly=partial)
        self.through_burst += 1
        return Treatment(mark=self._mark(fault, seen.call.service))

    def _due(self, seen: Seen) -> str:
        case = self.case
        if case.number:
            # By the number alone: of two requests that are under way together, either may be first.
            return case.fault if (seen.function, seen.number) == (case.function, case.number) else ""
        if seen.function != case.function or seen.call != case.call:
            return ""
        if case.duration == ONCE:
            due = not self.fired
        elif case.duration == INVOCATION:
            self._invocation = self._invocation or seen.invocation
            due = seen.invocation == self._invocation
        else:
            due = True
        return case.fault if due else ""

    def _stormy(self, seen: Seen) -> str:
        if seen.function not in FUNCTIONS or self.fired >= STORM_MOST or self._chance.random() >= STORM_CHANCE:
            return ""
        faults = [fault for fault in BURST if fault != "late"]
        return self._chance.choice([*faults, *PARTIAL.get(seen.call.name, {}), *KILLS])

    def _mark(self, fault: str, service: str) -> str:
        return f"{self.account}-{list(BURST).index(fault)}-{service}-"


def cases(journal: list[Seen], storms: int, *, everything: bool = False) -> list[Case]:
    """Every fault for every place that a clean run went through, and a kill before and after every effect.

    With `everything`, kills around reads and each fault for each duration, too.
    """
    made: list[Case] = []
    places = list(dict.fromkeys((seen.function, seen.call) for seen in journal))
    for function, call in places:
        for fault, durations in BURST.items():
            lasting = (LASTING,) if LASTING in durations else ()
            made += [
                Case(function, call, fault, duration)
                for duration in ((ONCE, INVOCATION, *lasting) if everything else durations)
            ]
        for position, fault in enumerate(PARTIAL.get(call.name, {})):
            # Where an operation has several, the first is what its function tries again by itself.
            durations = (ONCE, INVOCATION) if everything or not position else (ONCE,)
            made += [Case(function, call, fault, duration) for duration in durations]
    for seen in journal:
        if everything or not seen.call.operation.startswith(READS):
            at_each = (*KILLS, MEANWHILE) if seen.function == SEND else tuple(KILLS)
            made += [Case(seen.function, seen.call, fault, number=seen.number) for fault in at_each]
    return [*made, *(Case("both functions", None, STORM, number=seed) for seed in range(1, storms + 1))]
