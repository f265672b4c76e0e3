"""The report, as a browser shows it and as programs read it."""
