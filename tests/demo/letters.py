"""What people receive, as text that fits: e-mails, and what a chat shows."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from rich.cells import cell_len
from rich.text import Text

# Where the parts of an e-mail begin that are the same for every alert about the same control.
ADVICE = ("WHY IT MATTERS", "WHAT TO DO", "■ 問題となる理由", "■ 対応手順")
ALL = 0
# What no Japanese line begins with.
NEVER_FIRST = "。、）」ーっゃゅょァィゥェォッャュョ"
# How many steps of a notification are shown.
STEPS = 2


def mail(received: dict[str, str], width: int, *, findings: int) -> Text:
    """An e-mail; if not all of it is asked for, only so many of its findings, without the advice."""
    lines = received["body"].rstrip().splitlines()
    ends = (f"{findings + 1}. ", *ADVICE)
    cut = next((n for n, line in enumerate(lines) if line.startswith(ends)), len(lines))
    body = Text(f"From: {received['from']}\nTo: {received['to']}\n", style="dim")
    body.append(f"Subject: {received['subject']}\n\n", "bold")
    shown = lines if findings == ALL else lines[:cut]
    body.append("\n".join(wrapped(line, width) for line in shown).rstrip())
    if cut < len(lines) and findings != ALL:
        more = sum(bool(re.match(r"\d+\. ", line)) for line in lines[cut:])
        what = f"{more} {'finding' if more == 1 else 'findings'}, " if more else ""
        body.append(f"\n\n[{len(lines) - cut} more lines: what to do now, {what}why it matters]", "dim")
    return body


def notification(received: dict[str, Any], width: int, *, whole: bool) -> Text:
    """What a chat shows of a custom notification of Amazon Q Developer in chat applications."""
    content = received["content"]
    steps = content["nextSteps"] if whole else content["nextSteps"][:STEPS]
    body = Text(f"{wrapped(content['title'], width)}\n\n", "bold")
    body.append("\n".join(wrapped(line, width) for line in content["description"].splitlines()))
    body.append("\n\n" + "\n".join(wrapped(f"→ {step}", width) for step in steps))
    body.append("\n\n" + wrapped(" · ".join(content["keywords"]), width), "dim")
    return body


def wrapped(line: str, width: int) -> str:
    """A line in lines that fit; what follows the first is indented as it is."""
    if not line.isascii():
        return wrapped_wide(line, width)
    indented = len(line) - len(line.lstrip())
    indent = " " * (indented + 2 if indented else 0)
    return "\n".join(textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False))


def wrapped_wide(line: str, width: int, hanging: int = 2) -> str:
    """The same for Japanese, whose characters take two columns and which breaks nearly anywhere."""
    indent = " " * (len(line) - len(line.lstrip()) + hanging)
    lines = [""]
    for part in re.findall(rf"[!-~]+[{NEVER_FIRST}]*|\s+|[^!-~\s][{NEVER_FIRST}]*", line):
        if lines[-1].strip() and cell_len(lines[-1] + part) > width:
            lines.append(indent + part.lstrip())
        else:
            lines[-1] += part
    return "\n".join(lines)
