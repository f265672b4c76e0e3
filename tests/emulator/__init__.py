"""A local AWS for crisguard's tests and demo: start, deploy, play events, stop."""

from .emulator import Emulator, EmulatorError

__all__ = ["Emulator", "EmulatorError"]
