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
    from ministack import app as gateway

    from . import adjustments

    application = adjustments.apply(os.environ["CRISGUARD_EMIT_TOKEN"])
    # `main` serves whatever its module calls `app`; the adjusted application calls the
    # original one through the reference it took before.
    original = gateway.app
    adjustments.gateway = type("Gateway", (), {"app": staticmethod(original)})
    gateway.app = application
    gateway.main()


if __name__ == "__main__":
    main()
