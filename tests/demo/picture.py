"""The organization as a picture, with what profiles can do in each account; and the mend, as the command writes it."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Callable, Iterator

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tests.emulator.emulator import ACCOUNT

from . import letters
from .organization import LAB, Node
from .reach import FAILS, GEOGRAPHIES, LEAVES, QUOTA, WORKS, Reach, Seen

# The text in the demo's language.
Said = Callable[[str], str]
SIGNS = {WORKS: ("✓", "green"), LEAVES: ("!", "yellow"), FAILS: ("✗", "red")}
OTHERS = ("?", "magenta")
REASONS = {
    WORKS: "works: nothing is denied of what AWS evaluates, the profile and the model wherever it can be processed.",
    FAILS: "fails: it is denied in one of these Regions, and with it every call. jp. in applications fails by {region} "
    "alone: statement {statement} of {policy}.",
    LEAVES: "leaves: works, and can be processed where the policy does not allow it. What Sandbox exempts, it exempts "
    "for every profile.",
}
FORETOLD = (
    "Foretold before anything was attached: {mended} verdicts change by the mend (--what-if), {closed} by the policy "
    "that closes what leaves, and no other."
)
# How many columns the frame of the mend takes.
FRAME = 4
# Of more values than these that stand one under another in the mend, and of more profiles in a row, one is shown.
ALIKE, IN_A_ROW = 3, 2
VALUE = re.compile(r' *[+-] +"[^"]*",?')
MORE = "… {} more"
PROFILE = r"jp\.[^\s,;）]+(?: from [^\s,;]+)?"
ROW = re.compile(rf"({PROFILE})((?:[,;] {PROFILE}){{{IN_A_ROW},}})")


def chart(reach: Reach, since: Reach | None, said: Said) -> Table:
    """The tree of the organization, and the verdicts of each account; in bold what changed."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, head in enumerate(("Organization", "The Region deny permits", *GEOGRAPHIES)):
        table.add_column(said(head), no_wrap=number != 1)
    for branch, node in _branches(reach):
        cells = [_cell(reach, since, node.id, geography, said) if node.account else Text() for geography in GEOGRAPHIES]
        name = Text.assemble((branch, "dim"), (node.name, "bold" if node.id == ACCOUNT else ""))
        called = [said(policy) for policy in node.policies]
        called += [said("no policy binds it")] if node.id in reach.exempt else []
        table.add_row(name, Text(said("; ").join(called), style="dim" if node.id in reach.exempt else ""), *cells)
    return table


def reasons(reach: Reach, said: Said) -> list[Text]:
    """Why profiles work, fail and leave."""
    denied = reach.denied(ACCOUNT, "jp.")
    names = ("region", "policy", "statement")
    named = {name: ", ".join(sorted({each[n] for each in denied})) for n, name in enumerate(names)}
    return [_reason(*SIGNS[verdict], said(line).format(**named)) for verdict, line in REASONS.items()]


def foretold(seen: Seen, said: Said) -> Text:
    """What was to change, before anything was attached."""
    counts = {"mended": seen.foretold_of(ACCOUNT), "closed": seen.foretold_of(LAB)}
    return Text(said(FORETOLD).format(**counts), style="bold")


def mend(written: str, width: int, said: Said, *, whole: bool) -> Panel:
    """The change of the policy, from what `crisguard reach` wrote; if not whole, with lists cut short."""
    paragraphs = written.split("\n\n")
    first = next(n for n, paragraph in enumerate(paragraphs) if f"{QUOTA:,}" in paragraph)
    # The policy and what works with it; the difference; what it lets through.
    head, difference, lets_through = paragraphs[first : first + 3]
    if not whole:
        head, difference, lets_through = _cut(head, said), _shortened(difference, said), _cut(lets_through, said)
    text = Text()
    for paragraph in (_reflowed(head, width), textwrap.dedent(difference), _reflowed(lets_through, width)):
        for line in paragraph.splitlines():
            text.append(f"{line}\n", {"+": "green", "-": "red"}.get(line[:1], ""))
        text.append("\n")
    text.rstrip()
    title = "crisguard reach --organization organization.json --account … --profile 'jp.*'"
    return Panel(text, title=title, title_align="left", border_style="dim")


def _reason(sign: str, colour: str, line: str) -> Text:
    # Only lines without colour are broken as Japanese is.
    return Text.assemble((f"{sign} ", colour), line) if line.isascii() else Text(f"{sign} {line}")


def _branches(reach: Reach) -> Iterator[tuple[str, Node]]:
    yield "", reach.tree
    yield from _below(reach.tree, "")


def _below(node: Node, trunk: str) -> Iterator[tuple[str, Node]]:
    for child in node.below:
        last = child is node.below[-1]
        yield trunk + ("└─ " if last else "├─ "), child
        yield from _below(child, trunk + ("   " if last else "│  "))


def _cell(reach: Reach, since: Reach | None, account: str, geography: str, said: Said) -> Text:
    verdicts = reach.verdicts(account, geography)
    cell = Text()
    for verdict, count in verdicts.items():
        sign, colour = SIGNS.get(verdict, OTHERS)
        cell.append(" " if cell else "")
        cell.append(f"{sign} {count} {said(verdict)}", colour)
    if since and since.verdicts(account, geography) != verdicts:
        cell.stylize("bold")
        cell.append(" ←", "bold")
    return cell


def _reflowed(paragraph: str, width: int) -> str:
    """Prose in lines that fit."""
    lines = re.sub(r"\n {4}(?=\S)", " ", paragraph).splitlines()
    return "\n".join(letters.wrapped(line.strip(), width) for line in lines)


def _cut(paragraph: str, said: Said) -> str:
    """Prose without all the profiles that it names in a row."""

    def first(row: re.Match[str]) -> str:
        return f"{row[1]}, {said(MORE).format(len(re.findall(PROFILE, row[2])))}"

    return ROW.sub(first, re.sub(r"\n {4}(?=\S)", " ", paragraph))


def _shortened(difference: str, said: Said) -> str:
    """The difference, with no more than a few of the values that stand one under another."""
    shown: list[str] = []
    for sign, group in itertools.groupby(difference.splitlines(), _sign_of_value):
        run = list(group)
        if sign and len(run) > ALIKE:
            indent = run[0][: run[0].index('"')]
            run = [run[0], f"{indent}{said(MORE).format(len(run) - 1)}"]
        shown += run
    return "\n".join(shown)


def _sign_of_value(line: str) -> str:
    return line.lstrip()[0] if VALUE.fullmatch(line) else ""
