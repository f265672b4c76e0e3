"""Faults at every AWS request of watch-inference and send-alerts: `make chaos`, or `python -m tests.chaos`."""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.bench import document

from .faults import INVOCATION, LASTING, Case, cases
from .report import machine, told
from .run import Result, open_lane, play, prepare
from .servers import servers


def main() -> int:
    """Records a clean run, plays every fault at every place of it, prints the table; 1 if anything does not hold."""
    options = arguments().parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crisguard-chaos-") as name, servers() as shared:
        programs = Path(name)
        prepare(programs)
        with ProcessPoolExecutor(
            options.lanes, get_context("spawn"), initializer=open_lane, initargs=(shared, programs)
        ) as pool:
            clean = pool.submit(play, Case(), 0).result()
            if clean.problems:
                tell(clean)
                return 1
            chosen = [
                case
                for case in cases(clean.journal, options.storms, everything=options.all)
                if re.search(options.only, case.name)
            ]
            if options.list:
                print(*(case.name for case in chosen), sep="\n")
                return 0
            print(f"A clean run makes {clean.requests} AWS requests. {len(chosen)} cases on {machine()}.", flush=True)
            order = sorted(chosen, key=slowest_first)
            futures = [pool.submit(play, case, number) for number, case in enumerate(order, 1)]
            results = list(followed((future.result() for future in as_completed(futures)), len(order)))
    place = {case: position for position, case in enumerate(chosen)}
    results.sort(key=lambda result: place[result.case])
    table = told(results, clean)
    print(table)
    failed = [result for result in results if result.problems]
    for result in failed:
        tell(result)
    if options.write and not failed:
        document.write(options.write, "chaos", table)
    slowest = sorted(results, key=lambda result: result.seconds)[-3:]
    print("Slowest:", *(f"{result.seconds:.0f} s {result.case.name};" for result in slowest))
    injected = sum(result.injected for result in results)
    print(
        f"{len(results) - len(failed)} of {len(results)} cases hold: {injected} faults injected, "
        f"{sum(result.redelivered for result in results)} messages delivered again, "
        f"{time.monotonic() - began:.0f} s on {machine()}."
    )
    return 1 if failed else 0


def arguments() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = argparse.ArgumentParser(prog="make chaos CHAOS_OPTIONS=…", description=__doc__)
    parser.add_argument("--only", metavar="REGEX", default="", help="play the cases whose names match (see --list)")
    parser.add_argument("--list", action="store_true", help="print the names of the cases and play none")
    parser.add_argument(
        "--storms", type=int, default=40, metavar="N", help="cases with many faults drawn by their number (default: 40)"
    )
    parser.add_argument(
        "--all", action="store_true", help="also kills around reads, and every fault for a whole invocation"
    )
    parser.add_argument("--lanes", type=int, default=6, metavar="N", help="cases at the same time (default: 6)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the table into FILE, between its marks")
    return parser


def slowest_first(case: Case) -> tuple[bool, ...]:
    """Orders cases so that no slow one is left for the end."""
    return (case.fault != "late", case.duration != INVOCATION, case.duration != LASTING)


def followed(results: Iterator[Result], number: int) -> Iterator[Result]:
    """Tells how far it is."""
    began, failed = time.monotonic(), 0
    for done, result in zip(itertools.count(1), results):
        failed += bool(result.problems)
        if result.problems or done % 25 == 0 or done == number:
            verdict = "FAILED" if result.problems else "holds"
            print(f"[{done}/{number}, {failed} failed, {time.monotonic() - began:.0f} s] {verdict}: {result.case.name}",
                  file=sys.stderr, flush=True)  # fmt: skip
        yield result


def tell(result: Result) -> None:
    """Prints what does not hold, and the functions' last words."""
    print(f"\nFAILED: {result.case.name} ({result.seconds:.1f} s, {result.injected} times injected)")
    for problem in result.problems:
        print(f"  - {problem}")
    for line in [line for line in result.log if '"_aws"' not in line][-25:]:
        print(f"    {line[:400]}")


if __name__ == "__main__":
    sys.exit(main())
