"""Takes the pictures of the report that the documents show."""

from __future__ import annotations

import sys
from pathlib import Path

from .opened import Opened, chromium

# Name, language, scheme, width, height.
PICTURES = [
    ("report", "en", "light", 1000, 1560),
    ("report.ja", "ja", "light", 1000, 1560),
    ("report-dark", "en", "dark", 1000, 1560),
]
LARGEST = 300_000


def main() -> None:
    """Writes each picture into the folder that is named."""
    folder = Path(sys.argv[1])
    with chromium() as browser:
        for name, language, scheme, width, height in PICTURES:
            window = Opened(browser, f"violations-{language}", width=width, scheme=scheme)
            path = folder / f"{name}.png"
            window.page.screenshot(path=path, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
            window.close()
            size = path.stat().st_size
            if size > LARGEST:
                sys.exit(f"{path} has {size} bytes, more than {LARGEST}")
            print(f"{path}: {size} bytes")


if __name__ == "__main__":
    main()
