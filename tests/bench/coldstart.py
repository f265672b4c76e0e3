"""Cold starts: each function against one in Python that does the same, alternately, over TLS."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.runtime import Answered, Function

from . import certificates, events
from .aws import ROOT, Aws
from .table import megabytes, milliseconds, table

PYTHON_FUNCTIONS = ROOT / "tests/bench/python_functions"
VIOLATION = events.Violation(1, "chat", "apac.amazon.nova-lite-v1:0", "ap-southeast-2", "2026-11-21T10:04:11Z")
# One control in one Region: how long a whole look takes is measured by the sweep.
LOOK = json.dumps({"regions": [events.REGION], "controls": ["rule-receives-inference"]})
CALLS = events.batch([("m-1", "", VIOLATION.body())], "crisguard-calls")


@dataclass
class Samples:
    """What was measured of one program."""

    to_first_poll: list[float] = field(default_factory=list)
    to_first_answer: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Program:
    """A function in one of its two languages."""

    name: str
    command: tuple[str, ...]
    more: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """A function, the one in Python that does the same, and what both were measured at."""

    event: str
    rust: Program
    python: Program
    of_rust: Samples = field(default_factory=Samples)
    of_python: Samples = field(default_factory=Samples)


def measure(programs: Path, python: Path, rounds: int, progress: Callable[[str], None]) -> list[Pair]:
    """Starts each program `rounds` times, one after the other, and hands each one event."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        certificate, trust = certificates.make(folder)
        policy = folder / "policy.yaml"
        policy.write_text(events.POLICY)
        with Aws(policy, certificate=certificate) as aws:
            environment = events.environment(aws.url, trust=str(trust))
            findings = _findings(programs, environment, aws)
            handed = [("watch-inference", CALLS), findings, ("check-posture", LOOK)]
            pairs = [_pair(programs, python, name, event) for name, event in handed if (programs / name).is_file()]
            # The first round warms the disk cache and the stand-in, and does not count.
            for number in range(rounds + 1):
                progress(f"cold starts: round {number} of {rounds}")
                for pair in pairs:
                    for program, samples in ((pair.rust, pair.of_rust), (pair.python, pair.of_python)):
                        aws.ask("reset")
                        _once(program, pair.event, environment, samples if number else Samples())
    return pairs


def _findings(programs: Path, environment: dict[str, str], aws: Aws) -> tuple[str, str]:
    """Returns what send-alerts is handed: what watch-inference makes of the same event."""
    program = Program("watch-inference", (str(programs / "watch-inference"),))
    _once(program, CALLS, environment, Samples())
    worst = [message for message in aws.ask("take") if json.loads(message["body"])["severity"] == "critical"]
    messages = ((message["id"], message["group"], message["body"]) for message in worst)
    return "send-alerts", events.batch(messages, "crisguard-findings.fifo")


def _pair(programs: Path, python: Path, name: str, event: str) -> Pair:
    handler = f"{name.replace('-', '_')}.handler"
    root = str(PYTHON_FUNCTIONS)
    return Pair(
        event,
        Program(name, (str(programs / name),)),
        Program(
            name,
            (str(python), "-m", "awslambdaric", handler),
            {"_HANDLER": handler, "LAMBDA_TASK_ROOT": root, "PYTHONPATH": root},
        ),
    )


def _once(program: Program, event: str, environment: dict[str, str], samples: Samples) -> None:
    with Function(program.command, {**environment, **program.more}, name=program.name) as function:
        start = function.start()
        outcome = function.invoke(event)
        if not isinstance(outcome, Answered) or json.loads(outcome.body).get("batchItemFailures"):
            raise RuntimeError(f"{' '.join(program.command)} did not do its work: {outcome}")
        samples.to_first_poll.append(start.seconds)
        samples.to_first_answer.append(start.seconds + outcome.seconds)
        samples.cpu.append(start.cpu_seconds + outcome.cpu_seconds)
        samples.memory.append(function.peak_memory())


def as_table(pairs: list[Pair]) -> str:
    """Returns the table: medians, with the least in parentheses, and ratios of the medians."""
    head = ["", "Rust", "Python", "times"]
    rows = []

    def row(what: str, rust: list[float], python: list[float], write: Callable[[float], str]) -> None:
        shown = [f"{write(median(some))} ({write(min(some))})" for some in (rust, python)]
        rows.append([what, *shown, f"{median(python) / median(rust):.0f}"])

    for pair in pairs:
        rust, python, name = pair.of_rust, pair.of_python, pair.rust.name
        row(f"{name}: spawn to first poll, ms", rust.to_first_poll, python.to_first_poll, milliseconds)
        row(f"{name}: spawn to first answer, ms", rust.to_first_answer, python.to_first_answer, milliseconds)
        row(f"{name}: CPU until then, ms", rust.cpu, python.cpu, milliseconds)
        row(f"{name}: peak memory, MB", rust.memory, python.memory, megabytes)
    return table(head, rows)


def sizes(builds: dict[str, Path]) -> str:
    """Returns the table of zip sizes, for each build's folder by its name."""
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in ("watch-inference", "send-alerts", "check-posture"):
            cells = []
            for folder in builds.values():
                program, archive = folder / name, Path(temporary) / "bootstrap.zip"
                if program.is_file():
                    subprocess.run([ROOT / "scripts/zip-function", program, archive], check=True, cwd=ROOT)
                    cells.append(f"{megabytes(archive.stat().st_size)} ({megabytes(program.stat().st_size)})")
                else:
                    cells.append("not built")
            rows.append([name, *cells])
    return table(["zip (program), MB", *builds], rows)
