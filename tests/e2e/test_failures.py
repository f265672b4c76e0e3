"""What fails is tried again or kept for a person, alone; nothing is lost and nothing counts twice."""

from __future__ import annotations

import json

from . import records
from .deployment import ELSEWHERE, EVENTS, EVENTS_DLQ, FINDINGS, FINDINGS_DLQ, SEND, WATCH, Deployment
from .records import envelope
from .subscribers import subscribe

DESTINATION = "destination-region-allowed"


def test_a_poison_message_fails_alone(deployed: Deployment) -> None:
    """An event that cannot be read ends in the dead-letter queue; its neighbours in the batch are decided."""
    good = [records.call(processed_in="ap-southeast-2") for _ in range(3)]
    without_id = {**records.call(processed_in="ap-southeast-2"), "eventID": None}
    poison = ['{"source": "aws.bedrock", "detail": ', json.dumps(envelope(without_id))]
    with deployed.quick_retries(EVENTS):
        with deployed.paused(WATCH):
            deployed.put_events(good[0])
            deployed.put_into(EVENTS, poison)
            deployed.put_events(*good[1:])
        deployed.wait(lambda: deployed.depth(EVENTS_DLQ) == 2, "both to reach the dead-letter queue")
    deployed.settle()
    assert sorted(m["Body"] for m in deployed.take(EVENTS_DLQ)) == sorted(poison), "as they came, for a person"
    assert deployed.counts() == {DESTINATION: 3}
    assert len(deployed.alerts()) == 1
    exits = deployed.exits(WATCH, 3 + 5 * len(poison))
    assert (exits["Violation"], exits["Rejected"]) == (3, 5 * len(poison)), "each was tried five times"
    log = "\n".join(deployed.log(WATCH))
    assert "`eventID` is null" in log or "`eventID` is absent" in log, log


def test_a_finding_that_cannot_be_read(deployed: Deployment) -> None:
    """A message of another version in the findings queue waits for a person and stops nobody else."""
    with deployed.quick_retries(FINDINGS):
        deployed.put_into(FINDINGS, ['{"version": 99}'], MessageGroupId="odd", MessageDeduplicationId="odd-99")
        deployed.play(records.call(processed_in="ap-southeast-2"))
        deployed.wait(lambda: deployed.depth(FINDINGS_DLQ) == 1, "it to reach the dead-letter queue")
    deployed.settle()
    assert len(deployed.alerts()) == 1
    assert deployed.exits(SEND, 6)["Rejected"] == 5


def test_sns_refuses_for_a_while(deployed: Deployment) -> None:
    """While SNS refuses, findings wait; after the repair the alert comes, once, with everything counted once."""
    events = [records.call(processed_in="ap-southeast-2") for _ in range(4)]
    with deployed.quick_retries(FINDINGS):
        with deployed.refused(SEND, "sns:Publish"):
            deployed.play(*events[:3])
            deployed.wait(lambda: deployed.metrics(SEND)["Retried"] >= 1, "an attempt to fail")
            assert deployed.counts()[DESTINATION] >= 1, "counted, although not told"
            assert deployed.depth(FINDINGS) >= 1
            assert deployed.alerts() == []
        deployed.settle()
    (alert,) = deployed.alerts()
    assert alert.controls == [DESTINATION]
    deployed.play(events[3], *events[:3])
    deployed.settle()
    assert deployed.counts() == {DESTINATION: 4}
    assert deployed.depth(FINDINGS_DLQ) == 0
    assert deployed.alerts() == []
    assert any("AuthorizationError" in line or "not authorized" in line for line in deployed.log(SEND))


def test_the_topic_is_deleted_and_made_again(deployed: Deployment) -> None:
    """Whoever deletes the topic by mistake loses no alert, if it is made again before the findings expire."""
    sns = deployed.aws.client("sns")
    with deployed.quick_retries(FINDINGS):
        policy = sns.get_topic_attributes(TopicArn=deployed.topic)["Attributes"]["Policy"]
        sns.delete_topic(TopicArn=deployed.topic)
        try:
            deployed.play(records.call(processed_in="ap-southeast-2"))
            deployed.wait(lambda: deployed.metrics(SEND)["Retried"] >= 1, "an attempt to fail")
        finally:
            sns.create_topic(Name="crisguard-alerts", Attributes={"Policy": policy})
            subscribe(deployed.aws, deployed.topic, ELSEWHERE)
        deployed.settle()
    assert len(deployed.alerts()) == 1
    assert deployed.counts() == {DESTINATION: 1}


def test_the_memory_refuses_for_a_while(deployed: Deployment) -> None:
    """While DynamoDB refuses, nothing is told that could not be counted; afterwards everything is."""
    with deployed.quick_retries(FINDINGS):
        with deployed.refused(SEND, "dynamodb:PutItem"):
            deployed.play(records.call(processed_in="ap-southeast-2"))
            deployed.wait(lambda: deployed.metrics(SEND)["Retried"] >= 1, "an attempt to fail")
            assert deployed.alerts() == []
        deployed.settle()
    assert len(deployed.alerts()) == 1
    assert deployed.counts() == {DESTINATION: 1}


def test_the_digest_survives_a_refusal(deployed: Deployment) -> None:
    """A digest that SNS refuses is an error of the function, and the next hour's digest has it all."""
    deployed.play(records.call(by="unclear"))
    deployed.settle()
    with deployed.refused(SEND, "sns:Publish"):
        answer = deployed.aws.client("lambda").invoke(FunctionName=SEND, Payload=b'{"crisguard":"review"}')
        assert "FunctionError" in answer
    assert deployed.review() == {"digested": 1}
    (digest,) = deployed.alerts()
    assert digest.body["total"] == 1
