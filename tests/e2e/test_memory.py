"""What time brings about: reminders, closing, reopening. The function's clock is moved, nobody waits a week."""

from __future__ import annotations

from . import records
from .clock import DAY, HOUR, MINUTE, Clock
from .deployment import GOOD, SEND, Deployment

DESTINATION = "destination-region-allowed"
SYDNEY = "ap-southeast-2"


def test_what_goes_on_is_told_again_after_a_day(deployed: Deployment, clock: Clock) -> None:
    """An application that is not mended is not forgotten: a reminder a day, with how often it was since."""
    with deployed.restarted(SEND, **clock.variables):
        deployed.play(records.call(processed_in=SYDNEY, by="stubborn"))
        deployed.settle()
        deployed.play(*(records.call(processed_in=SYDNEY, by="stubborn") for _ in range(3)))
        deployed.settle()
        assert [alert.kind for alert in deployed.alerts()] == ["alert"], "what people know is not told again"
        clock.be_ahead(DAY - 10 * MINUTE)
        assert deployed.review() == {}, "neither in a digest nor before the time"

        clock.be_ahead(DAY + MINUTE)
        assert deployed.review() == {"reminded": 1, "published": 1}
        (reminder,) = deployed.alerts()
        assert reminder.kind == reminder.attributes["kind"] == "reminder"
        (finding,) = reminder.body["findings"]
        assert (finding["control"], finding["count"], finding["count_since_told"]) == (DESTINATION, 4, 3)
        mail = deployed.mail()[-1]
        assert "4 times, 3 since you were told" in mail["body"]
        assert deployed.review() == {}, "once"

        clock.be_ahead(3 * DAY)
        assert deployed.review() == {}, "nothing came since: nothing goes on"


def test_a_quiet_week_closes_and_a_new_call_reopens(deployed: Deployment, clock: Clock) -> None:
    """What stopped is closed without a word; if it comes back, the alert says what there was before."""
    with deployed.restarted(SEND, **clock.variables):
        first = records.call(processed_in=SYDNEY, by="came-back")
        deployed.play(first, records.call(processed_in=SYDNEY, by="came-back"))
        deployed.settle()
        assert [alert.body["transition"] for alert in deployed.alerts()] == ["first"]
        clock.be_ahead(7 * DAY - HOUR)
        assert "closed" not in deployed.review()
        deployed.alerts()

        clock.be_ahead(7 * DAY + HOUR)
        assert deployed.review() == {"closed": 1, "announced": 1}
        assert deployed.alerts() == [], "people are not told that nothing happened"
        deployed.wait(lambda: deployed.metrics(SEND)["Closed"] == 1, "the metric")

        clock.be_ahead(30 * DAY)
        deployed.play(records.call(processed_in=SYDNEY, by="came-back"))
        deployed.settle()
        (alert,) = deployed.alerts()
        assert alert.body["transition"] == "reopened"
        (finding,) = alert.body["findings"]
        assert (finding["transition"], finding["episode"], finding["count"]) == ("reopened", 2, 3)
        assert finding["before"]["count"] == 2
        mail = deployed.mail()[-1]
        assert "CRITICAL again" in mail["subject"]
        assert "Before       closed, last seen" in mail["body"]


def test_it_gets_worse(deployed: Deployment) -> None:
    """An alert an hour about a principal and a profile, but a worse finding about them is told at once."""
    deployed.play(records.call(records.GLOBAL, processed_in=records.HOME, by="worse"))
    deployed.settle()
    (alert,) = deployed.alerts()
    assert (alert.body["severity"], alert.body["transition"]) == ("high", "first")
    deployed.play(records.call(records.GLOBAL, processed_in="eu-west-1", by="worse"))
    deployed.settle()
    (alert,) = deployed.alerts()
    assert (alert.body["severity"], alert.body["transition"]) == ("critical", "worsened")
    assert alert.controls[0] == DESTINATION, "the worst comes first"
    assert set(alert.controls) == {DESTINATION, "global-profile-allowed"}, "what was known is in it, too"
    assert "CRITICAL, worse" in deployed.mail()[-1]["subject"]


def test_the_policy_says_when_to_remind(deployed: Deployment, clock: Clock) -> None:
    """Two hours, if the policy says so; it is read again without a deployment."""
    with (
        deployed.policy(GOOD + b"\nalerts: { remind_after: 2h }\n"),
        deployed.restarted(SEND, **clock.variables),
    ):
        deployed.play(records.call(processed_in=SYDNEY, by="reminded"))
        deployed.settle()
        deployed.play(records.call(processed_in=SYDNEY, by="reminded"))
        deployed.settle()
        clock.be_ahead(2 * HOUR + MINUTE)
        assert deployed.review() == {"reminded": 1, "published": 1}
