"""What the pinned emulator does differently from AWS, put right before it starts.

Each function of this package changes one behaviour and names the AWS page that says what AWS
does. `README.md` one folder up lists them for people; keep the two in step.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app as gateway
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, set_request_account_id, set_request_region
from ministack.services import eventbridge

from . import (
    cloud_formation,
    condition_keys,
    drift,
    event_bridge,
    functions,
    identities,
    mail,
    metrics,
    permissions,
    regions,
    schedules,
    stores,
    vpc_endpoints,
)

EMIT_PATH = "/_crisguard/emit"
MAIL_PATH = "/_crisguard/mail"
START_PATH = "/_crisguard/start"
INSECURE_HEADER = b"x-crisguard-plain-http"
ACCOUNT_HEADER = b"x-crisguard-account"

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def apply(token: str) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Adjusts the emulator and returns the ASGI application to serve instead of its own.

    `token` is what a caller of the paths above must send: it stands for being AWS itself.
    """
    event_bridge.apply()
    permissions.apply()
    cloud_formation.apply()
    condition_keys.apply()
    drift.apply()
    functions.apply()
    identities.apply()
    mail.apply()
    metrics.apply()
    regions.apply(*(os.environ.get(f"CRISGUARD_{which}", "").split() for which in ("REGIONS", "OTHER_REGIONS")))
    stores.apply()
    vpc_endpoints.apply()
    return _gateway_with_emission(token)


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
        await original(scope, receive, _with_account(send))

    return application


def _with_account(send: Send) -> Send:
    """Says with each answer in which account the call was made, for whoever stands between (tests/answers)."""

    async def told(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            account = (ACCOUNT_HEADER, get_account_id().encode())
            message = {**message, "headers": [*message.get("headers", []), account]}
        await send(message)

    return told


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


ACTIONS = {EMIT_PATH: _emit_events, MAIL_PATH: mail.show, START_PATH: schedules.start_now}
