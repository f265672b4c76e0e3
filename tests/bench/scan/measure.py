"""Runs and tables of `crisguard scan`: against inflating the same files, and against others."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ..aws import ROOT
from ..table import megabytes, table
from .generate import Made, Wanted, make
from .peers import PEERS

GIGABYTE = 10**9
THREADS = "2"
ROUNDS = 5
AIMS = {2: 1.25, 60: 1.9}
MEMORY_AIM = 64 * 1024**2
# Log files of CloudTrail hold some megabytes, inflated; a slice of them is enough for those that take long.
FILE = 2_600_000
MIXES = {share: Wanted(f"bedrock-{share}", 20, GIGABYTE // FILE, FILE, share / 100) for share in AIMS}
SLICES = {share: Wanted(f"slice-{share}", 20, 48, FILE, share / 100) for share in AIMS}
SMALL = Wanted("small", 21, 100_000, 600, 0.02)
TIMES = 10


@dataclass(frozen=True)
class Run:
    """One run of a program."""

    cpu: float
    seconds: float
    memory: int
    answer: Any


@dataclass(frozen=True)
class Measured:
    """What was measured of one set of files."""

    name: str
    made: Made
    inflate: list[Run]
    scan: list[Run]

    @property
    def ratio(self) -> float:
        """Returns how much CPU time the scan took, of which inflating alone takes one."""
        return median(run.cpu for run in self.scan) / median(run.cpu for run in self.inflate)

    @property
    def memory(self) -> int:
        """Returns the peak memory of the scans."""
        return max(run.memory for run in self.scan)


@dataclass(frozen=True)
class All:
    """Everything that was measured."""

    mixes: dict[int, Measured]
    others: list[Measured]
    peers: dict[str, dict[int, Run]]
    slices: dict[int, Made]


def measure(program: Path, peers: Path, progress: Callable[[str], None]) -> All:
    """Makes the files, measures, and removes them."""
    under = ROOT / "target/bench-scan"
    try:
        return _measure(program, peers, under, progress)
    finally:
        shutil.rmtree(under, ignore_errors=True)


def _measure(program: Path, peers: Path, under: Path, progress: Callable[[str], None]) -> All:
    mixes = {}
    for share, wanted in MIXES.items():
        progress(f"scan: making a gigabyte of log files with {share} % of Bedrock")
        folder = make(wanted, under)
        progress(f"scan: a gigabyte with {share} % of Bedrock, {ROUNDS} times")
        mixes[share] = _pair(f"1 GB, {share} % Bedrock", program, [folder], Made.of(folder), ROUNDS)
    progress("scan: ten gigabytes, and 100,000 small files")
    folder, share = MIXES[60].folder(under), 60
    times = [_linked(folder, under / f"again-{number}") for number in range(TIMES)]
    again = _times(mixes[share].made, TIMES)
    others = [_pair(f"{TIMES} GB, {share} % Bedrock", program, times, again, 1)]
    small = make(SMALL, under)
    others.append(_pair("100,000 files of 2 KB, 2 % Bedrock", program, [small], Made.of(small), 3))
    found: dict[str, dict[int, Run]] = {name: {} for name in PEERS}
    slices = {}
    for share, wanted in SLICES.items():
        folder = make(wanted, under)
        slices[share] = Made.of(folder)
        for name, (title, _) in PEERS.items():
            progress(f"scan: {title}, {share} % of Bedrock")
            run = _run([str(peers), "-m", "tests.bench.scan.peers", name, str(folder)])
            _agree(title, _answer_of_peer(run.answer), _asked(slices[share]))
            found[name][share] = run
    return All(mixes, others, found, slices)


def _linked(folder: Path, to: Path) -> Path:
    """Makes the same files appear again, without copying them."""
    shutil.copytree(folder, to, copy_function=os.link, dirs_exist_ok=True)
    return to


def _times(made: Made, times: int) -> Made:
    return Made(made.files * times, made.stored * times, made.inflated * times, made.records * times, made.routes)


def _pair(name: str, program: Path, folders: Sequence[Path], made: Made, rounds: int) -> Measured:
    """Inflates and scans, alternately, so that what else the machine does meets both."""
    paths = [str(folder) for folder in folders]
    inflate, scan = [], []
    for _ in range(rounds):
        inflate.append(_run([str(program), "inflate", THREADS, *paths]))
        scan.append(_run([str(program), "scan", THREADS, *paths]))
    for run in scan:
        read, exits = run.answer["read"], run.answer["exits"]
        if (read["files"], read["records"]) != (made.files, made.records) or sum(exits.values()) != made.records:
            raise RuntimeError(f"{name}: not every record was read: {read}, {exits}; there are {made.records}")
        routes = Counter(
            {(route["source"], route["destination"]): route["invocations"] for route in run.answer["routes"]}
        )
        _agree(name, routes, _decided(made))
    return Measured(name, made, inflate, scan)


def _run(command: list[str]) -> Run:
    """Runs a program, and returns what it and its children took."""
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    peak = _Peak(process.pid)
    peak.start()
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed")
    seconds = time.monotonic() - started
    return Run(usage.ru_utime + usage.ru_stime, seconds, peak.bytes, json.loads(printed))


class _Peak(threading.Thread):
    """Looks at how much memory a process needs; what is told of it at its end also has this one's, which started it."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._status = Path(f"/proc/{process}/status")

    def run(self) -> None:
        while found := PEAK.search(_read(self._status)):
            self.bytes = max(self.bytes, int(found[1]) * 1024)
            time.sleep(0.005)


PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


Routes = Counter[tuple[str, str | None]]


def _asked(made: Made) -> Routes:
    """What is asked of others: source and what is reported."""
    routes: Routes = Counter()
    for (source, reported, _), count in made.routes.items():
        routes[source, reported] += count
    return routes


def _decided(made: Made) -> Routes:
    """What crisguard says: where nothing is reported, a model that cannot cross Regions answered where it is."""
    routes: Routes = Counter()
    for (source, reported, failed), count in made.routes.items():
        routes[source, reported or (None if failed else source)] += count
    return routes


def _answer_of_peer(answer: list[tuple[str, str | None, int]]) -> Routes:
    return Counter({(source, destination): count for source, destination, count in answer})


def _agree(name: str, said: Routes, expected: Routes) -> None:
    if said != expected:
        raise RuntimeError(f"{name} gives another answer than the files have: {said}; expected {expected}")


def problems(found: All) -> list[str]:
    """Returns the aims that were missed."""
    missed = [
        f"the scan of {AIMS[share]:.2f} times inflating, with {share} % of Bedrock, took {measured.ratio:.2f}"
        for share, measured in found.mixes.items()
        if measured.ratio > AIMS[share]
    ]
    return missed + [
        f"the scan of {measured.name} took {megabytes(measured.memory)} MB of memory"
        for measured in [*found.mixes.values(), *found.others]
        if measured.memory > MEMORY_AIM
    ]


def as_table(found: All) -> str:
    """Returns the tables."""
    rows = []
    for measured in [*found.mixes.values(), *found.others]:
        size = measured.made.inflated / GIGABYTE
        inflate, scan = (median(run.cpu for run in runs) for runs in (measured.inflate, measured.scan))
        seconds = median(run.seconds for run in measured.scan)
        rows.append(
            [
                measured.name,
                f"{inflate:.2f}",
                f"{scan:.2f}",
                f"{measured.ratio:.2f}",
                f"{scan / size:.2f}",
                f"{seconds:.2f}",
                f"{measured.made.records / seconds / 1e6:.2f}",
                megabytes(measured.memory),
            ]
        )
    head = [
        "CPU seconds, two threads",
        "inflate alone",
        "scan",
        "ratio",
        "scan, per GB",
        "seconds",
        "M records/s",
        "peak MB",
    ]
    ours = table(head, rows)
    mine = {
        share: median(run.cpu for run in measured.scan) / (measured.made.inflated / GIGABYTE)
        for share, measured in found.mixes.items()
    }
    peer_rows = [
        [
            "crisguard scan",
            *(f"{mine[share]:.2f}" for share in AIMS),
            megabytes(max(m.memory for m in found.mixes.values())),
        ]
    ]
    for name, (title, _) in PEERS.items():
        runs = found.peers[name]
        per_gigabyte = [f"{runs[share].cpu / (found.slices[share].inflated / GIGABYTE):.2f}" for share in AIMS]
        peer_rows.append([title, *per_gigabyte, megabytes(max(run.memory for run in runs.values()))])
    theirs = table(["CPU seconds per GB", *(f"{share} % Bedrock" for share in AIMS), "peak, MB"], peer_rows)
    return f"{ours}\n\n{theirs}"
