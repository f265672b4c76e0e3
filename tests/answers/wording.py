"""Answers and refusals as each service words them: in its protocol, with its codes and statuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from xml.sax.saxutils import escape

import botocore.model
import cbor2

from tests.runtime.passing import Answer

from . import xml
from .models import Call, operation_model

JSON, XML = "application/json", "text/xml"
# Which code and status a service that has too many requests answers with.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
# https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
THROTTLED = {
    "account": ("TooManyRequestsException", 429),
    "bedrock": ("ThrottlingException", 429),
    "bedrock-agent": ("ThrottlingException", 429),
    "cloudwatch": ("Throttling", 400),
    "ec2": ("RequestLimitExceeded", 503),
    "iam": ("Throttling", 400),
    "organizations": ("TooManyRequestsException", 400),
    "s3": ("SlowDown", 503),
    "s3control": ("SlowDown", 503),
    "sqs": ("RequestThrottled", 403),
}
# The same for who has no permission.
DENIED = {
    "bedrock": ("AccessDeniedException", 403),
    "bedrock-agent": ("AccessDeniedException", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "account": ("AccessDeniedException", 403),
    "cloudwatch": ("AccessDenied", 403),
    "iam": ("AccessDenied", 403),
    "s3": ("AccessDenied", 403),
    "s3control": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "sqs": ("AccessDenied", 403),
}


class RefusedError(Exception):
    """An operation that is refused, as the service refuses it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Takes the service's code, and what is wrong."""
        super().__init__(message)
        self.code = code
        self.status = status


def throttled(service: str) -> tuple[str, int]:
    """The code and status with which a service throttles."""
    return THROTTLED.get(service, ("ThrottlingException", 400))


def denied(service: str) -> tuple[str, int]:
    """The code and status with which a service denies."""
    return DENIED.get(service, ("AccessDeniedException", 400))


def answered(call: Call, document: Mapping[str, Any]) -> Answer:
    """The output of an operation."""
    model = operation_model(call.service, call.operation)
    status = int(model.http.get("responseCode", 200))
    shape = model.output_shape
    if call.protocol in ("json", "rest-json"):
        members = _plain(document, shape, call.protocol) if shape else {}
        return Answer(status, _headers(JSON), json.dumps(members).encode(), whole=True)
    if call.protocol == "query":
        namespace = model.service_model.metadata["xmlNamespace"]
        result = xml.write(document, shape, f"{call.operation}Result") if shape else ""
        told = "<ResponseMetadata><RequestId>answers</RequestId></ResponseMetadata>"
        name = f"{call.operation}Response"
        body = f'{xml.HEAD}<{name} xmlns="{namespace}">{result}{told}</{name}>'
        return Answer(status, _headers(XML), body.encode(), whole=True)
    payload = shape.serialization.get("payload") if shape else None
    if payload is None:
        return Answer(204, (), b"", whole=True)
    member = shape.members[payload]
    namespace = (model.input_shape.serialization.get("xmlNamespace") or {}).get("uri", "")
    body = xml.HEAD + xml.write(document[payload], member, member.serialization.get("name", payload), namespace)
    return Answer(status, _headers("application/xml"), body.encode(), whole=True)


def refused(call: Call, code: str, message: str, status: int) -> Answer:
    """An error of a service."""
    if call.protocol == "cbor":
        headers = (*_headers("application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
        return Answer(status, headers, cbor2.dumps({"__type": code, "message": message}), whole=True)
    if call.protocol in ("json", "rest-json"):
        body = json.dumps({"__type": code, "message": message})
        return Answer(status, (*_headers(JSON), ("x-amzn-errortype", code)), body.encode(), whole=True)
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if call.protocol == "ec2":
        body = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>answers</RequestID></Response>"
    elif call.service == "s3":
        body = f"<Error>{error}<RequestId>answers</RequestId></Error>"
    else:
        body = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>answers</RequestId></ErrorResponse>"
    if call.request.method == "HEAD":
        return Answer(status, _headers(XML), b"", whole=True, length=0)
    return Answer(status, _headers(XML), (xml.HEAD + body).encode(), whole=True)


def _headers(content_type: str) -> tuple[tuple[str, str], ...]:
    return (("content-type", content_type), ("x-amzn-requestid", "answers"))


def _plain(value: Any, shape: botocore.model.Shape, protocol: str) -> Any:
    """A document as JSON has it: times as the shape, or the protocol, writes them."""
    if isinstance(shape, botocore.model.StructureShape):
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{shape.name} has no {', '.join(sorted(unknown))}"
        return {
            shape.members[name].serialization.get("name", name): _plain(member, shape.members[name], protocol)
            for name, member in value.items()
        }
    if isinstance(shape, botocore.model.ListShape):
        return [_plain(item, shape.member, protocol) for item in value]
    if isinstance(value, datetime):
        if shape.serialization.get("timestampFormat") == "iso8601":
            return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value.timestamp()
    return value
