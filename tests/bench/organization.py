"""An organization of 1,000 accounts: what every profile can do in each, and how run-audit reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.answers import Answers
from tests.runtime import Answered, Function

from . import core
from .core import Figure
from .table import megabytes, milliseconds, table

NAME = "run-audit-lambda"
REQUEST = '{"organization": true}'
# How much longer each call takes, in seconds.
AWAY = 0.05
AIM, MEMORY_AIM = 2_000, 150
PEAK = re.compile(r"^peak memory of all that: (\d+) kB$", re.MULTILINE)
# What run-audit is, and where: it says nothing but that to the stand-in.
ENVIRONMENT = {
    "AWS_REGION": "ap-northeast-1",
    "AWS_ACCESS_KEY_ID": "111122223333",
    "AWS_SECRET_ACCESS_KEY": "s",
    "CRISGUARD_LOG_LEVEL": "warn",
}


@dataclass(frozen=True)
class Whole:
    """What was measured of one organization."""

    document: dict[str, Any]
    figures: list[Figure]
    """Of the benchmarks on one core."""
    peak: int
    """How many bytes all of them needed at most."""
    seconds: float
    """From run-audit's start to its answer."""
    cpu_seconds: float
    memory: int
    calls: int
    at_once: int
    repeated: dict[str, int]

    @property
    def least_calls(self) -> int:
        """How many calls there are at the least: the organization, its root, what is in each parent, what is attached
        to each node, and each policy that is.
        """
        units, accounts = len(self.document["units"]), len(self.document["accounts"])
        nodes = [self.document["root"], *self.document["units"], *self.document["accounts"]]
        attached = {policy for node in nodes for policy in node["policies"]} - {"p-FullAWSAccess"}
        return 2 + 2 * (1 + units) + (1 + units + accounts) + len(attached)


def measure(program: Path, progress: Callable[[str], None]) -> Whole:
    """Runs the benchmarks, and has run-audit read the organization once."""
    progress("organization: building and running the benchmarks")
    printed = core.printed("organization")
    peak = PEAK.search(printed)
    if peak is None:
        raise RuntimeError(f"the benchmarks did not say how much memory they needed:\n{printed}")
    document = json.loads(core.printed("organization", "--print-organization"))
    progress("organization: read by run-audit")
    with Answers.start() as answers:
        answers.set_organization(document)
        answers.tell(latency=AWAY)
        with Function([program], {**ENVIRONMENT, "AWS_ENDPOINT_URL": answers.url}, name=NAME, timeout=900) as function:
            outcome = function.invoke(REQUEST)
            if not isinstance(outcome, Answered):
                raise RuntimeError(f"{NAME} did not read the organization: {outcome.log[-2000:]}")
            _check(json.loads(outcome.body), document)
            return Whole(
                document,
                core.read(printed),
                int(peak[1]) * 1024,
                outcome.since_spawn,
                function.cpu_seconds(),
                function.peak_memory(),
                len(answers.calls()),
                answers.peak(),
                answers.repeated(),
            )


def _check(answer: dict[str, Any], document: dict[str, Any]) -> None:
    """What was read must be all of it, for otherwise nothing was measured."""

    def nodes(of: dict[str, Any]) -> set[tuple[str, str, frozenset[str]]]:
        return {(node["id"], node["parent"], frozenset(node["policies"])) for node in [*of["units"], *of["accounts"]]}

    if nodes(answer) != nodes(document):
        raise RuntimeError(f"{NAME} read another organization than there is")


def problems(whole: Whole) -> list[str]:
    """What is not as it must be, however fast the machine is: a call that was made twice, or one that is not needed."""
    found = [f"{NAME} made a call more than once: {call}" for call in sorted(whole.repeated)]
    if whole.calls != whole.least_calls:
        found.append(f"{NAME} made {whole.calls:,} calls where there are {whole.least_calls:,}")
    return found


def as_table(whole: Whole) -> str:
    """Returns the table."""
    document = whole.document
    size = (
        f"{len(document['accounts']):,} accounts, {len(document['units'])} units, {len(document['policies'])} policies"
    )
    aims = {"reach of an organization": f" (aim: at most {AIM:,})"}
    names = {
        "read an organization": "reading its document, on one core, ms",
        "reach of an organization": "every profile from 5 Regions in each account, on one core, ms",
    }
    rows = [
        [
            names.get(figure.name, f"{figure.name}, ms") + aims.get(figure.name, ""),
            f"{milliseconds(figure.median / 1e9)} ({milliseconds(figure.least / 1e9)})",
        ]
        for figure in whole.figures
    ]
    rows += [
        [f"peak memory of both, MB (aim: at most {MEMORY_AIM})", megabytes(whole.peak)],
        ["read from AWS by run-audit: calls", f"{whole.calls:,}"],
        ["of them needed: one for each list, node and policy", f"{whole.least_calls:,}"],
        ["calls made twice", f"{sum(whole.repeated.values())}"],
        ["under way at once, at most", f"{whole.at_once}"],
        [f"with {AWAY * 1000:.0f} ms added to every call, ms", milliseconds(whole.seconds)],
        ["CPU, ms", milliseconds(whole.cpu_seconds)],
        ["peak memory, MB", megabytes(whole.memory)],
    ]
    return table([size, ""], rows)
