"""The content filter as it is deployed: findings come through, harmless traffic costs nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from . import records
from .command import crisguard, parameters_of
from .deployment import ELSEWHERE, EU, EVENTS, POLICIES, WATCH, Deployment
from .records import HOME, Record

TABLE: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("filter-events.yaml").read_text(encoding="utf-8")
)
DEPLOYED_IN = {"japan": HOME, "eu": EU}
FOUND = {"violation", "undecided"}


def record_of(policy: str, row: dict[str, Any]) -> Record:
    """The record that a row of the table describes."""
    region = row.get("region", DEPLOYED_IN[policy])
    record = records.call(
        row.get("model", records.LEAVES),
        region=region,
        processed_in=row.get("processed_in"),
        by=row.get("by", "app"),
        name=row.get("name", "Converse"),
    )
    if "ends_in" in row:
        record = records.end_of_stream({**record, "eventName": "ConverseStream"}, row["ends_in"])
    return {**record, **row.get("members", {})}


def patterns_in(deployed: Deployment, region: str) -> dict[str, str]:
    """The patterns of the deployed rules that forward Bedrock's events, by the rules' names."""
    events = deployed.aws.client("events", region)
    names = [rule["Name"] for rule in events.list_rules(NamePrefix="crisguard-forward-")["Rules"]]
    rules = [events.describe_rule(Name=name) for name in names]
    return {rule["Name"]: rule["EventPattern"] for rule in rules if "aws.bedrock" in rule["EventPattern"]}


def test_the_table_is_large_enough() -> None:
    """Sixty events and more, for two policies, all different and each with a reason."""
    rows = [(policy, row) for policy, rows in TABLE.items() for row in rows]
    assert len(rows) >= 60
    assert len(TABLE) == 2
    described = [json.dumps([policy, {**row, "why": "", "expect": ""}], sort_keys=True) for policy, row in rows]
    assert len(set(described)) == len(described)
    assert all(row["why"] and row["expect"] in {"match", "drop", "pass"} for _, row in rows)


@pytest.mark.parametrize("policy", TABLE)
def test_the_deployed_rules(deployment: Deployment, policy: str) -> None:
    """What the deployed patterns drop is what `crisguard explain` calls harmless, event by event."""
    rows, region = TABLE[policy], DEPLOYED_IN[policy]
    events = deployment.aws.client("events", region)
    patterns = patterns_in(deployment, region)
    assert 1 < len(patterns) <= 8
    assert all(len(pattern) <= 2048 for pattern in patterns.values())
    written = [record_of(policy, row) for row in rows]
    lines = "\n".join(json.dumps(record) for record in written)
    explained = crisguard("explain", "-", "--format", "json", policy=POLICIES / f"{policy}.yaml", given=lines)
    wrong = []
    for row, record, explanation in zip(rows, written, explained["records"], strict=True):
        event = json.dumps(records.envelope(record))
        matching = [
            name
            for name, pattern in patterns.items()
            if events.test_event_pattern(EventPattern=pattern, Event=event)["Result"]
        ]
        decision = explanation.get("exit", explanation["kind"])
        if (decision in FOUND) != (row["expect"] == "match") or bool(matching) != (row["expect"] != "drop"):
            wrong.append(f"{row}\n    decided {decision}, matched by {matching or 'no rule'}")
    assert not wrong, "\n".join(wrong)


def test_the_rules_say_which_policy_they_are_compiled_from(deployment: Deployment) -> None:
    """Whoever looks at a rule finds the policy's hash in it, and the state that read-only events need."""
    for region, policy in ((HOME, "japan"), (ELSEWHERE, "japan"), (EU, "eu")):
        sha256 = parameters_of(POLICIES / f"{policy}.yaml")["PolicySha256"]
        events = deployment.aws.client("events", region)
        for name in patterns_in(deployment, region):
            rule = events.describe_rule(Name=name)
            assert sha256 in rule["Description"]
            assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def harmless() -> list[Record]:
    """What makes up most of an account's traffic, in a Region where the policy for Japan holds."""
    stream = records.call(records.STAYS, name="ConverseStream")
    return [
        records.call(records.STAYS, processed_in="ap-northeast-3"),
        records.call(records.STAYS),
        records.call(records.AT_HOME, name="InvokeModel"),
        stream,
        records.end_of_stream(stream, "ap-northeast-1"),
        records.call(name="ListFoundationModels", requestParameters=None),
    ]


def test_compliant_traffic_costs_nothing(deployed: Deployment) -> None:
    """The quiet majority never reaches the queue, so nobody pays for it."""
    deployed.play(*harmless())
    assert deployed.depth(EVENTS) == 0
    deployed.play(records.call(processed_in="ap-southeast-2"))
    deployed.settle()
    assert deployed.exits(WATCH, 1)["Violation"] == 1


def test_coverage_all_shows_that_nothing_is_dropped(deployed: Deployment) -> None:
    """With Coverage=all every event is decided, and an auditor sees that the filter dropped only harmless ones."""
    deployed.deploy_source_region(HOME, Coverage="all")
    try:
        assert list(patterns_in(deployed, HOME)) == ["crisguard-forward-all"]
        events = harmless()
        deployed.play(*events)
        deployed.settle()
        exits = deployed.exits(WATCH, len(events))
    finally:
        deployed.deploy_source_region(HOME, Coverage="violations")
    # Reading is no inference; the end of a stream that stayed leaves nothing to judge, for its call was judged.
    assert (exits["Compliant"], exits["NotApplicable"]) == (len(events) - 2, 2), dict(exits)
    assert deployed.alerts() == []
    assert "crisguard-forward-all" not in patterns_in(deployed, HOME)
