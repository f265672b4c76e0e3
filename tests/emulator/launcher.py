"""Runs the pinned emulator with crisguard's adjustments: `python -m tests.emulator.launcher`.

Settings come from the environment (`Emulator` sets them): GATEWAY_PORT, BIND_HOST, AUTH
and CRISGUARD_EMIT_TOKEN.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys

EXPECTED = "1.5.33"


def main() -> None:
    """Adjusts the emulator, then hands over to its own main."""
    installed = importlib.metadata.version("ministack")
    if installed != EXPECTED:
        sys.exit(
            f"The adjustments were written for ministack {EXPECTED}, but {installed} is installed. "
            "Run scripts/venv emulator, or review tests/emulator/adjustments.py for the new version."
        )
    # Imported only now: another version may not have what the adjustments adjust.
    from ministack import app as gateway  # noqa: PLC0415

    from . import adjustments  # noqa: PLC0415

    # `main` serves whatever its module calls `app`.
    gateway.app = adjustments.apply(os.environ["CRISGUARD_EMIT_TOKEN"])
    gateway.main()


if __name__ == "__main__":
    main()
