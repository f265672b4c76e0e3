"""Chromium and the reports that it opens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

REPORTS = Path(__file__).parents[2] / "build" / "report"
LANGUAGES = ["en", "ja"]
# Nothing that would ask the network by itself.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Starts Chromium with an empty profile."""
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


class Opened:
    """A report in a window of its own, and everything that it did besides being shown."""

    def __init__(self, browser: Browser, name: str, width: int = 1280, scheme: Any = "light") -> None:
        """Opens the page of the report of this name."""
        self.folder = REPORTS / name
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.goto((self.folder / "report.html").as_uri())

    def json(self) -> Any:
        """Returns the report's own JSON."""
        return json.loads((self.folder / "report.json").read_text())

    def close(self) -> None:
        """Closes the window and its profile."""
        self.page.context.close()
