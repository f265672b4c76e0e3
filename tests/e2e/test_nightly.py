"""Silence means something: whatever keeps events from arriving is found by one nightly look, and told once.

Each test breaks something as people do, beside the templates, and puts it back.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from . import records
from .deployment import ELSEWHERE, ENABLED, GOOD, NIGHTLY, POSTURE, SILENT, Deployment
from .looking import CONTROLS, OF_THE_ACCOUNT, Looked
from .records import HOME
from .subscribers import Alert

CONTROL = "rule-receives-inference"
WIDER = GOOD.replace(b"ap-northeast-3]", b"ap-northeast-3, ap-southeast-2]", 1)
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "*"}],
}


def wrong(looked: Looked) -> dict[str, str]:
    """The Regions whose rules are not as they must be, with what is wrong there; nothing else is wrong anywhere."""
    found = looked.not_compliant
    assert [place for place in found if place[1] != CONTROL] == []
    return {region: explanation for (region, _), explanation in found.items()}


def kinds(alerts: list[Alert]) -> list[str]:
    """Of which kind alerts are."""
    return [alert.kind for alert in alerts]


def test_a_quiet_night(deployed: Deployment) -> None:
    """Where everything stands, every Region of the account was looked at and nobody hears a word."""
    looked = deployed.look()
    assert looked.not_compliant == {}
    rules = looked.of(CONTROL)
    assert {region for region, a in rules.items() if a["reason"]["kind"] == "rules_stand"} == set(ENABLED)
    assert len(rules) > len(ENABLED), "Regions that are not enabled are told as such"
    for region in ENABLED:
        elsewhere = () if region == HOME else OF_THE_ACCOUNT
        assert set(looked.at(region)) == set(CONTROLS) - set(elsewhere)
    exits = deployed.exits(POSTURE, len(looked.assessments))
    assert exits["FindingsSent"] == len(looked.news) < len(looked.assessments)
    assert deployed.review() == {}
    assert (deployed.alerts(), deployed.transitions()) == ([], [])


def test_the_schedule_has_it_done(deployed: Deployment) -> None:
    """Nobody has to ask: the schedule starts it, and what it finds becomes an alert."""
    with switched_off_and_on(deployed):
        deployed.aws.start_schedule(NIGHTLY)
        (alert,) = deployed.wait(deployed.alerts, "the alert")
        assert alert.controls == [CONTROL]
        deployed.settle()


@contextlib.contextmanager
def switched_off_and_on(deployed: Deployment) -> Iterator[None]:
    """Somebody disables a rule for a while and enables it again: now it drops read-only events.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EnableRule.html
    """
    events = deployed.aws.client("events", ELSEWHERE)
    rule = events.describe_rule(Name="crisguard-forward-1")
    events.disable_rule(Name=rule["Name"])
    events.enable_rule(Name=rule["Name"])
    assert events.describe_rule(Name=rule["Name"])["State"] == "ENABLED"
    try:
        yield
    finally:
        put_back(events, rule)


@contextlib.contextmanager
def deleted(deployed: Deployment) -> Iterator[None]:
    """Somebody cleans up rules that they do not know."""
    events = deployed.aws.client("events", ELSEWHERE)
    rule = events.describe_rule(Name="crisguard-forward-2")
    targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    events.remove_targets(Rule=rule["Name"], Ids=[target["Id"] for target in targets])
    events.delete_rule(Name=rule["Name"])
    try:
        yield
    finally:
        put_back(events, rule)
        events.put_targets(Rule=rule["Name"], Targets=targets)


@contextlib.contextmanager
def without_target(deployed: Deployment) -> Iterator[None]:
    """Somebody takes the target off the rule on the crisguard bus: everything is forwarded, nothing is decided."""
    events = deployed.aws.client("events")
    place = {"Rule": "crisguard-inference", "EventBusName": "crisguard"}
    targets = events.list_targets_by_rule(**place)["Targets"]
    events.remove_targets(**place, Ids=[target["Id"] for target in targets])
    try:
        yield
    finally:
        events.put_targets(**place, Targets=targets)


@contextlib.contextmanager
def open_to_anybody(deployed: Deployment) -> Iterator[None]:
    """Somebody lets everybody put events on the crisguard bus."""
    events = deployed.aws.client("events")
    policy = events.describe_event_bus(Name="crisguard")["Policy"]
    events.put_permission(EventBusName="crisguard", Policy=json.dumps(ANYBODY))
    try:
        yield
    finally:
        events.put_permission(EventBusName="crisguard", Policy=policy)


def put_back(events: Any, rule: dict[str, Any]) -> None:
    """Puts a rule as it was."""
    kept = ("Name", "EventPattern", "State", "Description")
    events.put_rule(**{name: rule[name] for name in kept})


Break = Callable[[Deployment], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("break_it", "region", "says"),
    [
        (switched_off_and_on, ELSEWHERE, "crisguard-forward-1: in the state ENABLED instead of"),
        (deleted, ELSEWHERE, "crisguard-forward-2: missing"),
        (without_target, HOME, "crisguard-inference: not sending to"),
        (open_to_anybody, HOME, "the resource policy of the event bus crisguard is not the one"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_was_changed_is_found_and_what_was_mended_is_told(
    deployed: Deployment, break_it: Break, region: str, says: str
) -> None:
    """One look finds it and one alert says where and what; the first look after the repair says that it is over."""
    with break_it(deployed):
        found = wrong(deployed.look(CONTROL))
        assert list(found) == [region]
        assert says in found[region]
        (alert,) = deployed.alerts()
        assert (alert.kind, alert.controls) == ("alert", [CONTROL])
        (finding,) = alert.body["findings"]
        assert (finding["source_region"], finding["account"]) == (region, deployed.aws.account)
        assert says in finding["explanation"]
        (mail,) = deployed.mail()
        assert region in mail["subject"]
        assert says.split(":", maxsplit=1)[0] in mail["body"]

        deployed.look(CONTROL)
        deployed.review()
        assert deployed.alerts() == [], "the next night it is known"
    assert wrong(deployed.look(CONTROL)) == {}
    (resolved,) = deployed.alerts()
    assert (resolved.kind, resolved.controls) == ("resolved", [CONTROL])
    assert resolved.body["findings"][0]["source_region"] == region
    deployed.look(CONTROL)
    deployed.review()
    assert deployed.alerts() == [], "once"
    assert [event["transition"] for event in deployed.transitions()] == ["first", "resolved"]


def test_the_policy_changed_behind_the_rules(deployed: Deployment, tmp_path: Path) -> None:
    """A new policy in the bucket without a deployment: the filter is another policy's, in every Region; one alert."""
    document = tmp_path / "wider.yaml"
    document.write_bytes(WIDER)
    in_force, deployed_one = hashlib.sha256(WIDER).hexdigest(), hashlib.sha256(GOOD).hexdigest()
    try:
        # By night the function starts anew, and reads the policy as it stands then.
        with deployed.policy(WIDER), deployed.restarted(POSTURE):
            looked = deployed.look(CONTROL)
            assert set(wrong(looked)) == set(ENABLED)
            assert {a["policy_sha256"] for a in looked.assessments} == {in_force}
            (alert,) = deployed.alerts()
            assert {f["source_region"] for f in alert.body["findings"]} == set(ENABLED)
            for finding in alert.body["findings"]:
                assert f"compiled from the policy {deployed_one[:12]}" in finding["explanation"]
            for region in ENABLED:
                deployed.deploy_source_region(region, document)
            assert wrong(deployed.look(CONTROL)) == {}
            (resolved,) = deployed.alerts()
            assert (resolved.kind, resolved.body["total"]) == ("resolved", len(ENABLED))
    finally:
        for region in ENABLED:
            deployed.deploy_source_region(region)


def test_what_cannot_be_looked_at_is_undecided_and_resolves_nothing(deployed: Deployment) -> None:
    """A permission that somebody takes away is no repair, and no Region is called compliant because of it."""
    with switched_off_and_on(deployed):
        deployed.look(CONTROL)
        assert kinds(deployed.alerts()) == ["alert"]
    with deployed.refused(POSTURE, "events:ListRules"):
        looked = deployed.look(CONTROL)
        assert {looked.of(CONTROL)[region]["decision"] for region in ENABLED} == {"undecided"}
        assert deployed.alerts() == [], "the repair cannot be seen"
        assert deployed.review() == {"digested": len(ENABLED) - 1}
        (digest,) = deployed.alerts()
        assert {f["source_region"] for f in digest.body["findings"]} == set(ENABLED) - {ELSEWHERE}
        for finding in digest.body["findings"]:
            assert finding["decision"] == "undecided"
            assert "events:ListRules failed" in finding["explanation"]
    assert wrong(deployed.look(CONTROL)) == {}
    (resolved,) = deployed.alerts()
    assert (resolved.kind, resolved.body["total"]) == ("resolved", len(ENABLED))


def test_undecided_becomes_worse(deployed: Deployment) -> None:
    """What was unclear last night and is wrong tonight is told at once."""
    with deployed.refused(POSTURE, "events:ListTargetsByRule"):
        deployed.look(CONTROL)
        assert deployed.alerts() == [], "nobody is woken by what cannot be told"
    with deleted(deployed):
        deployed.look(CONTROL)
        alert = next(alert for alert in deployed.alerts() if alert.kind == "alert")
        assert alert.body["transition"] == "worsened"
    deployed.look(CONTROL)
    of_elsewhere = [e for e in deployed.transitions() if e["finding"]["source_region"] == ELSEWHERE]
    assert [event["transition"] for event in of_elsewhere] == ["first", "worsened", "resolved"]


def test_calls_without_events(deployed: Deployment) -> None:
    """Every rule stands, Bedrock counts calls, and no event of them arrives: crisguard is blind there, and says so."""
    two_hours_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2)
    datum = {
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "ModelId", "Value": records.AT_HOME}],
        "Timestamp": two_hours_ago,
        "Value": 7,
        "Unit": "Count",
    }
    deployed.aws.client("cloudwatch", SILENT).put_metric_data(Namespace="AWS/Bedrock", MetricData=[datum])
    looked = deployed.look(CONTROL)
    assert list(wrong(looked)) == [SILENT]
    assert "Bedrock counted 7 successful calls in 24 h, and not one event of a call arrived" in wrong(looked)[SILENT]
    assert looked.of(CONTROL)[SILENT]["counted"]["calls"] == 7
    (alert,) = deployed.alerts()
    assert alert.body["findings"][0]["source_region"] == SILENT

    deployed.play(records.call(records.AT_HOME, region=SILENT, by="seen-again"))
    assert wrong(deployed.look(CONTROL)) == {}
    assert sorted(kinds(deployed.alerts())) == ["alert", "resolved"], "the call itself, and that events arrive"
