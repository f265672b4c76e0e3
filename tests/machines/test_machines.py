"""The function's own code announces the life of a finding on invocations and of one on settings."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from jsonschema import Draft202012Validator, FormatChecker

from .servers import REGION, Servers, serving
from .shapes import problems

ROOT = Path(__file__).parents[2]
DRIVER = ["cargo", "test", "--locked", "--package", "send-alerts", "--lib", "--", "--ignored", "--exact"]
# Lengths that stand in prose only
# (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html).
LONGEST = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024, "CompanyName": 128, "ProductName": 128}
STORY = ["first", "worsened", "closed", "reopened", "first", "resolved", "reopened", "worsened", "resolved"]
# What belongs to those who investigate, and what goes into FindingProviderFields instead
# (https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html).
NOT_OURS = {"Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState"}
NOT_AT_THE_TOP = {"Confidence", "Criticality", "RelatedFindings", "Severity", "Types"}


def play(servers: Servers) -> None:
    """Runs the shipped code against the servers: functions/send-alerts/src/tests/the_machines.rs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    driver = subprocess.run(
        [*DRIVER, "tests::the_machines::against_servers"],
        cwd=ROOT,
        env=environment | servers.environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert driver.returncode == 0 and "1 passed" in driver.stdout, driver.stdout


def subscribe(servers: Servers) -> str:
    """Lets a queue receive what the function puts on the default bus, and returns its URL."""
    sqs = servers.client("sqs")
    url: str = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events = servers.client("events")
    pattern = {"source": ["crisguard"], "detail-type": ["crisguard Finding"]}
    events.put_rule(Name="subscriber", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="subscriber", Targets=[{"Id": "queue", "Arn": arn}])
    return url


def received(servers: Servers, queue: str) -> list[dict[str, Any]]:
    """Empties the queue."""
    sqs = servers.client("sqs")
    events = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            events.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return events


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Servers, list[dict[str, Any]]]]:
    """Plays the story once, and returns the servers and the events that were received."""
    with serving() as servers:
        servers.client("securityhub").enable_security_hub()
        queue = subscribe(servers)
        play(servers)
        yield servers, received(servers, queue)


@pytest.fixture(scope="module")
def servers(world: tuple[Servers, list[dict[str, Any]]]) -> Servers:
    """The servers after the story."""
    return world[0]


@pytest.fixture(scope="module")
def events(world: tuple[Servers, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The events that a subscriber received."""
    return world[1]


def sent(servers: Servers) -> list[dict[str, Any]]:
    """Every finding that was sent, in order."""
    return [finding for request in servers.imports for finding in request.findings]


def test_security_hub_takes_and_lists_the_findings_archived_after_resolution(servers: Servers) -> None:
    findings = {finding["GeneratorId"]: finding for finding in servers.client("securityhub").get_findings()["Findings"]}
    states = {
        generator: (finding["RecordState"], finding["Compliance"]["Status"]) for generator, finding in findings.items()
    }
    assert states == {
        "crisguard/destination-region-allowed": ("ACTIVE", "FAILED"),
        "crisguard/rule-receives-inference": ("ARCHIVED", "PASSED"),
    }
    severity = findings["crisguard/destination-region-allowed"]["FindingProviderFields"]["Severity"]
    assert severity == {"Label": "CRITICAL", "Original": "critical"}


def test_every_transition_is_sent_in_order(servers: Servers) -> None:
    assert [finding["ProductFields"]["crisguard/transition"] for finding in sent(servers)] == STORY
    archived = [finding["RecordState"] == "ARCHIVED" for finding in sent(servers)]
    assert archived == [transition in {"closed", "resolved"} for transition in STORY]


def test_every_finding_is_of_the_aws_security_finding_format(servers: Servers) -> None:
    shape = get_session().get_service_model("securityhub").shape_for("BatchImportFindingsRequest")
    for request in servers.imports:
        assert problems(json.loads(request.body), shape) == []
    # What the format refuses is seen.
    for wrong in (
        {"RecordState": "GONE"},
        {"Title": " "},
        {"Surprise": "x"},
        {"Compliance": {"Status": "UNKNOWN"}},
        {"ProductFields": {"crisguard/count": 3}},
    ):
        assert problems({"Findings": [sent(servers)[0] | wrong]}, shape) != [], wrong


def test_every_finding_keeps_the_lengths_that_the_documentation_gives(servers: Servers) -> None:
    for finding in sent(servers):
        assert all(1 <= len(finding[name]) <= longest for name, longest in LONGEST.items())
        assert len(finding["Remediation"]["Recommendation"]["Text"]) <= 512
        assert 1 <= len(finding["Resources"]) <= 32
        assert all(len(resource["Region"]) <= 16 for resource in finding["Resources"])
        assert len(finding["ProductFields"]) <= 50
        assert all(len(name) <= 128 and len(text) <= 2048 for name, text in finding["ProductFields"].items())


def test_what_analysts_write_is_left_alone(servers: Servers) -> None:
    for finding in sent(servers):
        assert not finding.keys() & (NOT_OURS | NOT_AT_THE_TOP)
        assert finding["FindingProviderFields"].keys() == {"Severity", "Types"}


def test_each_update_of_a_finding_is_later_than_the_one_before(servers: Servers) -> None:
    latest: dict[str, datetime] = {}
    for finding in sent(servers):
        updated_at = datetime.fromisoformat(finding["UpdatedAt"].replace("Z", "+00:00"))
        assert finding["Id"] not in latest or updated_at > latest[finding["Id"]], finding
        latest[finding["Id"]] = updated_at
    assert len(latest) == 2


def test_requests_are_signed_as_botocore_signs_them(servers: Servers) -> None:
    for request in servers.imports:
        authorization = request.headers["authorization"]
        assert f"/{REGION}/securityhub/aws4_request" in authorization
        signature = request.signature(f"{servers.url}/findings/import")
        assert authorization.endswith(f"Signature={signature}")


def test_a_subscriber_gets_each_transition_in_the_published_form(events: list[dict[str, Any]]) -> None:
    schema = json.loads((ROOT / "docs/finding-event.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    for event in events:
        assert (event["source"], event["detail-type"]) == ("crisguard", "crisguard Finding")
        assert list(validator.iter_errors(event["detail"])) == []
    assert sorted(event["detail"]["transition"] for event in events) == sorted(STORY)
    assert len({event["detail"]["id"] for event in events}) == len(STORY)


def test_what_is_announced_again_is_the_same(servers: Servers, events: list[dict[str, Any]]) -> None:
    before, queue = sent(servers), subscribe(servers)
    play(servers)
    assert sent(servers)[len(before) :] == before
    again = {event["detail"]["id"]: event["detail"] for event in received(servers, queue)}
    assert again == {event["detail"]["id"]: event["detail"] for event in events}
