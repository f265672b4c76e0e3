"""crisguard-run-audit and its state machine in an account of their own, with an organization's trail to read."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.emulator import Emulator
from tests.emulator.emulator import ACCOUNT, INFRA, REPOSITORY, host_architecture

from .command import build_folder
from .mistakes import denied
from .records import HOME
from .trails import Trail, trail

NAME = "crisguard-run-audit"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT}:stateMachine:crisguard-audit"
ROLE = f"crisguard-run-audit-{HOME}"
TRAILS, REPORTS, ELSEWHERE = "trail-logs", "audit-reports", "others-logs"
POLICY = """version: 1
regions: { source: [ap-northeast-1], destination: [ap-northeast-1, ap-northeast-3] }
profiles: { global: deny }
"""


@dataclass
class Audited:
    """The account."""

    aws: Emulator
    trail: Trail

    def invoke(self, request: dict[str, Any]) -> tuple[bool, Any]:
        """Invokes the function; tells whether it answered, and what."""
        answer = self.aws.client("lambda").invoke(FunctionName=NAME, Payload=json.dumps(request).encode())
        return "FunctionError" not in answer, json.loads(answer["Payload"].read())

    def run(self, name: str, **asked: Any) -> dict[str, Any]:
        """Has the state machine run to its end; tells how it ended and what it answers."""
        states = self.aws.client("stepfunctions")
        arn = states.start_execution(stateMachineArn=MACHINE, name=name, input=json.dumps(asked))["executionArn"]
        deadline = time.monotonic() + 300
        while (ended := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the state machine did not come to its end"
            time.sleep(0.2)
        return dict(ended)

    def answer(self, name: str, **asked: Any) -> dict[str, Any]:
        """What a run that succeeds answers."""
        ended = self.run(name, **asked)
        assert ended["status"] == "SUCCEEDED", f"{ended.get('error')}: {ended.get('cause')}"
        answer: dict[str, Any] = json.loads(ended["output"])
        return answer

    def kept(self, key: str) -> bytes:
        """An object of the reports bucket."""
        body: bytes = self.aws.client("s3").get_object(Bucket=REPORTS, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        """The keys of the reports bucket that begin so."""
        pages = self.aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=REPORTS, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def denied(self, action: str, resource: str) -> contextlib.AbstractContextManager[None]:
        """Meanwhile the function may not do that."""
        return denied(self.aws, ROLE, action, resource)


@contextlib.contextmanager
def audited(folder: Path) -> Iterator[Audited]:
    """The account, while it is needed."""
    executable, archive = build_folder() / "run-audit-lambda", folder / "run-audit.zip"
    assert executable.exists(), f"{executable} is missing; run `make build` first"
    subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts/zip-function"), str(executable), str(archive)], check=True
    )
    with Emulator.start() as aws:
        s3, made = aws.client("s3"), trail()
        for bucket in (TRAILS, REPORTS, ELSEWHERE):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": HOME})
        for key, body in made.files.items():
            s3.put_object(Bucket=TRAILS, Key=key, Body=body)
        s3.put_object(Bucket=ELSEWHERE, Key="x.json", Body=b"{}")
        s3.put_object(Bucket=REPORTS, Key="policy.yaml", Body=POLICY.encode())
        keys = aws.client("kms")
        trail_key, own_key = (keys.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
        parameters = {
            "Architecture": host_architecture(),
            "AuditBucketArns": f"arn:aws:s3:::{TRAILS}",
            "AuditKeyArns": trail_key,
            "ReportsBucket": REPORTS,
            "KeyArn": own_key,
            "PolicyBucket": REPORTS,
            # As many as the tests' machine has patience for.
            "BatchesAtOnce": "4",
        }
        aws.deploy(INFRA / "run-audit.yaml", parameters, code={"run-audit-lambda": archive}, stack=NAME)
        yield Audited(aws, made)
