"""infra/run-audit.yaml with the function as it is shipped: it answers by hand what the command answers, and reads the
whole organization for it as the role of infra/organization-role.yaml.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.answers import Answers
from tests.answers.faults import DENIED
from tests.emulator import Emulator
from tests.emulator.emulator import ACCOUNT, INFRA, REPOSITORY, host_architecture, root_of

from .command import build_folder
from .organization import MANAGEMENT, POLICY, SID, organization, region_deny
from .records import HOME

NAME = "crisguard-run-audit"
PROFILE = "jp.anthropic.claude-sonnet-4-5-20250929-v1:0"
# What denies everything outside Tokyo, and so the model in Osaka.
DENY = {
    "Sid": "TokyoAlone",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}},
}
REGION_DENY = {"Version": "2012-10-17", "Statement": [DENY]}


READS = (
    "DescribeOrganization",
    "ListRoots",
    "ListOrganizationalUnitsForParent",
    "ListAccountsForParent",
    "ListPoliciesForTarget",
    "DescribePolicy",
)
ROLE = f"arn:aws:iam::{MANAGEMENT}:role/crisguard-organization"
ABOUT_IT = {"organization": True, "sources": [HOME], "profiles": [PROFILE]}


@pytest.fixture(scope="module")
def told() -> Iterator[Answers]:
    """Whoever answers for Organizations."""
    with Answers.start() as answering:
        yield answering


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The function, as it is uploaded."""
    executable, archive = build_folder() / "run-audit-lambda", tmp_path_factory.mktemp("code") / "run-audit.zip"
    assert executable.exists(), f"{executable} is missing; run `make build` first"
    subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts/zip-function"), str(executable), str(archive)], check=True
    )
    return archive


@pytest.fixture(scope="module")
def aws(told: Answers, archive: Path) -> Iterator[Emulator]:
    """An account in which nothing else is deployed."""
    with Emulator.start(functions_reach=told.url) as running:
        told.stand_before(running)
        told.set_organization(organization(region_deny(HOME)))
        deploy(running, archive)
        yield running


def deploy(aws: Emulator, archive: Path, **parameters: str) -> None:
    """Deploys the function, or changes how it is."""
    chosen = {"Architecture": host_architecture(), **parameters}
    aws.deploy(INFRA / "run-audit.yaml", chosen, code={"run-audit-lambda": archive}, stack=NAME)


@pytest.fixture(scope="module")
def reader(aws: Emulator, archive: Path) -> Emulator:
    """The same, with the role of the management account that it reads the organization as."""
    trusts = {
        "CheckPostureRoleArn": f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME}",
        "RunAuditRoleArn": f"arn:aws:iam::{ACCOUNT}:role/crisguard-run-audit-{HOME}",
        "ExternalId": "id-1",
    }
    template = INFRA / "organization-role.yaml"
    aws.deploy(template, trusts, stack="crisguard-organization-role", credentials=root_of(MANAGEMENT))
    deploy(aws, archive, OrganizationRoleArn=ROLE, OrganizationExternalId="id-1")
    return aws


def ask(aws: Emulator, request: dict[str, Any]) -> tuple[bool, Any]:
    """Invokes the function; tells whether it answered, and what."""
    answer = aws.client("lambda").invoke(FunctionName=NAME, Payload=json.dumps(request).encode())
    return "FunctionError" not in answer, json.loads(answer["Payload"].read())


def test_it_answers_as_the_command_does(aws: Emulator, tmp_path: Path) -> None:
    request = {
        "sources": ["ap-northeast-1"],
        "profiles": [PROFILE],
        "scps": [{"name": str(tmp_path / "deny.json"), "content": REGION_DENY}],
    }
    answered, answer = ask(aws, {"reach": request})
    assert answered, answer
    (profile,) = answer["profiles"]
    assert profile["verdict"] == "fails"
    assert [(denied["region"], denied["statement"]) for denied in profile["denied"]] == [
        ("ap-northeast-3", "TokyoAlone"),
    ]

    (tmp_path / "deny.json").write_text(json.dumps(REGION_DENY), encoding="utf-8")
    command = [str(build_folder() / "crisguard"), "reach", "--scp", str(tmp_path / "deny.json")]
    command += ["--source", "ap-northeast-1", "--profile", PROFILE, "--format", "json"]
    told = subprocess.run(command, capture_output=True, check=False)
    assert told.returncode == 1, told.stderr
    assert json.loads(told.stdout)["profiles"] == answer["profiles"]


def test_a_request_that_is_none_is_refused_by_its_path(aws: Emulator) -> None:
    answered, answer = ask(aws, {"reach": {"sources": ["Tokyo"]}})
    assert not answered
    assert "reach.sources[0]" in answer["errorMessage"]


def test_what_it_may_not_read_it_does_not_answer(aws: Emulator) -> None:
    """Deployed as it is by default, it may read nothing; the error says what it needs."""
    for request in ({"organization": True}, {"reach": ABOUT_IT}):
        answered, answer = ask(aws, request)
        assert not answered
        assert answer["errorType"] == "Organization"
        for part in ("organizations:DescribeOrganization", "AccessDenied", "OrganizationRoleArn", "ReadsOrganization"):
            assert part in answer["errorMessage"]


def test_it_reads_the_organization_as_a_role_that_may_each_part_once(
    reader: Emulator, told: Answers, tmp_path: Path
) -> None:
    """What it exports is what the command reads; asked itself, it answers the same."""
    told.reset("calls")
    answered, document = ask(reader, {"organization": True})
    assert answered, document
    calls = [call for call in told.calls() if call["service"] == "organizations"]
    asked = Counter((call["operation"], str(call["parameters"])) for call in calls)
    assert set(asked.values()) == {1}
    # The root and its unit have parts; those two and the accounts have policies.
    accounts = [account["id"] for account in document["accounts"]]
    assert sorted(accounts) == sorted({ACCOUNT, MANAGEMENT})
    assert Counter(operation for operation, _ in asked) == {
        **dict.fromkeys(READS, 1),
        "ListOrganizationalUnitsForParent": 2,
        "ListAccountsForParent": 2,
        "ListPoliciesForTarget": 2 + len(accounts),
    }

    answered, answer = ask(reader, {"reach": ABOUT_IT})
    assert answered, answer
    (found,) = [each for each in answer["accounts"] if each["accounts"] == [ACCOUNT]]
    (profile,) = found["profiles"]
    assert profile["verdict"] == "fails"
    assert {(denied["policy"], denied["statement"]) for denied in profile["denied"]} == {(POLICY, SID)}
    (mended,) = answer["mend"]
    assert (mended["policy"], mended["accounts"]) == (POLICY, [ACCOUNT])

    file = tmp_path / "organization.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    command = [str(build_folder() / "crisguard"), "reach", "--organization", str(file)]
    command += ["--source", HOME, "--profile", PROFILE, "--format", "json"]
    by_command = subprocess.run(command, capture_output=True, check=False)
    assert by_command.returncode == 1, by_command.stderr
    assert json.loads(by_command.stdout) == answer


def test_accounts_narrow_it_and_an_unknown_one_is_named(reader: Emulator) -> None:
    answered, answer = ask(reader, {"reach": {**ABOUT_IT, "accounts": [MANAGEMENT]}})
    assert answered, answer
    assert [(each["accounts"], each["exempt"]) for each in answer["accounts"]] == [([MANAGEMENT], "management_account")]
    answered, answer = ask(reader, {"reach": {**ABOUT_IT, "accounts": [MANAGEMENT, "999999999999"]}})
    assert not answered
    assert "the account 999999999999 is not in the organization" in answer["errorMessage"]


@pytest.mark.parametrize("operation", READS)
def test_a_read_that_is_refused_is_never_an_organization_without_policies(
    reader: Emulator, told: Answers, operation: str
) -> None:
    told.fail(DENIED, service="organizations", operation=operation)
    try:
        for request in ({"organization": True}, {"reach": ABOUT_IT}):
            answered, answer = ask(reader, request)
            assert not answered
            for part in (f"organizations:{operation}", ROLE, "infra/organization-role.yaml"):
                assert part in answer["errorMessage"]
    finally:
        told.reset("faults")


def test_a_role_that_does_not_let_itself_be_assumed_is_named(reader: Emulator, archive: Path) -> None:
    deploy(reader, archive, OrganizationRoleArn=ROLE, OrganizationExternalId="id-2")
    try:
        answered, answer = ask(reader, {"organization": True})
    finally:
        deploy(reader, archive, OrganizationRoleArn=ROLE, OrganizationExternalId="id-1")
    assert not answered
    for part in ("sts:AssumeRole", ROLE, "RunAuditRoleArn", "AccessDenied"):
        assert part in answer["errorMessage"]


def test_in_the_management_account_it_reads_as_itself(aws: Emulator, archive: Path) -> None:
    deploy(aws, archive, ReadsOrganization="true")
    try:
        answered, answer = ask(aws, {"organization": True})
    finally:
        deploy(aws, archive)
    assert answered, answer
    assert answer["policies"][0]["id"] == POLICY
