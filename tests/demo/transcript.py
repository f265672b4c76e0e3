"""What the demo prints: for people, in colour on a terminal, plain everywhere else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from . import letters
from .audit import Audited
from .japanese import JAPANESE
from .night import COMPLIANT, DELETED, UNDECIDED, WRONG, Decided
from .play import EXITS, WHOLE, Later, Outcome
from .stage import (
    DEAD_LETTERS,
    FORWARDING_DEAD_LETTERS,
    POSTURE,
    SCHEDULES_DEAD_LETTERS,
    SEND,
    WATCH,
    Passage,
)
from .stories import Quiet, Told
from .sums import Played, Sum

WIDEST = 100
# Beside the first e-mail, these are printed whole.
WHOLE_LETTERS = ("In the other language", "A unit gets a stricter Region deny")
COVERAGE = (
    "{accounts} account × {regions} Regions × {controls} controls, of which those on IAM decide once: {compliant} "
    "compliant ({region_not_enabled} of them in Regions that are not enabled), {non_compliant} non-compliant, "
    "{undecided} undecided"
)
AUDIT = (
    "The same records as a trail delivers them, in log files, read by `crisguard scan` with the policy, the last "
    "nightly look and what profiles can do in the organization. It knows nothing of what was watched, and comes to "
    "the same."
)
YES, NO = ("✓", "green"), ("✗", "bold red")
COLOURS = {"Violation": "red", "Rejected": "magenta", "Undecided": "yellow", "Compliant": "green"}
WORDS = {"NotApplicable": "Not applicable", "NotBedrock": "Not Bedrock", "CanaryArrived": "Canary arrived"}
MEANINGS = {
    "Violation": "a rule of the policy is broken",
    "Undecided": "evidence is missing: not taken for compliant",
    "Compliant": "let through to be sure; in order",
    "NotApplicable": "no prompt was processed anywhere",
    "NotBedrock": "not about Bedrock",
    "Counted": "new, and remembered",
    "Duplicate": "counted before",
    "Retried": "failed for now, and delivered again",
    "Canary": "a record of nobody's call came through",
    "CanaryArrived": "a record of nobody's call came through",
}
OF_SETTINGS = {
    "Compliant": "as it must be, or nothing that could be wrong",
    "Violation": "a setting is not as it must be",
    "Undecided": "it could not be looked at: not taken for compliant",
}


class Transcript:
    """The demo's output."""

    def __init__(self, *, full: bool, language: str) -> None:
        """Prints every e-mail from its first to its last line if `full`; headings in the language."""
        console = Console(highlight=False)
        width = min(console.width, WIDEST) if console.is_terminal else WIDEST
        self.console = Console(highlight=False, width=width, soft_wrap=False)
        self.full = full
        self.words = JAPANESE if language == "ja" else {}
        self._chapters = 0

    # -- parts -------------------------------------------------------------------

    def say(self, text: str = "", style: str = "") -> None:
        """A paragraph."""
        self._paragraph(Text(text, style=style))

    def said(self, text: str) -> str:
        """The text in the demo's language, as far as it is translated."""
        return self.words.get(text, text)

    def chapter(self, title: str, *introduction: str) -> None:
        """The next part of the transcript."""
        self._chapters += 1
        title = self.said(title)
        self.console.print()
        self.console.print(Rule(Text(f"{self._chapters}. {title}", style="bold"), align="left", style="dim"))
        for line in introduction:
            self.say(self.said(line))
        if introduction:
            self.console.print()

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """A spinner on a terminal, nothing elsewhere."""
        with self.console.status(Text(what, style="dim")):
            yield

    def done(self, what: str, good: bool = True) -> None:
        """A line with a check mark."""
        self._paragraph(_marked(Text(what), good), "", "  ")

    # -- chapters ----------------------------------------------------------------

    def opening(self) -> None:
        """What this is."""
        self.say(self.said("crisguard: the demo"), "bold")
        opening = (
            "A company in Japan lets Amazon Bedrock process prompts in Tokyo and Osaka, and nowhere else "
            "(tests/demo/policy.yaml). Here crisguard watches over that: the release build of its functions, deployed "
            "from infra/ to a local AWS with IAM enforced, and fed with CloudTrail events through EventBridge. "
            "It all runs on this machine; no AWS account is touched."
        )
        self.say(self.words.get("opening", opening))

    def quiet(self, rows: Iterable[tuple[Quiet, list[Passage]]]) -> None:
        """What the quiet majority was, and that none of it reached a function."""
        table = self._table("What was called", "Calls", "Records", "Let through")
        totals: Counter[str] = Counter()
        for quiet, passages in rows:
            through = sum(bool(p.rules) for p in passages)
            totals.update(calls=quiet.calls, records=len(passages), through=through)
            table.add_row(quiet.what, str(quiet.calls), str(len(passages)), str(through))
        table.add_section()
        numbers = [str(totals[name]) for name in ("calls", "records", "through")]
        table.add_row("Together", *numbers, style="bold")
        self.console.print(table)

    def story(self, number: int, outcome: Outcome) -> None:
        """One story: what happens in the world, and what came of it."""
        story = outcome.story
        title = Text(f"{number:2}. {self.said(story.name)}", style="bold")
        self.console.print(_marked(title, outcome.as_expected))
        self._paragraph(Text(self.said(story.happens)), "    ")
        result = Text()
        result.append("→ ", "dim")
        if story.forged:
            result.append(f"{outcome.refused} refused by EventBridge, {outcome.accepted} matched by no rule")
        for position, exit_name in enumerate(sorted(outcome.exits)):
            result.append(" and " if position else "")
            result.append(WORDS.get(exit_name, exit_name), COLOURS.get(exit_name, ""))
        if outcome.findings:
            result.append(": " + ", ".join(_times(c, n) for c, n in sorted(outcome.findings.items())))
        result.append(f"; {_told(outcome)}")
        self._paragraph(result, "    ", "      ")
        for mail in outcome.mails:
            self._paragraph(Text(f"✉ {mail['subject']}", style="dim"), "    ", "      ")
        for problem in outcome.problems:
            self._paragraph(Text(problem, style="bold red"), "    ")

    def day(self, later: Later) -> None:
        """One scene of the following days: what happens, and what came of it."""
        scene = later.scene
        title = Text.assemble((f"{self.said(scene.when)}: ", "dim"), (self.said(scene.name), "bold"))
        self.console.print(_marked(title, later.as_expected))
        self._paragraph(Text(self.said(scene.happens)), "    ")
        # A changed setting is no call.
        counts = [WORDS.get(name, name) for name in sorted(later.exits) if name != "NotApplicable"]
        mails = Counter(mail.value for mail in scene.mails)
        told = [what if count == 1 else f"{_often(count)} {what}" for what, count in mails.items()]
        told = told or ["nobody is told"]
        heard = [f"{_often(count)} {what}" for what, count in sorted(later.transitions.items())]
        machines = f"; machines hear: {', '.join(heard)}" if heard else ""
        self._paragraph(Text.assemble(("→ ", "dim"), "; ".join([*counts, *told]) + machines), "    ", "      ")
        for mail in later.mails:
            self._paragraph(Text(f"✉ {mail['subject']}", style="dim"), "    ", "      ")
        for problem in later.problems:
            self._paragraph(Text(problem, style="bold red"), "    ")

    def estate(self, places: list[Decided], report: dict[str, Any], kept: str) -> None:
        """What was decided about each Region of the estate, and the report's coverage line."""
        heads = [self.said(head) for head in ("Region", "Its logs of invocations", "In order", "Wrong", "Undecided")]
        table = self._table(*heads)
        table.columns[1].justify = "left"
        for one in places:
            counts = [
                Text(str(one.counts[name]), COLOURS[colour] if one.counts[name] else "dim")
                for name, colour in ((COMPLIANT, "Compliant"), (WRONG, "Violation"), (UNDECIDED, "Undecided"))
            ]
            table.add_row(one.place.region, self.said(one.place.is_like), *counts)
        self.console.print()
        self.console.print(Padding(table, (0, 0, 0, 4)))
        for one in places:
            for reason, controls in one.by_reason.items():
                several = self.said("{} controls").format(len(controls))
                colour = COLOURS["Undecided" if len(controls) > 1 else "Violation"]
                named = (f"{controls[0] if len(controls) == 1 else several}: ", colour)
                self._paragraph(Text.assemble(named, reason), "    ", "      ")
        self._paragraph(Text(self.said(COVERAGE).format(**report["coverage"]), style="bold"), "    ", "      ")
        bucket, _, key = kept.removeprefix("s3://").partition("/")
        self._paragraph(Text(self.said("The report: {} in the bucket {}").format(key, bucket)), "    ", "      ")
        self.console.print()

    def picture(self, drawn: Table | Panel, *lines: Text) -> None:
        """Something to look at below a scene, and what is to be said of it."""
        self.console.print()
        self.console.print(drawn if isinstance(drawn, Panel) else Padding(drawn, (0, 0, 0, 4)))
        for line in lines:
            self._paragraph(line, "    ", "      ")

    def filter(self, played: Played, titles: list[str], regions: str) -> None:
        """Which rule matched how many records, and how many matched none."""
        self.chapter(
            "What the filter dropped",
            f"The rules are compiled from the policy and stand on the default bus in {regions}. "
            "What none of them matches costs nothing: no function runs.",
        )
        quiet, stories = played.quiet, played.later_passages
        table = self._table("Rule", "Quiet majority", "Stories and days after")
        for title in titles:
            table.add_row(title, *(str(sum(title in p.rules for p in part)) for part in (quiet, stories)))
        table.add_section()
        for label, part_of in (("Records that a rule matched", True), ("Records dropped", False)):
            numbers = [str(sum(bool(p.rules) is part_of for p in part)) for part in (quiet, stories)]
            table.add_row(label, *numbers, style="bold")
        self.console.print(table)
        self.say()
        self.say("A record that two rules match arrives twice; crisguard counts it once.", "dim")

    def functions(self, played: Played) -> None:
        """What each function did with what it received, from its own metrics."""
        self.chapter("What the functions decided", "From the metrics that they write for CloudWatch.")
        for function, counts in played.counts.items():
            if function != WATCH:
                self.say()
            table = self._table(function, "Decisions" if function == POSTURE else "Messages", "")
            for name in EXITS[function]:
                meaning = (OF_SETTINGS if function == POSTURE else MEANINGS).get(name, "")
                if name == "Rejected":
                    tries = f"the unreadable record, tried {played.receives} times"
                    meaning = tries if counts[name] else "not readable"
                style = COLOURS.get(name, "") if counts[name] else "dim"
                table.add_row(Text(WORDS.get(name, name), style=style), str(counts[name]), Text(meaning, style="dim"))
            table.add_section()
            table.add_row(WHOLE[function], str(counts[WHOLE[function]]), "", style="bold")
            self.console.print(table)
        watch, send, posture = (played.counts[function] for function in (WATCH, SEND, POSTURE))
        self.say()
        self.say(
            f"watch-inference sent {watch['FindingsSent']} findings; {played.repeated} were repeats, which the queue "
            f"recognized. send-alerts published {send['AlertsPublished']} alerts, reminders and resolutions and "
            f"{send['DigestsPublished']} digests, closed {send['Closed']} findings and told machines of "
            f"{send['Announced']} changes. check-posture looked {posture['NightlyLooks']} times at every Region there "
            f"is, of which most are not enabled in this account, and at what {posture['ChangesLookedAt']} of "
            f"{posture['Changes']} changes of settings can affect."
        )

    def mails(self, played: Played, folder: str) -> None:
        """The alerts and the digest as the subscriber received them."""
        told = played.mails
        self.chapter(
            "What people received",
            f"{len(told) + 1} alerts, reminders, resolutions and digests, by e-mail and in a chat. E-mails: {folder}",
        )
        width = self.console.width - 4
        for number, (name, mail) in enumerate(told, start=1):
            whole = self.full or number == 1 or name in WHOLE_LETTERS
            body = letters.mail(mail, width, findings=letters.ALL if whole else 1)
            self._letter(f"E-mail {number} of {len(told)}: {self.said(name)}", body)
        few = letters.ALL if self.full else 3
        self._letter("The digest of the first day", letters.mail(played.digest, width, findings=few))
        who_deleted = [one for one in played.chat if DELETED in one["content"]["description"]]
        for notification in who_deleted[:1]:
            body = letters.notification(notification, width, whole=self.full)
            self._letter(self.said("The same in Slack or Teams: who deleted the logging configuration"), body)

    def machines(self, played: Played) -> None:
        """What other programs received through EventBridge, and one of the events."""
        self.chapter(
            "What machines received",
            "Each change of a finding is an event on the default bus (source crisguard); a rule takes it to a queue, a "
            "ticket system, a function. Its form is published: docs/finding-event.schema.json.",
        )
        table = self._table("Transition", "Events", "")
        transitions = Counter(event["transition"] for event in played.transitions)
        for name, count in sorted(transitions.items(), key=lambda item: -item[1]):
            table.add_row(name, str(count), "")
        table.add_section()
        table.add_row("Together", str(len(played.transitions)), "", style="bold")
        self.console.print(table)
        shown = json.dumps(_shortened(played.transitions[-1]), indent=1, ensure_ascii=False)
        self.console.print(Panel(Text(shown), title="The last event's detail", title_align="left", border_style="dim"))

    def dead_letters(self, dead: dict[str, int]) -> None:
        """What could not be handled and waits for a person."""
        self.chapter("What could not be handled")
        table = self._table("Dead-letter queue", "Messages", "")
        for queue, messages in dead.items():
            meaning = {
                DEAD_LETTERS[WATCH]: "the unreadable record, kept for 14 days",
                **dict.fromkeys(SCHEDULES_DEAD_LETTERS, "requests of a schedule"),
                FORWARDING_DEAD_LETTERS: "one in each watched Region",
            }.get(queue, "")
            table.add_row(queue, str(messages), Text(meaning, style="dim"))
        self.console.print(table)

    def audit(self, audited: Audited) -> None:
        """What an auditor reads of all that was played, and where the whole report is."""
        self.chapter("The audit", AUDIT)
        # As the command wrote it: it broke its lines itself.
        self.console.print(Text(audited.shown), soft_wrap=True)
        self.say()
        self.say(self.said("The report, to open in a browser: {}").format(audited.page), "bold")

    def sums(self, sums: list[Sum]) -> None:
        """Every sum with its two sides."""
        self.chapter("Whether it all adds up")
        for one in sums:
            sign = "=" if one.holds else "≠"
            self.done(f"{one.left_value:3} {one.left} {sign} {one.right_value} {one.right}", one.holds)

    def closing(self, played: Played, sums: list[Sum], seconds: float) -> bool:
        """The verdict, and how to deploy for real; returns whether all was as expected."""
        all_of_it: list[Outcome | Later] = [*played.outcomes, *played.days]
        stories_right = sum(one.as_expected for one in all_of_it)
        sums_right = sum(one.holds for one in sums)
        good = stories_right == len(all_of_it) and sums_right == len(sums)
        self.console.print()
        stories = f"{stories_right} of {len(all_of_it)} stories and days ended as they must"
        verdict = f"{stories}, {sums_right} of {len(sums)} sums hold"
        self.console.print(_marked(Text(f"{verdict} ({seconds:.0f} s)", style="bold"), good))
        if not good:
            self.say("Something above is marked ✗: crisguard, or the demo, does not do what it should.", "bold red")
            return False
        self.chapter("For real")
        for purpose, command in (
            (
                "Your policy, in every enabled Region of your account:",
                "make deploy POLICY=policy.yaml HOME_REGION=ap-northeast-1",
            ),
            (
                "One real call, followed to its decision:",
                "make verify MODEL=jp.anthropic.claude-sonnet-4-6 HOME_REGION=ap-northeast-1",
            ),
            (
                "All of it away again, but the policy, the reports, the alerts topic and their key:",
                "make uninstall HOME_REGION=ap-northeast-1",
            ),
        ):
            self.say(self.said(purpose))
            self.say(f"    {command}", "bold")
        self.say(
            self.said(
                "Start your policy from `crisguard policy example` and check it with `crisguard policy check`. "
                "README.md says what crisguard needs, what it costs, and what it does not see."
            )
        )
        return True

    # -- details -----------------------------------------------------------------

    def _letter(self, title: str, body: Text) -> None:
        self.console.print(Panel(body, title=title, title_align="left", border_style="dim"))

    def _table(self, first: str, *others: str) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column(first)
        for header in others:
            table.add_column(header, justify="right" if header else "left")
        return table

    def _paragraph(self, text: Text, first: str = "", following: str = "") -> None:
        """Text in lines that fit, the first behind one indent and the others behind another."""
        following = following or first
        width = self.console.width - len(following)
        if text.spans or text.plain.isascii():
            lines = list(text.wrap(self.console, width))
        else:
            lines = [Text(line, text.style) for line in letters.wrapped_wide(text.plain, width, 0).split("\n")]
        for number, line in enumerate(lines):
            line.rstrip()
            self.console.print(Text(following if number else first) + line)


def _marked(text: Text, good: bool) -> Text:
    mark, style = YES if good else NO
    return Text.assemble((mark, style), " ", text)


def _told(outcome: Outcome) -> str:
    if outcome.mails:
        return Told.ALERT.value if len(outcome.mails) == 1 else f"{len(outcome.mails)} alerts"
    return "no alert" if outcome.story.told is Told.ALERT else outcome.story.told.value


def _often(count: int) -> str:
    return f"{count}×"


def _shortened(event: dict[str, Any]) -> dict[str, Any]:
    """The event without what would fill the screen."""
    finding = {name: value for name, value in event["finding"].items() if value not in (None, [], False)}
    return {**event, "finding": finding}


def _times(what: str, count: int) -> str:
    return what if count == 1 else f"{what} {count} times"
