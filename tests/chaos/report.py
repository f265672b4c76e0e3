"""The table: one row for each call and fault."""

from __future__ import annotations

import os
import platform
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.bench.table import processor, table

from .faults import ONCE
from .run import Result

HEAD = ("function", "call", "fault", "cases", "injected", "more requests", "messages again", "dead letters",
        "more notice lines", "verdict")  # fmt: skip
NAMES = 3
"""How many columns say what a row is about."""


@dataclass
class Row:
    """All cases of one call and fault."""

    cases: int = 0
    injected: int = 0
    requests: int = 0
    again: int = 0
    dead: int = 0
    notices: int = 0
    failed: int = 0

    def add(self, result: Result, clean: Result) -> None:
        """Adds a case, compared with the clean run."""
        self.cases += 1
        self.injected += result.injected
        self.requests += max(0, result.requests - clean.requests)
        self.again += result.redelivered
        self.dead += result.dead
        self.notices += max(0, result.notices - clean.notices)
        self.failed += bool(result.problems)

    def cells(self) -> tuple[str, ...]:
        """The row's numbers and its verdict."""
        numbers = (self.cases, self.injected, self.requests, self.again, self.dead, self.notices)
        return (*map(str, numbers), f"{self.failed} FAILED" if self.failed else "holds")


def told(results: Iterable[Result], clean: Result) -> str:
    """The table, in the order in which the functions make their calls."""
    rows: dict[tuple[str, str, str], Row] = defaultdict(Row)
    for result in results:
        case = result.case
        lasts = f", {case.duration}" if case.duration != ONCE else ""
        call = case.call.name if case.call else "any"
        rows[case.function, call, case.fault + lasts].add(result, clean)
    return table(HEAD, [(*names, *row.cells()) for names, row in rows.items()], NAMES)


def machine() -> str:
    """Names the machine in half a line."""
    return f"{os.cpu_count()} × {processor()}, Linux {platform.release()}, Python {platform.python_version()}"
