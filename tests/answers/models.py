"""AWS's own models, which botocore carries: which operation a request is, and what it says."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import botocore.model
import botocore.session
import cbor2

from tests.runtime.http import Request
from tests.runtime.signed import form_of, operation_of, signature_of

from . import xml

# The services that share a name in signatures, and those whose name there is another.
SIGNED_AS = {
    "bedrock": ("bedrock", "bedrock-agent", "bedrock-runtime", "bedrock-agent-runtime"),
    "monitoring": ("cloudwatch",),
    "s3": ("s3control", "s3"),
}
# What the functions call by method and path, read when the server starts.
AT_ONCE = ("account", "bedrock", "bedrock-agent", "s3control", "s3")
# A body beyond this is told by its length alone.
LARGEST_TOLD = 16 * 1024
# Members that say from when to when: they differ from one call to the next.
TIMES = frozenset({"StartTime", "EndTime", "submitTimeAfter", "submitTimeBefore"})


@dataclass(frozen=True)
class Call:
    """One request of a client."""

    service: str
    """The service as botocore and the AWS CLI name it."""
    operation: str
    region: str
    key: str
    """The access key that signed it."""
    protocol: str
    request: Request = field(repr=False, compare=False)

    @property
    def parameters(self) -> str:
        """What is asked, written so that the same is written alike."""
        return _parameters(self.request, self.protocol, frozenset())

    @property
    def lasting_parameters(self) -> str:
        """What is asked, without the times from when to when."""
        return _parameters(self.request, self.protocol, TIMES)

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.operation.startswith(("Get", "List", "Describe", "Head"))

    def inputs(self) -> dict[str, Any]:
        """The members of the operation's input."""
        return _inputs(self)


@dataclass(frozen=True)
class Route:
    """How an operation is told by method and path."""

    operation: str
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str]
    headers: frozenset[str]
    """Those without which it is another operation: what is copied has the path of what is put."""
    literals: int


def call_of(request: Request) -> Call:
    """Names a request."""
    signature = signature_of(request)
    if signature is None:
        return Call("unsigned", f"{request.method} {request.path.partition('?')[0]}", "", "", "rest-json", request)
    services = SIGNED_AS.get(signature.service, (signature.service,))
    operation = operation_of(request)
    service = services[0]
    if operation:
        return Call(service, operation, signature.region, signature.key, _protocol(service, request), request)
    for candidate in services:
        route = _route(candidate, request)
        if route:
            service, operation = candidate, route.operation
            break
    named = operation or f"{request.method} {request.path.partition('?')[0]}"
    return Call(service, named, signature.region, signature.key, _protocol(service, request), request)


def operation_model(service: str, operation: str) -> botocore.model.OperationModel:
    """What botocore knows of an operation."""
    return service_model(service).operation_model(operation)


@functools.cache
def service_model(service: str) -> botocore.model.ServiceModel:
    """What botocore knows of a service."""
    return botocore.session.get_session().get_service_model(service)


def _protocol(service: str, request: Request) -> str:
    if "x-amz-target" in request.headers:
        return "json"
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "cbor"
    if form_of(request):
        return "ec2" if service == "ec2" else "query"
    return "rest-xml" if service in ("s3", "s3control") else "rest-json"


# -- by method and path ----------------------------------------------------------


@functools.cache
def _routes(service: str) -> list[Route]:
    """The routes of a service, the most specific first."""
    try:
        model = service_model(service)
    except botocore.exceptions.UnknownServiceError:
        return []
    routes = []
    # Where two have the same path, one of them is deprecated.
    for name in sorted(model.operation_names, key=lambda name: bool(model.operation_model(name).deprecated)):
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        parts = [_pattern(part) for part in path.rstrip("/").split("/")]
        required = dict(parse_qsl(query, keep_blank_values=True))
        headers = _required_headers(model.operation_model(name).input_shape)
        literals = sum("(?P<" not in part for part in parts) + len(required) + len(headers)
        routes.append(Route(name, http["method"], re.compile("/".join(parts) + "/?"), required, headers, literals))
    return sorted(routes, key=lambda route: -route.literals)


def _required_headers(shape: botocore.model.StructureShape | None) -> frozenset[str]:
    members = [shape.members[name].serialization for name in shape.required_members] if shape else []
    return frozenset(member["name"].lower() for member in members if member.get("location") == "header")


def _pattern(part: str) -> str:
    label = re.fullmatch(r"\{(\w+)(\+?)\}", part)
    if not label:
        return re.escape(part)
    return f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})"


def _route(service: str, request: Request) -> Route | None:
    path, _, query = request.path.partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    for route in _routes(service):
        if (
            route.method == request.method
            and all(name in asked and value in ("", asked[name]) for name, value in route.query.items())
            and route.headers <= set(request.headers)
            and route.path.fullmatch(path)
        ):
            return route
    return None


# -- what a request says -----------------------------------------------------------


def _inputs(call: Call) -> dict[str, Any]:
    shape = operation_model(call.service, call.operation).input_shape
    if shape is None:
        return {}
    if call.protocol == "query":
        return {name: _scalar(shape.members[name], form[0]) for name, form in form_of(call.request).items()
                if name in shape.members}  # fmt: skip
    if call.protocol == "json":
        return dict(json.loads(call.request.body or b"{}"))
    return _rest_inputs(call, shape)


def _rest_inputs(call: Call, shape: botocore.model.StructureShape) -> dict[str, Any]:
    path, _, query = call.request.path.partition("?")
    route = _route(call.service, call.request)
    found = route.path.fullmatch(path) if route else None
    places = {
        "uri": {name: unquote(value) for name, value in found.groupdict().items()} if found else {},
        "querystring": dict(parse_qsl(query, keep_blank_values=True)),
        "header": dict(call.request.headers),
    }
    inputs: dict[str, Any] = {}
    for name, member in shape.members.items():
        place = places.get(member.serialization.get("location", ""), {})
        value = place.get(member.serialization.get("name", name))
        if value is not None:
            inputs[name] = _scalar(member, value)
    body = call.request.body
    if body and call.protocol == "rest-json":
        inputs.update(json.loads(body))
    elif body:
        inputs[shape.serialization["payload"]] = xml.read(body, shape.members[shape.serialization["payload"]])
    return inputs


def _scalar(shape: botocore.model.Shape, text: str) -> Any:
    if shape.type_name == "boolean":
        return text == "true"
    return int(text) if shape.type_name in ("integer", "long") else text


def _parameters(request: Request, protocol: str, without: frozenset[str]) -> str:
    path, _, query = request.path.partition("?")
    pairs = sorted(pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in without)
    told = path + ("?" + "&".join("=".join(pair) for pair in pairs) if pairs else "")
    body = request.body
    if not body:
        return told
    if len(body) > LARGEST_TOLD:
        return f"{told} and {len(body)} bytes"
    if protocol in ("query", "ec2"):
        members: Any = {name: values for name, values in form_of(request).items() if name != "Version"}
    elif protocol == "cbor":
        members = cbor2.loads(body)
    elif protocol == "rest-xml":
        return f"{told} {body.decode('utf-8', 'replace')}"
    else:
        try:
            members = json.loads(body)
        except ValueError:
            return f"{told} {body.decode('utf-8', 'replace')}"
    if isinstance(members, dict):
        members = {name: value for name, value in members.items() if name not in without}
    return f"{told} {json.dumps(members, sort_keys=True, default=str)}"
