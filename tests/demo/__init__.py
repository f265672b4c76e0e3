"""The demo: crisguard deployed to a local AWS, fed with events, and checked against what it should do."""
