"""`make bench`: every figure of docs/performance.md but the storm's, in one run, as plain text."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import coldstart, core, document, organization, sweep
from .aws import ROOT
from .scan import measure as scan
from .table import machine

DESCRIPTION = """\
Measures, in one run on this machine:
  - how fast the core parses and decides (shared/core/benches), on one core;
  - cold starts of the functions over TLS, each against a function in Python that
    does the same, alternately: spawn to first poll of the Runtime API, to the first
    answer with its first AWS calls, CPU time and peak memory (tests/runtime);
  - a nightly sweep of check-posture over 17 Regions, each call of AWS 50 ms away
    (tests/answers before the local AWS): how long against the least it can take;
  - what every profile can do in each account of an organization of 1,000, on one core
    (shared/core/benches/organization.rs), and run-audit reading that organization,
    each call of AWS 50 ms away;
  - `crisguard scan` over a gigabyte of log files that are made for it, two mixes, against
    inflating the same files alone and against others on the same question (tests/bench/scan);
  - the sizes of the zips.
Fails if the sweep or run-audit makes a call twice, or run-audit one that is not needed; times
are no failures, for they are the machine's, but for the scan's, which is measured against
inflating on the same machine.
Times of a busy machine are not worth much: the table says how busy it was.
"""


def main() -> None:
    """Measures what was asked for, and prints it."""
    parser = argparse.ArgumentParser(
        prog="make bench", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20, help="cold starts of each program (default: 20)")
    parser.add_argument("--sweeps", type=int, default=5, help="nightly sweeps (default: 5)")
    parser.add_argument("--programs", type=Path, default=ROOT / "target/dist", help="where the functions are built")
    parser.add_argument("--python", type=Path, required=True, help="the interpreter for the functions in Python")
    parser.add_argument("--scan-program", type=Path, default=ROOT / "target/dist/examples/measure", help="the scan")
    parser.add_argument(
        "--scan-peers", type=Path, required=True, help="the interpreter that has what scans are measured against"
    )
    parser.add_argument("--without-core", action="store_true", help="leave the core's benchmarks out")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--only-sweep", action="store_true", help="measure the nightly sweep alone")
    only.add_argument("--only-organization", action="store_true", help="measure the organization alone")
    only.add_argument("--only-scan", action="store_true", help="measure the scan of log files alone")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the tables into FILE, between its marks")
    arguments = parser.parse_args()
    everything = not (arguments.only_sweep or arguments.only_organization or arguments.only_scan)
    if arguments.write and not everything and not arguments.only_scan:
        parser.error("--write is for all tables at once, or for the scan: leave out --only-…")
    if everything or arguments.only_scan:
        measure_scan(arguments)
        if arguments.only_scan:
            return

    parts, problems = [machine()], []
    if not arguments.without_core and everything:
        progress("core: building and running the benchmarks (a minute, longer the first time)")
        parts.append(core.as_table(core.run()))
    if everything:
        pairs = coldstart.measure(arguments.programs, arguments.python, arguments.rounds, progress)
        parts.append(f"Cold starts, medians of {arguments.rounds} (and the least):\n\n{coldstart.as_table(pairs)}")
    if everything or arguments.only_sweep:
        swept = sweep.measure(arguments.programs / sweep.NAME, arguments.sweeps, progress)
        parts.append(f"A nightly sweep, medians of {arguments.sweeps} (and the least):\n\n{sweep.as_table(swept)}")
        problems += sweep.problems(swept)
    if everything or arguments.only_organization:
        whole = organization.measure(arguments.programs / organization.NAME, progress)
        parts.append(f"An organization, medians (and the least):\n\n{organization.as_table(whole)}")
        problems += organization.problems(whole)
    parts.append(coldstart.sizes({"dist": arguments.programs, "release": ROOT / "target/release"}))
    progress("")
    text = "\n\n".join(parts)
    print(text)
    if arguments.write and not problems:
        document.write(arguments.write, "bench", text)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


def measure_scan(arguments: argparse.Namespace) -> None:
    """Measures the scan, prints and writes its tables, and says which aims were missed."""
    began = machine()
    found = scan.measure(arguments.scan_program, arguments.scan_peers, progress)
    progress("")
    text = f"{began}\n\n{scan.as_table(found)}"
    print(text, end="\n\n")
    if arguments.write:
        document.write(arguments.write, "scan", text)
    for problem in scan.problems(found):
        print(f"missed: {problem}", file=sys.stderr)


def progress(text: str) -> None:
    """Says on the terminal what is going on, in one line that the next one replaces."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
