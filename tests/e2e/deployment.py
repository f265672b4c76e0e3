"""One crisguard, deployed as people deploy it, and what tests do with it: play, wait, read."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.answers import Answers
from tests.emulator import Emulator
from tests.emulator.emulator import FUNCTIONS, INFRA, REPOSITORY

from . import records
from .command import build_folder, parameters_of
from .estate import Evidence, make_a_trail, make_one_of_everything
from .looking import Looked
from .mistakes import denied
from .organization import organization, region_deny
from .records import HOME, Record, envelope
from .subscribers import EVERYTHING, FROM_ELSEWHERE, MACHINE, RAW_CRITICAL, Alert, connect_machine, subscribe

POLICIES = Path(__file__).with_name("policies")
EVENT_SCHEMA = Draft202012Validator(
    json.loads((REPOSITORY / "docs" / "finding-event.schema.json").read_text(encoding="utf-8")),
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)
# The policy in force, but while a test changes it.
GOOD = (POLICIES / "japan.yaml").read_bytes()
# Where calls are not allowed by policies/japan.yaml; the same, but nothing ever happens there; and
# where policies/eu.yaml is deployed.
ELSEWHERE, SILENT = "us-east-1", "us-west-2"
EU = "eu-central-1"
# An allowed destination in which nobody uses Bedrock, and one more where calls are not allowed.
OSAKA, WEST = "ap-northeast-3", "eu-west-1"
# What the account has, as far as the nightly look can see: not the Region with the other policy.
ENABLED = (HOME, ELSEWHERE, SILENT, OSAKA, WEST)
# Others would be told of each night, too, as many as there are.
NOT_ENABLED = ("me-central-1",)
# Looked at only where a request names it.
ABROAD = "ap-southeast-1"
EVENTS, EVENTS_DLQ = "crisguard-events", "crisguard-events-dlq"
FINDINGS, FINDINGS_DLQ = "crisguard-findings.fifo", "crisguard-findings-dlq.fifo"
CHANGES, CHANGES_DLQ = "crisguard-changes", "crisguard-changes-dlq"
FORWARD_DLQ = "crisguard-forward-dlq"
TABLE = "crisguard-memory"
WATCH, SEND, POSTURE = (f"crisguard-{function}" for function in FUNCTIONS)
# The schedules of the home Region, and that of each source Region.
REVIEW, NIGHTLY, CANARY = "crisguard-digest", "crisguard-nightly", "crisguard-canary"


@dataclass
class Deployment:
    """crisguard in the emulator. Every wait has a deadline, and its failure shows the functions' logs."""

    aws: Emulator
    answers: Answers
    code: dict[str, Path]
    evidence: dict[str, Evidence] = field(default_factory=dict)
    trail: str = ""
    since: int = 0
    mail_before: int = 0
    urls: dict[str, str] = field(default_factory=dict)

    # -- starting ----------------------------------------------------------------

    @classmethod
    def make(cls, aws: Emulator, answers: Answers, folder: Path) -> Deployment:
        """Deploys the release build by the real templates, with a policy, evidence and subscribers."""
        deployed = cls(aws, answers, pack(folder))
        deployed.deploy_home()
        deployed.put_policy(GOOD)
        for region in ENABLED:
            deployed.deploy_source_region(region)
            deployed.evidence[region] = Evidence(answers, region).stand()
        deployed.deploy_source_region(EU, POLICIES / "eu.yaml")
        deployed.trail = make_a_trail(answers)
        make_one_of_everything(deployed.evidence[HOME])
        answers.set_organization(organization(region_deny(HOME, OSAKA)))
        # A call at home and one that left; their events arrived, and one was forwarded.
        answers.count_invocations(HOME, records.STAYS)
        deployed.play(records.call(records.STAYS, processed_in=HOME), records.call(processed_in="ap-southeast-2"))
        subscribe(aws, deployed.topic, ELSEWHERE)
        connect_machine(aws)
        # People hear of an exception that has run out once; forget() leaves it at that. And from now on it is known
        # what the evidence is.
        deployed.review()
        assert deployed.glance().not_compliant == {}
        return deployed

    def deploy_home(self, parameters: dict[str, str] | None = None) -> None:
        """Deploys the home Region's stack, or changes its parameters."""
        self.aws.deploy_home(self.code, parameters)

    def deploy_source_region(self, region: str, policy: Path = POLICIES / "japan.yaml", **more: str) -> None:
        """Deploys a source Region's two stacks, as scripts/deploy does, or changes its policy."""
        self.aws.deploy_source_region(region, parameters_of(policy), more)
        bus = {"HomeBusArn": f"arn:aws:events:{HOME}:{self.aws.account}:event-bus/crisguard"}
        self.aws.deploy(INFRA / "change-region.yaml", bus, stack="crisguard-change-region", region=region)

    @property
    def bucket(self) -> str:
        """Where the policy is."""
        return f"crisguard-policy-{self.aws.account}-{HOME}"

    def put_policy(self, document: bytes) -> None:
        """Puts a version of the policy, as an operator does."""
        self.aws.client("s3").put_object(Bucket=self.bucket, Key="policy.yaml", Body=document)

    @contextlib.contextmanager
    def policy(self, document: bytes | None) -> Iterator[None]:
        """Meanwhile another document, or none, stands in the bucket."""
        try:
            if document is None:
                self.aws.client("s3").delete_object(Bucket=self.bucket, Key="policy.yaml")
            else:
                self.put_policy(document)
            yield
        finally:
            self.put_policy(GOOD)

    @property
    def topic(self) -> str:
        """The alerts topic's ARN."""
        return f"arn:aws:sns:{HOME}:{self.aws.account}:crisguard-alerts"

    # -- between tests -----------------------------------------------------------

    def forget(self) -> None:
        """Empties what former tests left: queues, mailboxes, and the memory, but for exceptions that are told."""
        # A test that failed may have left something under way.
        with contextlib.suppress(AssertionError):
            self.settle(5)
        self.purge()
        keys = [{"pk": item["pk"], "sk": item["sk"]} for item in self.items()]
        deletions = [{"DeleteRequest": {"Key": key}} for key in keys if not key["sk"]["S"].startswith("EXCEPTION#")]
        for start in range(0, len(deletions), 25):
            self.aws.client("dynamodb").batch_write_item(RequestItems={TABLE: deletions[start : start + 25]})
        self.answers.reset("calls", "faults", "settings")
        self.begin_anew()

    def begin_anew(self) -> None:
        """Leaves out of logs, metrics and the mailbox what was there before."""
        self.mail_before = len(self.aws.mail())
        self.since = time.time_ns() // 1_000_000

    def purge(self) -> None:
        """Empties the queues."""
        for queue in (
            EVENTS,
            EVENTS_DLQ,
            CHANGES,
            CHANGES_DLQ,
            FINDINGS,
            FINDINGS_DLQ,
            EVERYTHING,
            RAW_CRITICAL,
            FROM_ELSEWHERE,
            MACHINE,
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

    def refused(self, role: str, action: str) -> contextlib.AbstractContextManager[None]:
        """Meanwhile an explicit deny keeps a role from an action."""
        return denied(self.aws, f"{role}-{self.aws.home_region}", action)

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

    def review(self) -> dict[str, Any]:
        """Invokes send-alerts as its schedule does every hour; returns what it did, without what it did not."""
        return {what: done for what, done in self.invoke(SEND, self.request(REVIEW)).items() if done}

    def look(self, *controls: str, regions: Sequence[str] = ()) -> Looked:
        """Invokes check-posture as its schedule does every night, or by hand for some controls or Regions; waits
        until what it found is told.
        """
        # Else send-alerts may begin with the first decisions while the others are being sent.
        with self.paused(SEND):
            looked = self.glance(*controls, regions=regions)
        self.settle()
        return looked

    def glance(self, *controls: str, regions: Sequence[str] = ()) -> Looked:
        """The same, without waiting."""
        by_hand = {"controls": list(controls), "regions": list(regions)}
        asked = {name: names for name, names in by_hand.items() if names}
        return Looked(self.invoke(POSTURE, asked or self.request(NIGHTLY)))

    def sing(self, region: str) -> None:
        """Has a Region's schedule send a canary; two of one second would be one message."""
        self.wait_for_another_second()
        self.aws.start_schedule(CANARY, region)
        self.settle()

    def wait_for_another_second(self) -> None:
        """Waits until what happens has another time, as events write it."""
        now = int(time.time())
        self.wait(lambda: int(time.time()) > now, "another second")

    def request(self, schedule: str) -> Any:
        """What a schedule sends."""
        return json.loads(self.aws.client("scheduler").get_schedule(Name=schedule)["Target"]["Input"])

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
            time.sleep(0.02)

    def report(self) -> str:
        """What a person needs to understand a failure: queues, metrics and the functions' logs."""
        queues = {queue: self.depth(queue) for queue in (EVENTS, EVENTS_DLQ, CHANGES, FINDINGS, FINDINGS_DLQ)}
        parts = [f"-- messages in queues: {queues}"]
        for function in (WATCH, SEND, POSTURE):
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
        return [Alert.read(message) for message in self.take(subscriber)]

    def transitions(self) -> list[dict[str, Any]]:
        """The details of the events that machines received since they were last asked for, valid by their schema."""
        details = [json.loads(message["Body"])["detail"] for message in self.take(MACHINE)]
        for detail in details:
            EVENT_SCHEMA.validate(detail)
        return details

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
            if record["matter"]["about"] == "invocations":
                counts[record["matter"]["finding"]["control"]] += record["count"]
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
                    # Some are written once more under each control.
                    if directive["Dimensions"] != [["FunctionName"]]:
                        continue
                    sums.update({metric["Name"]: metrics[metric["Name"]] for metric in directive["Metrics"]})
        return sums

    def exits(self, function: str, received: int) -> Counter[str]:
        """The function's metrics once it has received that many messages, or decided so much."""
        what = "Assessments" if function == POSTURE else "Received"
        self.wait(lambda: self.metrics(function)[what] >= received, f"{function} to receive {received}")
        metrics = self.metrics(function)
        assert metrics[what] == received, self.report()
        assert sum(metrics[name] for name in EXITS[function]) == received, f"exits do not add up: {dict(metrics)}"
        return metrics


def pack(folder: Path) -> dict[str, Path]:
    """The release build of each function, as it is uploaded."""
    code = {name: folder / f"{name}.zip" for name in FUNCTIONS}
    for name, archive in code.items():
        executable = build_folder() / name
        assert executable.exists(), f"{executable} is missing; run `make build` first"
        command = [sys.executable, str(REPOSITORY / "scripts" / "zip-function"), str(executable), str(archive)]
        subprocess.run(command, check=True)
    return code


EXITS = {
    WATCH: ("Compliant", "Violation", "Undecided", "NotApplicable", "NotBedrock", "Rejected", "Canary", "Retried"),
    SEND: ("Counted", "Duplicate", "CanaryArrived", "Rejected", "Retried"),
    POSTURE: ("Compliant", "Violation", "Undecided"),
}


def decided(looking: Deployment, control: str, region: str = ABROAD) -> dict[str, Any]:
    """What a control decides about a Region that is named."""
    return looking.glance(control, regions=[region]).at(region)[control]
