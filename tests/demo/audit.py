"""The audit of what was played: its records as a trail's log files, read by `crisguard scan`, held against the demo."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.emulator.emulator import ACCOUNT, REPOSITORY

from .reach import GEOGRAPHIES, asked
from .records import ORGANIZATION, TOKYO, Record
from .stage import Stage
from .sums import Played, Sum

POLICY = REPOSITORY / "build" / "demo" / "policy.yaml"
TRAIL = REPOSITORY / "build" / "demo" / "trail"
REPORT = REPOSITORY / "build" / "demo-report"
# So few that the halves of a stream are in different files.
RECORDS_IN_A_FILE = 25
# What of the text is not shown: the report has it, and the stories told of it.
LONG = ("Findings", "検出結果")


@dataclass(frozen=True)
class Audited:
    """What the audit came to: as JSON, as people read it, and the sums that must hold."""

    answer: dict[str, Any]
    text: str
    sums: list[Sum]

    @property
    def page(self) -> str:
        """What people open."""
        return str((REPORT / "report.html").relative_to(REPOSITORY))

    @property
    def shown(self) -> str:
        """The text without its longest part."""
        parts = self.text.rstrip().split("\n\n")
        return "\n\n".join(f"{part.splitlines()[0]}\n  …" if part.startswith(LONG) else part for part in parts)


def audit(stage: Stage, played: Played) -> Audited:
    """Writes the trail, and has the real command read it and write the report."""
    records = [passage.record for passage in played.passages] + played.changes
    write_trail(records)
    shutil.rmtree(REPORT, ignore_errors=True)
    POLICY.write_text(stage.policy, encoding="utf-8")
    policy = ("--policy", str(POLICY.relative_to(REPOSITORY)))
    organization = ("--organization", str(stage.organization.file))
    reach = stage.crisguard(
        "reach", *organization, *policy, "--source", TOKYO, *asked(*GEOGRAPHIES), "--format", "json"
    )
    beside = {"posture": json.dumps(stage.report), "reach": reach}
    shown_too = []
    for name, text in beside.items():
        file = stage.aws.folder / f"{name}.json"
        file.write_text(text, encoding="utf-8")
        shown_too += ["--with", f"{name}={file}"]
    scan = ("scan", str(TRAIL.relative_to(REPOSITORY)), *policy, "--lang", stage.language)
    out = ("--out", str(REPORT), *shown_too, "--format", "json")
    answer = json.loads(stage.crisguard(*scan, *out))
    return Audited(answer, stage.crisguard(*scan), sums(played, records, answer))


def write_trail(records: Iterable[Record]) -> None:
    """The records as CloudTrail delivers them: by Region and day, some in each file."""
    shutil.rmtree(TRAIL, ignore_errors=True)
    by_place: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        # The time of one record cannot be read; it came with the others.
        day = record["eventTime"][:10] if "T" in record["eventTime"] else ""
        by_place.setdefault((record["awsRegion"], day), []).append(record)
    days = [day for _, day in by_place if day]
    for (region, known), here in by_place.items():
        day = known or max(days)
        folder = TRAIL / "AWSLogs" / ORGANIZATION / ACCOUNT / "CloudTrail" / region / day.replace("-", "/")
        folder.mkdir(parents=True, exist_ok=True)
        for number, start in enumerate(range(0, len(here), RECORDS_IN_A_FILE)):
            unique = f"{'x' * (not known)}{number:04}".zfill(16)
            name = f"{ACCOUNT}_CloudTrail_{region}_{day.replace('-', '')}T0005Z_{unique}.json.gz"
            text = json.dumps({"Records": here[start : start + RECORDS_IN_A_FILE]})
            (folder / name).write_bytes(gzip.compress(text.encode(), mtime=0))


def sums(played: Played, records: list[Record], answer: dict[str, Any]) -> list[Sum]:
    """What the audit says, and what the demo knows or crisguard remembers from watching."""
    exits, calls = answer["exits"], [passage.record for passage in played.passages]
    once = {record["eventID"]: record for record in calls}
    ends = sum(record["eventType"] == "AwsServiceEvent" for record in once.values())
    others = sum("bedrock" not in change["eventSource"] for change in played.changes)
    unreadable = sum("T" not in record["eventTime"] for record in calls)
    watched, found = _watched(played), _found(answer)
    return [
        Sum("records in the trail's log files", len(records), "read by crisguard scan", answer["read"]["records"]),
        Sum("exits of these records", sum(exits.values()), "records", answer["read"]["records"]),
        Sum("calls told again", len(calls) - len(once), "that the audit counts once", exits["duplicate"]),
        Sum("ends of streams", ends, "that the audit joins to their calls", exits["joined"]),
        Sum("calls that can be read", len(once) - ends - unreadable, "invocations", answer["read"]["invocations"]),
        Sum("records that nobody can read", unreadable, "named by the audit", exits["rejected"]),
        Sum("changes of other services' settings", others, "not of Bedrock", exits["not_bedrock"]),
        Sum("findings by control and caller that were told live", len(watched), "in the audit", len(found)),
        Sum(
            "of these",
            len(watched),
            "counted alike by both",
            sum(found[each] == count for each, count in watched.items()),
        ),
    ]


def _watched(played: Played) -> Counter[tuple[str, str]]:
    """What send-alerts remembers of calls: control and caller → how often."""
    counts: Counter[tuple[str, str]] = Counter()
    for record in played.remembered:
        if record["matter"]["about"] == "invocations":
            finding = record["matter"]["finding"]
            counts[finding["control"], finding["principal"]] += record["count"]
    return counts


def _found(answer: dict[str, Any]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for finding in answer["findings"]:
        counts[finding["control"], finding["principal"]] += finding["invocations"]
    return counts
