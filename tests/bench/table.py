"""Tables as plain text, which is Markdown too; and the machine they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]], names: int = 1) -> str:
    """Returns a table; every column but the first ones, which hold names, is set to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        set_left = (cell.ljust(width) for cell, width in zip(cells[:names], widths))
        set_right = (cell.rjust(width) for cell, width in zip(cells[names:], widths[names:]))
        return "| " + " | ".join([*set_left, *set_right]) + " |"

    left = ("-" * (width + 2) for width in widths[:names])
    right = ("-" * (width + 1) + ":" for width in widths[names:])
    rule = "|" + "|".join([*left, *right]) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def processor() -> str:
    """Names the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def machine() -> str:
    """Names the machine: processor, cores, memory, kernel, and how busy it is now."""
    memory = ""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal"):
            memory = f"{int(line.split()[1]) / 1024**2:.0f} GB"
    load = os.getloadavg()[0]
    cores = os.cpu_count()
    first = (
        " (measured before all other work: real-time scheduling)" if os.sched_getscheduler(0) == os.SCHED_FIFO else ""
    )
    return (
        f"Machine: {processor()}, {cores} cores, {memory} of memory, "
        f"Linux {platform.release()} ({platform.machine()}), Python {platform.python_version()}; "
        f"load {load:.1f} when it began{first}."
    )


def milliseconds(seconds: float) -> str:
    """Writes a time in milliseconds with two or three digits that count."""
    value = seconds * 1000
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def megabytes(size: float) -> str:
    """Writes a size in megabytes."""
    return f"{size / 1e6:.1f}"
