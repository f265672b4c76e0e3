"""Each request is counted once, however often and in whatever batches its events come."""

from __future__ import annotations

import json
import time

from . import records
from .deployment import EVENTS, FINDINGS, SEND, WATCH, Deployment
from .records import envelope

DESTINATION = "destination-region-allowed"


def test_the_same_event_twice_in_one_batch(deployed: Deployment) -> None:
    """EventBridge may deliver twice: one alert, and the count says 1."""
    record = records.call(processed_in="ap-southeast-2")
    with deployed.paused(WATCH):
        deployed.play(record, record)
    deployed.settle()
    (alert,) = deployed.alerts()
    assert alert.body["findings"][0]["count"] == 1
    assert deployed.counts() == {DESTINATION: 1}
    assert deployed.exits(WATCH, 2)["Violation"] == 2


def test_the_same_event_in_two_batches(deployed: Deployment) -> None:
    """A second delivery, minutes later and in other company, neither alerts nor counts again."""
    record, other = (records.call(processed_in="ap-southeast-2") for _ in range(2))
    deployed.play(record)
    deployed.settle()
    assert deployed.counts() == {DESTINATION: 1}
    deployed.play(record)
    deployed.settle()
    assert deployed.counts() == {DESTINATION: 1}
    # In one batch with another event, the finding is another message: the queue does not drop it.
    with deployed.paused(WATCH):
        deployed.play(record, other)
    deployed.settle()
    assert deployed.counts() == {DESTINATION: 2}
    assert len(deployed.alerts()) == 1


def test_a_finding_that_is_delivered_again_much_later(deployed: Deployment) -> None:
    """The findings queue forgets what it has seen after five minutes; the memory does not."""
    with deployed.paused(SEND):
        deployed.play(records.call(processed_in="ap-southeast-2"))
        deployed.wait(lambda: deployed.depth(EVENTS) == 0, "the finding")
        (message,) = deployed.take(FINDINGS)
    for delivery in ("first", "second"):
        deployed.put_into(
            FINDINGS, [message["Body"]], MessageGroupId="subject", MessageDeduplicationId=f"{delivery}-{time.time_ns()}"
        )
        deployed.settle()
    assert deployed.counts() == {DESTINATION: 1}
    assert len(deployed.alerts()) == 1
    sent = deployed.exits(SEND, 2)
    assert (sent["Counted"], sent["Duplicate"]) == (1, 1)


def test_a_copy_of_a_completion(deployed: Deployment) -> None:
    """A trail with data events repeats the end of a stream under another event id: still one request."""
    opened = records.call(name="InvokeModelWithResponseStream")
    ended = records.end_of_stream(opened, "ap-southeast-2")
    copy = records.end_of_stream(opened, "ap-southeast-2", eventCategory="Data", managementEvent=False)
    assert copy["eventID"] != ended["eventID"]
    deployed.play(ended, copy)
    deployed.settle()
    assert deployed.counts() == {DESTINATION: 1}
    assert len(deployed.alerts()) == 1


def test_ten_thousand_events_of_one_violation(deployed: Deployment) -> None:
    """An application in a loop is one alert with an exact number in the memory, and every event has one exit."""
    number = 10_000
    record = records.call(processed_in="ap-southeast-2", by="loop")
    text = json.dumps(envelope(record))
    bodies = (text.replace(record["eventID"], f"00000000-0000-4000-8000-{i:012x}") for i in range(number))
    deployed.put_into(EVENTS, bodies)
    deployed.settle(seconds=80)
    assert deployed.counts() == {DESTINATION: number}
    (alert,) = deployed.alerts()
    assert alert.controls == [DESTINATION]
    watched = deployed.exits(WATCH, number)
    assert watched["Violation"] == number
    sent = deployed.exits(SEND, watched["FindingsSent"])
    assert (sent["Counted"], sent["AlertsPublished"]) == (watched["FindingsSent"], 1)
    assert deployed.review() == {}, "people know; what the alert could not count yet comes with a reminder"
