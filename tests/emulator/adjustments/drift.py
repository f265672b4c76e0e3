"""CloudFormation: a drift-aware change set puts back what was changed beside the template.

Only EventBridge's rules and buses are compared: those are what crisguard depends on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudformation, eventbridge
from ministack.services.cloudformation import changesets, handlers, provisioners

# The resources that each change set puts back, by its id.
_drifted: dict[str, list[dict[str, Any]]] = {}


def apply() -> None:
    """Knows the deployment mode REVERT_DRIFT.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
    """
    create, execute = changesets._create_change_set, changesets._execute_change_set

    def create_change_set(parameters: dict[str, Any]) -> Any:
        answer = create(parameters)
        if _first(parameters, "DeploymentMode") == "REVERT_DRIFT" and answer[0] == 200:
            change_id, change = _named(parameters)
            nested = _first(parameters, "IncludeNestedStacks") == "true"
            _drifted[change_id] = list(_drifted_resources(change["StackName"], nested=nested))
            if _drifted[change_id]:
                change.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")
        return answer

    def execute_change_set(parameters: dict[str, Any]) -> Any:
        change_id, _ = _named(parameters)
        for resource in _drifted.pop(change_id, []):
            update = provisioners._RESOURCE_HANDLERS[resource["ResourceType"]]["update"]
            update(resource["PhysicalResourceId"], {}, resource["Properties"], "")
        return execute(parameters)

    for name, replacement in (("CreateChangeSet", create_change_set), ("ExecuteChangeSet", execute_change_set)):
        handlers._ACTION_HANDLERS[name] = replacement


def _first(parameters: dict[str, Any], name: str) -> str:
    value = parameters.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _named(parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    found: tuple[str, dict[str, Any]] = changesets._find_change_set(
        _first(parameters, "ChangeSetName"), _first(parameters, "StackName")
    )
    return found


def _drifted_resources(stack: str, *, nested: bool) -> Iterator[dict[str, Any]]:
    for resource in list(cloudformation._stacks[stack]["_resources"].values()):
        kind, properties = resource["ResourceType"], resource["Properties"]
        if kind == "AWS::CloudFormation::Stack" and nested:
            inner = provisioners._nested_stack_lookup_name(resource["PhysicalResourceId"])
            yield from _drifted_resources(inner, nested=True)
        elif (kind == "AWS::Events::Rule" and not _rule_is(properties)) or (
            kind == "AWS::Events::EventBus" and not _bus_is(properties)
        ):
            yield resource


def _rule_is(properties: dict[str, Any]) -> bool:
    bus = properties.get("EventBusName", "default")
    key = eventbridge._rule_key(properties["Name"], bus)
    rule = eventbridge._rules.get(key)
    return bool(rule) and (
        rule["State"] == properties["State"]
        and _value(rule["EventPattern"]) == _value(properties["EventPattern"])
        and eventbridge._targets.get(key, []) == properties.get("Targets", [])
    )


def _bus_is(properties: dict[str, Any]) -> bool:
    return eventbridge._event_bus_policies.get(properties["Name"]) == _value(properties["Policy"])


def _value(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else text
