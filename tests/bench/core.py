"""The figures of `shared/core/benches`: runs them and reads what they print."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from .aws import ROOT
from .table import table

NANOSECONDS = {"ns": 1.0, "µs": 1e3, "ms": 1e6, "s": 1e9}
BYTES = {"B/s": 1e-6, "KB/s": 1e-3, "MB/s": 1.0, "GB/s": 1e3}
LEAF = re.compile(r"^(?P<indent>│  |   )?[├╰]─ (?P<name>\S+) +(?P<time>[\d.]+ (?:ns|µs|ms|s)) ")
GROUP = re.compile(r"^[├╰]─ (?P<name>\S+) ")
SPEED = re.compile(r"[\d.]+ [KMG]?B/s")


@dataclass
class Figure:
    """One benchmark's median, in nanoseconds, and its speed in MB/s where it reads bytes."""

    name: str
    median: float
    speed: float | None = None


def run() -> list[Figure]:
    """Builds and runs the benchmarks as the functions are shipped, on one core."""
    command = ["cargo", "bench", "--locked", "--quiet", "--profile", "dist", "--package", "crisguard-core"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return read(done.stdout)


def read(text: str) -> list[Figure]:
    """Reads the tree that the benchmarks print: columns fastest, slowest, median, mean."""
    figures: list[Figure] = []
    group = ""
    for line in text.splitlines():
        leaf = LEAF.match(line)
        if leaf:
            # The first column stands behind the name, so the median is the third.
            value, unit = re.split("│", line[leaf.start("time") :])[2].split()
            within = group if leaf["indent"] else ""
            name = f"{within}: {leaf['name']}" if within else leaf["name"]
            figures.append(Figure(name.replace("_", " "), float(value) * NANOSECONDS[unit]))
        elif SPEED.search(line) and figures:
            value, unit = SPEED.findall(line)[2].split()
            figures[-1].speed = float(value) * BYTES[unit]
        elif GROUP.match(line):
            group = GROUP.match(line)["name"]  # type: ignore[index]
    return figures


def as_table(figures: list[Figure]) -> str:
    """Returns the table: medians on one core."""
    rows = [
        [
            figure.name,
            f"{figure.median / 1000:.2f}",
            f"{1e9 / figure.median:,.0f}",
            f"{figure.speed:.0f}" if figure.speed else "",
        ]
        for figure in figures
    ]
    return table(["on one core, median", "µs", "a second", "MB/s"], rows)
