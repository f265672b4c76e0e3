"""Writes tables into a document, between marks that stay."""

from __future__ import annotations

from pathlib import Path


def write(file: Path, mark: str, text: str) -> None:
    """Replaces what stands between `<!-- MARK -->` and `<!-- /MARK -->`."""
    before, begins, rest = file.read_text().partition(f"<!-- {mark} -->")
    _, ends, after = rest.partition(f"<!-- /{mark} -->")
    if not (begins and ends):
        raise SystemExit(f"error: {file} has no marks <!-- {mark} --> and <!-- /{mark} -->")
    file.write_text(f"{before}{begins}\n\n{text}\n\n{ends}{after}")
