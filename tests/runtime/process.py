"""What Linux tells of a running process."""

from __future__ import annotations

import time
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """Returns the CPU time that all threads of a process have used, to the nanosecond.

    A process's CPU clock has an id made of the process's id (see clock_getcpuclockid(3)).
    `/proc/PID/stat` tells the same in hundredths of a second, too coarse for one event.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def peak_memory(pid: int) -> int:
    """Returns the largest resident set of a process so far, in bytes; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
