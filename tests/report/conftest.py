"""One browser for all tests, and one window for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from .opened import Opened, chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Starts the browser once."""
    with chromium() as started:
        yield started


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Opens reports, and closes them after the test."""
    windows: list[Opened] = []

    def opener(name: str, **options: Any) -> Opened:
        windows.append(Opened(browser, name, **options))
        return windows[-1]

    yield opener
    for window in windows:
        window.close()
