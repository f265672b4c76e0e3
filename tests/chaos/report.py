"""The table: one row for each call and fault."""

from __future__ import annotations

import os
import platform
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .faults import ONCE
from .run import Result

HEAD = ("function", "call", "fault", "cases", "injected", "more requests", "messages again", "dead letters",
        "more notice lines", "verdict")  # fmt: skip


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


def table(results: Iterable[Result], clean: Result) -> list[tuple[str, ...]]:
    """The head and the rows, in the order in which the functions make their calls."""
    rows: dict[tuple[str, str, str], Row] = defaultdict(Row)
    for result in results:
        case = result.case
        lasts = f", {case.duration}" if case.duration != ONCE else ""
        call = case.call.name if case.call else "any"
        rows[case.function, call, case.fault + lasts].add(result, clean)
    return [HEAD, *((*names, *row.cells()) for names, row in rows.items())]


def plain(rows: list[tuple[str, ...]]) -> str:
    """The table for a terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def markdown(rows: list[tuple[str, ...]]) -> str:
    """The table for a document."""
    head, *rest = rows
    lines = [head, ("---",) * len(head), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """Names the machine in one line."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"model name\s*: (.+)", cpuinfo.read_text(encoding="utf-8"))):
        model = found.group(1)
    return f"{os.cpu_count()} × {model}, Linux {platform.release()}, Python {platform.python_version()}"
