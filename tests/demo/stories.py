"""What the demo plays, and what must come of it: a quiet majority, and the stories."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from tests.emulator.emulator import ACCOUNT

from .records import (
    OREGON,
    OSAKA,
    SINGAPORE,
    SYDNEY,
    TOKYO,
    VIRGINIA,
    Record,
    call,
    denied_by_scp,
    failed,
    mantle_call,
    stream,
)

SONNET = "anthropic.claude-sonnet-4-6"
OPUS = "anthropic.claude-opus-4-8"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
NOVA = "amazon.nova-lite-v1:0"
NEW_GEOGRAPHY = "uk.anthropic.claude-sonnet-4-6"
APPLICATION_PROFILE = f"arn:aws:bedrock:{TOKYO}:{ACCOUNT}:application-inference-profile/a1b2c3d4e5f6"

DESTINATION = "destination-region-allowed"
SOURCE = "source-region-allowed"
GLOBAL = "global-profile-allowed"
PROFILE = "profile-allowed"
SCP = "inference-denied-by-scp"


class Exit(str, Enum):
    """How a record leaves: the metrics of watch-inference, or dropped before any function runs."""

    DROPPED = "Dropped"
    COMPLIANT = "Compliant"
    VIOLATION = "Violation"
    UNDECIDED = "Undecided"
    NOT_APPLICABLE = "NotApplicable"
    REJECTED = "Rejected"


class Mail(str, Enum):
    """Kinds of messages that people receive."""

    ALERT = "an alert"
    REMINDER = "a reminder"
    RESOLVED = "a resolution"
    DIGEST = "a digest"

    @classmethod
    def of(cls, mail: dict[str, str]) -> Mail:
        """The kind of an e-mail, by its subject, which is in English in every language."""
        words = {"REMINDER": cls.REMINDER, "RESOLVED": cls.RESOLVED, "DIGEST": cls.DIGEST}
        return words.get(mail["subject"].removeprefix(SUBJECT).split(":")[0], cls.ALERT)


# How the subject of every e-mail begins.
SUBJECT = "[crisguard] "


class Words:
    """Words that an e-mail must hold, in each language; the same in both unless two are given."""

    def __init__(self, english: str, japanese: str = "") -> None:
        """Takes the words in English and, where they differ, in Japanese."""
        self._by_language = {"en": english, "ja": japanese or english}

    def in_language(self, language: str) -> str:
        """The words in a language."""
        return self._by_language[language]


class Told(str, Enum):
    """Who hears of it."""

    ALERT = "one alert"
    DIGEST = "told in the hourly digest"
    NOBODY = "nobody is told"


@dataclass(frozen=True)
class Event:
    """One CloudTrail record and how it must leave."""

    record: Record
    leaves: Exit


@dataclass(frozen=True)
class Story:
    """A cause in the real world, the records it leaves, and what crisguard must make of them."""

    name: str
    happens: str
    events: list[Event] = field(default_factory=list)
    # Findings that must be remembered afterwards: control → how often it was counted.
    findings: dict[str, int] = field(default_factory=dict)
    told: Told = Told.NOBODY
    # Words that the alert must hold, beside the caller's name.
    says: tuple[Words, ...] = ()
    plays: int = 1
    forged: bool = False


@dataclass(frozen=True)
class Quiet:
    """A kind of call that the policy permits, and how many of them there are."""

    what: str
    calls: int
    records: list[Record]


QUIET = [
    Quiet("jp. profile, served in Osaka", 36, [call("chat-app", f"jp.{SONNET}", served_in=OSAKA)]),
    Quiet("jp. profile, served in Tokyo", 24, [call("chat-app", f"jp.{SONNET}", served_in=TOKYO)]),
    Quiet("jp. profile, Region not reported", 12, [call("search-app", f"jp.{OPUS}", operation="InvokeModel")]),
    Quiet("jp. profile, streamed, ended in Osaka", 12, stream("chat-app", f"jp.{SONNET}", SONNET, OSAKA)),
    Quiet("apac. profile on the list, served in Tokyo", 8, [call("translator", f"apac.{NOVA}", served_in=TOKYO)]),
    Quiet("model in the Region itself", 16, [call("batch-job", HAIKU, operation="InvokeModel")]),
    Quiet("bedrock-mantle, which never leaves its Region", 12, [mantle_call("agents", OPUS)]),
]

STORIES = [
    Story(
        "A developer switches to a global profile",
        "One changed model id, no error, and the prompt is processed in Sydney.",
        [Event(call("web-shop", f"global.{SONNET}", served_in=SYDNEY), Exit.VIOLATION)],
        {DESTINATION: 1, GLOBAL: 1, PROFILE: 1},
        Told.ALERT,
        (Words(SYDNEY), Words(f"global.{SONNET}")),
    ),
    Story(
        "The same event arrives twice",
        "EventBridge delivers at least once; people should hear of it exactly once.",
        [Event(call("invoice-reader", f"global.{SONNET}", served_in=SINGAPORE), Exit.VIOLATION)],
        {DESTINATION: 1, GLOBAL: 1, PROFILE: 1},
        Told.ALERT,
        (Words(SINGAPORE), Words("1 time", "1 回")),
        plays=2,
    ),
    Story(
        "A loop over forty documents",
        "A nightly job calls a global profile 40 times: one alert with the exact count, not forty.",
        [Event(call("nightly-job", f"global.{OPUS}", served_in=OREGON), Exit.VIOLATION)] * 40,
        {DESTINATION: 40, GLOBAL: 40, PROFILE: 40},
        Told.ALERT,
        (Words(OREGON), Words("40 times", "40 回")),
    ),
    Story(
        "A stream ends in Singapore",
        "The record of the call names no Region; only the record of the stream's end does.",
        [
            Event(record, leaves)
            for record, leaves in zip(
                stream("voice-assistant", f"apac.{NOVA}", NOVA, SINGAPORE), (Exit.DROPPED, Exit.VIOLATION), strict=True
            )
        ],
        {DESTINATION: 1},
        Told.ALERT,
        (Words(SINGAPORE),),
    ),
    Story(
        "A notebook calls us-east-1",
        "A data scientist's default Region, where nobody looks; crisguard's rule stands there too.",
        [Event(call("data-scientist", HAIKU, operation="InvokeModel", region=VIRGINIA), Exit.VIOLATION)],
        {SOURCE: 1},
        Told.ALERT,
        (Words(VIRGINIA),),
    ),
    Story(
        "A profile that nobody examined",
        "Outside the allow-list. This prompt stayed in Tokyo; the next one may be processed elsewhere.",
        [Event(call("recommender", "apac.anthropic.claude-sonnet-4-20250514-v1:0", served_in=TOKYO), Exit.VIOLATION)],
        {PROFILE: 1},
        Told.ALERT,
        (Words("apac.anthropic.claude-sonnet-4-20250514-v1:0"),),
    ),
    Story(
        "A Region deny breaks a permitted profile",
        "Control Tower's SCP blocks Osaka, so every call of the jp. profile fails. The alert says why.",
        [Event(denied_by_scp(call("help-desk", f"jp.{SONNET}"), OSAKA, SONNET), Exit.VIOLATION)],
        {SCP: 1},
        Told.ALERT,
        (Words(OSAKA), Words("p-abcd1234")),
    ),
    Story(
        "An SCP does what it is for",
        "It refuses a global profile that the policy forbids as well: nothing to report.",
        [Event(denied_by_scp(call("campaign-site", f"global.{OPUS}"), "", OPUS), Exit.COMPLIANT)],
    ),
    Story(
        "A throttled call",
        "A global profile, but refused before any model saw the prompt: nothing was processed anywhere.",
        [
            Event(
                failed(call("load-test", f"global.{OPUS}"), "ThrottlingException", "Too many requests"),
                Exit.NOT_APPLICABLE,
            )
        ],
    ),
    Story(
        "AWS does not say where",
        "A permitted profile that can leave Japan, and no Region in the record: not taken for compliant.",
        [Event(call("translator", f"apac.{NOVA}"), Exit.UNDECIDED)],
        {DESTINATION: 1},
        Told.DIGEST,
    ),
    Story(
        "A geography that did not exist yesterday",
        "`uk.` is on no list: it is not taken for a model that stays where it is called.",
        [Event(call("pricing", NEW_GEOGRAPHY), Exit.UNDECIDED)],
        {DESTINATION: 1, GLOBAL: 1, PROFILE: 1},
        Told.DIGEST,
    ),
    Story(
        "An application profile hides what is behind it",
        "Its ARN tells neither the model nor the Regions: undecided until somebody looks.",
        [Event(call("cost-tagged-app", APPLICATION_PROFILE), Exit.UNDECIDED)],
        {DESTINATION: 1, GLOBAL: 1, PROFILE: 1},
        Told.DIGEST,
    ),
    Story(
        "A role with an exception",
        "Research may use global profiles: signed off, with an owner and a last day.",
        [Event(call("research-genomics", f"global.{SONNET}", served_in=OREGON), Exit.COMPLIANT)],
    ),
    Story(
        "A role whose exception has run out",
        "The prototype went on after its last day: an alert that names the exception and its owner.",
        [Event(call("prototype-avatar", f"global.{SONNET}", served_in=OREGON), Exit.VIOLATION)],
        {DESTINATION: 1, GLOBAL: 1, PROFILE: 1},
        Told.ALERT,
        (Words("prototype-2024"), Words("prototype-lead@example.com"), Words("2024-12-31")),
    ),
    Story(
        "Somebody forges an event",
        "By PutEvents: in AWS's name, under another name, and straight onto crisguard's own bus.",
        [Event(call("nobody", f"global.{SONNET}", served_in=SYDNEY), Exit.DROPPED)],
        forged=True,
    ),
    Story(
        "A record that nobody can read",
        "Its time is no time. It is kept for a person; its neighbour in the same batch is decided.",
        [
            Event({**call("legacy-app", f"apac.{NOVA}", served_in=SYDNEY), "eventTime": "soon"}, Exit.REJECTED),
            Event(call("legacy-app", f"apac.{NOVA}", served_in=SYDNEY), Exit.VIOLATION),
        ],
        {DESTINATION: 1},
        Told.ALERT,
        (Words(SYDNEY),),
    ),
]
