"""Compares two evaluators of service control policies, each a process of its own."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from .cases import Maker
from .disagreements import DISAGREEMENTS

HERE = Path(__file__).parent


def main() -> int:
    """Makes the cases, has them judged, and prints what differs."""
    parser = argparse.ArgumentParser(prog="tests/scps/differential")
    parser.add_argument("--ours", required=True, help="the example judge-scps")
    parser.add_argument("--theirs", required=True, help="the folder with the other evaluator's package")
    parser.add_argument("--cases", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="how many differences to print in full")
    options = parser.parse_args()

    maker = Maker(options.seed)
    cases = [maker.case() for _ in range(options.cases)]
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    ours = judged([options.ours], lines)
    theirs = judged(["node", str(HERE / "evaluate.mjs"), options.theirs], lines)

    told: Counter[str] = Counter()
    documented: Counter[str] = Counter()
    differing: list[tuple[dict[str, object], str, str]] = []
    for case, our, their in zip(cases, ours, theirs):
        told[our.split()[0]] += 1
        if our == their:
            continue
        reason = next((name for name, holds in DISAGREEMENTS.items() if holds(case)), None)
        if reason is None or "error" in (our.split()[0], their.split()[0]):
            differing.append((case, our, their))
        else:
            documented[reason] += 1

    answers = ", ".join(f"{count} {answer}" for answer, count in sorted(told.items()))
    print(f"{len(cases)} cases (seed {options.seed}): {answers}")
    for name, holds in DISAGREEMENTS.items():
        print(f"  {documented[name]:6} of {sum(map(holds, cases)):6} differ: {name}")
    plain = sum(not any(holds(case) for holds in DISAGREEMENTS.values()) for case in cases)
    print(f"  {len(differing):6} of {plain:6} differ: none of these")
    differing.sort(key=lambda difference: len(json.dumps(difference[0]["levels"])))
    for case, our, their in differing[: options.show]:
        print(f"\nours: {our}\ntheirs: {their}\n{json.dumps(case)}")
    return 1 if differing else 0


def judged(command: list[str], lines: str) -> list[str]:
    """Runs an evaluator, and returns its answers, one a case."""
    run = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    answers = run.stdout.splitlines()
    if len(answers) != lines.count("\n"):
        sys.exit(f"error: {command[0]} gave {len(answers)} answers\n{run.stderr}")
    return answers


if __name__ == "__main__":
    sys.exit(main())
