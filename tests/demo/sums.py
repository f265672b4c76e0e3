"""Whether everything adds up: nothing that came in is missing, counted twice, or told to nobody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .play import EXITS, Outcome, Passage, principal_of
from .stage import DEAD_LETTERS, FORWARDING_DEAD_LETTERS, SEND, WATCH, Stage
from .stories import Exit, Told


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
    watch: Counter[str]
    send: Counter[str]
    dead: dict[str, int]
    judged: Counter[str]
    receives: int

    @property
    def repeated(self) -> int:
        """How many findings were sent again because their events came again."""
        return sum(outcome.repeated for outcome in self.outcomes)

    @property
    def story_passages(self) -> list[Passage]:
        """Each record of a story, each time it was played."""
        return [passage for o in self.outcomes for _ in range(o.story.plays) for passage in o.passages]

    @property
    def dropped(self) -> list[Passage]:
        """What the filter dropped."""
        return [p for p in (*self.quiet, *self.story_passages) if not p.rules]

    @property
    def deliveries(self) -> int:
        """How often a rule matched."""
        return sum(len(p.rules) for p in (*self.quiet, *self.story_passages))

    @property
    def alerts(self) -> list[dict[str, str]]:
        """The alerts, in the order in which they came."""
        return [mail for outcome in self.outcomes for mail in outcome.mails]


def observe(stage: Stage, quiet: list[Passage], outcomes: list[Outcome]) -> Played:
    """Asks for the digest, then reads every count."""
    before = len(stage.aws.mail())
    digested = stage.digest()
    mails = stage.aws.mail()[before:]
    played = Played(
        quiet,
        outcomes,
        mails[0] if len(mails) == 1 else {"subject": f"{len(mails)} e-mails", "body": "", "from": "", "to": ""},
        digested,
        stage.counts(WATCH),
        stage.counts(SEND),
        stage.dead_letters(),
        Counter(),
        stage.receives_before_dead(),
    )
    played.judged = stage.judged([passage.record for passage in played.dropped])
    return played


def sums(played: Played) -> list[Sum]:
    """Every sum that must hold."""
    watch, send = played.watch, played.send
    poison = sum(
        len(passage.rules)
        for outcome in played.outcomes
        for event, passage in zip(outcome.story.events, outcome.passages, strict=False)
        if event.leaves is Exit.REJECTED
    )
    told = Counter(outcome.story.told for outcome in played.outcomes)
    waiting = [outcome for outcome in played.outcomes if outcome.story.told is Told.DIGEST]
    named = [outcome for outcome in waiting if principal_of(outcome.story) in played.digest["body"]]
    tries = poison * (played.receives - 1)
    return [
        Sum(
            f"deliveries by the rules, with {tries} more tries of the unreadable record",
            played.deliveries + tries,
            "received by watch-inference",
            watch["Received"],
        ),
        Sum("exits of watch-inference", sum(watch[name] for name in EXITS[WATCH]), "received", watch["Received"]),
        Sum(
            "findings sent, less the repeats that the queue recognized",
            watch["FindingsSent"] - played.repeated,
            "received by send-alerts",
            send["Received"],
        ),
        Sum("exits of send-alerts", sum(send[name] for name in EXITS[SEND]), "received", send["Received"]),
        Sum("alerts published", send["AlertsPublished"], "stories that call for one", told[Told.ALERT]),
        Sum("alerts published", send["AlertsPublished"], "alerts in the mailbox", len(played.alerts)),
        Sum(
            "findings told in the digest",
            played.digested,
            "findings that are undecided",
            sum(len(outcome.findings) for outcome in waiting),
        ),
        Sum("undecided stories", len(waiting), "named in the digest", len(named)),
        Sum("unreadable record", poison, "in the dead-letter queue of the events", played.dead[DEAD_LETTERS[WATCH]]),
        Sum(
            "messages in all other dead-letter queues",
            played.dead[DEAD_LETTERS[SEND]] + played.dead[FORWARDING_DEAD_LETTERS],
            "allowed there",
            0,
        ),
        Sum(
            "records dropped by the filter",
            len(played.dropped),
            "that crisguard explain finds in order",
            played.judged["compliant"] + played.judged["not_applicable"],
        ),
    ]
