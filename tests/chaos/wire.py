"""AWS requests and answers on the wire: which call a request is, and how it is passed on."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

from tests.runtime.http import Request

# Operations that are named by method and service alone.
BY_METHOD = {("s3", "GET"): "GetObject", ("securityhub", "POST"): "BatchImportFindings"}
# Headers about one connection, which are this side's own on the next.
OF_A_CONNECTION = ("connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding")


@dataclass(frozen=True, order=True)
class Call:
    """One kind of request that a function makes."""

    service: str
    operation: str
    place: str
    """Where in the function it is made, as far as the request shows: the kinds of documents that it touches."""

    @property
    def name(self) -> str:
        """The action as an IAM policy names it."""
        return f"{self.service}:{self.operation}"

    def __str__(self) -> str:
        """The action and its place."""
        return f"{self.name} ({self.place})" if self.place else self.name


def call_of(request: Request) -> Call:
    """Names a signed request."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", request.headers.get("authorization", ""))
    service = scope.group(1) if scope else "unsigned"
    target = request.headers.get("x-amz-target", "")
    if target:
        operation = target.rpartition(".")[2]
        return Call(service, operation, _place(operation, json.loads(request.body)))
    form = parse_qs(request.body.decode("utf-8", "replace")) if request.headers.get("content-type", "").startswith(
        "application/x-www-form-urlencoded"
    ) else {}  # fmt: skip
    if "Action" in form:
        return Call(service, form["Action"][0], _attribute(form, "kind"))
    conditional = "if changed" if "if-none-match" in request.headers else ""
    return Call(service, BY_METHOD.get((service, request.method), f"{request.method} {request.path}"), conditional)


def _place(operation: str, body: Mapping[str, Any]) -> str:
    """What kinds of documents a request to DynamoDB is about; ids and times are left out."""
    if "TransactItems" in body:
        kinds = set()
        for item in body["TransactItems"]:
            ((verb, write),) = item.items()
            key = write.get("Item") or write.get("Key") or {}
            kinds.add(f"{verb} {_kind(key.get('pk', {}).get('S', ''))}/{_kind(key.get('sk', {}).get('S', ''))}")
        return ", ".join(sorted(kinds))
    if operation == "Query":
        values = sorted(value.get("S", "") for value in body.get("ExpressionAttributeValues", {}).values())
        return "+".join(_kind(value) for value in values)
    key = body.get("Key", {})
    return f"{_kind(key.get('pk', {}).get('S', ''))}/{_kind(key.get('sk', {}).get('S', ''))}" if key else ""


def _kind(key: str) -> str:
    return key.split("#", 1)[0]


def _attribute(form: Mapping[str, list[str]], name: str) -> str:
    """A message attribute of a publication, from the query protocol's form."""
    for field, values in form.items():
        if values == [name] and field.endswith(".Name"):
            return form.get(field.removesuffix("Name") + "Value.StringValue", [""])[0]
    return ""


@dataclass(frozen=True)
class Answer:
    """What came back for a request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool
    """Whether all of it came; otherwise the connection ended in the middle, or at once (status 0)."""


def exchange(address: tuple[str, int], request: Request, more: Mapping[str, str] | None = None) -> Answer:
    """Sends a request on a connection of its own and reads the answer to its end."""
    headers = {name: value for name, value in request.headers.items() if name not in OF_A_CONNECTION}
    headers.update(more or {})
    headers.update({"host": f"{address[0]}:{address[1]}", "content-length": str(len(request.body))})
    headers["connection"] = "close"
    head = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    received = bytearray()
    with socket.create_connection(address, timeout=60) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            stream.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + request.body)
            while some := stream.recv(256 * 1024):
                received += some
        except OSError:
            return _answer(bytes(received), ended=False)
    return _answer(bytes(received), ended=True)


def _answer(received: bytes, *, ended: bool) -> Answer:
    head, separator, rest = received.partition(b"\r\n\r\n")
    if not separator:
        return Answer(0, (), b"", whole=False)
    lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:]))
    named = dict(headers)
    status = int(lines[0].split(" ")[1])
    if "chunked" in named.get("transfer-encoding", ""):
        body, whole = _dechunked(rest)
    elif "content-length" in named:
        length = int(named["content-length"])
        body, whole = rest[:length], len(rest) >= length or status == 304
    else:
        body, whole = rest, ended
    return Answer(status, headers, body, whole)


def _dechunked(rest: bytes) -> tuple[bytes, bool]:
    body, position = bytearray(), 0
    while True:
        end = rest.find(b"\r\n", position)
        if end < 0:
            return bytes(body), False
        size = int(rest[position:end].split(b";")[0], 16)
        if size == 0:
            return bytes(body), True
        body += rest[end + 2 : end + 2 + size]
        position = end + 2 + size + 2
        if position > len(rest):
            return bytes(body), False


def head_of(answer: Answer, length: int, now: float) -> bytes:
    """The head with which an answer is passed on, announcing a body of that length.

    The date is the function's own: another would be taken for a clock that is wrong, and the SDK retries
    what it would not retry otherwise.
    """
    kept = [f"{name}: {value}" for name, value in answer.headers if name not in (*OF_A_CONNECTION, "date")]
    own = [f"date: {formatdate(now, usegmt=True)}", f"content-length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {answer.status} x", *kept, *own, "", ""]).encode("latin-1")
