"""Machines hear of each change of a finding, once for each id. That the form is the published one is checked by
`Deployment.transitions`, here and wherever it is asked.
"""

from __future__ import annotations

import json

from . import records
from .clock import DAY, HOUR, Clock
from .deployment import SEND, TABLE, Deployment

SYDNEY = "ap-southeast-2"


def test_the_life_of_a_finding(deployed: Deployment, clock: Clock) -> None:
    """A rule on the default bus receives each transition; a ticket can be opened, closed and opened again by them."""
    with deployed.restarted(SEND, **clock.variables):
        deployed.play(records.call(processed_in=SYDNEY, by="ticket"))
        deployed.settle()
        deployed.play(records.call(processed_in=SYDNEY, by="ticket"))
        deployed.settle()
        (alert,) = deployed.alerts()
        events = deployed.transitions()
        assert [event["transition"] for event in events] == ["first"], "a second call is no transition"
        assert events[0]["finding"] == alert.body["findings"][0], "machines and people are shown the same"

        clock.be_ahead(7 * DAY + HOUR)
        deployed.review()
        clock.be_ahead(8 * DAY)
        deployed.play(records.call(processed_in=SYDNEY, by="ticket"))
        deployed.settle()
        events += deployed.transitions()
        assert [event["transition"] for event in events] == ["first", "closed", "reopened"]
        assert [event["finding"]["decision"] for event in events] == ["non-compliant", "closed", "non-compliant"]
        assert len({event["id"] for event in events}) == 3
        assert len({event["finding"]["id"] for event in events}) == 1
        assert deployed.wait(lambda: deployed.metrics(SEND)["Announced"] == 3, "the metric")


def test_each_control_is_a_finding_of_its_own(deployed: Deployment) -> None:
    """One alert tells people of three controls; machines get three events, whatever people asked not to hear."""
    deployed.play(records.call(records.GLOBAL, region="us-east-1", processed_in="eu-west-1", by="three"))
    deployed.settle()
    events = deployed.transitions()
    assert sorted(event["finding"]["control"] for event in events) == [
        "destination-region-allowed",
        "global-profile-allowed",
        "source-region-allowed",
    ]
    deployed.play(records.call(by="undecided"))
    deployed.settle()
    (event,) = deployed.transitions()
    assert (event["transition"], event["finding"]["decision"]) == ("first", "undecided")


def test_a_repeated_announcement_has_the_same_id(deployed: Deployment) -> None:
    """If crisguard crashes between telling machines and remembering it, they can drop the repetition."""
    deployed.play(records.call(processed_in=SYDNEY, by="crash"))
    deployed.settle()
    (first,) = deployed.transitions()
    # As it was before: told to people, and not yet remembered as told to machines.
    (item,) = [item for item in deployed.items() if item["sk"]["S"] == f"FINDING#{first['finding']['id']}"
               and item["pk"]["S"].startswith("SUBJECT#")]  # fmt: skip
    item["body"]["S"] = json.dumps({**json.loads(item["body"]["S"]), "announced": None})
    deployed.aws.client("dynamodb").put_item(TableName=TABLE, Item=item)
    assert deployed.review() == {"announced": 1}
    (again,) = deployed.transitions()
    assert again["id"] == first["id"]
    assert deployed.review() == {}


def test_a_bus_that_refuses_keeps_nobody_from_the_alert(deployed: Deployment) -> None:
    """While EventBridge refuses, people are told all the same; machines hear of it afterwards, with nothing lost."""
    with deployed.quick_retries("crisguard-findings.fifo"):
        with deployed.refused(SEND, "events:PutEvents"):
            deployed.play(records.call(processed_in=SYDNEY, by="refused"))
            deployed.wait(lambda: deployed.metrics(SEND)["Retried"] >= 1, "an attempt to fail")
            assert len(deployed.alerts()) == 1
            assert deployed.transitions() == []
        deployed.settle()
    assert [event["transition"] for event in deployed.transitions()] == ["first"]
    assert deployed.alerts() == [], "people are told once"
    assert deployed.counts() == {"destination-region-allowed": 1}


def test_security_hub_is_off_unless_asked_for(deployed: Deployment) -> None:
    """Security Hub costs money and must be switched on: without the parameter, crisguard neither calls it nor may."""
    configuration = deployed.aws.client("lambda").get_function_configuration(FunctionName=SEND)
    assert "CRISGUARD_SECURITY_HUB_PRODUCT_ARN" not in configuration["Environment"]["Variables"]
    role = f"{SEND}-{deployed.aws.home_region}"
    policy = deployed.aws.client("iam").get_role_policy(RoleName=role, PolicyName="send-alerts")["PolicyDocument"]
    assert "securityhub" not in json.dumps(policy)
