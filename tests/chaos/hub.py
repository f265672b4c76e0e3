"""A stand-in for AWS Security Hub, which the emulator does not have: BatchImportFindings, and what it came to.

It keeps the latest state of each finding, as Security Hub does: an update that is older than what it has
changes nothing.

https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
"""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections import defaultdict
from typing import Any

from tests.runtime.http import Request

from .wire import Answer

IMPORTED = "/_chaos/imported/"


class Hub:
    """All accounts' findings, by id."""

    def __init__(self) -> None:
        """Starts empty."""
        self._findings: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._lock = threading.Lock()

    def imported(self, request: Request) -> Answer:
        """Takes findings."""
        account = re.search(r"Credential=(\d{12})/", request.headers.get("authorization", ""))
        findings = json.loads(request.body)["Findings"]
        with self._lock:
            held = self._findings[account.group(1) if account else ""]
            for finding in findings:
                known = held.get(finding["Id"])
                if known is None or finding["UpdatedAt"] >= known["UpdatedAt"]:
                    held[finding["Id"]] = finding
        return _json({"FailedCount": 0, "SuccessCount": len(findings), "FailedFindings": []})

    def shown(self, request: Request) -> Answer:
        """Shows the driver what an account has."""
        with self._lock:
            return _json(self._findings[request.path.removeprefix(IMPORTED)])


def read(port: int, account: str) -> dict[str, dict[str, Any]]:
    """The findings that an account's Security Hub has, by id."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{IMPORTED}{account}", timeout=30) as answer:
        findings: dict[str, dict[str, Any]] = json.load(answer)
        return findings


def _json(body: Any) -> Answer:
    return Answer(200, (("content-type", "application/json"),), json.dumps(body).encode(), whole=True)
