"""Plays the quiet majority and the stories, and compares what came out with what had to."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field

from tests.emulator.emulator import ACCOUNT

from .records import Record, stamped
from .stage import SEND, WATCH, Stage
from .stories import Exit, Quiet, Story, Told

EXITS = {
    WATCH: ("Compliant", "Violation", "Undecided", "NotApplicable", "NotBedrock", "Rejected", "Retried"),
    SEND: ("Counted", "Duplicate", "Rejected", "Retried"),
}
# How the subject of every e-mail begins.
SUBJECT = "[crisguard] "


@dataclass
class Passage:
    """How one record went through the filter of its Region."""

    record: Record
    rules: list[str]


@dataclass
class Outcome:
    """What came of a story."""

    story: Story
    passages: list[Passage] = field(default_factory=list)
    exits: Counter[str] = field(default_factory=Counter)
    findings: dict[str, int] = field(default_factory=dict)
    mails: list[dict[str, str]] = field(default_factory=list)
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
        for record in stamped(quiet.records, f"{quiet.what} {number}", now()):
            passages.append(Passage(record, [rule.title for rule in stage.matching(record)]))
            stage.emit(record)
    stage.decide()
    return passages


def play_story(stage: Stage, story: Story) -> Outcome:
    """Plays a story from the first event to the last alert, and checks it."""
    outcome = Outcome(story)
    records = stamped([event.record for event in story.events], story.name, now())
    before, mails_before = stage.counts(WATCH), len(stage.aws.mail())
    for play in range(story.plays):
        sent_before = stage.counts(WATCH)["FindingsSent"] if play else 0
        for record in records:
            if story.forged:
                outcome.refused, outcome.accepted = stage.forge(record)
            else:
                stage.emit(record)
        stage.decide()
        stage.tell()
        if play:
            outcome.repeated += stage.counts(WATCH)["FindingsSent"] - sent_before
    if not story.forged:
        outcome.passages = [Passage(record, [rule.title for rule in stage.matching(record)]) for record in records]
    after = stage.counts(WATCH)
    outcome.exits = Counter({name: after[name] - before[name] for name in EXITS[WATCH] if after[name] > before[name]})
    outcome.findings = stage.findings(principal_of(story))
    outcome.mails = stage.aws.mail()[mails_before:]
    outcome.problems = problems(outcome, stage.receives_before_dead())
    return outcome


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
    alerts = int(story.told is Told.ALERT)
    if len(outcome.mails) != alerts:
        found.append(f"e-mails: {len(outcome.mails)} instead of {alerts}")
    for mail in outcome.mails:
        wanted = (principal_of(story), ACCOUNT, *story.says)
        found += [f"the alert does not say {word}" for word in wanted if word not in mail["subject"] + mail["body"]]
        if not mail["subject"].startswith(SUBJECT):
            found.append(f"the alert's subject is {mail['subject']!r}")
    return found
