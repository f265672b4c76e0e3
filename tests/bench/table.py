"""Tables as plain text, which is Markdown too; and the machine they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table; every column but the first is set to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        set_right = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))
        return "| " + " | ".join([cells[0].ljust(widths[0]), *set_right]) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def machine() -> str:
    """Names the machine: processor, cores, memory, kernel, and how busy it is now."""
    cpu, memory = platform.processor(), ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal"):
            memory = f"{int(line.split()[1]) / 1024**2:.0f} GB"
    load = os.getloadavg()[0]
    cores = os.cpu_count()
    first = (
        " (measured before all other work: real-time scheduling)" if os.sched_getscheduler(0) == os.SCHED_FIFO else ""
    )
    return (
        f"Machine: {cpu}, {cores} cores, {memory} of memory, Linux {platform.release()} ({platform.machine()}), "
        f"Python {platform.python_version()}; load {load:.1f} when it began{first}."
    )


def milliseconds(seconds: float) -> str:
    """Writes a time in milliseconds with two or three digits that count."""
    value = seconds * 1000
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def megabytes(size: float) -> str:
    """Writes a size in megabytes."""
    return f"{size / 1e6:.1f}"
