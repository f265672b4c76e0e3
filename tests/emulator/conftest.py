"""Fixtures: one emulator for all tests of this folder, and code that only logs what it gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from .emulator import FUNCTIONS, Emulator

PLACEHOLDER = """#!/usr/bin/env python3
import os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read().decode()
    print("RECEIVED " + body, flush=True)
    urllib.request.urlopen(api + request + "/response", b'{"batchItemFailures": []}').close()
"""


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker of tests that mostly wait."""
    config.addinivalue_line("markers", "slow: waits for minutes; `make test-scripts` runs it")


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A zip for each function: it logs every event and accepts every message."""
    path = tmp_path_factory.mktemp("code") / "placeholder.zip"
    entry = ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    with ZipFile(path, "w") as archive:
        archive.writestr(entry, PLACEHOLDER)
    return dict.fromkeys(FUNCTIONS, path)


@pytest.fixture(scope="session")
def aws() -> Iterator[Emulator]:
    """A running emulator with IAM enforced."""
    with Emulator.start() as running:
        yield running
