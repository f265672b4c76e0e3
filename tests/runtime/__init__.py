"""A Lambda Runtime API on this machine: starts a function's program, hands it events, measures it."""

from .function import Answered, Died, Failed, Function, Outcome, Start, StartError, TimedOut

__all__ = ["Answered", "Died", "Failed", "Function", "Outcome", "Start", "StartError", "TimedOut"]
