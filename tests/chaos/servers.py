"""The servers that the cases share: the emulator without authentication, and microburst in front of it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.emulator.emulator import HOME_REGION, REPOSITORY, free_port

from .hub import Hub
from .proxy import Proxy


@dataclass(frozen=True)
class Servers:
    """Where the servers listen."""

    emulator: int
    burst: int
    hub: int
    """Security Hub, and behind it the emulator: what microburst passes requests on to."""


@contextlib.contextmanager
def servers() -> Iterator[Servers]:
    """Starts both and ends them.

    Without authentication, because a fault proxy changes the Host header, which a signature covers; so a
    case's account is whatever access key it uses, and cases do not meet.
    """
    with tempfile.TemporaryDirectory(prefix="crisguard-chaos-") as folder:
        emulator, burst = free_port(), free_port()
        hub = Hub()
        behind = Proxy(
            "microburst",
            ("127.0.0.1", emulator),
            local={"securityhub": hub.imported, "unsigned": hub.shown},
        )
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{emulator}",
            "BIND_HOST": "127.0.0.1",
            "CRISGUARD_EMIT_TOKEN": secrets.token_hex(16),
            "GATEWAY_PORT": str(emulator),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": HOME_REGION,
            "SFTP_ENABLED": "0",
            "TMPDIR": folder,
        }
        with (
            _running([sys.executable, "-m", "tests.emulator.launcher"], environment, Path(folder) / "emulator.log"),
            _running(
                [
                    str(_burst_venv() / "bin" / "microburst"),
                    *("--upstream", behind.endpoint, "--host", "127.0.0.1", "--port", str(burst)),
                ],
                environment,
                Path(folder) / "microburst.log",
            ),
        ):
            _wait(f"http://127.0.0.1:{emulator}/_ministack/health", Path(folder) / "emulator.log")
            _wait(f"http://127.0.0.1:{burst}/_microburst/health", Path(folder) / "microburst.log")
            Burst(burst).warm_up()
            yield Servers(emulator, burst, behind.port)
        behind.close()


def _burst_venv() -> Path:
    done = subprocess.run(
        [str(REPOSITORY / "scripts" / "venv"), "chaos"], stdout=subprocess.PIPE, text=True, check=True
    )
    return Path(done.stdout.strip())


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str], log_path: Path) -> Iterator[None]:
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _wait(address: str, log: Path, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            if time.monotonic() > until:
                raise RuntimeError(f"{address} did not answer in time: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)


@dataclass(frozen=True)
class Burst:
    """microburst's own interface: rules in, evidence out."""

    port: int

    def warm_up(self) -> None:
        """Has it read the services' models, which takes seconds that would be part of a case."""
        scope = "Credential=000000000000/20261122/ap-northeast-1/dynamodb/aws4_request"
        headers = {"authorization": f"AWS4-HMAC-SHA256 {scope}", "x-amz-target": "DynamoDB_20120810.ListTables"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", b"{}", headers, method="POST")
        with urllib.request.urlopen(request, timeout=60):
            pass

    def add(self, rules: list[dict[str, Any]]) -> list[int]:
        """Adds rules and returns their numbers."""
        return [made["id"] for made in self._ask("PATCH", "rules", rules)]

    def remove(self, rules: list[dict[str, Any]]) -> None:
        """Takes rules away."""
        self._ask("DELETE", "rules", [{"headers": rule["headers"]} for rule in rules])

    def fired(self, numbers: list[int]) -> int:
        """How often rules have fired, as microburst itself counts."""
        return sum(int(rule["fired_count"]) for rule in self._ask("GET", "rules") if rule["id"] in numbers)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_microburst/{path}",
            None if body is None else json.dumps(body).encode(),
            {"content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
