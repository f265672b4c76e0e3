"""Who listens to crisguard in the tests: queues, a mailbox, a chat and a machine."""

from __future__ import annotations

import http.server
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.emulator import Emulator

from .records import HOME

# Subscribers of the topic: a queue each, with what they asked for.
EVERYTHING, RAW_CRITICAL, FROM_ELSEWHERE = "subscriber", "subscriber-raw-critical", "subscriber-elsewhere"
MAILBOX = "security@example.com"
# The queue of a rule on the default bus, as whoever reacts to findings makes one.
MACHINE = "machine"


@dataclass(frozen=True)
class Alert:
    """A message as one subscriber received it."""

    subject: str
    body: dict[str, Any]
    attributes: dict[str, Any]

    @property
    def kind(self) -> str:
        """Of which kind it is: alert, resolved, reminder or digest."""
        return str(self.body["kind"])

    @property
    def controls(self) -> list[str]:
        """The controls of its findings."""
        return [finding["control"] for finding in self.body["findings"]]

    @classmethod
    def read(cls, message: dict[str, Any]) -> Alert:
        """Reads a queue's message, with SNS's envelope or without."""
        outer = json.loads(message["Body"])
        if "findings" in outer:
            attributes = {n: a["StringValue"] for n, a in message.get("MessageAttributes", {}).items()}
            return cls("", outer, attributes)
        attributes = {n: a["Value"] for n, a in outer.get("MessageAttributes", {}).items()}
        return cls(outer["Subject"], json.loads(outer["Message"]), attributes)


def subscribe(aws: Emulator, topic: str, from_region: str) -> None:
    """Subscribes three queues and a mailbox to the topic."""
    wishes: dict[str, dict[str, str]] = {
        EVERYTHING: {},
        RAW_CRITICAL: {
            "RawMessageDelivery": "true",
            "FilterPolicy": json.dumps({"severity": ["critical"], "kind": ["alert"]}),
        },
        FROM_ELSEWHERE: {"FilterPolicy": json.dumps({"source_region": [from_region]})},
    }
    sns = aws.client("sns")
    for name, attributes in wishes.items():
        arn = _queue(aws, name, "sns.amazonaws.com", topic)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=MAILBOX)


def connect_machine(aws: Emulator) -> None:
    """Has everything that crisguard tells machines put into a queue, as its documentation says."""
    rule = f"arn:aws:events:{HOME}:{aws.account}:rule/{MACHINE}"
    arn = _queue(aws, MACHINE, "events.amazonaws.com", rule)
    events = aws.client("events")
    pattern = {"source": ["crisguard"], "detail-type": ["crisguard Finding"]}
    events.put_rule(Name=MACHINE, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=MACHINE, Targets=[{"Id": "queue", "Arn": arn}])


def _queue(aws: Emulator, name: str, sender: str, source: str) -> str:
    arn = f"arn:aws:sqs:{HOME}:{aws.account}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": sender},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    aws.client("sqs").create_queue(QueueName=name, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    return arn


class Chat:
    """What Amazon Q Developer in chat applications would be: an HTTPS endpoint that confirms its subscription."""

    def __init__(self, certificate: Path) -> None:
        """Listens with a certificate (and its key, beside it) that the emulator trusts."""
        self.received: list[dict[str, Any]] = []
        received = self.received

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"https://127.0.0.1:{self.server.server_address[1]}/crisguard"

    @property
    def notifications(self) -> list[dict[str, Any]]:
        """The bodies that came after the confirmation."""
        return [json.loads(m["Message"]) for m in self.received if m["Type"] == "Notification"]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Answers until the end."""
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.server.shutdown()
            self.server.server_close()


def certificate(folder: Path) -> Path:
    """Makes a certificate for this machine that signs itself."""
    path = folder / "chat.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path
