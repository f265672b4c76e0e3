"""The days after the stories: what time, nights and a change of the policy bring about, and what must come of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.e2e.clock import DAY, HOUR, MINUTE
from tests.emulator.emulator import ACCOUNT

from . import night
from .records import OREGON, OSAKA, SINGAPORE, SYDNEY, TOKYO, VIRGINIA, Record, call, stamped, stream
from .stage import Stage
from .stories import NOVA, OPUS, SONNET, Mail, Words

# After this time a running function has read the policy again.
POLICY_READ_AGAIN = 6 * MINUTE
AGENCY_EXCEPTION = f"""\
exceptions:
  - id: agency-trial
    match:
      principal: "arn:aws:iam::{ACCOUNT}:role/agency-*"
    reason: "a trial with invented data"
    owner: marketing@example.com
    expires: 2035-12-31
"""
SWITCHED = "crisguard-forward-1"


@dataclass(frozen=True)
class Scene:
    """Something that happens later, what crisguard must make of it, and what people and machines hear."""

    when: str
    name: str
    happens: str
    act: Callable[[Stage, str], None]
    mails: tuple[Mail, ...] = ()
    # Words that the e-mails must hold.
    says: tuple[Words, ...] = ()
    # What machines must hear: transition → how often; None: as many as there are findings on calls.
    transitions: dict[str, int | None] = field(default_factory=dict)
    # What else is not as it must be, one sentence each.
    differences: Callable[[Stage], list[str]] = lambda _: []


def play_calls(stage: Stage, time: str, name: str, *records: Record) -> None:
    """Plays the records of calls, from the first event to the last alert."""
    for record in stamped(list(records), name, time):
        stage.emit(record)
    stage.decide()
    stage.tell()


def _canaries(stage: Stage, _: str) -> None:
    stage.sing()
    stage.decide()
    stage.tell()


def _worse(stage: Stage, time: str) -> None:
    stage.later(30 * MINUTE)
    profile = "apac.anthropic.claude-sonnet-4-20250514-v1:0"
    play_calls(stage, time, "worse", call("recommender", profile, served_in=SYDNEY))


def _muted(stage: Stage, time: str) -> None:
    stage.later(HOUR)
    stage.put_policy(stage.policy.replace("exceptions:\n", AGENCY_EXCEPTION))
    play_calls(stage, time, "muted", call("agency-site", f"global.{SONNET}", served_in=OREGON))
    stage.review()


def _no_longer_muted(stage: Stage, _: str) -> None:
    stage.put_policy(stage.policy)
    stage.later(POLICY_READ_AGAIN)
    stage.review()


def _other_language(stage: Stage, time: str) -> None:
    other = "en" if stage.language == "ja" else "ja"
    stage.put_policy(stage.policy.replace(f"language: {stage.language}", f"language: {other}"))
    stage.later(HOUR)
    play_calls(stage, time, "other language", call("kiosk", f"global.{OPUS}", served_in=SINGAPORE))
    stage.put_policy(stage.policy)


def _looked_by_hand(stage: Stage, _: str) -> None:
    stage.later(HOUR)
    stage.look(TOKYO)
    stage.tell()


def _looked_at(stage: Stage, _: str) -> None:
    stage.later(12 * HOUR)
    stage.look()
    stage.tell()
    stage.review()


def _logging_switched_off(stage: Stage, time: str) -> None:
    stage.later(6 * HOUR)
    stage.evidence[TOKYO].turn_off(stage.client)
    stage.change(night.change(night.DELETED, TOKYO, "bedrock", time))
    stage.change(night.change("DeleteBucket", TOKYO, "s3", time, {"bucketName": "holiday-photos"}))
    _changed(stage)


def _logging_put_back(stage: Stage, time: str) -> None:
    stage.later(10 * MINUTE)
    stage.evidence[TOKYO].turn_on(stage.client)
    stage.change(night.change(night.PUT, TOKYO, "bedrock", time))
    _changed(stage)


def _changed(stage: Stage) -> None:
    """What changes come to: watch-inference reads everything of Bedrock, and finds no call."""
    stage.decide()
    stage.check()
    stage.tell()


def _switched_off(stage: Stage, time: str) -> None:
    stage.later(6 * HOUR)
    events = stage.aws.client("events", VIRGINIA)
    events.disable_rule(Name=SWITCHED)
    events.enable_rule(Name=SWITCHED)
    for name in ("DisableRule", "EnableRule"):
        stage.change(night.change(name, VIRGINIA, "events", time, {"name": SWITCHED}))
    _changed(stage)


def _put_back(stage: Stage, _: str) -> None:
    events = stage.aws.client("events", VIRGINIA)
    rule = events.describe_rule(Name=SWITCHED)
    kept = {name: rule[name] for name in ("Name", "EventPattern", "Description")}
    events.put_rule(**kept, State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
    stage.later(8 * HOUR)
    stage.look()
    stage.tell()


def _reminded(stage: Stage, time: str) -> None:
    play_calls(stage, time, "reminded", *[call("nightly-job", f"global.{OPUS}", served_in=OREGON)] * 12)
    stage.later(12 * HOUR)
    stage.review()


def _reopened(stage: Stage, time: str) -> None:
    stage.later(9 * DAY)
    stage.review()
    stage.later(DAY)
    play_calls(stage, time, "reopened", *stream("voice-assistant", f"apac.{NOVA}", NOVA, SINGAPORE))


BY_HAND = Scene(
    "In the evening",
    "Somebody looks by hand",
    "At the settings in Tokyo, by a request that names it. The answer is the report: all is in order.",
    _looked_by_hand,
    differences=lambda stage: night.disorder(stage.report),
)
# The scene of which all that was decided is shown.
LOOK = Scene(
    "At night",
    "The settings are looked at",
    "Does the evidence exist, is it encrypted, is it kept? In five Regions, each in another condition.",
    _looked_at,
    (Mail.ALERT, Mail.ALERT, Mail.ALERT, Mail.DIGEST),
    (Words(OSAKA), Words(VIRGINIA), Words(SINGAPORE), Words(OREGON), Words(night.LOGGING)),
    {"first": sum(len(place.decided) for place in night.ESTATE)},
    lambda stage: night.differences(stage.report, stage.kept_report()[1]),
)
DAYS = [
    Scene(
        "Within the hour",
        "Five canaries",
        "Each Region's schedule sends a record of nobody's call the whole way. It arrives, and nobody hears of it.",
        _canaries,
    ),
    Scene(
        "Half an hour later",
        "It gets worse",
        "The profile that nobody examined stayed in Tokyo, and people know. Now a prompt is processed in Sydney.",
        _worse,
        (Mail.ALERT,),
        (Words("worse than before", "悪化"), Words(SYDNEY), Words("role/recommender")),
        {"first": 2},
    ),
    Scene(
        "An hour later",
        "Muted by an exception",
        "An agency's trial gets an exception, in the policy's file alone. People are not told of it; machines are.",
        _muted,
        transitions={"first": 3},
    ),
    Scene(
        "Minutes later",
        "The exception is withdrawn",
        "What it muted was not forgotten: the next hourly review tells people.",
        _no_longer_muted,
        (Mail.ALERT,),
        (Words("role/agency-site"),),
    ),
    Scene(
        "An hour later",
        "In the other language",
        "The policy's file says `language: ja` (or `en`, in a Japanese demo) for an hour. Nothing is deployed.",
        _other_language,
        (Mail.ALERT,),
        (Words("対応手順", "WHAT TO DO NOW"), Words("role/kiosk")),
        {"first": 3},
    ),
    BY_HAND,
    LOOK,
    Scene(
        "The next morning",
        "Somebody deletes the logging configuration",
        "In Tokyo, where all was well. Nobody waits for the night: CloudTrail's event has this one thing looked at. "
        "The deletion of a bucket that holds no evidence has nothing looked at.",
        _logging_switched_off,
        (Mail.ALERT,),
        night.WHO,
        {"first": 1},
    ),
    Scene(
        "Minutes later",
        "It is put back",
        "That, too, is an event: it is looked at again, found in order, and people are told so.",
        _logging_put_back,
        (Mail.RESOLVED,),
        (Words(TOKYO),),
        {"resolved": 1},
    ),
    Scene(
        "In the afternoon",
        "A rule is switched off and on",
        "Somebody disabled it for a minute. Enabled again, it drops read-only events: crisguard would be blind.",
        _switched_off,
        (Mail.ALERT,),
        (Words(VIRGINIA), Words(SWITCHED), Words(night.OPERATOR), Words("EnableRule")),
        {"first": 1},
    ),
    Scene(
        "The next night",
        "The rule is put back",
        "The nightly look finds the rule in order, and says so once. What was found a night ago is told nobody again.",
        _put_back,
        (Mail.RESOLVED,),
        (Words(VIRGINIA),),
        {"resolved": 1},
    ),
    Scene(
        "The next day",
        "The loop goes on",
        "The nightly job made twelve more calls. No second alert, but a reminder with both numbers, and of the "
        "settings that are still wrong.",
        _reminded,
        (Mail.REMINDER,),
        (Words("52 times, 12 since you were told", "52 回（前回の通知以降 12 回）"),),
    ),
    Scene(
        "Ten days later",
        "A quiet week, and it comes back",
        "All that was quiet for a week was closed without a word; settings never are, so a reminder comes. Then the "
        "voice assistant leaves Japan again.",
        _reopened,
        (Mail.REMINDER, Mail.ALERT),
        (Words("Before       closed", "前回: 終了"), Words("2 times", "2 回")),
        {"closed": None, "reopened": 1},
    ),
]
