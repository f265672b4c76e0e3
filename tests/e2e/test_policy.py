"""Decisions are made by the policy that stands in the bucket, by the last good version of it, or not at all."""

from __future__ import annotations

import hashlib

from . import records
from .clock import REREAD_AFTER, Clock
from .deployment import EVENTS, GOOD, WATCH, Deployment

# `regions.destnation` is not a field; line 5 has it.
BAD = GOOD.replace(b"  destination: [ap", b"  destnation: [ap", 1)
WIDER = GOOD.replace(b"ap-northeast-3]", b"ap-northeast-3, ap-southeast-2]", 1)


def sha256(document: bytes) -> str:
    """The hash by which alerts name a policy."""
    return hashlib.sha256(document).hexdigest()


def test_a_bad_policy_stops_the_cold_start_and_loses_nothing(deployed: Deployment) -> None:
    """A function that has no usable policy decides nothing: it says which field is wrong, and the events wait."""
    assert BAD != GOOD
    with deployed.quick_retries(EVENTS), deployed.restarted(WATCH):
        with deployed.policy(BAD):
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
        with deployed.policy(None):
            deployed.play(records.call(processed_in="ap-southeast-2"))
            line = deployed.wait(lambda: cannot_start(deployed), "the cold start to fail")
            assert f"s3://{deployed.bucket}/policy.yaml" in line
        deployed.settle()
    assert len(deployed.alerts()) == 1


def cannot_start(deployed: Deployment) -> str | None:
    """The line in which watch-inference says why it cannot start."""
    return next((line for line in deployed.log(WATCH) if "the function cannot start" in line), None)


def decide(deployed: Deployment, name: str) -> list[str]:
    """Has a call to Sydney decided; returns the hashes of the policies in the alerts about it."""
    deployed.play(records.call(processed_in="ap-southeast-2", by=name))
    deployed.settle()
    return [finding["policy_sha256"] for alert in deployed.alerts() for finding in alert.body["findings"]]


def test_a_running_function_takes_good_versions_only(deployed: Deployment, clock: Clock) -> None:
    """A good new policy is in force after five minutes; a bad one is refused by an alarm, and the old one stays."""
    with deployed.restarted(WATCH, **clock.variables):
        assert decide(deployed, "first") == [sha256(GOOD)]

        with deployed.policy(BAD):
            assert decide(deployed, "before-the-time") == [sha256(GOOD)]
            assert deployed.metrics(WATCH)["PolicyRejected"] == 0
            clock.be_ahead(REREAD_AFTER + 10)
            assert decide(deployed, "under-the-old-one") == [sha256(GOOD)], "the old one stays in force"
            rejected = [line for line in deployed.log(WATCH) if "the new policy is rejected" in line]
            assert rejected
            assert "destnation" in rejected[0]
            deployed.wait(lambda: deployed.metrics(WATCH)["PolicyRejected"] == 1, "the metric of the alarm")

        with deployed.policy(WIDER):
            clock.be_ahead(2 * REREAD_AFTER + 20)
            assert decide(deployed, "allowed-now") == [], "Sydney is allowed now"
            assert any("a new policy is in force" in line and sha256(WIDER) in line for line in deployed.log(WATCH))
