"""What one case has for itself: an account of the emulator with crisguard's resources, a clock, two functions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.e2e.records import ACCOUNT
from tests.emulator.emulator import HOME_REGION, INFRA
from tests.runtime import Function

from . import hub
from .proxy import Proxy
from .servers import Servers
from .story import POLICY

WATCH, SEND = "watch-inference", "send-alerts"
# A second instance of send-alerts, which works while the first waits.
OTHER = "send-alerts, another instance"
PROGRAMS = {WATCH: WATCH, SEND: SEND, OTHER: SEND}
TABLE, BUS = "crisguard-memory", "default"
EVENTS, EVENTS_DLQ = "crisguard-events", "crisguard-events-dlq"
FINDINGS, FINDINGS_DLQ = "crisguard-findings.fifo", "crisguard-findings-dlq.fifo"
# Who subscribed to the topic, and who receives the events for machines.
SUBSCRIBER, MACHINE = "subscriber", "machine"
DEAD_LETTERS = {EVENTS: EVENTS_DLQ, FINDINGS: FINDINGS_DLQ}
# As infra/intake.yaml and infra/delivery.yaml have them, the shorter of two; `test_chaos.py` compares.
RECEIVES, VISIBILITY = 5, 360
CLOCK = "clock.so"
# The function's time is shorter than deployed, so that running out of it is played sooner.
FUNCTION_SECONDS = 25.0


class Clients:
    """boto3 clients of one process; their account is changed in place, for making clients is slow."""

    def __init__(self, servers: Servers) -> None:
        """Makes the clients."""
        session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="test", region_name=HOME_REGION)
        self._credentials = session.get_credentials()
        config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
        services = ("dynamodb", "events", "s3", "sns", "sqs")
        made = {
            service: session.client(service, endpoint_url=f"http://127.0.0.1:{servers.emulator}", config=config)
            for service in services
        }
        self.dynamodb, self.events, self.s3, self.sns, self.sqs = (made[service] for service in services)

    def act_as(self, account: str) -> None:
        """Has every client act in another account from now on."""
        self._credentials.access_key = account


@dataclass
class Clock:
    """The functions' clock: real time, moved forward by what the driver lets pass."""

    path: Path
    moved: int = 0

    def start(self) -> None:
        """Starts five minutes after a full hour, so that every case meets the same hours."""
        self.moved = 0
        self.let_pass(3600 + 300 - int(time.time()) % 3600)

    def let_pass(self, seconds: int) -> None:
        """Moves the clock."""
        self.moved += seconds
        self.path.write_text(str(self.moved), encoding="ascii")

    def now(self) -> float:
        """Returns the functions' time, in seconds since 1970."""
        return time.time() + self.moved


@dataclass
class Stage:
    """One case's account and functions."""

    clients: Clients
    account: str
    clock: Clock
    programs: Path
    """The folder of the functions' executables and of the library that moves their clock."""
    proxies: dict[str, Proxy]
    hub: int
    functions: dict[str, Function] = field(default_factory=dict)

    def __enter__(self) -> Stage:
        """Makes the resources and the functions."""
        self.clients.act_as(self.account)
        self.clock.start()
        self._make_resources()
        for name, proxy in self.proxies.items():
            self.functions[name] = Function(
                [self.programs / PROGRAMS[name]],
                self._environment(name),
                name=f"crisguard-{PROGRAMS[name]}",
                timeout=FUNCTION_SECONDS,
            )
            proxy.kill = self.functions[name].kill
            proxy.now = self.clock.now
            proxy.journal, proxy.invocation = [], 0
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the functions and empties the account."""
        for function in self.functions.values():
            function.close()
        for queue in (EVENTS, EVENTS_DLQ, FINDINGS, FINDINGS_DLQ, SUBSCRIBER, MACHINE):
            self.clients.sqs.delete_queue(QueueUrl=self.url(queue))
        self.clients.dynamodb.delete_table(TableName=TABLE)
        self.clients.sns.delete_topic(TopicArn=self.topic)
        self.clients.s3.delete_object(Bucket=self.bucket, Key="policy.yaml")
        self.clients.s3.delete_bucket(Bucket=self.bucket)

    @property
    def topic(self) -> str:
        """The alerts topic."""
        return self._arn("sns", "crisguard-alerts")

    @property
    def bucket(self) -> str:
        """Where the policy is: buckets of all accounts share one namespace."""
        return f"crisguard-policy-{self.account}"

    def url(self, queue: str) -> str:
        """A queue's address."""
        return f"{self.clients.sqs.meta.endpoint_url}/{self.account}/{queue}"

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{HOME_REGION}:{self.account}:{resource}"

    def _environment(self, name: str) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": HOME_REGION,
            "AWS_ENDPOINT_URL": self.proxies[name].endpoint,
            "CRISGUARD_ACCOUNT": ACCOUNT,
            "CRISGUARD_EVENT_BUS": BUS,
            "CRISGUARD_FINDINGS_QUEUE_URL": self.url(FINDINGS),
            "CRISGUARD_ORGANIZATION_PATH": "",
            "CRISGUARD_POLICY_BUCKET": self.bucket,
            "CRISGUARD_POLICY_KEY": "policy.yaml",
            # No lists of profiles are in it: watch-inference does without.
            "CRISGUARD_REPORTS_BUCKET": self.bucket,
            "CRISGUARD_SECURITY_HUB_PRODUCT_ARN": (
                f"arn:aws:securityhub:{HOME_REGION}:{ACCOUNT}:product/{ACCOUNT}/default"
            ),
            "CRISGUARD_TABLE": TABLE,
            "CRISGUARD_TEST_CLOCK": str(self.clock.path),
            "CRISGUARD_TOPIC_ARN": self.topic,
            "LD_PRELOAD": str(self.programs / CLOCK),
        }

    def _make_resources(self) -> None:
        """Makes by hand what the templates make: CloudFormation would take seconds for each case."""
        sqs, sns = self.clients.sqs, self.clients.sns
        anyone = json.dumps(
            {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}
        )
        for queue in (SUBSCRIBER, MACHINE):
            sqs.create_queue(QueueName=queue, Attributes={"Policy": anyone})
        for queue, dead_letters in DEAD_LETTERS.items():
            fifo, high_throughput = {}, {}
            if queue.endswith(".fifo"):
                fifo = {"FifoQueue": "true"}
                high_throughput = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
            sqs.create_queue(QueueName=dead_letters, Attributes=fifo)
            redrive = {"deadLetterTargetArn": self._arn("sqs", dead_letters), "maxReceiveCount": RECEIVES}
            sqs.create_queue(
                QueueName=queue,
                Attributes={
                    **fifo,
                    **high_throughput,
                    "RedrivePolicy": json.dumps(redrive),
                    "VisibilityTimeout": str(VISIBILITY),
                },
            )
        sns.create_topic(Name="crisguard-alerts")
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=self._arn("sqs", SUBSCRIBER))
        self.clients.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        s3 = self.clients.s3
        s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": HOME_REGION})
        s3.put_object(Bucket=self.bucket, Key="policy.yaml", Body=POLICY.read_bytes())
        self.clients.events.put_rule(Name=MACHINE, EventPattern=json.dumps({"source": ["crisguard"]}))
        self.clients.events.put_targets(Rule=MACHINE, Targets=[{"Id": "queue", "Arn": self._arn("sqs", MACHINE)}])

    def put_into_fifo(self, queue: str, body: str, group: str, deduplication: str) -> None:
        """Puts a message into a FIFO queue."""
        self.clients.sqs.send_message(
            QueueUrl=self.url(queue), MessageBody=body, MessageGroupId=group, MessageDeduplicationId=deduplication
        )

    # -- reading -----------------------------------------------------------------

    def take(self, queue: str) -> list[dict[str, Any]]:
        """Takes every visible message out of a queue, in its order."""
        taken: list[dict[str, Any]] = []
        while received := self.receive(queue):
            self.delete(queue, received)
            taken += received
        return taken

    def receive(self, queue: str, most: int = 10) -> list[dict[str, Any]]:
        """Receives a batch, which stays invisible."""
        received: list[dict[str, Any]] = []
        while len(received) < most:
            some: list[dict[str, Any]] = self.clients.sqs.receive_message(
                QueueUrl=self.url(queue),
                MaxNumberOfMessages=min(10, most - len(received)),
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
                WaitTimeSeconds=0,
            ).get("Messages", [])
            received += some
            if len(some) < 10:
                break
        return received

    def delete(self, queue: str, messages: list[dict[str, Any]]) -> None:
        """Deletes received messages."""
        for some in _tens(messages):
            entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(some)]
            answer = self.clients.sqs.delete_message_batch(QueueUrl=self.url(queue), Entries=entries)
            assert not answer.get("Failed"), answer

    def show_again(self, queue: str, messages: list[dict[str, Any]]) -> None:
        """Makes received messages visible again, as the end of the visibility time-out does."""
        for some in _tens(messages):
            entries = [
                {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for n, message in enumerate(some)
            ]
            answer = self.clients.sqs.change_message_visibility_batch(QueueUrl=self.url(queue), Entries=entries)
            assert not answer.get("Failed"), answer

    def send(self, queue: str, bodies: list[str]) -> None:
        """Puts messages into a standard queue."""
        for some in _tens(bodies):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(some)]
            answer = self.clients.sqs.send_message_batch(QueueUrl=self.url(queue), Entries=entries)
            assert not answer.get("Failed"), answer

    def depth(self, queue: str) -> int:
        """How many messages a queue holds, those under way included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.clients.sqs.get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=names)
        return sum(int(value) for value in answer["Attributes"].values())

    @property
    def imported(self) -> dict[str, list[str]]:
        """The states that each finding in Security Hub came through, by id."""
        return hub.read(self.hub, self.account)

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table."""
        pages = self.clients.dynamodb.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]


def _tens(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), 10):
        yield items[start : start + 10]


def hourly_request() -> dict[str, str]:
    """What the schedule sends every hour, as the template has it."""
    text = (INFRA / "send-alerts.yaml").read_text(encoding="utf-8")
    (request,) = {line.split("'")[1] for line in text.splitlines() if 'Input: \'{"crisguard"' in line}
    result: dict[str, str] = json.loads(request)
    return result
