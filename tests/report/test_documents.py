"""The documents for programs, read by programs that are not crisguard's."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from .opened import REPORTS

FOLDERS = sorted(REPORTS.iterdir()) if REPORTS.is_dir() else []
NAMES = ["findings.csv", "findings.ocsf.json", "manifest.sha256", "register.csv", "report.html", "report.json"]
CLASSES = {2003: "compliance_finding", 2004: "detection_finding"}


@functools.cache
def validator(class_uid: int) -> jsonschema.Draft202012Validator:
    """Makes OCSF's own schema of a class, with its objects; what it does not name is refused."""
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.6.0"))
    schema = schemas.get_class_schema(class_name=CLASSES[class_uid], profiles=["cloud"])
    return jsonschema.Draft202012Validator(schema)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def report(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text())


def test_there_are_reports() -> None:
    assert len(FOLDERS) == 12, "make test-report writes them"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_manifest_holds(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    lines = (folder / "manifest.sha256").read_text().splitlines()
    digests = {line.split("  ")[1]: line.split("  ")[0] for line in lines}
    assert sorted([*digests, "manifest.sha256"]) == NAMES
    for name, digest in digests.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "manifest.sha256"], cwd=folder, check=True)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_event_is_one_of_ocsf(folder: Path) -> None:
    events = json.loads((folder / "findings.ocsf.json").read_text())
    for event in events:
        problems = [f"{list(e.path)}: {e.message[:200]}" for e in validator(event["class_uid"]).iter_errors(event)]
        assert problems == []
    found = report(folder)
    of_calls = [event for event in events if "evidences" in event]
    assert [event["finding_info"]["uid"] for event in of_calls] == [finding["id"] for finding in found["findings"]]
    for event, finding in zip(of_calls, found["findings"]):
        is_violation = finding["decision"] == "non-compliant"
        assert event["class_uid"] == (2004 if is_violation else 2003)
        assert event.get("compliance", {}).get("status") == (None if is_violation else "Unknown")
        assert event["count"] == finding["invocations"]
    settings = [each for each in found.get("posture", {}).get("assessments", []) if each["decision"] != "compliant"]
    assert len(events) - len(of_calls) == len(settings)


def test_the_schema_refuses_what_is_not_ocsf() -> None:
    [event, *_] = json.loads((REPORTS / "violations-en" / "findings.ocsf.json").read_text())
    changes: list[dict[str, Any]] = [
        {"severity_id": 42},
        {"cloud": {}},
        {"finding_info": {}},
        {"time": "now"},
        {"x": 1},
    ]
    for change in changes:
        assert not validator(event["class_uid"]).is_valid(event | change), change


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_tables_say_what_the_json_says(folder: Path) -> None:
    found = report(folder)
    findings = rows(folder / "findings.csv")
    assert [row["id"] for row in findings] == [finding["id"] for finding in found["findings"]]
    assert sum(int(row["invocations"]) for row in findings) == sum(f["invocations"] for f in found["findings"])

    counted: Counter[tuple[str, str, str]] = Counter()
    for row in rows(folder / "register.csv"):
        if row["kind"] == "processing":
            counted[row["month"], row["account"], row["outcome"]] += int(row["invocations"])
    expected: Counter[tuple[str, str, str]] = Counter()
    for flow in found["flows"]:
        expected[flow["month"], flow["account"], flow["outcome"] or "not_decided"] += flow["invocations"]
    assert counted == expected


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_cell_is_a_formula_and_none_hides_anything(folder: Path) -> None:
    for name in ("findings.csv", "register.csv"):
        for row in rows(folder / name):
            for cell in row.values():
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), cell
                assert "\u202e" not in cell and "\0" not in cell


def test_the_register_says_what_is_missing_and_in_which_country() -> None:
    register = rows(REPORTS / "violations-en" / "register.csv")
    missing = [row for row in register if row["kind"] == "missing_evidence"]
    assert [(row["month"], row["missing_days"]) for row in missing] == [
        ("2026-07", "4"),
        ("2026-08", "4"),
        ("2026-08", "1"),
    ]
    assert [row["note"][:3] for row in register if row["kind"] == "unknown_coverage"] == ["1 f", "3 r"]
    abroad = {
        row["destination_region"]: row["destination_country"] for row in register if row["outcome"] == "violation"
    }
    assert abroad == {"ap-southeast-2": "AU", "us-east-2": "US", "eu-west-1": "IE", "": ""}
    assert all("principal" not in column for column in register[0])
