"""EventBridge: which rules fire, where their events go, and what is counted."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region, set_request_account_id, set_request_region
from ministack.services import cloudwatch, eventbridge, sqs

from . import schedules
from .permissions import UndeliverableError, request_of, require

log = logging.getLogger("crisguard.emulator")

ALL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def apply() -> None:
    """Adjusts EventBridge."""
    _fire_rules_by_their_state()
    _deliver_as_event_bridge_does()
    _replace_policies_of_buses()


def _is_read_only_management_event(event: dict[str, Any]) -> bool:
    detail = event.get("detail")
    return (
        str(event.get("detail-type", "")).endswith("via CloudTrail")
        and isinstance(detail, dict)
        and detail.get("readOnly") is True
        and detail.get("managementEvent", True) is not False
        and detail.get("eventCategory", "Management") == "Management"
    )


def _fire_rules_by_their_state() -> None:
    """Rules in state `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` fire, and rules in
    state `ENABLED` do not see read-only management events. What a rule matched is counted,
    whether it has a target or not.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """

    def dispatch(event: dict[str, Any], view: Any = None) -> None:
        view = view or eventbridge._pattern_event_view(event)
        read_only = _is_read_only_management_event(view.event_with_detail())
        path = set(event.get("_DispatchPath") or [])
        for key, rule in list(eventbridge._rules.items()):
            state = rule.get("State")
            receives = state == ALL_MANAGEMENT_EVENTS or (state == "ENABLED" and not read_only)
            if (
                not receives
                or key in path
                or rule.get("EventBusName", "default") != event.get("EventBusName", "default")
                or not rule.get("EventPattern")
            ):
                continue
            if eventbridge._matches_pattern_view(rule["EventPattern"], view, f"rule {key}"):
                _count(rule)
                for target in eventbridge._targets.get(key, []):
                    eventbridge._invoke_target(target, event, rule, view)

    eventbridge._dispatch_event = dispatch


def _count(rule: dict[str, Any]) -> None:
    """Metrics with the rule's name alone are about the default bus."""
    bus = rule.get("EventBusName", "default")
    dimensions = {"RuleName": rule["Name"]} | ({} if bus == "default" else {"EventBusName": bus})
    for metric in ("MatchedEvents", "TriggeredRules"):
        cloudwatch.record_metric("AWS/Events", metric, 1, "Count", dimensions)


def _deliver_as_event_bridge_does() -> None:
    """A target that is a bus in another Region receives the event, through the target's role;
    one in another account, if its policy lets that role; a queue receives it if its policy names
    the rule; what is refused goes to the target's dead-letter queue, if that one's policy names the rule.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    invoke, to_queue = eventbridge._invoke_target, eventbridge._dispatch_to_sqs

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        if schedules.is_schedule(rule):
            schedules.start(rule)
            return
        spec = parse_arn(target["Arn"])
        try:
            if spec.service == "events" and spec.resource.startswith("event-bus/"):
                _forward(spec, target, event, rule)
            elif spec.service == "sqs":
                _require_queue_policy(target["Arn"], rule)
                invoke(target, event, rule, view)
            else:
                invoke(target, event, rule, view)
        except UndeliverableError as refused:
            log.warning("rule %s could not deliver: %s", rule.get("Name"), refused)
            _keep_in_dead_letter_queue(target, event, rule, view, to_queue)

    eventbridge._invoke_target = invoke_target


def _require_queue_policy(queue_arn: str, rule: dict[str, Any]) -> None:
    if not sqs.queue_policy_allows(queue_arn, "events.amazonaws.com", rule.get("Arn", ""), get_account_id()):
        raise UndeliverableError(f"the policy of {queue_arn} does not let {rule.get('Arn')} send")


def _forward(spec: Any, target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any]) -> None:
    """Puts the event, with the account and Region it came from, on the bus the target names."""
    # EventBridge puts events on another bus as the target's role.
    require(target.get("RoleArn"), "events:PutEvents", str(spec))
    sender = request_of(str(target.get("RoleArn")).rsplit("/", 1)[-1], "events:PutEvents", str(spec))
    key = eventbridge._rule_key(rule.get("Name"), rule.get("EventBusName", "default"))
    bus_name = spec.resource.split("/", 1)[1]
    home = (get_account_id(), get_region())
    try:
        set_request_account_id(spec.account_id)
        set_request_region(spec.region)
        if bus_name not in eventbridge._event_buses:
            raise UndeliverableError(f"there is no bus {spec}")
        policy = eventbridge._event_bus_policies.get(bus_name)
        if not iam_evaluator.resource_policy_allows(policy, sender, spec.account_id == home[0]):
            raise UndeliverableError(f"the policy of {spec} does not let {sender.principal_arn} put events")
        path = [*(event.get("_DispatchPath") or []), key]
        # `Region` and `Account` stay those of the event: AWS does not rewrite them.
        eventbridge._dispatch_event({**event, "EventBusName": bus_name, "_DispatchPath": path})
    finally:
        set_request_account_id(home[0])
        set_request_region(home[1])


def _keep_in_dead_letter_queue(
    target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any, to_queue: Callable[..., None]
) -> None:
    arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        return
    try:
        _require_queue_policy(arn, rule)
    except UndeliverableError as refused:
        log.warning("rule %s lost an event: %s", rule.get("Name"), refused)
        return
    view = view or eventbridge._pattern_event_view(event)
    to_queue(parse_arn(arn), json.dumps(view.event_with_detail()))


def _replace_policies_of_buses() -> None:
    """PutPermission takes a whole policy, too, and it replaces the former one.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
    """
    original = eventbridge._put_permission

    def put_permission(data: dict[str, Any]) -> Any:
        if "Policy" not in data:
            return original(data)
        eventbridge._event_bus_policies[data.get("EventBusName", "default")] = json.loads(data["Policy"])
        return eventbridge.json_response({})

    eventbridge._put_permission = put_permission
