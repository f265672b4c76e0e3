"""infra/run-audit.yaml with the function as it is shipped: it answers by hand what the command answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.emulator.emulator import INFRA, REPOSITORY, host_architecture

from .command import build_folder

NAME = "crisguard-run-audit"
PROFILE = "jp.anthropic.claude-sonnet-4-5-20250929-v1:0"
# What denies everything outside Tokyo, and so the model in Osaka.
DENY = {
    "Sid": "TokyoAlone",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}},
}
REGION_DENY = {"Version": "2012-10-17", "Statement": [DENY]}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An account in which nothing else is deployed."""
    executable, archive = build_folder() / "run-audit-lambda", tmp_path_factory.mktemp("code") / "run-audit.zip"
    assert executable.exists(), f"{executable} is missing; run `make build` first"
    subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts/zip-function"), str(executable), str(archive)], check=True
    )
    with Emulator.start() as running:
        code = {"run-audit-lambda": archive}
        running.deploy(INFRA / "run-audit.yaml", {"Architecture": host_architecture()}, code=code, stack=NAME)
        yield running


def ask(aws: Emulator, request: dict[str, Any]) -> tuple[bool, Any]:
    """Invokes the function; tells whether it answered, and what."""
    answer = aws.client("lambda").invoke(FunctionName=NAME, Payload=json.dumps(request).encode())
    return "FunctionError" not in answer, json.loads(answer["Payload"].read())


def test_it_answers_as_the_command_does(aws: Emulator, tmp_path: Path) -> None:
    request = {
        "sources": ["ap-northeast-1"],
        "profiles": [PROFILE],
        "scps": [{"name": str(tmp_path / "deny.json"), "content": REGION_DENY}],
    }
    answered, answer = ask(aws, {"reach": request})
    assert answered, answer
    (profile,) = answer["profiles"]
    assert profile["verdict"] == "fails"
    assert [(denied["region"], denied["statement"]) for denied in profile["denied"]] == [
        ("ap-northeast-3", "TokyoAlone"),
    ]

    (tmp_path / "deny.json").write_text(json.dumps(REGION_DENY), encoding="utf-8")
    command = [str(build_folder() / "crisguard"), "reach", "--scp", str(tmp_path / "deny.json")]
    command += ["--source", "ap-northeast-1", "--profile", PROFILE, "--format", "json"]
    told = subprocess.run(command, capture_output=True, check=False)
    assert told.returncode == 1, told.stderr
    assert json.loads(told.stdout)["profiles"] == answer["profiles"]


def test_a_request_that_is_none_is_refused_by_its_path(aws: Emulator) -> None:
    answered, answer = ask(aws, {"reach": {"sources": ["Tokyo"]}})
    assert not answered
    assert "reach.sources[0]" in answer["errorMessage"]
