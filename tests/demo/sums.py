"""Whether everything adds up: nothing that came in is missing, counted twice, or told to nobody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .play import CHANGES, EXITS, WHOLE, Later, Outcome, principal_of
from .reach import Seen
from .records import Record
from .stage import DEAD_LETTERS, POSTURE, SEND, WATCH, Passage, Stage
from .stories import Exit, Mail, Told


@dataclass(frozen=True)
class Sum:
    """Two numbers that must be equal, and what they are."""

    left: str
    left_value: int
    right: str
    right_value: int

    @property
    def holds(self) -> bool:
        """Whether they are."""
        return self.left_value == self.right_value


@dataclass
class Played:
    """Everything that was played and observed."""

    quiet: list[Passage]
    outcomes: list[Outcome]
    digest: dict[str, str]
    digested: int
    days: list[Later] = field(default_factory=list)
    # Every record that was played, with the rules that matched it.
    passages: list[Passage] = field(default_factory=list)
    canaries: int = 0
    # The records of changed settings.
    changes: list[Record] = field(default_factory=list)
    # What the chat received.
    chat: list[dict[str, Any]] = field(default_factory=list)
    # The metrics of each function.
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    remembered: list[dict[str, Any]] = field(default_factory=list)
    dead: dict[str, int] = field(default_factory=dict)
    judged: Counter[str] = field(default_factory=Counter)
    receives: int = 0
    organization: Seen = field(default_factory=Seen)

    @property
    def repeated(self) -> int:
        """How many findings were sent again because their events came again."""
        return sum(outcome.repeated for outcome in self.outcomes)

    @property
    def later_passages(self) -> list[Passage]:
        """Each record of a story or of a following day, each time it was played."""
        return self.passages[len(self.quiet) :]

    @property
    def dropped(self) -> list[Passage]:
        """What the filter dropped."""
        return [passage for passage in self.passages if not passage.rules]

    @property
    def deliveries(self) -> int:
        """How often a rule matched, the canaries' among them, and the changes of Bedrock's settings."""
        return sum(len(passage.rules) for passage in self.passages) + self.canaries + self.of_bedrock

    @property
    def of_bedrock(self) -> int:
        """How many changes of settings were Bedrock's: watch-inference receives them as well."""
        return sum("bedrock" in change["eventSource"] for change in self.changes)

    @property
    def mails(self) -> list[tuple[str, dict[str, str]]]:
        """What people received but for the digest, each with the name of its story, in the order in which it came."""
        told = [(outcome.story.name, mail) for outcome in self.outcomes for mail in outcome.mails]
        return told + [(later.scene.name, mail) for later in self.days for mail in later.mails]


def ask_for_digest(stage: Stage, quiet: list[Passage], outcomes: list[Outcome]) -> Played:
    """Asks for the digest at the end of the stories' day."""
    before = len(stage.aws.mail())
    digested = stage.review()["digested"]
    mails = stage.aws.mail()[before:]
    missing = {"subject": f"{len(mails)} e-mails instead of a digest", "body": "", "from": "", "to": ""}
    return Played(quiet, outcomes, mails[0] if len(mails) == 1 else missing, digested)


def observe(stage: Stage, played: Played) -> None:
    """Reads every count."""
    played.passages, played.canaries, played.transitions = stage.passages, stage.canaries, stage.transitions
    played.changes, played.chat = stage.changes, stage.chatted()
    played.counts = {function: stage.counts(function) for function in (WATCH, SEND, POSTURE)}
    played.remembered = stage.remembered()
    played.dead = stage.dead_letters()
    played.receives = stage.receives_before_dead()
    played.judged = stage.judged([passage.record for passage in played.dropped])


def sums(played: Played) -> list[Sum]:
    """Every sum that must hold."""
    return [*_of_functions(played), *_of_people_and_machines(played), *_of_the_rest(played)]


def _of_functions(played: Played) -> list[Sum]:
    watch, send, posture = (played.counts[function] for function in (WATCH, SEND, POSTURE))
    tries = _unreadable(played) * (played.receives - 1)
    exits = [
        Sum(
            f"exits of {function.removeprefix('crisguard-')}",
            sum(played.counts[function][name] for name in names),
            WHOLE[function].lower(),
            played.counts[function][WHOLE[function]],
        )
        for function, names in EXITS.items()
    ]
    return [
        Sum(
            f"deliveries by the rules: {played.canaries} canaries, {played.of_bedrock} changes of Bedrock's settings "
            f"and {tries} more tries of the unreadable record among them",
            played.deliveries + tries,
            "received by watch-inference",
            watch["Received"],
        ),
        *exits,
        Sum(
            "findings less recognized repeats, canaries, and decisions on settings",
            watch["FindingsSent"] - played.repeated + watch["Canary"] + posture["FindingsSent"],
            "received by send-alerts",
            send["Received"],
        ),
        Sum("canaries started", played.canaries, "canaries arrived", send["CanaryArrived"]),
        Sum("changes of settings made", len(played.changes), "received by check-posture", posture["Changes"]),
        Sum("exits of these changes", sum(posture[name] for name in CHANGES), "changes", posture["Changes"]),
    ]


def _of_people_and_machines(played: Played) -> list[Sum]:
    send = played.counts[SEND]
    stories = sum(outcome.story.told is Told.ALERT for outcome in played.outcomes)
    days = Counter(mail is Mail.DIGEST for later in played.days for mail in later.scene.mails)
    digests = 1 + days[True]
    waiting = [outcome for outcome in played.outcomes if outcome.story.told is Told.DIGEST]
    named = [outcome for outcome in waiting if principal_of(outcome.story) in played.digest["body"]]
    heard = Counter(event["transition"] for event in played.transitions)
    return [
        Sum(
            "alerts and reminders published",
            send["AlertsPublished"],
            "that stories and days call for",
            stories + days[False],
        ),
        Sum("digests published", send["DigestsPublished"], "that the first day and the night call for", digests),
        Sum(
            "alerts, reminders and digests published",
            send["AlertsPublished"] + send["DigestsPublished"],
            "in the mailbox",
            len(played.mails) + 1,
        ),
        Sum("messages in the mailbox", len(played.mails) + 1, "in the chat", len(played.chat)),
        Sum(
            "findings told in the digest",
            played.digested,
            "findings that are undecided",
            sum(len(outcome.findings) for outcome in waiting),
        ),
        Sum("undecided stories", len(waiting), "named in the digest", len(named)),
        Sum("changes announced to machines", send["Announced"], "received by them", len(played.transitions)),
        Sum("ids of these", len({event["id"] for event in played.transitions}), "received", len(played.transitions)),
        Sum("findings remembered", len(_announced(played)), "announced as new", heard["first"]),
        Sum("findings closed after a quiet week", send["Closed"], "announced as closed", heard["closed"]),
    ]


def _of_the_rest(played: Played) -> list[Sum]:
    dead = played.dead[DEAD_LETTERS[WATCH]]
    return [
        Sum("unreadable record", _unreadable(played), "in the dead-letter queue of the events", dead),
        Sum("messages in all other dead-letter queues", sum(played.dead.values()) - dead, "allowed there", 0),
        Sum(
            "records dropped by the filter",
            len(played.dropped),
            "that crisguard explain finds in order",
            played.judged["compliant"] + played.judged["not_applicable"],
        ),
        Sum(
            "verdicts on profiles that the mend and the closing policy changed",
            len(played.organization.changed),
            "that crisguard reach foretold",
            len(played.organization.foretold),
        ),
    ]


def _unreadable(played: Played) -> int:
    return sum(
        len(passage.rules)
        for outcome in played.outcomes
        for event, passage in zip(outcome.story.events, outcome.passages, strict=False)
        if event.leaves is Exit.REJECTED
    )


def _announced(played: Played) -> list[dict[str, Any]]:
    """The findings that were ever open: a Region where all is well is remembered, too."""
    return [record for record in played.remembered if record["announced"]]
