"""A violation is told once, to whoever asked for it, in words that they can act on."""

from __future__ import annotations

import time

from . import records
from .deployment import ELSEWHERE, FINDINGS, SEND, TABLE, WATCH, Deployment
from .subscribers import FROM_ELSEWHERE, MAILBOX, RAW_CRITICAL, Alert


def test_a_destination_that_is_not_allowed(deployed: Deployment) -> None:
    """Security relies on one alert that says who sent which prompt's request where, and how to find it."""
    record = records.call(records.LEAVES, processed_in="ap-southeast-2", by="chat")
    deployed.play(record)
    deployed.settle()
    (alert,) = deployed.alerts()
    assert alert.subject == "[crisguard] CRITICAL: Bedrock prompt processed in ap-southeast-2, account 111122223333"
    said = {name: alert.body[name] for name in ("version", "kind", "transition", "severity", "total", "more")}
    assert said == {
        "version": 2, "kind": "alert", "transition": "first", "severity": "critical", "total": 1, "more": 0,
    }  # fmt: skip
    (finding,) = alert.body["findings"]
    expected = {
        "control": "destination-region-allowed",
        "decision": "non-compliant",
        "transition": "first",
        "severity": "critical",
        "account": "111122223333",
        "principal": "arn:aws:iam::111122223333:role/chat",
        "sessions": ["chat-session"],
        "profile": records.LEAVES,
        "source_region": "ap-northeast-1",
        "destination_region": "ap-southeast-2",
        "count": 1,
        "count_since_told": 1,
        "approximate": False,
        "episode": 1,
        "before": None,
        "first_seen": record["eventTime"],
        "last_seen": record["eventTime"],
        "event_ids": [record["eventID"]],
        "expired_exceptions": [],
    }
    assert {name: finding[name] for name in expected} == expected
    assert deployed.exits(WATCH, 1)["Violation"] == 1
    sent = deployed.exits(SEND, 1)
    assert (sent["Counted"], sent["AlertsPublished"]) == (1, 1)


def test_every_subscriber_gets_what_was_asked_for(deployed: Deployment) -> None:
    """A team subscribes by severity, Region or account; a machine gets the same JSON without an envelope."""
    deployed.play(records.call(processed_in="ap-southeast-2"))
    deployed.settle()
    (whole,) = deployed.alerts()
    (raw,) = deployed.alerts(RAW_CRITICAL)
    assert raw.body == whole.body
    assert raw.attributes == {
        "kind": "alert",
        "severity": "critical",
        "control": '["destination-region-allowed"]',
        "account": '["111122223333"]',
        "source_region": '["ap-northeast-1"]',
        "destination_region": '["ap-southeast-2"]',
    }
    assert deployed.alerts(FROM_ELSEWHERE) == [], "its subscription asks for another source Region"


def test_the_e_mail_tells_people_what_to_do(deployed: Deployment) -> None:
    """Whoever is woken by the e-mail finds the cause, the number, the reason and the next command in it."""
    record = records.call(processed_in="ap-southeast-2")
    deployed.play(record)
    deployed.settle()
    (mail,) = deployed.mail()
    assert mail["to"] == MAILBOX
    assert mail["subject"].isascii()
    assert len(mail["subject"]) <= 99
    assert not mail["body"].lstrip().startswith("{"), "the body for people, not the JSON"
    for expected in (
        "A prompt was processed in ap-southeast-2, which the policy does not allow",
        "arn:aws:iam::111122223333:role/chat",
        "ap-northeast-1 -> ap-southeast-2",
        "1 time",
        "WHY IT MATTERS",
        "WHAT TO DO NOW",
        f"aws cloudtrail lookup-events --region ap-northeast-1 --lookup-attributes "
        f"AttributeKey=EventId,AttributeValue={record['eventID']}",
    ):
        assert expected in mail["body"], mail["body"]


def test_the_end_of_a_stream_that_left(deployed: Deployment) -> None:
    """A streamed answer counts like any other, although only the record of its end says where it was made."""
    opened = records.call(records.LEAVES, name="ConverseStream", by="streamer")
    deployed.play(opened, records.end_of_stream(opened, "ap-south-1"))
    deployed.settle()
    (alert,) = deployed.alerts()
    (finding,) = alert.body["findings"]
    assert (finding["control"], finding["destination_region"]) == ("destination-region-allowed", "ap-south-1")
    assert finding["count"] == 1, "the two halves of a stream are one request"


def test_a_call_in_a_region_that_is_not_allowed(deployed: Deployment) -> None:
    """A call where nobody should call is seen, although its events reach only its own Region's default bus."""
    deployed.play(records.call(records.AT_HOME, region=ELSEWHERE, by="stray"))
    deployed.settle()
    (alert,) = deployed.alerts()
    assert alert.subject.startswith(f"[crisguard] HIGH: Bedrock called in {ELSEWHERE}")
    assert alert.controls == ["source-region-allowed"]
    assert [a.controls for a in deployed.alerts(FROM_ELSEWHERE)] == [["source-region-allowed"]]
    assert deployed.alerts(RAW_CRITICAL) == [], "high is not critical"


def breaks_three_rules(by: str) -> records.Record:
    """A call through a global profile, from and to Regions that are not allowed."""
    return records.call(records.GLOBAL, region=ELSEWHERE, processed_in="eu-west-1", by=by)


THREE_RULES = ["destination-region-allowed", "global-profile-allowed", "source-region-allowed"]


def test_one_alert_names_every_control(deployed: Deployment) -> None:
    """A call that breaks three rules at once is one alert, not three."""
    with deployed.paused(SEND):
        deployed.play(breaks_three_rules("wild"))
        deployed.wait(lambda: deployed.depth(FINDINGS) == len(THREE_RULES), "the three findings")
    deployed.settle()
    (alert,) = deployed.alerts()
    assert sorted(alert.controls) == THREE_RULES
    assert alert.body["severity"] == "critical"
    assert alert.body["findings"][0]["severity"] == "critical", "the worst comes first"


def test_findings_that_are_read_one_by_one(deployed: Deployment) -> None:
    """A queue may hand over a call's findings in parts: one alert about the worst, the others in it or the digest."""
    for attempt in range(5):
        deployed.forget()
        deployed.play(breaks_three_rules(f"wild-{attempt}"))
        deployed.settle()
        (alert,) = deployed.alerts()
        assert alert.controls[0] == "destination-region-allowed", "the worst is told first"
        deployed.review()
        rest = [control for digest in deployed.alerts() for control in digest.controls]
        assert sorted(alert.controls + rest) == THREE_RULES, "each is told once"


def test_a_profile_that_an_scp_breaks(deployed: Deployment) -> None:
    """An application that fails by an SCP is told with the Region that the SCP blocks and the SCP itself."""
    scp = "arn:aws:organizations::999988887777:policy/o-a1b2c3d4e5/service_control_policy/p-12345678"
    message = (
        "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: bedrock:InvokeModel on "
        "resource: arn:aws:bedrock:ap-northeast-3::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0 with an "
        f"explicit deny in a service control policy: {scp}"
    )
    deployed.play(records.call(records.STAYS, by="app", errorCode="AccessDenied", errorMessage=message))
    deployed.settle()
    (alert,) = deployed.alerts()
    assert alert.controls == ["inference-denied-by-scp"]
    explanation = alert.body["findings"][0]["explanation"]
    assert "ap-northeast-3" in explanation
    assert "p-12345678" in explanation


def test_exceptions(deployed: Deployment) -> None:
    """An exception silences what it covers while it lives; once it has expired, the alert says whose it was."""
    deployed.play(
        records.call(processed_in="ap-southeast-2", by="research-a"),
        records.call(processed_in="ap-southeast-2", by="trial-b"),
    )
    deployed.settle()
    (alert,) = deployed.alerts()
    (finding,) = alert.body["findings"]
    assert finding["principal"].endswith(":role/trial-b")
    expired = {"id": "trial-of-2020", "owner": "ann@example.com", "expires": "2020-12-31"}
    assert finding["expired_exceptions"] == [expired]
    (mail,) = deployed.mail()
    assert "trial-of-2020 of ann@example.com expired on 2020-12-31" in mail["body"]
    exits = deployed.exits(WATCH, 2)
    assert (exits["Compliant"], exits["Violation"]) == (1, 1)


def test_what_is_undecided_waits_for_the_digest(deployed: Deployment) -> None:
    """Nobody is woken by what cannot be told, and nobody misses it either: it comes once, with the digest."""
    record = records.call(records.LEAVES, by="unclear")
    deployed.play(record)
    deployed.settle()
    assert deployed.alerts() == []
    assert deployed.exits(WATCH, 1)["Undecided"] == 1

    assert deployed.review() == {"digested": 1}
    (digest,) = deployed.alerts()
    assert digest.kind == digest.attributes["kind"] == "digest"
    (finding,) = digest.body["findings"]
    assert (finding["decision"], finding["event_ids"]) == ("undecided", [record["eventID"]])
    (mail,) = deployed.mail()
    assert "undecided" in mail["body"]
    assert deployed.alerts(RAW_CRITICAL) == []

    assert deployed.review() == {}
    assert deployed.alerts() == [], "a second digest says nothing more"
    metrics = deployed.wait(lambda: m if (m := deployed.metrics(SEND))["DigestsPublished"] else None, "the metric")
    assert (metrics["Digested"], metrics["DigestsPublished"]) == (1, 1)


def test_alerts_are_limited_and_the_rest_is_in_the_digest(deployed: Deployment) -> None:
    """However many principals go astray at once, people get ten alerts in an hour and one digest with the rest."""
    # The limit is counted by the hour of the clock.
    deployed.wait(lambda: time.gmtime()[4:6] < (59, 45), "the next hour to begin", 20)
    principals = [f"astray-{number}" for number in range(13)]
    deployed.put_events(*(records.call(processed_in="ap-southeast-2", by=name) for name in principals))
    deployed.settle()
    alerts = deployed.alerts()
    assert len(alerts) == 10
    assert deployed.review() == {"digested": 3}
    (digest,) = deployed.alerts()
    assert sorted(told_of(*alerts, digest)) == sorted(principals), "each is told exactly once"


def test_three_alerts_an_hour_are_kept_for_what_is_critical(deployed: Deployment) -> None:
    """A flood of lesser findings does not use up the alerts that a prompt abroad needs."""
    deployed.wait(lambda: time.gmtime()[4:6] < (59, 45), "the next hour to begin", 20)
    lesser = [f"lesser-{number}" for number in range(9)]
    deployed.put_events(*(records.call(records.AT_HOME, region=ELSEWHERE, by=name) for name in lesser))
    deployed.settle()
    assert [alert.body["severity"] for alert in deployed.alerts()] == ["high"] * 7
    critical = [f"critical-{number}" for number in range(4)]
    deployed.put_events(*(records.call(processed_in="ap-southeast-2", by=name) for name in critical))
    deployed.settle()
    assert [alert.body["severity"] for alert in deployed.alerts()] == ["critical"] * 3
    assert deployed.review() == {"digested": 3}
    (digest,) = deployed.alerts()
    assert {name.split("-")[0] for name in told_of(digest)} == {"lesser", "critical"}


def told_of(*alerts: Alert) -> list[str]:
    """The roles that alerts name, one a finding."""
    return [finding["principal"].rsplit("/", 1)[1] for alert in alerts for finding in alert.body["findings"]]


def test_an_exception_that_has_run_out_is_told_once(deployed: Deployment) -> None:
    """Whoever answers for an exception hears that it ended, even if nobody uses it any more; once is enough."""
    (told,) = [item for item in deployed.items() if item["sk"]["S"].startswith("EXCEPTION#trial-of-2020#")]
    deployed.aws.client("dynamodb").delete_item(TableName=TABLE, Key={"pk": told["pk"], "sk": told["sk"]})
    assert deployed.review() == {"expired_exceptions": 1}
    (digest,) = deployed.alerts()
    expired = {"id": "trial-of-2020", "owner": "ann@example.com", "expires": "2020-12-31"}
    assert (digest.body["findings"], digest.body["expired_exceptions"]) == ([], [expired])
    (mail,) = deployed.mail()
    assert "trial-of-2020 of ann@example.com, expired on 2020-12-31" in mail["body"]
    assert deployed.review() == {}


def test_no_text_of_the_customer_is_repeated(deployed: Deployment) -> None:
    """What callers write into metadata never reaches alerts or logs: it may hold secrets."""
    secret = "s3cr3t-of-the-customer"
    record = records.call(processed_in="ap-southeast-2", by="careless")
    record["requestParameters"]["requestMetadata"] = {"token": secret}
    record["userAgent"] = secret
    deployed.play(record)
    deployed.put_into("crisguard-events", [f'{{"detail": "{secret}'])
    deployed.exits(WATCH, 2)
    deployed.exits(SEND, 1)
    (alert,) = deployed.alerts()
    (mail,) = deployed.mail()
    said = [str(alert), mail["body"], *deployed.log(WATCH), *deployed.log(SEND)]
    assert not [text for text in said if secret in text]
    deployed.purge()
