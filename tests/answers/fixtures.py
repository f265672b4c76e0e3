"""The server as a fixture: `from tests.answers.fixtures import answers` in a `conftest.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .handle import Answers


@pytest.fixture(scope="session")
def answers() -> Iterator[Answers]:
    """The server, not yet before an emulator.

    An emulator that is started with `functions_reach=answers.url` has its functions call through it;
    `answers.stand_before(emulator)` then passes their calls on.
    """
    with Answers.start() as running:
        yield running
