"""AWS requests on the wire: which call a request is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.runtime.http import Request
from tests.runtime.signed import form_of, operation_of, signature_of

# Operations that are named by method and service alone.
BY_METHOD = {("s3", "GET"): "GetObject", ("securityhub", "POST"): "BatchImportFindings"}


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
    signature = signature_of(request)
    service = signature.service if signature else "unsigned"
    operation = operation_of(request)
    if "x-amz-target" in request.headers:
        return Call(service, operation, _place(operation, json.loads(request.body)))
    if operation:
        return Call(service, operation, _attribute(form_of(request), "kind"))
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
