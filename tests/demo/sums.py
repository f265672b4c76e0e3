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
    repeated = sum(outcome.repeated for outcome in played.outcomes)
    told = Counter(outcome.story.told for outcome in played.outcomes)
    waiting = [outcome for outcome in played.outcomes if outcome.story.told is Told.DIGEST]
    named = [outcome for outcome in waiting if principal_of(outcome.story) in played.digest["body"]]
    return [
        Sum(
            "Deliveries by the rules, and the unreadable record's further tries",
            played.deliveries + poison * (played.receives - 1),
            "received by watch-inference",
            watch["Received"],
        ),
        Sum(
            "Exits of watch-inference together",
            sum(watch[name] for name in EXITS[WATCH]),
            "received by watch-inference",
            watch["Received"],
        ),
        Sum(
            "Findings sent, without those that the queue knew already",
            watch["FindingsSent"] - repeated,
            "received by send-alerts",
            send["Received"],
        ),
        Sum(
            "Exits of send-alerts together",
            sum(send[name] for name in EXITS[SEND]),
            "received by send-alerts",
            send["Received"],
        ),
        Sum("Alerts published", send["AlertsPublished"], "stories that call for one", told[Told.ALERT]),
        Sum("Alerts published", send["AlertsPublished"], "alerts in the mailbox", len(played.alerts)),
        Sum(
            "Findings told in the digest",
            played.digested,
            "findings that were undecided",
            sum(len(outcome.findings) for outcome in waiting),
        ),
        Sum("Undecided stories", len(waiting), "named in the digest", len(named)),
        Sum("Unreadable deliveries", poison, "messages in the events' dead-letter queue", played.dead[DEAD_LETTERS[WATCH]]),
        Sum(
            "Messages in the other dead-letter queues",
            played.dead[DEAD_LETTERS[SEND]] + played.dead[FORWARDING_DEAD_LETTERS],
            "as it should be",
            0,
        ),
        Sum(
            "Dropped by the filter",
            len(played.dropped),
            "compliant or not applicable, says crisguard explain",
            played.judged["compliant"] + played.judged["not_applicable"],
        ),
    ]
