"""The `crisguard` command, as the tests run it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.emulator.emulator import REPOSITORY


def build_folder() -> Path:
    """Where the release build puts executables."""
    return Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "release"


def crisguard(*arguments: str, policy: Path | None = None, given: str | None = None) -> Any:
    """What the `crisguard` command prints, as JSON; 0 and 1 are its answers, 2 is a failure."""
    options = ["--policy", str(policy)] if policy else []
    done = subprocess.run(
        [str(build_folder() / "crisguard"), *arguments, *options],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), f"crisguard {arguments}: {done.stderr}"
    return json.loads(done.stdout)


def parameters_of(policy: Path) -> dict[str, str]:
    """The patterns compiled from a policy, as parameters of infra/source-region.yaml."""
    parameters: dict[str, str] = crisguard(
        "pattern", "--account", "111122223333", "--format", "parameters", policy=policy
    )
    return parameters
