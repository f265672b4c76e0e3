"""An organization's trail read in batches by the state machine: it is what one scan of the same files says."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from .auditing import ELSEWHERE, POLICY, REPORTS, ROLE, TRAILS, Audited, audited
from .command import build_folder
from .trails import ACCOUNTS, DAYS, FILES_A_DAY, FIRST, REGIONS, key

PATHS = {"paths": [f"s3://{TRAILS}/"]}
# The least that a batch may have: all the files have six times as much.
WHOLE = {**PATHS, "batch_bytes": 65536}
LOST = key(ACCOUNTS[1], REGIONS[0], FIRST, 3)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    """The account, with 504 log files of three accounts in two Regions."""
    with audited(tmp_path_factory.mktemp("audit")) as made:
        yield made


@pytest.fixture(scope="module")
def local(account: Audited, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command says of the same files on disk, of which one is not there to be read."""
    folder = tmp_path_factory.mktemp("trail")
    for name, body in account.trail.files.items():
        path = folder / TRAILS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == LOST:
            path.symlink_to("nowhere")
        else:
            path.write_bytes(body)
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    command = [str(build_folder() / "crisguard"), "scan", TRAILS, "--policy", "policy.yaml", "--format", "json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def distributed(account: Audited) -> dict[str, Any]:
    """What the state machine answers, with the one object that may not be read."""
    with account.denied("s3:GetObject", f"arn:aws:s3:::{TRAILS}/{LOST}"):
        return account.answer("whole", **WHOLE)


def report(account: Audited, run: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(account.kept(f"audit/{run}/report/report.json"))
    return told


def without_names(audit: dict[str, Any]) -> str:
    """An audit's text, without how files are called and why one could not be read."""
    rejected = [
        {**each, "file": each["file"].split("AWSLogs/")[-1], "reason": "", "reason_ja": ""}
        for each in audit["rejected"]
    ]
    return json.dumps({**audit, "rejected": rejected}, indent=1)


def test_the_distributed_audit_is_the_local_one(
    account: Audited, local: dict[str, Any], distributed: dict[str, Any]
) -> None:
    """In every member, byte for byte."""
    files = len(ACCOUNTS) * len(REGIONS) * DAYS * FILES_A_DAY
    assert (local["read"]["files"], distributed["batches_not_read"]) == (files, 0)
    assert distributed["batches"] > 4
    told = report(account, "whole")
    assert without_names({name: told[name] for name in local}) == without_names(local)
    (rejected,) = told["rejected"]
    assert rejected["file"] == f"s3://{TRAILS}/{LOST}"
    assert "AccessDenied" in rejected["reason"]
    gaps = [gap for gap in told["coverage"]["gaps"] if gap["reason"] == "not_read"]
    assert [(gap["account"], gap["region"], gap["from"]) for gap in gaps] == [
        (ACCOUNTS[1], REGIONS[0], FIRST.isoformat())
    ]


def test_one_invocation_comes_to_the_same(account: Audited, distributed: dict[str, Any]) -> None:
    with account.denied("s3:GetObject", f"arn:aws:s3:::{TRAILS}/{LOST}"):
        answered, answer = account.invoke({"scan": PATHS})
    assert answered, answer
    told = report(account, "whole")
    assert {name: answer[name] for name in answer if name not in ("report", "left_out")} == {
        name: told[name] for name in answer if name not in ("report", "left_out")
    }


def test_every_record_has_an_exit(account: Audited) -> None:
    """As many as were put into the files: streams are joined and duplicates known across batches."""
    trail, told = account.trail, account.answer("exits", **WHOLE)
    assert told["rejected"]["count"] == 0
    assert told["read"]["records"] == trail.records == sum(told["exits"].values())
    assert told["exits"]["not_bedrock"] == trail.not_bedrock
    assert told["exits"]["joined"] + told["exits"]["duplicate"] == trail.ends + trail.duplicates
    assert told["exits"]["duplicate"] == trail.duplicates
    assert told["read"]["invocations"] == trail.calls
    assert trail.ends > 50
    assert trail.duplicates > 40


def test_the_report_is_kept_and_its_digests_hold(account: Audited, distributed: dict[str, Any]) -> None:
    folder = "audit/whole/report/"
    assert distributed["report"]["folder"] == f"s3://{REPORTS}/{folder}"
    manifest = account.kept(f"{folder}manifest.sha256")
    assert hashlib.sha256(manifest).hexdigest() == distributed["report"]["manifest_sha256"]
    names = {name.removeprefix(folder) for name in account.keys(folder)}
    lines = (line.split(maxsplit=1) for line in manifest.decode().splitlines())
    told = {name: digest for digest, name in lines}
    assert names == {*told, "manifest.sha256"} >= {"report.html", "report.json", "register.csv"}
    for name, digest in told.items():
        assert hashlib.sha256(account.kept(folder + name)).hexdigest() == digest


def test_a_batch_that_fails_is_a_gap_and_stops_no_other(account: Audited) -> None:
    """However often it is tried, its tally cannot be kept."""
    with account.denied("s3:PutObject", f"arn:aws:s3:::{REPORTS}/audit/gap/tallies/000002-*"):
        answer = account.answer("gap", **WHOLE)
    assert answer["batches_not_read"] == 1
    plan = [json.loads(line) for line in account.kept("audit/gap/plan.jsonl").splitlines()]
    lost = [
        f"s3://{folder['bucket']}/{folder['folder']}{name}"
        for line in plan
        if line["batch"] == 2
        for folder in line["folders"]
        for name, _ in folder["files"]
    ]
    told = report(account, "gap")
    assert [each["file"] for each in told["rejected"]] == lost
    assert told["read"]["files"] == len(account.trail.files)
    assert any(gap["reason"] == "not_read" for gap in told["coverage"]["gaps"])
    # The next run finds it.
    assert account.answer("gap-closed", **WHOLE)["batches_not_read"] == 0


def test_only_what_was_asked_for_is_read(account: Audited) -> None:
    day = FIRST.isoformat()
    narrow = {"accounts": [ACCOUNTS[2]], "regions": [REGIONS[1]], "from": day, "to": f"{day}T12:00:00Z"}
    answer = account.answer("narrow", **WHOLE, **narrow, report={"language": "ja"})
    # The day, and the one after, in whose files the last of it may be told of.
    assert answer["read"]["files"] == 2 * FILES_A_DAY
    assert 'lang="ja"' in account.kept("audit/narrow/report/report.html").decode()


def test_what_cannot_be_listed_fails_the_run_and_says_what_to_do(account: Audited) -> None:
    for name, paths in (("others", [f"s3://{ELSEWHERE}/"]), ("both", [*PATHS["paths"], f"s3://{ELSEWHERE}/"])):
        ended = account.run(name, paths=paths)
        assert ended["status"] == "FAILED"
        for part in ("s3:ListBucket", ELSEWHERE, "AuditBucketArns"):
            assert part in ended["cause"]
        assert account.keys(f"audit/{name}/") == []


def test_a_request_that_is_none_is_refused_by_its_path(account: Audited) -> None:
    for request, path in (
        ({"scan": {"paths": ["trail-logs"]}}, "scan.paths[0]"),
        ({"plan": {**WHOLE, "until": "2026"}}, "plan.until"),
    ):
        answered, answer = account.invoke(request)
        assert not answered
        assert f"at `{path}`" in answer["errorMessage"]


@pytest.mark.parametrize(("statement", "action"), [
    ("ReadTheTrails", "s3:GetObject"),
    ("ListTheTrails", "s3:ListBucket"),
    ("KeepItsRuns", "s3:PutObject"),
    ("KeepItsRuns", "s3:GetObject"),
])  # fmt: skip
def test_without_a_permission_no_audit_passes_for_one(account: Audited, statement: str, action: str) -> None:
    """Each is needed: the run fails, or tells of every file that it was not read. What the state machine itself may is
    not checked by the local AWS, but by tests/templates.
    """
    iam = account.aws.client("iam")
    (name,) = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    document = iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"]
    fewer = json.loads(json.dumps(document))
    (found,) = [each for each in fewer["Statement"] if each["Sid"] == statement]
    actions = found["Action"] if isinstance(found["Action"], list) else [found["Action"]]
    assert action in actions
    found["Action"] = [each for each in actions if each != action] or ["s3:GetBucketLocation"]
    iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(fewer))
    try:
        ended = account.run(f"without-{statement}-{action[3:]}", **WHOLE)
    finally:
        iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(document))
    if ended["status"] == "SUCCEEDED":
        told = json.loads(ended["output"])
        assert told["rejected"]["count"] == told["read"]["files"] == len(account.trail.files)
        assert told["read"]["records"] == told["exits"]["rejected"]
