"""Runs the end-to-end tests in two halves at once, each with a deployment of its own: `python -m tests.e2e [OPTION…]`.

They mostly wait for the local AWS, which uses one processor. Options are pytest's.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from tests.emulator.emulator import REPOSITORY

HERE = Path(__file__).parent
# What is about settings takes as long as all the rest.
SETTINGS = ("test_changes", "test_nightly", "test_posture", "test_profiles")


def halves() -> list[list[Path]]:
    """Every file of tests, in two groups."""
    files = sorted(HERE.glob("test_*.py"))
    about_settings = [file for file in files if file.name.startswith(SETTINGS)]
    return [about_settings, [file for file in files if file not in about_settings]]


def begin(files: list[Path], output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts the tests of one half."""
    command = [sys.executable, "-m", "pytest", "-q", *sys.argv[1:], *map(str, files)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT)


def main() -> int:
    """Waits for both, and prints what each says."""
    failed = 0
    with tempfile.TemporaryFile() as first, tempfile.TemporaryFile() as second:
        running = [(begin(files, output), output) for files, output in zip(halves(), (first, second))]
        for process, output in running:
            failed = max(failed, process.wait())
            output.seek(0)
            sys.stdout.write(output.read().decode(errors="replace"))
            sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
