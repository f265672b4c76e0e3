"""The policy in the bucket says how people are told; what it says holds within five minutes, without a deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from tests.emulator.emulator import REPOSITORY

from . import records
from .clock import MINUTE, REREAD_AFTER, Clock
from .deployment import ELSEWHERE, GOOD, SEND, Deployment
from .subscribers import Chat

SYDNEY = "ap-southeast-2"
EXCEPTION = b"""\
  - id: new-and-signed-off
    match: { principal: "arn:aws:iam::111122223333:role/muted", destination: [ap-southeast-2] }
    reason: "signed off today"
    owner: dpo@example.com
    expires: 2099-12-31
"""


def test_mail_in_japanese(deployed: Deployment, clock: Clock) -> None:
    """`alerts.language: ja` makes e-mails Japanese; machines and mail filters read what they read before."""
    with deployed.restarted(SEND, **clock.variables), deployed.policy(GOOD + b"\nalerts: { language: ja }\n"):
        # The policy was put before the function's first event.
        deployed.play(records.call(processed_in=SYDNEY, by="japanese"))
        deployed.settle()
        (mail,) = deployed.mail()
        for expected in (
            "重要度",
            "■ 検出内容",
            "■ 対応手順",
            "呼び出し元: arn:aws:iam::111122223333:role/japanese",
            "JST",
        ):
            assert expected in mail["body"], mail["body"]
        assert mail["subject"].startswith("[crisguard] CRITICAL: Bedrock prompt processed in ap-southeast-2")
        (alert,) = deployed.alerts()
        assert alert.body["findings"][0]["explanation"].isascii(), "the JSON is the same in every language"


def test_the_language_changes_while_it_runs(deployed: Deployment, clock: Clock) -> None:
    """Nobody redeploys for a language: a running function reads the policy every five minutes."""
    with deployed.restarted(SEND, **clock.variables):
        assert "WHAT TO DO NOW" in told(deployed, "before")
        with deployed.policy(GOOD + b"\nalerts: { language: ja }\n"):
            assert "WHAT TO DO NOW" in told(deployed, "not-yet")
            clock.be_ahead(REREAD_AFTER + 10)
            assert "■ 対応手順" in told(deployed, "now")


def told(deployed: Deployment, name: str) -> str:
    """Has a call go abroad and returns the e-mail about it."""
    deployed.play(records.call(processed_in=SYDNEY, by=name))
    deployed.settle()
    return deployed.mail()[-1]["body"]


def test_a_policy_that_cannot_be_read_silences_nothing(deployed: Deployment) -> None:
    """A mistake in the policy may cost the language, never an alert; the metric of an alarm says so."""
    findings = records.call(processed_in=SYDNEY, by="in-spite")
    with deployed.policy(b"version: 1\nalerts: { tongue: ja }\n"), deployed.restarted(SEND):
        deployed.play(findings)
        deployed.settle()
        (mail,) = deployed.mail()
        assert "WHAT TO DO NOW" in mail["body"]
        deployed.wait(lambda: deployed.metrics(SEND)["PolicyRejected"] >= 1, "the metric of the alarm")
        assert any("tongue" in line for line in deployed.log(SEND))


def test_the_least_severity(deployed: Deployment, clock: Clock) -> None:
    """Who wants to be woken by critical findings only is; machines get all, and nothing is lost if it changes."""
    with deployed.restarted(SEND, **clock.variables):
        with deployed.policy(GOOD + b"\nalerts: { minimum_severity: critical }\n"):
            deployed.play(records.call(records.AT_HOME, region=ELSEWHERE, by="lesser"))
            deployed.settle()
            assert deployed.alerts() == []
            assert [event["finding"]["control"] for event in deployed.transitions()] == ["source-region-allowed"]
            assert deployed.review() == {"muted": 1}
            deployed.wait(lambda: deployed.metrics(SEND)["Muted"] == 2, "the metric")
        clock.be_ahead(REREAD_AFTER + 10)
        assert deployed.review() == {"published": 1}
        (alert,) = deployed.alerts()
        assert alert.controls == ["source-region-allowed"]


def test_an_exception_mutes_and_unmutes(deployed: Deployment, clock: Clock) -> None:
    """An exception that is signed off now stops reminders about what was found before; without it they go on."""
    before, _, after = GOOD.partition(b"exceptions:\n")
    with deployed.restarted(SEND, **clock.variables):
        play_muted(deployed)
        assert len(deployed.alerts()) == 1
        with deployed.policy(before + b"exceptions:\n" + EXCEPTION + after):
            # watch-inference still decides by the policy it has read; send-alerts knows the new one.
            clock.be_ahead(25 * 60 * MINUTE)
            play_muted(deployed)
            assert deployed.review() == {}
            assert deployed.alerts() == []
            play_muted(deployed, "apac.amazon.nova-lite-v1:0")
            assert deployed.review() == {"muted": 1}, "what is new and muted is counted"
        clock.be_ahead(25 * 60 * MINUTE + REREAD_AFTER + 10)
        assert deployed.review() == {"reminded": 1, "published": 2}
        assert sorted(alert.kind for alert in deployed.alerts()) == ["alert", "reminder"]


def play_muted(deployed: Deployment, profile: str = records.LEAVES) -> None:
    """Has the role of the exception send a prompt abroad."""
    deployed.play(records.call(profile, processed_in=SYDNEY, by="muted"))
    deployed.settle()


@pytest.fixture
def subscribed(deployed: Deployment, chat: Chat) -> Iterator[Chat]:
    """The chat's endpoint, subscribed and confirmed."""
    sns = deployed.aws.client("sns")
    sns.subscribe(TopicArn=deployed.topic, Protocol="https", Endpoint=chat.address)
    confirmation = deployed.wait(lambda: chat.received[:1], "the chat to be asked whether it wants messages")[0]
    assert confirmation["Type"] == "SubscriptionConfirmation"
    arn = sns.confirm_subscription(TopicArn=deployed.topic, Token=confirmation["Token"])["SubscriptionArn"]
    yield chat
    sns.unsubscribe(SubscriptionArn=arn)


def test_a_chat_gets_a_custom_notification(deployed: Deployment, subscribed: Chat) -> None:
    """Slack and Teams show alerts through Amazon Q Developer, which takes one form only.

    https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    """
    deployed.play(records.call(processed_in=SYDNEY, by="chatty"))
    deployed.settle()
    (notification,) = deployed.wait(lambda: subscribed.notifications, "the chat's notification")
    (alert,) = deployed.alerts()
    schema = REPOSITORY / "functions" / "send-alerts" / "src" / "tests" / "custom-notification.schema.json"
    Draft202012Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(notification)
    assert "CRITICAL: Bedrock prompt processed in ap-southeast-2" in notification["content"]["title"]
    assert "`arn:aws:iam::111122223333:role/chatty`" in notification["content"]["description"]
    assert notification["content"]["nextSteps"]
    assert notification["metadata"]["threadId"] == alert.body["findings"][0]["subject"]
