"""One crisguard, deployed as people deploy it, and what tests do with it: play, wait, read."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.emulator import Emulator
from tests.emulator.emulator import FUNCTIONS, REPOSITORY

from .records import HOME, Record, envelope

POLICIES = Path(__file__).with_name("policies")
# Where calls are not allowed by policies/japan.yaml, and where policies/eu.yaml is deployed.
ELSEWHERE = "us-east-1"
EU = "eu-central-1"
EVENTS, EVENTS_DLQ = "crisguard-events", "crisguard-events-dlq"
FINDINGS, FINDINGS_DLQ = "crisguard-findings.fifo", "crisguard-findings-dlq.fifo"
FORWARD_DLQ = "crisguard-forward-dlq"
TABLE = "crisguard-memory"
WATCH, SEND = "crisguard-watch-inference", "crisguard-send-alerts"
# Subscribers of the topic: a queue each, with what they asked for.
EVERYTHING, RAW_CRITICAL, FROM_ELSEWHERE = "subscriber", "subscriber-raw-critical", "subscriber-elsewhere"
MAILBOX = "security@example.com"


def build_folder() -> Path:
    """Where the release build puts executables."""
    return Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "release"


def crisguard(*arguments: str, policy: Path | None = None, given: str | None = None) -> Any:
    """What the `crisguard` command prints, as JSON; 0 and 1 are its answers, 2 is a failure."""
    options = ["--policy", str(policy)] if policy else []
    done = subprocess.run(
        [str(build_folder() / "crisguard"), *arguments, *options],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), f"crisguard {arguments}: {done.stderr}"
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Alert:
    """A message as one subscriber received it."""

    subject: str
    body: dict[str, Any]
    attributes: dict[str, Any]

    @property
    def controls(self) -> list[str]:
        """The controls of its findings."""
        return [finding["control"] for finding in self.body["findings"]]


@dataclass
class Deployment:
    """crisguard in the emulator. Every wait has a deadline, and its failure shows the functions' logs."""

    aws: Emulator
    since: int = 0
    mail_before: int = 0
    urls: dict[str, str] = field(default_factory=dict)

    # -- starting ----------------------------------------------------------------

    @classmethod
    def make(cls, aws: Emulator, folder: Path) -> Deployment:
        """Deploys the release build by the real templates, with a policy and subscribers."""
        code = {name: folder / f"{name}.zip" for name in FUNCTIONS}
        for name, archive in code.items():
            executable = build_folder() / name
            assert executable.exists(), f"{executable} is missing; run `make build` first"
            command = [sys.executable, str(REPOSITORY / "scripts" / "zip-function"), str(executable), str(archive)]
            subprocess.run(command, check=True)
        deployed = cls(aws)
        aws.deploy_home(code)
        deployed.put_policy((POLICIES / "japan.yaml").read_bytes())
        for region, policy in ((HOME, "japan"), (ELSEWHERE, "japan"), (EU, "eu")):
            aws.deploy_source_region(region, parameters_of(POLICIES / f"{policy}.yaml"))
        deployed.subscribe()
        return deployed

    @property
    def bucket(self) -> str:
        """Where the policy is."""
        return f"crisguard-policy-{self.aws.account}-{HOME}"

    def put_policy(self, document: bytes) -> None:
        """Puts a version of the policy, as an operator does."""
        self.aws.client("s3").put_object(Bucket=self.bucket, Key="policy.yaml", Body=document)

    def subscribe(self) -> None:
        """Subscribes three queues and a mailbox to the topic."""
        sns, sqs = self.aws.client("sns"), self.aws.client("sqs")
        wishes: dict[str, dict[str, str]] = {
            EVERYTHING: {},
            RAW_CRITICAL: {
                "RawMessageDelivery": "true",
                "FilterPolicy": json.dumps({"severity": ["critical"], "kind": ["alert"]}),
            },
            FROM_ELSEWHERE: {"FilterPolicy": json.dumps({"source_region": [ELSEWHERE]})},
        }
        for name, attributes in wishes.items():
            arn = f"arn:aws:sqs:{HOME}:{self.aws.account}:{name}"
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}},
            }
            sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps({"Statement": [statement]})})
            sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        sns.subscribe(TopicArn=self.topic, Protocol="email", Endpoint=MAILBOX)

    @property
    def topic(self) -> str:
        """The alerts topic's ARN."""
        return f"arn:aws:sns:{HOME}:{self.aws.account}:crisguard-alerts"

    # -- between tests -----------------------------------------------------------

    def forget(self) -> None:
        """Empties what former tests left: queues, mailboxes, and the memory of findings and alerts.

        Identities stay: every record of a test has ids of its own.
        """
        # A test that failed may have left something under way.
        with contextlib.suppress(AssertionError):
            self.settle(5)
        self.purge()
        dynamodb = self.aws.client("dynamodb")
        for item in self.items():
            if not item["pk"]["S"].startswith("IDENTITY#"):
                dynamodb.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
        self.mail_before = len(self.aws.mail())
        self.since = time.time_ns() // 1_000_000

    def purge(self) -> None:
        """Empties the queues."""
        for queue in (
            EVENTS,
            EVENTS_DLQ,
            FINDINGS,
            FINDINGS_DLQ,
            EVERYTHING,
            RAW_CRITICAL,
            FROM_ELSEWHERE,
            FORWARD_DLQ,
        ):
            self.aws.client("sqs").purge_queue(QueueUrl=self.url(queue))

    # -- playing -----------------------------------------------------------------

    def play(self, *records: Record) -> None:
        """Has CloudTrail's events reach the default bus of their Regions."""
        for record in records:
            self.aws.put_cloudtrail_event(record["awsRegion"], record)

    def put_into(self, queue: str, bodies: Iterable[str], **fifo: str) -> None:
        """Puts messages into a queue, in batches of ten."""
        sqs, url, entries = self.aws.client("sqs"), self.url(queue), list(bodies)
        for start in range(0, len(entries), 10):
            batch = [
                {"Id": str(number), "MessageBody": body, **fifo}
                for number, body in enumerate(entries[start : start + 10])
            ]
            answer = sqs.send_message_batch(QueueUrl=url, Entries=batch)
            assert not answer.get("Failed"), answer["Failed"]

    def put_events(self, *records: Record) -> None:
        """Puts records into the events queue as the rule does, without playing them through EventBridge."""
        self.put_into(EVENTS, (json.dumps(envelope(record)) for record in records))

    @contextlib.contextmanager
    def paused(self, function: str) -> Iterator[None]:
        """Meanwhile no batch is taken from the function's queue, so that what comes in is one batch."""
        client = self.aws.client("lambda")
        (mapping,) = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    @contextlib.contextmanager
    def quick_retries(self, queue: str) -> Iterator[None]:
        """Meanwhile a failed message comes again after a second, not after minutes."""
        sqs, url = self.aws.client("sqs"), self.url(queue)
        usual = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=usual)

    @contextlib.contextmanager
    def restarted(self, function: str, **variables: str) -> Iterator[None]:
        """Starts the function anew, as a change of its configuration does, meanwhile with more variables."""
        client = self.aws.client("lambda")
        usual: dict[str, str] = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]

        def change(variables: dict[str, str]) -> None:
            client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})

        change({**usual, **variables, "CRISGUARD_TEST_RESTART": uuid.uuid4().hex})
        try:
            yield
        finally:
            change(usual)

    def digest(self) -> dict[str, Any]:
        """Invokes send-alerts as the schedule does every hour, and returns its answer."""
        return self.invoke(SEND, {"crisguard": "digest"})

    def invoke(self, function: str, event: object) -> dict[str, Any]:
        """Invokes a function and waits for its answer, which must not be an error."""
        answer = self.aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        payload = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, f"{payload}\n{self.report()}"
        result: dict[str, Any] = json.loads(payload)
        return result

    # -- waiting -----------------------------------------------------------------

    def settle(self, seconds: float = 30) -> None:
        """Waits until every message has been handled.

        Emission is synchronous and watch-inference hands findings on before it answers, so
        once the events queue is empty, and after it the findings queue, nothing is under way.
        """
        until = time.monotonic() + seconds
        self.wait(lambda: self.depth(EVENTS) == 0, f"{EVENTS} to be empty", seconds)
        self.wait(lambda: self.depth(FINDINGS) == 0, f"{FINDINGS} to be empty", until - time.monotonic())

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
        """Waits until a condition is true and returns what it came to."""
        until = time.monotonic() + seconds
        while True:
            if result := condition():
                return result
            if time.monotonic() > until:
                raise AssertionError(f"waited in vain for {what}\n{self.report()}")
            time.sleep(0.05)

    def report(self) -> str:
        """What a person needs to understand a failure: queues, metrics and the functions' logs."""
        queues = {queue: self.depth(queue) for queue in (EVENTS, EVENTS_DLQ, FINDINGS, FINDINGS_DLQ)}
        parts = [f"-- messages in queues: {queues}"]
        for function in (WATCH, SEND):
            lines = [line for line in self.log(function) if '"_aws"' not in line]
            parts.append(f"-- {function}: {dict(self.metrics(function))}")
            parts.extend(line[:600] for line in lines[-15:])
        return "\n".join(parts)

    # -- reading -----------------------------------------------------------------

    def url(self, queue: str) -> str:
        """A queue's address."""
        if queue not in self.urls:
            self.urls[queue] = self.aws.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
        return self.urls[queue]

    def depth(self, queue: str) -> int:
        """How many messages a queue holds, those under way included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=names)
        return sum(int(value) for value in answer["Attributes"].values())

    def take(self, queue: str) -> list[dict[str, Any]]:
        """Takes every message out of a queue."""
        sqs, url = self.aws.client("sqs"), self.url(queue)
        taken: list[dict[str, Any]] = []
        while True:
            received = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
            ).get("Messages", [])
            if not received:
                return taken
            for message in received:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken += received

    def alerts(self, subscriber: str = EVERYTHING) -> list[Alert]:
        """What a subscriber received since it was last asked."""
        alerts = []
        for message in self.take(subscriber):
            outer = json.loads(message["Body"])
            if "findings" in outer:
                attributes = {n: a["StringValue"] for n, a in message.get("MessageAttributes", {}).items()}
                alerts.append(Alert("", outer, attributes))
            else:
                attributes = {n: a["Value"] for n, a in outer.get("MessageAttributes", {}).items()}
                alerts.append(Alert(outer["Subject"], json.loads(outer["Message"]), attributes))
        return alerts

    def mail(self) -> list[dict[str, str]]:
        """The e-mails of this test."""
        return self.aws.mail()[self.mail_before :]

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table."""
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def records(self) -> list[dict[str, Any]]:
        """The findings in the table, with their counts."""
        items = self.items()
        return [
            json.loads(i["body"]["S"])
            for i in items
            if i["pk"]["S"].startswith("SUBJECT#") and "FINDING#" in i["sk"]["S"]
        ]

    def counts(self) -> dict[str, int]:
        """How often each control found something, as the table says."""
        counts: Counter[str] = Counter()
        for record in self.records():
            counts[record["finding"]["control"]] += record["count"]
        return dict(counts)

    def log(self, function: str) -> list[str]:
        """The lines that a function wrote since the test began."""
        logs, group = self.aws.client("logs"), f"/aws/lambda/{function}"
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=self.since)
        return [event["message"].rstrip() for page in pages for event in page["events"]]

    def metrics(self, function: str) -> Counter[str]:
        """The sums of a function's metrics since the test began, from its embedded-metric lines."""
        sums: Counter[str] = Counter()
        for line in self.log(function):
            if not line.startswith('{"_aws"'):
                continue
            metrics = json.loads(line)
            if metrics["_aws"]["Timestamp"] >= self.since:
                for directive in metrics["_aws"]["CloudWatchMetrics"]:
                    assert directive["Namespace"] == "crisguard", line
                    sums.update({metric["Name"]: metrics[metric["Name"]] for metric in directive["Metrics"]})
        return sums

    def exits(self, function: str, received: int) -> Counter[str]:
        """The function's metrics once it has received that many messages; they must add up."""
        self.wait(lambda: self.metrics(function)["Received"] >= received, f"{function} to receive {received}")
        metrics = self.metrics(function)
        assert metrics["Received"] == received, self.report()
        assert sum(metrics[name] for name in EXITS[function]) == received, f"exits do not add up: {dict(metrics)}"
        return metrics


EXITS = {
    WATCH: ("Compliant", "Violation", "Undecided", "NotApplicable", "NotBedrock", "Rejected", "Retried"),
    SEND: ("Counted", "Duplicate", "Rejected", "Retried"),
}


def parameters_of(policy: Path) -> dict[str, str]:
    """The patterns compiled from a policy, as parameters of infra/source-region.yaml."""
    parameters: dict[str, str] = crisguard(
        "pattern", "--account", "111122223333", "--format", "parameters", policy=policy
    )
    return parameters
