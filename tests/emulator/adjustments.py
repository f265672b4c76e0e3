"""What the pinned emulator does differently from AWS, put right before it starts.

Each function changes one behaviour and names the AWS page that says what AWS does.
`README.md` in this folder lists them for people; keep the two in step.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app as gateway
from ministack.core import iam_actions, iam_evaluator
from ministack.core.arn import parse_arn
from ministack.core.responses import (
    get_account_id,
    get_region,
    set_request_account_id,
    set_request_region,
)
from ministack.services import cloudformation, eventbridge, lambda_svc, sns, sqs
from ministack.services.cloudformation import provisioners

log = logging.getLogger("crisguard.emulator")

ALL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
EMIT_PATH = "/_crisguard/emit"
MAIL_PATH = "/_crisguard/mail"
INSECURE_HEADER = b"x-crisguard-plain-http"

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# What subscribers by e-mail have received since the emulator started.
mail: list[dict[str, str]] = []


class UndeliverableError(Exception):
    """The target refused the event, as it would refuse EventBridge on AWS."""


def apply(token: str) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Adjusts the emulator and returns the ASGI application to serve instead of its own.

    `token` is what a caller of `EMIT_PATH` must send: it stands for being AWS itself.
    """
    _fire_rules_by_their_state()
    _deliver_as_event_bridge_does()
    _accept_metric_math_alarms()
    _read_mapping_numbers()
    _keep_what_nested_stacks_retain()
    _update_nested_stacks()
    _gather_batches_as_large_as_asked()
    _read_at_once()
    _keep_mail()
    _authorize_batches_as_their_entries()
    _log_what_a_cold_start_wrote()
    return _gateway_with_emission(token)


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
    state `ENABLED` do not see read-only management events.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
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
                for target in eventbridge._targets.get(key, []):
                    eventbridge._invoke_target(target, event, rule, view)

    eventbridge._dispatch_event = dispatch


def _deliver_as_event_bridge_does() -> None:
    """A target that is a bus in another Region of the account receives the event, through
    the target's role; a queue receives it if its policy names the rule; what is refused
    goes to the target's dead-letter queue, if that one's policy names the rule.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    invoke, to_queue = eventbridge._invoke_target, eventbridge._dispatch_to_sqs

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
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
    _require_role(target, str(spec))
    key = eventbridge._rule_key(rule.get("Name"), rule.get("EventBusName", "default"))
    bus_name = spec.resource.split("/", 1)[1]
    home = (get_account_id(), get_region())
    try:
        set_request_account_id(spec.account_id)
        set_request_region(spec.region)
        if bus_name not in eventbridge._event_buses:
            raise UndeliverableError(f"there is no bus {spec}")
        path = [*(event.get("_DispatchPath") or []), key]
        # `Region` and `Account` stay those of the event: AWS does not rewrite them.
        eventbridge._dispatch_event({**event, "EventBusName": bus_name, "_DispatchPath": path})
    finally:
        set_request_account_id(home[0])
        set_request_region(home[1])


def _require_role(target: dict[str, Any], bus_arn: str) -> None:
    """EventBridge puts events on another bus as the target's role."""
    role_name = str(target.get("RoleArn", "")).rsplit("/", 1)[-1]
    account = get_account_id()
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{role_name}/events",
        principal_type="AssumedRole",
        principal_account=account,
        action="events:PutEvents",
        resource_arn=bus_arn,
        region=get_region(),
    )
    policies = iam_evaluator._gather_role_policies(role_name, account) if role_name else []
    if iam_evaluator.evaluate(context, policies).decision != "Allow":
        raise UndeliverableError(f"the role {role_name or '(none)'} may not events:PutEvents on {bus_arn}")


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


def _gather_batches_as_large_as_asked() -> None:
    """A function gets as many messages of a standard queue at once as its mapping asks for.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """

    def receive(queue_url: str, batch_size: Any) -> list[dict[str, Any]]:
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            most = 10 if queue["is_fifo"] else 10_000
            visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
            messages: list[dict[str, Any]] = sqs._collect_msgs(queue, min(int(batch_size or 1), most), visibility)
            return messages

    sqs._receive_messages_for_esm = receive


def _read_at_once() -> None:
    """A mapping that is switched on reads what waits already; the emulator would look up to a second later."""
    update = lambda_svc._update_esm

    def update_and_wake(mapping: str, data: dict[str, Any]) -> Any:
        answer = update(mapping, data)
        lambda_svc._esm_wake.set()
        return answer

    lambda_svc._update_esm = update_and_wake


def _keep_mail() -> None:
    """Who subscribed by e-mail receives the body written for e-mail; `MAIL_PATH` shows it.

    https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html
    """
    original = sns._fanout

    def fanout(
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        original(topic_arn, message_id, message, subject, message_structure, message_attributes, **options)
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        for subscription in topic["subscriptions"]:
            if subscription.get("protocol") != "email" or not subscription.get("confirmed"):
                continue
            body = sns._resolve_message_for_protocol(message, message_structure, "email")
            if sns._matches_filter_policy(subscription, message_attributes or {}, body):
                sender = topic["attributes"].get("DisplayName") or "AWS Notifications"
                received = {"from": sender, "to": subscription.get("endpoint", ""), "subject": subject, "body": body}
                mail.append(received)

    sns._fanout = fanout


def _authorize_batches_as_their_entries() -> None:
    """A batch of messages needs the permission for one message; there is no action for batches.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    """
    original = iam_actions.extract_iam_action

    def extract(service: str, *arguments: Any, **options: Any) -> str | None:
        action: str | None = original(service, *arguments, **options)
        return action.removesuffix("Batch") if action and service in ("sqs", "sns") else action

    iam_actions.extract_iam_action = extract


def _log_what_a_cold_start_wrote() -> None:
    """What a function writes before it fails to start is in its log.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    original = lambda_svc._execute_function_provided_warm

    def execute(*arguments: Any) -> dict[str, Any]:
        result: dict[str, Any] = original(*arguments)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and not result.get("log"):
            failed, _, written = str(body.get("errorMessage", "")).partition(": ")
            if failed.startswith("bootstrap exited during init"):
                result["log"] = written
        return result

    lambda_svc._execute_function_provided_warm = execute


def _gateway_with_emission(token: str) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The emulator's gateway, plus `EMIT_PATH` where the tests are AWS and emit events whose
    source begins with `aws.`; PutEvents goes on refusing those, as AWS does.

    The loopback connection counts as TLS (AWS's endpoints are reached by TLS), unless the
    request carries the header `x-crisguard-plain-http`.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
    """
    plain_http: contextvars.ContextVar[bool] = contextvars.ContextVar("crisguard_plain_http", default=False)
    original, pin = gateway.app, gateway.pin_request_origin
    gateway.pin_request_origin = lambda address, _: pin(address, not plain_http.get())

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"] in ACTIONS:
                await _act(ACTIONS[scope["path"]], token, receive, send)
                return
            plain_http.set(any(name == INSECURE_HEADER for name, _ in scope["headers"]))
        await original(scope, receive, send)

    return application


async def _act(action: Callable[[dict[str, Any]], dict[str, Any]], token: str, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    request = json.loads(body)
    if request.get("token") != token:
        status, answer = 403, {"error": "only who started this emulator may ask for that"}
    else:
        status, answer = 200, await asyncio.to_thread(action, request)
    payload = json.dumps(answer).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": payload})


def _emit_events(request: dict[str, Any]) -> dict[str, Any]:
    set_request_account_id(request["account"])
    set_request_region(request["region"])
    iam_evaluator.pin_request_origin("127.0.0.1", True)
    entries = request["entries"]
    results: list[dict[str, Any]] = []
    for start in range(0, len(entries), 10):
        _, _, body = eventbridge._put_events({"Entries": entries[start : start + 10]}, allow_aws_source=True)
        results += json.loads(body)["Entries"]
    return {"entries": results}


def _show_mail(_: dict[str, Any]) -> dict[str, Any]:
    return {"mail": list(mail)}


ACTIONS = {EMIT_PATH: _emit_events, MAIL_PATH: _show_mail}
