"""Moves a function's clock: nobody waits a week, or until the policy is read again."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# After how long a running function reads the policy again.
REREAD_AFTER = 5 * MINUTE


class Clock:
    """The clock of the functions that are started with `variables`, ahead of this machine's."""

    def __init__(self, folder: Path) -> None:
        """Builds what is preloaded into the function."""
        compiler = shutil.which("cc")
        assert compiler, "a C compiler (cc) is needed, as for building crisguard"
        self.library, self.file = folder / "clock.so", folder / "seconds"
        source = Path(__file__).with_name("clock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(self.library), str(source)], check=True)
        self.be_ahead(0)

    def be_ahead(self, seconds: int) -> None:
        """Moves the clock, at once."""
        self.file.write_text(str(seconds), encoding="utf-8")

    @property
    def variables(self) -> dict[str, str]:
        """What a function is started with, to live by this clock."""
        return {"LD_PRELOAD": str(self.library), "CRISGUARD_TEST_CLOCK": str(self.file)}
