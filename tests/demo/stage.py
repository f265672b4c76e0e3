"""The stage: a local AWS with crisguard deployed as it would be on AWS, and ways to watch it work."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.exceptions

from tests.answers import Answers
from tests.answers.handle import AnswersError
from tests.e2e.clock import Clock
from tests.e2e.subscribers import Chat
from tests.emulator import Emulator, EmulatorError
from tests.emulator.emulator import FUNCTIONS, INFRA, REPOSITORY, detail_type_of

from .evidence import Evidence
from .organization import Organization
from .records import OREGON, OSAKA, SINGAPORE, TOKYO, VIRGINIA, Record

POLICY = Path(__file__).with_name("policy.yaml").read_text(encoding="utf-8")
SOURCE_REGIONS = (TOKYO, OSAKA, VIRGINIA, OREGON, SINGAPORE)
SUBSCRIBER = "security@example.com"
MACHINE = "machine"
# The functions, and the queues that they read.
WATCH, SEND, POSTURE = (f"crisguard-{function}" for function in FUNCTIONS)
QUEUES = {WATCH: "crisguard-events", SEND: "crisguard-findings.fifo", POSTURE: "crisguard-changes"}
DEAD_LETTERS = {
    WATCH: "crisguard-events-dlq",
    SEND: "crisguard-findings-dlq.fifo",
    POSTURE: "crisguard-changes-dlq",
}
SCHEDULES = {SEND: "crisguard-digest", POSTURE: "crisguard-nightly"}
SCHEDULES_DEAD_LETTERS = tuple(f"{schedule}-dlq" for schedule in SCHEDULES.values())
FORWARDING_DEAD_LETTERS = "crisguard-forward-dlq"
PATIENCE = 60.0


class StageError(RuntimeError):
    """Something the demo stands on did not work."""


@dataclass
class Passage:
    """How one record went through the filter of its Region."""

    record: Record
    rules: list[str]


@dataclass(frozen=True)
class Rule:
    """A deployed forwarding rule, with what its pattern is for."""

    region: str
    title: str
    pattern: str


class Stage:
    """A running emulator in which crisguard is deployed."""

    def __init__(self, aws: Emulator, answers: Answers, chat: Chat, binaries: Path, language: str) -> None:
        """Takes a started emulator, what stands before it and a chat that it knows, the folder with the built
        functions and the crisguard command, and a language.
        """
        self.aws = aws
        self.answers = answers
        self.organization = Organization(self.client, aws.folder)
        self.chat = chat
        self.binaries = binaries
        self.language = language
        self.policy = POLICY.replace("language: en", f"language: {language}")
        self.policy_file = aws.folder / "policy.yaml"
        self.policy_file.write_text(self.policy, encoding="utf-8")
        # send-alerts lives by a clock of its own: nobody waits a day for a reminder.
        self.clock = Clock(aws.folder)
        self.ahead = 0
        self.passages: list[Passage] = []
        self.transitions: list[dict[str, Any]] = []
        self.canaries = 0
        # What each Region's invocations leave evidence in, and how many of its settings were changed.
        self.evidence: dict[str, Evidence] = {}
        self.changes: list[Record] = []
        self.report: dict[str, Any] = {}
        self.rules: list[Rule] = []
        self.outputs: dict[str, str] = {}
        self._mappings: dict[str, str] = {}
        self._urls: dict[str, str] = {}
        self._matching: dict[str, list[Rule]] = {}

    # -- setting the stage -------------------------------------------------------

    def crisguard(self, *arguments: str, given: str | None = None) -> str:
        """What the crisguard command prints; 0 and 1 (there are findings) are its good exit codes."""
        command = [str(self.binaries / "crisguard"), *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise StageError(f"crisguard {arguments[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def compile_policy(self) -> dict[str, str]:
        """The policy as parameters of infra/source-region.yaml, compiled by the real command."""
        self.crisguard("policy", "check", str(self.policy_file))
        arguments = ("pattern", "--policy", str(self.policy_file), "--account", self.aws.account, "--format")
        parameters: dict[str, str] = json.loads(self.crisguard(*arguments, "parameters"))
        return parameters

    def deploy_home(self) -> None:
        """The main stack with the functions, and the policy where they read it."""
        code = {}
        for function in FUNCTIONS:
            code[function] = self.aws.folder / f"{function}.zip"
            zip_function = [sys.executable, str(REPOSITORY / "scripts" / "zip-function")]
            subprocess.run([*zip_function, str(self.binaries / function), str(code[function])], check=True)
        self.outputs = self.aws.deploy_home(code)
        self.put_policy(self.policy)
        sqs = self.aws.client("sqs")
        for name in (*QUEUES.values(), *DEAD_LETTERS.values(), *SCHEDULES_DEAD_LETTERS):
            self._urls[name] = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        functions = self.aws.client("lambda")
        variables = functions.get_function_configuration(FunctionName=SEND)["Environment"]["Variables"]
        moved = {"Variables": {**variables, **self.clock.variables}}
        functions.update_function_configuration(FunctionName=SEND, Environment=moved)
        for function in QUEUES:
            (mapping,) = functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
            self._mappings[function] = mapping["UUID"]
        # A change is looked at when `check` is called, not a minute after it.
        sqs.set_queue_attributes(QueueUrl=self._urls[QUEUES[POSTURE]], Attributes={"DelaySeconds": "0"})
        self.gather()

    def deploy_source_region(self, region: str, patterns: dict[str, str]) -> None:
        """The forwarding rules of one Region."""
        self.aws.deploy_source_region(region, patterns)
        bus = {"HomeBusArn": self.outputs["BusArn"]}
        self.aws.deploy(INFRA / "change-region.yaml", bus, stack="crisguard-change-region", region=region)
        titles = self.titles()
        for rule in self.aws.client("events", region).list_rules(NamePrefix="crisguard-forward-")["Rules"]:
            number = rule["Name"].rsplit("-", 1)[-1]
            if number.isdigit():
                self.rules.append(Rule(region, titles[int(number) - 1], rule["EventPattern"]))

    def titles(self) -> list[str]:
        """What each compiled pattern is for, in the order of the rules."""
        arguments = ("pattern", "--policy", str(self.policy_file), "--account", self.aws.account, "--format", "json")
        return [pattern["name"] for pattern in json.loads(self.crisguard(*arguments))["patterns"]]

    def subscribe(self) -> None:
        """Somebody who reads the alerts, and a chat that shows them."""
        topic, sns = self.outputs["AlertsTopicArn"], self.aws.client("sns")
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=SUBSCRIBER)
        sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=self.chat.address)
        self._wait(lambda: self.chat.received, "the chat was not asked whether it wants messages")
        sns.confirm_subscription(TopicArn=topic, Token=self.chat.received[0]["Token"])

    def connect_machine(self) -> None:
        """A queue that receives what crisguard tells machines, by a rule on the default bus."""
        here = f"{self.aws.home_region}:{self.aws.account}"
        arn, rule = f"arn:aws:sqs:{here}:{MACHINE}", f"arn:aws:events:{here}:rule/{MACHINE}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Statement": [statement]})
        self._urls[MACHINE] = self.aws.client("sqs").create_queue(QueueName=MACHINE, Attributes={"Policy": policy})[
            "QueueUrl"
        ]
        events = self.aws.client("events")
        events.put_rule(Name=MACHINE, EventPattern=json.dumps({"source": ["crisguard"]}))
        events.put_targets(Rule=MACHINE, Targets=[{"Id": "queue", "Arn": arn}])

    # -- acting ------------------------------------------------------------------

    def client(self, service: str, region: str) -> Any:
        """A client of the administrator, also for what the local AWS lacks."""
        return self.answers.client(service, region)

    def put_policy(self, document: str) -> None:
        """Puts a version of the policy where the functions read it."""
        bucket, _, key = self.outputs["PolicyAddress"].removeprefix("s3://").partition("/")
        self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=document.encode())

    def later(self, seconds: int) -> None:
        """Lets time go by for send-alerts."""
        self.ahead += seconds
        self.clock.be_ahead(self.ahead)

    def emit(self, record: Record) -> Passage:
        """A record on its Region's default bus, as AWS itself emits it."""
        self.passages.append(Passage(record, [rule.title for rule in self.matching(record)]))
        self.aws.put_cloudtrail_event(record["awsRegion"], record)
        return self.passages[-1]

    def change(self, record: Record) -> None:
        """The record of a changed setting on its Region's default bus; it is no call, and goes another way."""
        self.changes.append(record)
        self.aws.put_cloudtrail_event(record["awsRegion"], record)

    def sing(self) -> None:
        """The canary of each Region, started as its schedule starts it."""
        for region in SOURCE_REGIONS:
            self.aws.start_schedule("crisguard-canary", region)
        self.canaries += len(SOURCE_REGIONS)

    def forge(self, record: Record) -> tuple[int, int]:
        """The record by PutEvents, in three ways; returns how many were refused and how many accepted."""
        region, refused, accepted = record["awsRegion"], 0, 0
        entry = {"DetailType": detail_type_of(record), "Detail": json.dumps(record)}
        for source, bus in (("aws.bedrock", "default"), ("bedrock", "default"), ("aws-bedrock", "crisguard")):
            entries = [{**entry, "Source": source, "EventBusName": bus}]
            answer = self.aws.client("events", region).put_events(Entries=entries)
            refused += answer["FailedEntryCount"]
            accepted += 1 - answer["FailedEntryCount"]
        return refused, accepted

    def gather(self) -> None:
        """Holds messages back until `decide` and `tell`, as a batching window does: every run has the same batches."""
        for function in QUEUES:
            self._switch(function, on=False)

    def release(self) -> None:
        """Lets the functions run whenever something arrives, as they do on AWS."""
        for function in QUEUES:
            self._switch(function, on=True)

    def decide(self, *, fails: bool = False) -> None:
        """watch-inference handles what has arrived; what `fails` comes again after a second, not after six minutes."""
        sqs, url = self.aws.client("sqs"), self._urls[QUEUES[WATCH]]
        usual = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        if fails:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
        self._drain(WATCH)
        sqs.set_queue_attributes(QueueUrl=url, Attributes=usual)

    def tell(self) -> None:
        """send-alerts handles the findings."""
        self._drain(SEND)

    def check(self) -> None:
        """check-posture looks at what the changes can affect."""
        self._drain(POSTURE)

    def review(self) -> dict[str, Any]:
        """The hourly review, asked for as its schedule asks; returns what it did."""
        return self._invoke(SEND)

    def look(self, *regions: str) -> None:
        """The nightly look, asked for as its schedule asks, or one by hand at these Regions; keeps the report."""
        self.report = self._invoke(POSTURE, json.dumps({"regions": regions}) if regions else "")

    def kept_report(self) -> tuple[str, dict[str, Any]]:
        """Where the report of the last nightly look is kept, and the report."""
        bucket, _, prefix = self.outputs["ReportsAddress"].removeprefix("s3://").partition("/")
        key = f"{prefix}{self.aws.account}/{self.report['observed_at'][:10]}/nightly.json"
        return f"s3://{bucket}/{key}", json.load(self.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"])

    def _invoke(self, function: str, by_hand: str = "") -> dict[str, Any]:
        request = by_hand or self.aws.client("scheduler").get_schedule(Name=SCHEDULES[function])["Target"]["Input"]
        answer = self.aws.client("lambda").invoke(FunctionName=function, Payload=request)
        body: dict[str, Any] = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise StageError(f"{function} failed: {body}")
        return body

    def _switch(self, function: str, *, on: bool) -> None:
        self.aws.client("lambda").update_event_source_mapping(UUID=self._mappings[function], Enabled=on)

    def _drain(self, function: str) -> None:
        queue = QUEUES[function]
        if not self.waiting(queue):
            return
        self._switch(function, on=True)
        self._wait(lambda: not self.waiting(queue), f"{queue} was not empty", function)
        self._switch(function, on=False)

    def _wait(self, condition: Callable[[], Any], otherwise: str, function: str = "") -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > until:
                log = f"; the last of {function}'s log:\n" + "\n".join(self._log(function)[-5:]) if function else ""
                raise StageError(f"{otherwise} after {PATIENCE:.0f} s{log}")
            time.sleep(0.02)

    # -- watching ----------------------------------------------------------------

    def chatted(self) -> list[dict[str, Any]]:
        """What the chat received, once that is as much as the mailbox has: it comes a moment later."""
        mails = len(self.aws.mail())
        self._wait(lambda: len(self.chat.notifications) >= mails, "the chat did not receive what the mailbox did")
        return self.chat.notifications

    def hear(self) -> list[dict[str, Any]]:
        """What machines were told since this was last asked for."""
        sqs, heard = self.aws.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self._urls[MACHINE], MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                heard.append(json.loads(message["Body"])["detail"])
                sqs.delete_message(QueueUrl=self._urls[MACHINE], ReceiptHandle=message["ReceiptHandle"])
        self.transitions += heard
        return heard

    def matching(self, record: Record) -> list[Rule]:
        """The deployed rules of the record's Region that match it, asked of EventBridge itself.

        No rule looks at ids or times, so records that differ in nothing else are asked about once.
        """
        form = json.dumps({**record, "eventID": "", "requestID": "", "eventTime": "", "parentRequestId": ""})
        if form not in self._matching:
            self._matching[form] = self._ask_matching(record)
        return self._matching[form]

    def _ask_matching(self, record: Record) -> list[Rule]:
        region = record["awsRegion"]
        event = json.dumps({
            "id": record["eventID"],
            "account": self.aws.account,
            "source": "aws." + record["eventSource"].removesuffix(".amazonaws.com"),
            "time": "2026-01-01T00:00:00Z",
            "region": region,
            "resources": [],
            "detail-type": detail_type_of(record),
            "detail": record,
        })  # fmt: skip
        events = self.aws.client("events", region)
        here = [rule for rule in self.rules if rule.region == region]
        return [r for r in here if events.test_event_pattern(EventPattern=r.pattern, Event=event)["Result"]]

    def waiting(self, queue: str, region: str | None = None) -> int:
        """How many messages a queue holds, those that are being handled included."""
        sqs = self.aws.client("sqs", region)
        url = self._urls.get(queue) if region is None else None
        url = url or sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def receives_before_dead(self) -> int:
        """How often a message of the events queue is tried before it goes to the dead-letter queue."""
        url = self._urls[QUEUES[WATCH]]
        attributes = self.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        return int(json.loads(attributes["Attributes"]["RedrivePolicy"])["maxReceiveCount"])

    def counts(self, function: str) -> Counter[str]:
        """The sums of a function's metrics so far, read where CloudWatch reads them: in its log."""
        sums: Counter[str] = Counter()
        for line in self._log(function):
            if '"CloudWatchMetrics"' in line:
                metrics = json.loads(line)
                (directive,) = metrics["_aws"]["CloudWatchMetrics"]
                # The decisions of a nightly look are counted once more, by control.
                if directive["Dimensions"] == [["FunctionName"]]:
                    sums.update({metric["Name"]: metrics[metric["Name"]] for metric in directive["Metrics"]})
        return sums

    def _log(self, function: str) -> list[str]:
        group = {"logGroupName": f"/aws/lambda/{function}"}
        pages = self.aws.client("logs").get_paginator("filter_log_events").paginate(**group)
        return [event["message"].rstrip() for page in pages for event in page["events"]]

    def findings(self, principal: str) -> dict[str, int]:
        """What crisguard remembers about a principal: control → count."""
        found = [r for r in self.remembered() if r["matter"].get("finding", {}).get("principal") == principal]
        return {record["matter"]["finding"]["control"]: record["count"] for record in found}

    def remembered(self) -> list[dict[str, Any]]:
        """Every finding that crisguard remembers."""
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName="crisguard-memory")
        items = [item for page in pages for item in page["Items"]]
        findings = [i for i in items if i["pk"]["S"].startswith("SUBJECT#") and i["sk"]["S"].startswith("FINDING#")]
        return [json.loads(item["body"]["S"]) for item in findings]

    def dead_letters(self) -> dict[str, int]:
        """How many messages each dead-letter queue holds, those of the source Regions summed up."""
        held = {queue: self.waiting(queue) for queue in (*DEAD_LETTERS.values(), *SCHEDULES_DEAD_LETTERS)}
        return {**held, FORWARDING_DEAD_LETTERS: sum(self.waiting(FORWARDING_DEAD_LETTERS, r) for r in SOURCE_REGIONS)}

    def judged(self, records: list[Record]) -> Counter[str]:
        """How the crisguard command decides these records: exit → how many."""
        lines = "\n".join(json.dumps(record) for record in records)
        explained = json.loads(
            self.crisguard("explain", "-", "--policy", str(self.policy_file), "--format", "json", given=lines)
        )
        return Counter(str(record.get("exit")) for record in explained["records"])


FAILURES = (StageError, EmulatorError, AnswersError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)
