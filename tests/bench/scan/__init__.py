"""How fast `crisguard scan` reads log files: against inflating them alone, and against others on the same question."""
