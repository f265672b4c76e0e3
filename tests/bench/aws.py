"""A lean stand-in for the AWS services that the functions call, in a process of its own.

`python -m tests.bench.aws` is started by `Aws`, which asks it what happened. It answers S3
GetObject and PutObject, SQS SendMessageBatch, the DynamoDB calls of `dynamodb.py`, SNS Publish,
EventBridge PutEvents and Security Hub BatchImportFindings; to check-posture, which looks into
Regions, that there is one Region, without rules and metrics, at which nobody has looked before.
Whatever else is called is refused. It checks no signatures. `tests/emulator` is the faithful one;
this one is for volume and for TLS.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import http.client
import json
import ssl
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from . import events
from .dynamodb import RefusedError, Table
from .web import Request, Response, serve

ROOT = Path(__file__).resolve().parents[2]
XML = (("content-type", "text/xml"),)
CBOR = (("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
NO_METRICS = b"\xa1\x67Metrics\x80"
"""`{"Metrics": []}` in CBOR, which the SDK for Rust speaks with CloudWatch."""
RESULTS = b"\xa1\x71MetricDataResults"
NO_VALUES = b"\xa2\x62Id%b\x6aStatusCode\x68Complete"
"""A result without values, its id left out."""
NEVER_LOOKED = b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"


@dataclass
class State:
    """What the services hold."""

    policy: bytes
    table: Table = field(default_factory=Table)
    queue: list[dict[str, str]] = field(default_factory=list)
    deduplicated: set[str] = field(default_factory=set)
    published: list[dict[str, str]] = field(default_factory=list)
    announced: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def handle(self, request: Request) -> Response:
        """Answers one request."""
        target = request.headers.get("x-amz-target", "")
        if target.startswith("DynamoDB"):
            return self._table(target.rsplit(".", 1)[-1], json.loads(request.body))
        json_calls = {
            "AmazonSQS.SendMessageBatch": self._send,
            "AWSEvents.PutEvents": self._put_events,
            "GraniteServiceVersion20100801.ListMetrics": lambda _: self._nothing(
                "cloudwatch:ListMetrics", {"Metrics": []}
            ),
            "GraniteServiceVersion20100801.GetMetricData": lambda _: self._nothing(
                "cloudwatch:GetMetricData", {"MetricDataResults": []}
            ),
            "AWSEvents.ListRules": lambda _: self._nothing("events:ListRules", {"Rules": []}),
            "AWSEvents.DescribeEventBus": lambda request: self._nothing(
                "events:DescribeEventBus",
                {"Name": request["Name"], "Arn": f"arn:aws:events:::event-bus/{request['Name']}"},
            ),
        }
        if target in json_calls:
            return json_calls[target](json.loads(request.body))
        if request.path.startswith("/_bench/"):
            return self._tell(request.path.removeprefix("/_bench/"))
        if request.method in ("GET", "PUT"):
            return self._object(request)
        return self._by_path(request)

    def _by_path(self, request: Request) -> Response:
        if request.path == "/findings/import":
            return self._import(json.loads(request.body))
        if request.path == "/listRegions":
            only = {"RegionName": events.REGION, "RegionOptStatus": "ENABLED_BY_DEFAULT"}
            return self._nothing("account:ListRegions", {"Regions": [only]})
        if b"Action=Publish" in request.body:
            return self._publish(parse_qs(request.body.decode()))
        if request.path.endswith("/operation/ListMetrics"):
            self.calls["cloudwatch:ListMetrics"] += 1
            return Response(NO_METRICS, headers=CBOR)
        if request.path.endswith("/operation/GetMetricData"):
            self.calls["cloudwatch:GetMetricData"] += 1
            return Response(_no_values(request.body.count(b"MetricStat")), headers=CBOR)
        target = request.headers.get("x-amz-target", "")
        return _json({"__type": "UnknownOperationException", "message": f"{request.path} {target}"}, 400)

    def _table(self, operation: str, request: dict[str, Any]) -> Response:
        self.calls[f"dynamodb:{operation}"] += 1
        try:
            return _json(self.table.call(operation, request))
        except RefusedError as refused:
            return _json(refused.answer, 400)

    def _nothing(self, call: str, answer: dict[str, Any]) -> Response:
        self.calls[call] += 1
        return _json(answer)

    def _import(self, request: dict[str, Any]) -> Response:
        self.calls["securityhub:BatchImportFindings"] += 1
        return _json({"SuccessCount": len(request["Findings"]), "FailedCount": 0, "FailedFindings": []})

    def _object(self, request: Request) -> Response:
        self.calls["s3:PutObject" if request.method == "PUT" else "s3:GetObject"] += 1
        if request.method == "PUT":
            return Response(headers=(("etag", '"0"'),))
        if events.REPORTS in request.path:
            return Response(NEVER_LOOKED, 404, XML)
        etag = f'"{hashlib.md5(self.policy).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status=304, headers=(("etag", etag),))
        return Response(self.policy, headers=(("etag", etag), ("content-type", "application/yaml")))

    def _send(self, request: dict[str, Any]) -> Response:
        self.calls["sqs:SendMessageBatch"] += 1
        size = sum(len(entry["MessageBody"]) for entry in request["Entries"])
        # Each 64 KB of a request is charged as one (https://aws.amazon.com/sqs/pricing/).
        self.calls["sqs requests of 64 KB"] += max(1, -(-size // 65536))
        accepted = []
        for entry in request["Entries"]:
            body, group = entry["MessageBody"], entry.get("MessageGroupId", "")
            mark = f"{group}/{entry.get('MessageDeduplicationId', '')}"
            if mark not in self.deduplicated:
                self.deduplicated.add(mark)
                self.calls["sqs messages"] += 1
                self.queue.append({"id": f"m-{len(self.deduplicated)}", "group": group, "body": body})
            md5 = hashlib.md5(body.encode()).hexdigest()
            accepted.append({"Id": entry["Id"], "MessageId": f"m-{len(self.deduplicated)}", "MD5OfMessageBody": md5})
        return _json({"Successful": accepted, "Failed": []})

    def _publish(self, form: dict[str, list[str]]) -> Response:
        self.calls["sns:Publish"] += 1
        message: dict[str, str] = {name: form[name][0] for name in ("Subject", "Message", "TopicArn") if name in form}
        entries = (name for name in form if name.endswith(".Name") and name.startswith("MessageAttributes."))
        for name in entries:
            message[f"attribute {form[name][0]}"] = form[name.removesuffix("Name") + "Value.StringValue"][0]
        message["hour"] = time.strftime("%Y-%m-%dT%H", time.gmtime())
        self.published.append(message)
        answer = "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
        return Response(answer.encode(), headers=XML)

    def _put_events(self, request: dict[str, Any]) -> Response:
        self.calls["events:PutEvents"] += 1
        self.calls["events put"] += len(request["Entries"])
        self.announced += request["Entries"]
        entries = [{"EventId": str(number)} for number, _ in enumerate(request["Entries"])]
        return _json({"FailedEntryCount": 0, "Entries": entries})

    def _tell(self, what: str) -> Response:
        answers: dict[str, Any] = {
            "calls": {**self.calls, **{f"dynamodb {name}": count for name, count in self.table.used.items()}},
            "published": self.published,
            "announced": self.announced,
        }
        if what == "reset":
            self.__init__(self.policy)  # type: ignore[misc]
            return _json({})
        if what == "take":
            taken, self.queue = self.queue, []
            return _json(taken)
        if what.startswith("bodies/"):
            return _json(self.table.bodies(what.removeprefix("bodies/")))
        return _json(answers.get(what, {"__type": "NotFound"}), 200 if what in answers else 404)


def _no_values(queries: int) -> bytes:
    """Results without values in CBOR, for as many queries as check-posture asks at once, which it numbers."""
    texts = (f"m{number}".encode() for number in range(queries))
    results = [NO_VALUES % (bytes([0x60 + len(text)]) + text) for text in texts]
    return RESULTS + bytes([0x98, len(results)]) + b"".join(results)


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value).encode(), status)


class Aws:
    """The stand-in's process, and what it tells."""

    def __init__(self, policy: Path, *, certificate: Path | None = None) -> None:
        """Starts it; with a certificate (and its key beside it, `.key`) it speaks TLS."""
        command = [sys.executable, "-m", "tests.bench.aws", "--policy", str(policy)]
        if certificate:
            command += ["--certificate", str(certificate)]
        self._tls = ssl.create_default_context(cafile=str(certificate.parent / "ca.pem")) if certificate else None
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the stand-in for AWS did not start; it has said why above")
        self.port = int(line)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"

    def __enter__(self) -> Aws:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def ask(self, what: str) -> Any:
        """Asks for `calls`, `published`, `announced`, `bodies/PREFIX`, takes the queue's messages
        (`take`), or starts anew (`reset`).
        """
        if self._tls:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, context=self._tls, timeout=120
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("GET", f"/_bench/{what}")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", type=Path, required=True, help="what every S3 object holds")
    parser.add_argument("--certificate", type=Path, help="speak TLS with this certificate; its key is beside it, .key")
    arguments = parser.parse_args()
    tls = None
    if arguments.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.certificate, arguments.certificate.with_suffix(".key"))
        tls.set_alpn_protocols(["http/1.1"])
    state = State(arguments.policy.read_bytes())
    # Millions of small documents that refer to nothing: looking through them for cycles would cost most of the time.
    gc.disable()
    asyncio.run(serve(state.handle, lambda port: print(port, flush=True), tls))


if __name__ == "__main__":
    main()
