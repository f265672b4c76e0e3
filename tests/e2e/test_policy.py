"""Decisions are made by the policy that stands in the bucket, by the last good version of it, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import records
from .deployment import EVENTS, POLICIES, WATCH, Deployment

GOOD = (POLICIES / "japan.yaml").read_bytes()
# `regions.destnation` is not a field; line 5 has it.
BAD = GOOD.replace(b"  destination: [ap", b"  destnation: [ap", 1)
WIDER = GOOD.replace(b"ap-northeast-3]", b"ap-northeast-3, ap-southeast-2]", 1)
REREAD_AFTER = 5 * 60


def sha256(document: bytes) -> str:
    """The hash by which alerts name a policy."""
    return hashlib.sha256(document).hexdigest()


@contextlib.contextmanager
def policy(deployed: Deployment, document: bytes | None) -> Iterator[None]:
    """Meanwhile another document, or none, stands in the bucket."""
    s3 = deployed.aws.client("s3")
    try:
        if document is None:
            s3.delete_object(Bucket=deployed.bucket, Key="policy.yaml")
        else:
            deployed.put_policy(document)
        yield
    finally:
        deployed.put_policy(GOOD)


def test_a_bad_policy_stops_the_cold_start_and_loses_nothing(deployed: Deployment) -> None:
    """A function that has no usable policy decides nothing: it says which field is wrong, and the events wait."""
    assert BAD != GOOD
    with deployed.quick_retries(EVENTS), deployed.restarted(WATCH):
        with policy(deployed, BAD):
            deployed.play(records.call(processed_in="ap-southeast-2"))
            line = deployed.wait(lambda: cannot_start(deployed), "the cold start to fail")
            assert f"s3://{deployed.bucket}/policy.yaml" in line
            assert "destnation" in line
            assert "line 5" in line
            assert deployed.depth(EVENTS) == 1
            assert deployed.alerts() == []
        deployed.settle()
    (alert,) = deployed.alerts()
    assert alert.body["findings"][0]["policy_sha256"] == sha256(GOOD)


def test_no_policy_at_all(deployed: Deployment) -> None:
    """Whoever forgot to upload the policy reads in the log where it is looked for."""
    with deployed.quick_retries(EVENTS), deployed.restarted(WATCH):
        with policy(deployed, None):
            deployed.play(records.call(processed_in="ap-southeast-2"))
            line = deployed.wait(lambda: cannot_start(deployed), "the cold start to fail")
            assert f"s3://{deployed.bucket}/policy.yaml" in line
        deployed.settle()
    assert len(deployed.alerts()) == 1


def cannot_start(deployed: Deployment) -> str | None:
    """The line in which watch-inference says why it cannot start."""
    return next((line for line in deployed.log(WATCH) if "the function cannot start" in line), None)


class Clock:
    """The function's clock, ahead of this machine's."""

    def __init__(self, folder: Path) -> None:
        """Builds what is preloaded into the function."""
        compiler = shutil.which("cc")
        assert compiler, "a C compiler (cc) is needed, as for building crisguard"
        self.library, self.file = folder / "clock.so", folder / "seconds"
        source = Path(__file__).with_name("clock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(self.library), str(source)], check=True)
        self.be_ahead(0)

    def be_ahead(self, seconds: int) -> None:
        """Moves the function's clock."""
        self.file.write_text(str(seconds), encoding="utf-8")

    @property
    def variables(self) -> dict[str, str]:
        """What the function is started with."""
        return {"LD_PRELOAD": str(self.library), "CRISGUARD_TEST_CLOCK": str(self.file)}


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    """A clock for watch-inference."""
    return Clock(tmp_path_factory.mktemp("clock"))


def decide(deployed: Deployment, name: str) -> list[str]:
    """Has a call to Sydney decided; returns the hashes of the policies in the alerts about it."""
    deployed.play(records.call(processed_in="ap-southeast-2", by=name))
    deployed.settle()
    return [finding["policy_sha256"] for alert in deployed.alerts() for finding in alert.body["findings"]]


def test_a_running_function_takes_good_versions_only(deployed: Deployment, clock: Clock) -> None:
    """A good new policy is in force after five minutes; a bad one is refused by an alarm, and the old one stays."""
    with deployed.restarted(WATCH, **clock.variables):
        assert decide(deployed, "first") == [sha256(GOOD)]

        with policy(deployed, BAD):
            assert decide(deployed, "before-the-time") == [sha256(GOOD)]
            assert deployed.metrics(WATCH)["PolicyRejected"] == 0
            clock.be_ahead(REREAD_AFTER + 10)
            assert decide(deployed, "under-the-old-one") == [sha256(GOOD)], "the old one stays in force"
            rejected = [line for line in deployed.log(WATCH) if "the new policy is rejected" in line]
            assert rejected
            assert "destnation" in rejected[0]
            deployed.wait(lambda: deployed.metrics(WATCH)["PolicyRejected"] == 1, "the metric of the alarm")

        with policy(deployed, WIDER):
            clock.be_ahead(2 * REREAD_AFTER + 20)
            assert decide(deployed, "allowed-now") == [], "Sydney is allowed now"
            assert any("a new policy is in force" in line and sha256(WIDER) in line for line in deployed.log(WATCH))
