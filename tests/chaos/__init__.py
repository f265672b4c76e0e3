"""Faults at every AWS request of the functions, and what must hold after each: `python -m tests.chaos --help`."""
