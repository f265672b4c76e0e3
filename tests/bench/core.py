"""The figures of `shared/core/benches/core.rs`: runs them and reads what they print."""

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
    """One benchmark's least and median time, in nanoseconds, and both speeds in MB/s where it reads bytes."""

    name: str
    least: float
    median: float
    speeds: tuple[float, float] | None = None


def run() -> list[Figure]:
    """Builds and runs the benchmarks as the functions are shipped, on one core."""
    return read(printed("core", "--min-time", "0.5"))


def printed(bench: str, *options: str) -> str:
    """Builds one file of benchmarks as the functions are shipped, and returns what it prints."""
    command = ["cargo", "bench", "--locked", "--quiet", "--profile", "dist", "--package", "crisguard-core"]
    command += ["--bench", bench, "--", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def read(text: str) -> list[Figure]:
    """Reads the tree that the benchmarks print: columns fastest, slowest, median, mean."""
    figures: list[Figure] = []
    group = ""
    for line in text.splitlines():
        leaf = LEAF.match(line)
        if leaf:
            # The columns behind the name: fastest, slowest, median.
            columns = line[leaf.start("time") :].split("│")
            least, median = (_number(columns[column], NANOSECONDS) for column in (0, 2))
            within = group if leaf["indent"] else ""
            name = f"{within}: {leaf['name']}" if within else leaf["name"]
            figures.append(Figure(name.replace("_", " "), least, median))
        elif SPEED.search(line) and figures:
            speeds = SPEED.findall(line)
            figures[-1].speeds = (_number(speeds[0], BYTES), _number(speeds[2], BYTES))
        elif GROUP.match(line):
            group = GROUP.match(line)["name"]  # type: ignore[index]
    return figures


def _number(text: str, units: dict[str, float]) -> float:
    value, unit = text.split()
    return float(value) * units[unit]


def as_table(figures: list[Figure]) -> str:
    """Returns the table: medians on one core, and the least in parentheses."""
    rows = [
        [
            figure.name,
            f"{figure.median / 1000:.2f} ({figure.least / 1000:.2f})",
            f"{1e9 / figure.median:,.0f}",
            "{1:.0f} ({0:.0f})".format(*figure.speeds) if figure.speeds else "",
        ]
        for figure in figures
    ]
    return table(["on one core, median (best)", "µs", "a second", "MB/s"], rows)
