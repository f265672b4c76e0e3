"""Plays the quiet majority and the stories, and compares what came out with what had to."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field

from tests.emulator.emulator import ACCOUNT

from .days import Scene
from .records import stamped
from .stage import POSTURE, SEND, WATCH, Passage, Stage
from .stories import SUBJECT, Exit, Mail, Quiet, Story, Told, Words

EXITS = {
    WATCH: ("Compliant", "Violation", "Undecided", "NotApplicable", "NotBedrock", "Rejected", "Canary", "Retried"),
    SEND: ("Counted", "Duplicate", "CanaryArrived", "Rejected", "Retried"),
    POSTURE: ("Compliant", "Violation", "Undecided"),
}
# What the exits of each function add up to.
WHOLE = {WATCH: "Received", SEND: "Received", POSTURE: "Assessments"}
# The same of the changes that check-posture is told of.
CHANGES = ("ChangesLookedAt", "ChangesNotApplicable", "ChangesRejected")


@dataclass
class Outcome:
    """What came of a story."""

    story: Story
    language: str
    passages: list[Passage] = field(default_factory=list)
    exits: Counter[str] = field(default_factory=Counter)
    findings: dict[str, int] = field(default_factory=dict)
    mails: list[dict[str, str]] = field(default_factory=list)
    transitions: Counter[str] = field(default_factory=Counter)
    # Of a forged event: how many were refused, and how many accepted.
    refused: int = 0
    accepted: int = 0
    # Findings that were sent again when the same events came again.
    repeated: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def as_expected(self) -> bool:
        """Whether everything came out as the story says."""
        return not self.problems


def now() -> str:
    """The time as CloudTrail writes it."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def play_quiet(stage: Stage, quiet: Quiet) -> list[Passage]:
    """Plays every call of one kind; none of their records may reach a function."""
    passages = []
    for number in range(quiet.calls):
        passages += [stage.emit(record) for record in stamped(quiet.records, f"{quiet.what} {number}", now())]
    stage.decide()
    return passages


def play_story(stage: Stage, story: Story) -> Outcome:
    """Plays a story from the first event to the last alert, and checks it."""
    outcome = Outcome(story, stage.language)
    records = stamped([event.record for event in story.events], story.name, now())
    before, mails_before = stage.counts(WATCH), len(stage.aws.mail())
    for play in range(story.plays):
        sent_before = stage.counts(WATCH)["FindingsSent"] if play else 0
        for record in records:
            if story.forged:
                outcome.refused, outcome.accepted = stage.forge(record)
            else:
                passage = stage.emit(record)
                outcome.passages += [] if play else [passage]
        stage.decide(fails=any(event.leaves is Exit.REJECTED for event in story.events))
        stage.tell()
        if play:
            outcome.repeated += stage.counts(WATCH)["FindingsSent"] - sent_before
    after = stage.counts(WATCH)
    outcome.exits = Counter({name: after[name] - before[name] for name in EXITS[WATCH] if after[name] > before[name]})
    outcome.findings = stage.findings(principal_of(story))
    outcome.mails = stage.aws.mail()[mails_before:]
    outcome.transitions = Counter(event["transition"] for event in stage.hear())
    outcome.problems = problems(outcome, stage.receives_before_dead())
    return outcome


@dataclass
class Later:
    """What came of a scene of the following days."""

    scene: Scene
    exits: Counter[str] = field(default_factory=Counter)
    mails: list[dict[str, str]] = field(default_factory=list)
    transitions: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def as_expected(self) -> bool:
        """Whether everything came out as the scene says."""
        return not self.problems


def play_scene(stage: Stage, scene: Scene) -> Later:
    """Lets a scene happen, and checks what came of it."""
    later = Later(scene)
    before, mails_before = stage.counts(WATCH), len(stage.aws.mail())
    on_calls = sum(record["matter"]["about"] == "invocations" for record in stage.remembered())
    scene.act(stage, now())
    after = stage.counts(WATCH)
    later.exits = Counter({name: after[name] - before[name] for name in EXITS[WATCH] if after[name] > before[name]})
    later.mails = stage.aws.mail()[mails_before:]
    later.transitions = Counter(event["transition"] for event in stage.hear())
    kinds = tuple(Mail.of(mail) for mail in later.mails)
    if kinds != scene.mails:
        later.problems.append(f"people received {[kind.value for kind in kinds]}")
    expected = {what: on_calls if count is None else count for what, count in scene.transitions.items()}
    if later.transitions != expected:
        later.problems.append(f"machines heard {dict(later.transitions)} instead of {expected}")
    text = "".join(mail["subject"] + mail["body"] for mail in later.mails)
    later.problems += _unsaid(scene.says, stage.language, text)
    later.problems += scene.differences(stage)
    return later


def _unsaid(says: tuple[Words, ...], language: str, text: str) -> list[str]:
    words = [word.in_language(language) for word in says]
    return [f"the e-mail does not say {word}" for word in words if word not in text]


def principal_of(story: Story) -> str:
    """The role that a story is about, as findings name it."""
    arn: str = story.events[0].record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    return arn


def expected_exits(outcome: Outcome, receives: int) -> Counter[str]:
    """One exit for each delivery: by each rule that matches, each time the story is played."""
    exits: Counter[str] = Counter()
    for event, passage in zip(outcome.story.events, outcome.passages, strict=False):
        if event.leaves is not Exit.DROPPED:
            tries = receives if event.leaves is Exit.REJECTED else 1
            exits[event.leaves.value] += len(passage.rules) * outcome.story.plays * tries
    return exits


def problems(outcome: Outcome, receives: int) -> list[str]:
    """Whatever differs from the story, one sentence each."""
    story, found = outcome.story, []
    for number, (event, passage) in enumerate(zip(story.events, outcome.passages, strict=False), start=1):
        if (event.leaves is Exit.DROPPED) != (not passage.rules):
            matched = ", ".join(passage.rules) or "no rule"
            found.append(f"record {number} should leave as {event.leaves.value}, but the filter matched {matched}")
    expected = expected_exits(outcome, receives)
    if outcome.exits != expected:
        found.append(f"exits: {dict(outcome.exits)} instead of {dict(expected)}")
    if outcome.findings != story.findings:
        found.append(f"findings: {outcome.findings} instead of {story.findings}")
    if story.forged and (outcome.refused, outcome.accepted) != (1, 2):
        found.append(f"PutEvents refused {outcome.refused} and accepted {outcome.accepted}, instead of 1 and 2")
    if outcome.transitions != Counter({"first": len(story.findings)} if story.findings else {}):
        found.append(f"machines heard {dict(outcome.transitions)} of {len(story.findings)} findings")
    alerts = int(story.told is Told.ALERT)
    if len(outcome.mails) != alerts:
        found.append(f"e-mails: {len(outcome.mails)} instead of {alerts}")
    for mail in outcome.mails:
        wanted = (Words(principal_of(story)), Words(ACCOUNT), *story.says)
        found += _unsaid(wanted, outcome.language, mail["subject"] + mail["body"])
        if not mail["subject"].startswith(SUBJECT):
            found.append(f"the alert's subject is {mail['subject']!r}")
    return found
