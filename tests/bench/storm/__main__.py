"""`make storm`: a million violations into the real functions, with everything about it counted."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.bench import document, events
from tests.bench.aws import ROOT, Aws
from tests.bench.table import machine, megabytes, table

from . import calls, prices
from .play import Played, play

DESCRIPTION = f"""\
Hands violating calls to the real watch-inference in batches of 500, and its findings to
two instances of the real send-alerts in batches of 10, through tests/runtime. AWS is a stand-in
that stores every document and checks every condition of every transaction.

The storm: {calls.ROLES} roles, {len(calls.PROFILES)} profiles, {len(calls.DESTINATIONS)} Regions, \
{calls.A_SECOND:,} calls a second of simulated time; the n-th role's share
goes with 1/n. Some calls and findings are delivered twice, as SQS may.

Fails unless every call is counted exactly once (or the count is marked "about", and is above it),
the exits add up, nothing failed, and people got at most ten alerts in any clock hour.
"""
EXITS = {
    "watch-inference": (
        "Compliant",
        "Violation",
        "Undecided",
        "NotApplicable",
        "NotBedrock",
        "Rejected",
        "Retried",
        "Canary",
    ),
    "send-alerts": ("Counted", "Duplicate", "CanaryArrived", "Rejected", "Retried"),
}
ALERTS_AN_HOUR = 10


def main() -> None:
    """Plays the storm, prints the table, and fails if anything is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="make storm", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="violating calls (default: 1000000)")
    parser.add_argument("--compliant", type=int, default=100_000, help="compliant calls, for `Coverage: all`")
    parser.add_argument("--duplicates", type=float, default=0.002, help="share of what is delivered twice")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--programs", type=Path, default=ROOT / "target/dist", help="where the functions are built")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the tables into FILE, between its marks")
    arguments = parser.parse_args()

    named = machine()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder) / "policy.yaml"
        policy.write_text(events.POLICY)
        with Aws(policy) as aws:
            randomness = random.Random(arguments.seed)
            first = datetime.now(timezone.utc) - timedelta(seconds=arguments.events / calls.A_SECOND)
            expected: Counter[tuple[str, str, str]] = Counter()
            storm = _noted(calls.violations(arguments.events, first, randomness), expected)
            played = play(
                storm,
                arguments.programs,
                aws,
                duplicates=arguments.duplicates,
                randomness=random.Random(arguments.seed + 1),
                progress=_progress("violating", arguments.events),
            )
            lasted = time.monotonic() - began
            records, told, counted = aws.ask("bodies/FINDING"), aws.ask("published"), aws.ask("calls")
            aws.ask("reset")
            quiet = play(
                calls.compliant(arguments.compliant, first),
                arguments.programs,
                aws,
                duplicates=0,
                randomness=randomness,
                workers=1,
                progress=_progress("compliant", arguments.compliant),
            )
            counted_quiet = aws.ask("calls")
    print(file=sys.stderr)
    problems, facts = _judge(played, records, told, expected)
    text = "\n\n".join(
        [
            named,
            f"{arguments.events:,} violating calls, {calls.A_SECOND:,} a second, of {calls.ROLES} roles through "
            f"{len(calls.PROFILES)} profiles to {len(calls.DESTINATIONS)} Regions; "
            f"{played.duplicates:,} calls delivered twice. Played in {lasted / 60:.1f} minutes.",
            table(["the storm", ""], facts),
            _work(arguments.events, played, counted),
            _costs(arguments, played, counted, quiet, counted_quiet),
        ]
    )
    print(text)
    if arguments.write and not problems:
        document.write(arguments.write, "storm", text)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


def _noted(some: Any, expected: Counter[tuple[str, str, str]]) -> Any:
    for call in some:
        expected[call.role, call.profile, call.destination] += 1
        yield call


def _progress(kind: str, total: int) -> Any:
    began = time.monotonic()

    def progress(done: int) -> None:
        if not sys.stderr.isatty() and done % 50_000:
            return
        speed = done / max(time.monotonic() - began, 0.001)
        text = f"{kind} calls: {done:,} of {total:,}, {speed:,.0f} a second"
        print(
            f"\r\033[K{text}" if sys.stderr.isatty() else text, end="" if sys.stderr.isatty() else "\n", file=sys.stderr
        )

    return progress


def _judge(
    played: Played, documents: list[Any], told: list[Any], expected: Counter[tuple[str, str, str]]
) -> tuple[list[str], list[list[str]]]:
    """Compares what is remembered and told with what was played."""
    problems: list[str] = []
    exact = approximate = counted = 0
    seen = set()
    records = [one["body"] for one in documents if one["pk"].startswith("SUBJECT#")]
    for record in records:
        finding = record["matter"]["finding"]
        key = (finding["principal"].rpartition("/")[2], finding["profile"], finding["destination_region"])
        seen.add(key)
        counted += record["count"]
        approximate += record["approximate"]
        exact += record["count"] == expected[key]
        if record["count"] != expected[key] and not (record["approximate"] and record["count"] > expected[key]):
            problems.append(f"{key}: {record['count']} counted, {expected[key]} played")
    problems += [f"{key} is not remembered" for key in expected if key not in seen]
    for name, used in (("watch-inference", played.watch), ("send-alerts", played.send)):
        left = sum(used.metrics[exit_] for exit_ in EXITS[name])
        if left != used.metrics["Received"]:
            problems.append(f"{name}: {used.metrics['Received']} received, {left} left through a counted exit")
        problems += [f"{name}: {error}" for error in used.errors]
    hours = Counter(one["hour"] for one in told if one.get("attribute kind") == "alert")
    if any(count > ALERTS_AN_HOUR for count in hours.values()):
        problems.append(f"alerts by the clock hour: {dict(hours)}")
    kinds = Counter(one.get("attribute kind", "?") for one in told)
    facts = [
        ["calls counted / played", f"{counted:,} / {sum(expected.values()):,}"],
        ["findings, of them with the exact count", f"{len(records)}, {exact}"],
        ["findings that say “about” (over 20,000 an hour)", f"{approximate}"],
        ["alerts, in how many clock hours", f"{kinds['alert']}, {len(hours)}"],
        ["digests, other messages to people", f"{kinds['digest']}, {len(told) - kinds['alert'] - kinds['digest']}"],
        ["transitions announced to machines", f"{played.send.metrics['Announced']:,}"],
        ["exits that do not add up", "none" if not any("left through" in problem for problem in problems) else "some"],
        ["findings told by the digest afterwards", f"{(played.review or {}).get('digested', 'none')}"],
    ]
    return problems, facts


def _work(total: int, played: Played, counted: dict[str, int]) -> str:
    """Returns what the functions did, and how many instances of them it takes at the storm's speed."""
    lasts = total / calls.A_SECOND
    rows = []
    for name, used, prefixes in (
        ("watch-inference", played.watch, ("s3:", "sqs:")),
        ("send-alerts", played.send, ("dynamodb:", "sns:", "events:")),
    ):
        waits = sum(count for call, count in counted.items() if call.startswith(prefixes))
        billed = prices.billed_seconds(used, waits)
        rows.append(
            [
                name,
                f"{used.invocations:,}",
                f"{used.delivered_again:,}",
                f"{waits:,}",
                f"{used.seconds * 1000:,.0f}",
                f"{used.cpu_seconds * 1000:,.0f}",
                f"{billed * 1000:,.0f}",
                f"{billed / lasts:.1f} of 10",
                megabytes(used.peak_memory),
            ]
        )
    head = ["", "invocations", "delivered again", "AWS calls", "wall here, ms", "CPU here, ms"]
    return table([*head, "billed at 256 MB, ms", "instances busy", "peak memory, MB"], rows)


def _costs(
    arguments: Any, played: Played, counted: dict[str, int], quiet: Played, counted_quiet: dict[str, int]
) -> str:
    """Returns what a million events cost: compliant ones under either coverage, and violating ones."""
    storm = {
        name: cost / arguments.events * 1e6
        for name, cost in {
            **prices.of_calls(arguments.events, played.watch, counted),
            **prices.of_findings(played.send, counted),
        }.items()
    }
    compliant = {
        name: cost / arguments.compliant * 1e6
        for name, cost in prices.of_calls(arguments.compliant, quiet.watch, counted_quiet).items()
    }
    rows = [[name, "0", f"{compliant.get(name, 0.0):.3f}", f"{cost:.3f}"] for name, cost in storm.items()]
    rows.append(["**together**", "**0**", f"**{sum(compliant.values()):.2f}**", f"**{sum(storm.values()):.2f}**"])
    head = ["US dollars per million events", "compliant, `violations`", "compliant, `all`", "violating, either"]
    return table(head, rows)


if __name__ == "__main__":
    main()
