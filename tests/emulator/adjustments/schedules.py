"""EventBridge Scheduler: what a schedule starts, as which role, with which text."""

from __future__ import annotations

import datetime
import json
import logging
import secrets
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.arn import parse_arn
from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import eventbridge, lambda_svc, scheduler, stepfunctions

from .permissions import UndeliverableError, require

log = logging.getLogger("crisguard.emulator")


def is_schedule(starter: dict[str, Any]) -> bool:
    """The emulator's own clock hands schedules over as if they were rules."""
    return ":scheduler:" in str(starter.get("Arn", ""))


def start(schedule: dict[str, Any]) -> None:
    """Starts what a schedule is for, as the schedule's role and with its text; an event bus gets
    an event of the schedule's source. What is refused goes to the dead-letter queue.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
    """
    # No request from outside began this: AWS's own are by TLS.
    iam_evaluator.pin_request_origin("127.0.0.1", True)
    target = schedule["Target"]
    text = _filled(str(target.get("Input") or "{}"), schedule)
    try:
        _invoke(target, text)
    except UndeliverableError as refused:
        log.warning("schedule %s could not start: %s", schedule.get("Name"), refused)
        _keep(target, text, schedule)


def _invoke(target: dict[str, Any], text: str) -> None:
    arn, role = target["Arn"], target["RoleArn"]
    service = parse_arn(arn).service
    if service == "events":
        event = target["EventBridgeParameters"]
        context = {"events:source": event["Source"], "events:detail-type": event["DetailType"]}
        require(role, "events:PutEvents", arn, context)
        entry = {"Source": event["Source"], "DetailType": event["DetailType"], "Detail": text, "EventBusName": arn}
        _, _, body = eventbridge._put_events({"Entries": [entry]})
        if json.loads(body)["FailedEntryCount"]:
            raise UndeliverableError(body.decode())
    elif service == "lambda":
        require(role, "lambda:InvokeFunction", arn)
        if not lambda_svc._get_func_record_for_ref(arn)[0]:
            raise UndeliverableError(f"there is no function {arn}")
        eventbridge._dispatch_to_lambda(arn, text)
    elif service == "states":
        require(role, "states:StartExecution", arn)
        status, _, body = stepfunctions._start_execution({"stateMachineArn": arn, "input": text})
        if status >= 400:
            raise UndeliverableError(body.decode() if isinstance(body, bytes) else str(body))
    else:
        raise NotImplementedError(f"no schedule of crisguard starts {arn}")


def _keep(target: dict[str, Any], text: str, schedule: dict[str, Any]) -> None:
    arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        return
    try:
        require(target["RoleArn"], "sqs:SendMessage", arn)
    except UndeliverableError as refused:
        log.warning("schedule %s lost its text: %s", schedule.get("Name"), refused)
        return
    eventbridge._dispatch_to_sqs(parse_arn(arn), text)


def _filled(text: str, schedule: dict[str, Any]) -> str:
    """The text with its context attributes.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    attributes = {
        "schedule-arn": schedule["Arn"],
        "scheduled-time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": secrets.token_hex(8),
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def start_now(request: dict[str, Any]) -> dict[str, Any]:
    """Does not wait for the clock: starts a schedule that is enabled, or says why not."""
    set_request_account_id(request["account"])
    set_request_region(request["region"])
    schedule = scheduler._schedules.get(f"default/{request['name']}")
    if not schedule:
        return {"error": f"there is no schedule {request['name']} in {request['region']}"}
    if schedule["State"] != "ENABLED":
        return {"error": f"the schedule {request['name']} is {schedule['State']}"}
    start(schedule)
    return {}
