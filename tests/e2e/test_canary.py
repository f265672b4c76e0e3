"""The canary: a record of nobody's call takes the whole way every hour, and nobody hears of it unless it stops."""

from __future__ import annotations

import json

import pytest

from . import records
from .clock import DAY, HOUR, MINUTE, Clock
from .deployment import ELSEWHERE, SEND, WATCH, Deployment
from .records import HOME

SCP = "with an explicit deny in a service control policy"


def assert_that_nobody_hears(deployed: Deployment) -> None:
    """No finding, no alert, no e-mail, nothing for machines."""
    assert deployed.records() == []
    assert deployed.alerts() == []
    assert deployed.mail() == []
    assert deployed.transitions() == []


def test_it_comes_through_and_nobody_hears(deployed: Deployment) -> None:
    """The schedule of a source Region proves rule, bus, queue and both functions, and disturbs nobody."""
    deployed.sing(ELSEWHERE)
    assert deployed.exits(WATCH, 1)["Canary"] == 1
    assert deployed.exits(SEND, 1)["CanaryArrived"] == 1
    (arrival,) = [item["sk"]["S"] for item in deployed.items() if item["pk"]["S"] == "CANARY"]
    assert arrival == f"REGION#{ELSEWHERE}"
    assert deployed.review() == {}
    assert_that_nobody_hears(deployed)


@pytest.mark.parametrize(("region", "bus"), [(ELSEWHERE, "default"), (HOME, "default"), (HOME, "crisguard")])
def test_a_forged_canary_is_nothing_but_a_canary(deployed: Deployment, region: str, bus: str) -> None:
    """Whoever may put events on a bus can forge canaries, and cannot make anybody believe that a prompt went abroad."""
    violations = [
        records.call(processed_in="us-west-2", by="forged", errorCode="AccessDenied", errorMessage=SCP),
        records.call(records.STAYS, by="forged", errorCode="AccessDenied", errorMessage=SCP),
        {**records.call(by="forged", errorCode="AccessDenied", errorMessage=SCP), "eventTime": "never"},
    ]
    deployed.wait_for_another_second()
    events = deployed.aws.client("events", region)
    for record in violations:
        entry = {"Source": "crisguard.canary", "DetailType": "AWS API Call via CloudTrail", "EventBusName": bus}
        answer = events.put_events(Entries=[{**entry, "Detail": json.dumps(record)}])
        assert answer["FailedEntryCount"] == 0
    deployed.settle()
    assert deployed.exits(WATCH, 3)["Canary"] == 3
    assert [item["sk"]["S"] for item in deployed.items() if item["pk"]["S"] == "CANARY"] == [f"REGION#{region}"]
    assert deployed.review() == {}
    assert_that_nobody_hears(deployed)


def test_a_region_whose_canary_stops_is_late(deployed: Deployment, clock: Clock) -> None:
    """Silence is told from quiet: three hours without a canary raise an alarm, and its return ends it."""
    with deployed.restarted(SEND, **clock.variables):
        for region in (ELSEWHERE, HOME):
            deployed.sing(region)
        clock.be_ahead(3 * HOUR - MINUTE)
        assert deployed.review() == {}
        deployed.sing(HOME)
        clock.be_ahead(3 * HOUR + MINUTE)
        assert deployed.review() == {"late_canaries": [ELSEWHERE]}
        deployed.wait(lambda: deployed.metrics(SEND)["CanaryLate"] == 1, "the metric of the alarm")

        deployed.sing(ELSEWHERE)
        assert deployed.review() == {}
        clock.be_ahead(9 * DAY)
        assert deployed.review() == {}, "a Region that was given up is forgotten after a week"
        assert_that_nobody_hears(deployed)
