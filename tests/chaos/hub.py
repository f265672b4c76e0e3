"""A stand-in for AWS Security Hub, which the emulator does not have: BatchImportFindings, and what it came to.

As in Security Hub, an update that is older than what it has changes nothing. The stand-in remembers what each
finding came through, too: one whose beginning was lost would look right once its end has come.

https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections import defaultdict
from typing import Any

from tests.runtime.http import Request
from tests.runtime.passing import Answer
from tests.runtime.signed import signature_of

IMPORTED = "/_chaos/imported/"


class Hub:
    """All accounts' findings, by id."""

    def __init__(self) -> None:
        """Starts empty."""
        self._states: dict[str, dict[str, list[str]]] = defaultdict(dict)
        self._updated: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def imported(self, request: Request) -> Answer:
        """Takes findings."""
        signature = signature_of(request)
        account = signature.key if signature else ""
        findings = json.loads(request.body)["Findings"]
        with self._lock:
            for finding in findings:
                identity, updated = finding["Id"], finding["UpdatedAt"]
                states = self._states[account].setdefault(identity, [])
                if updated >= self._updated.get((account, identity), ""):
                    self._updated[account, identity] = updated
                    states += [finding["RecordState"]] if states[-1:] != [finding["RecordState"]] else []
        return _json({"FailedCount": 0, "SuccessCount": len(findings), "FailedFindings": []})

    def shown(self, request: Request) -> Answer:
        """Shows the driver what an account has."""
        with self._lock:
            return _json(self._states[request.path.removeprefix(IMPORTED)])


def read(port: int, account: str) -> dict[str, list[str]]:
    """The states that each finding of an account's Security Hub came through, by id."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{IMPORTED}{account}", timeout=30) as answer:
        states: dict[str, list[str]] = json.load(answer)
        return states


def _json(body: Any) -> Answer:
    return Answer(200, (("content-type", "application/json"),), json.dumps(body).encode(), whole=True)
