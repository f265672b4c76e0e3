"""What a signed AWS request says of itself: who signed it, for which service and Region, and its operation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from .http import Request

SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Signature:
    """The scope of a signature."""

    key: str
    """The access key's id."""
    region: str
    service: str
    """The service's name in signatures, which several services may share."""


def signature_of(request: Request) -> Signature | None:
    """The scope of the signature, if there is one."""
    found = SCOPE.search(request.headers.get("authorization", ""))
    return Signature(*found.groups()) if found else None


def form_of(request: Request) -> dict[str, list[str]]:
    """The members of a request in the query protocol."""
    if not request.headers.get("content-type", "").startswith(FORM):
        return {}
    return parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def operation_of(request: Request) -> str:
    """The operation that a request names; none if it is told by method and path alone."""
    if "x-amz-target" in request.headers:
        return request.headers["x-amz-target"].rpartition(".")[2]
    if "/operation/" in request.path and "smithy-protocol" in request.headers:
        return request.path.rpartition("/operation/")[2]
    return form_of(request).get("Action", [""])[0]
