"""CloudFormation: what the templates ask for is done as AWS does it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation, eventbridge, lambda_svc
from ministack.services.cloudformation import changesets, engine, provisioners, stacks
from ministack.services.cloudformation import handlers as requests


def apply() -> None:
    """Adjusts how stacks are created, updated and deleted."""
    _know_the_region_in_conditions()
    _accept_metric_math_alarms()
    _accept_stack_sets()
    _read_mapping_numbers()
    _keep_what_nested_stacks_retain()
    _update_nested_stacks()
    _write_policies_on_buses()
    _reserve_concurrency()


def _know_the_region_in_conditions() -> None:
    """A condition may refer to the Region or the account, as to a parameter.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
    """
    original = engine._evaluate_conditions

    def evaluate(template: dict[str, Any], parameters: dict[str, Any]) -> dict[str, bool]:
        pseudo = {"AWS::Region": {"Value": get_region()}, "AWS::AccountId": {"Value": get_account_id()}}
        evaluated: dict[str, bool] = original(template, {**pseudo, **parameters})
        return evaluated

    for module in (engine, changesets, requests, stacks):
        module._evaluate_conditions = evaluate


def _accept_metric_math_alarms() -> None:
    """CloudFormation accepts an alarm on metric math; it is not evaluated here.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    put = provisioners._cw_metric_alarm_put

    def put_alarm(name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        if properties.get("Metrics"):
            return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}
        return put(name, properties)

    provisioners._cw_metric_alarm_put = put_alarm


def _accept_stack_sets() -> None:
    """CloudFormation accepts a StackSet; nothing is deployed by it here.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stackset.html
    """

    def create(_: str, properties: dict[str, Any], *__: Any) -> tuple[str, dict[str, str]]:
        name = f"{properties['StackSetName']}:{uuid.uuid4()}"
        return name, {"StackSetId": name}

    def update(name: str, _: Any, properties: dict[str, Any], *__: Any, **___: Any) -> tuple[str, dict[str, str]]:
        return name, {"StackSetId": name}

    handlers = {"create": create, "update": update, "delete": lambda *_, **__: None}
    provisioners._RESOURCE_HANDLERS["AWS::CloudFormation::StackSet"] = handlers


def _read_mapping_numbers() -> None:
    """A number that reaches an event source mapping through a template parameter is a number.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]

    def with_numbers(position: int, original: Callable[..., Any]) -> Callable[..., Any]:
        def handler(*arguments: Any, **options: Any) -> Any:
            scaling = arguments[position].get("ScalingConfig") or {}
            if "MaximumConcurrency" in scaling:
                scaling["MaximumConcurrency"] = int(scaling["MaximumConcurrency"])
            return original(*arguments, **options)

        return handler

    # create(logical id, properties, stack) and update(id, old properties, new properties, stack)
    handlers["create"] = with_numbers(1, handlers["create"])
    handlers["update"] = with_numbers(2, handlers["update"])


def _keep_what_nested_stacks_retain() -> None:
    """Deleting a nested stack keeps the resources whose DeletionPolicy says so.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::CloudFormation::Stack"]
    original = handlers["delete"]

    def delete(physical_id: str, properties: dict[str, Any]) -> Any:
        stack = cloudformation._stacks.get(provisioners._nested_stack_lookup_name(physical_id)) or {}
        for logical_id, spec in (stack.get("_template") or {}).get("Resources", {}).items():
            if str(spec.get("DeletionPolicy", "")).startswith("Retain"):
                stack["_resources"].pop(logical_id, None)
        return original(physical_id, properties)

    handlers["delete"] = delete


def _update_nested_stacks() -> None:
    """A resource of a nested stack that an update leaves alone keeps its attributes.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
    """
    original = provisioners._update_resource

    def update(
        kind: str,
        physical_id: str,
        old: Any,
        new: Any,
        stack: str,
        logical_id: str | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> Any:
        if attributes is None:
            known = cloudformation._stacks.get(stack, {}).get("_resources", {}).get(logical_id, {})
            attributes = known.get("Attributes")
        return original(kind, physical_id, old, new, stack, logical_id, attributes)

    provisioners._update_resource = update


def _write_policies_on_buses() -> None:
    """A bus has the policy that its template says, and DescribeEventBus shows it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbus.html
    """

    def after(name: str, properties: dict[str, Any]) -> None:
        if "Policy" in properties:
            policy = properties["Policy"]
            eventbridge._event_bus_policies[name] = json.loads(policy) if isinstance(policy, str) else policy
        else:
            eventbridge._event_bus_policies.pop(name, None)

    _after_each("AWS::Events::EventBus", after)


def _reserve_concurrency() -> None:
    """A function has the reserved concurrency that its template says.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """

    def after(name: str, properties: dict[str, Any]) -> None:
        reserved = properties.get("ReservedConcurrentExecutions")
        lambda_svc._functions[name]["concurrency"] = None if reserved is None else int(reserved)

    _after_each("AWS::Lambda::Function", after)


def _after_each(kind: str, after: Callable[[str, dict[str, Any]], None]) -> None:
    """Does something with a resource's name and properties when it was created or updated."""
    handlers = provisioners._RESOURCE_HANDLERS[kind]

    def with_more(position: int, original: Callable[..., Any]) -> Callable[..., Any]:
        def handler(*arguments: Any, **options: Any) -> Any:
            answer = original(*arguments, **options)
            after(answer[0], arguments[position])
            return answer

        return handler

    # create(logical id, properties, stack) and update(id, old properties, new properties, stack)
    handlers["create"] = with_more(1, handlers["create"])
    handlers["update"] = with_more(2, handlers["update"])
