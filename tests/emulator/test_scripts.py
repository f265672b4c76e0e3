"""deploy, verify and uninstall, as a person runs them, against the emulator."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from .emulator import ACCOUNT, HOME_REGION, REPOSITORY, Emulator, host_architecture

SOURCES = "us-east-1 ap-northeast-1"
HOME_BUS = f"arn:aws:events:{HOME_REGION}:{ACCOUNT}:event-bus/crisguard"
OF_MEMBERS = ("--policy", "policy.yaml", "--home-bus", HOME_BUS)
# Stands for the crisguard command, whose own tests say what it prints.
CRISGUARD = """#!/usr/bin/env python3
import json, sys
if sys.argv[1] == "pattern":
    pattern = json.dumps({"source": [{"prefix": "aws.bedrock"}]})
    print(json.dumps({"PolicySha256": "b" * 64, "Pattern1": pattern, **{f"Pattern{n}": "" for n in range(2, 9)}}))
"""

# The AWS CLI itself, but for its patience: it sleeps half a minute after each deployment,
# and the emulator is done before the first look.
AWS = f"""#!{sys.executable}
import sys, time
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.2))
from awscli.clidriver import main
sys.exit(main())
"""


class Shell:
    """Runs the scripts of a copy of this checkout, so that a test leaves no files in the real one."""

    def __init__(self, aws: Emulator, folder: Path, code: dict[str, Path]) -> None:
        """Copies scripts, templates and code into the folder."""
        self.folder = folder
        for name in ("scripts", "infra"):
            shutil.copytree(REPOSITORY / name, folder / name)
        for function, archive in code.items():
            place = folder / "target" / "lambda" / function / "bootstrap.zip"
            place.parent.mkdir(parents=True)
            shutil.copyfile(archive, place)
        crisguard, aws_cli = folder / "crisguard", folder / "bin" / "aws"
        aws_cli.parent.mkdir()
        for path, text in ((crisguard, CRISGUARD), (aws_cli, AWS)):
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755)
        (folder / "policy.yaml").write_text("version: 1\n", encoding="utf-8")
        self.environment: dict[str, str] = {
            **os.environ,
            **aws.environment(),
            "CRISGUARD": str(crisguard),
            "CRISGUARD_VERIFY_PAUSE": "1",
            "PATH": f"{aws_cli.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def run(self, script: str, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        """One script with its arguments; `answer` is typed in."""
        command = [str(self.folder / "scripts" / script), *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=self.folder, input=answer, capture_output=True, text=True, check=False
        )

    def deploy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Deploy without building."""
        common = ("--policy", "policy.yaml", "--builder", "none", "--architecture", host_architecture())
        return self.run("deploy", *common, *arguments)


@pytest.fixture(scope="module")
def fresh() -> Iterator[Emulator]:
    """An account where nothing was deployed."""
    with Emulator.start() as running:
        yield running


@pytest.fixture(scope="module")
def shell(fresh: Emulator, code: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell in a copy of the checkout."""
    return Shell(fresh, tmp_path_factory.mktemp("checkout"), code)


def assert_that_a_failed_region_is_named(shell: Shell) -> None:
    """A parameter that the template refuses fails in its Region: it is named, with the way on."""
    crisguard = shell.folder / "crisguard"
    working = crisguard.read_text(encoding="utf-8")
    crisguard.write_text(working.replace('"b" * 64', '"B" * 64'), encoding="utf-8")
    done = shell.deploy("--regions", "us-east-1")
    crisguard.write_text(working, encoding="utf-8")
    assert done.returncode == 1
    assert "some Regions are not watched yet: us-east-1" in done.stderr
    assert '--regions "us-east-1"' in done.stderr
    assert (shell.folder / "build/deploy/failed-deploy.txt").read_text(encoding="utf-8").split() == ["us-east-1"]


def assert_that_changes_by_hand_are_put_back(fresh: Emulator, shell: Shell) -> None:
    """Nothing in the templates is new, and yet what somebody switched, deleted or opened is as it was."""
    far, near = fresh.client("events", "us-east-1"), fresh.client("events")
    policy = near.describe_event_bus(Name="crisguard")["Policy"]
    far.disable_rule(Name="crisguard-forward-1")
    far.delete_rule(Name="crisguard-seen-calls")
    everybody = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"*"}]}'
    near.put_permission(EventBusName="crisguard", Policy=everybody)
    near.remove_targets(Rule="crisguard-inference", EventBusName="crisguard", Ids=["events-queue"])

    done = shell.deploy("--regions", "us-east-1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("putting back in ap-northeast-1 what was changed by hand") == 1
    for name in ("crisguard-forward-1", "crisguard-seen-calls"):
        assert far.describe_rule(Name=name)["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    (target,) = far.list_targets_by_rule(Rule="crisguard-forward-1")["Targets"]
    assert target["Arn"].endswith(":event-bus/crisguard")
    assert json.loads(near.describe_event_bus(Name="crisguard")["Policy"]) == json.loads(policy)
    assert near.list_targets_by_rule(Rule="crisguard-inference", EventBusName="crisguard")["Targets"]


@pytest.mark.slow
def test_deploy_verify_uninstall_and_again(fresh: Emulator, shell: Shell) -> None:
    bucket = f"crisguard-policy-{fresh.account}-{fresh.home_region}"
    reports = f"crisguard-reports-{fresh.account}-{fresh.home_region}"
    key = "alias/crisguard"

    done = shell.deploy("--regions", SOURCES, "--parameter", "LogLevel=debug")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 Regions done" in done.stdout
    assert "aws sns subscribe" in done.stdout
    assert "no multi-Region CloudTrail trail" in done.stderr
    assert "A first look" in done.stdout
    assert fresh.client("s3").get_object(Bucket=bucket, Key="policy.yaml")["Body"].read() == b"version: 1\n"
    rule = fresh.client("events", "us-east-1").describe_rule(Name="crisguard-forward-1")
    assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    changes = {
        region: {r["Name"] for r in fresh.client("events", region).list_rules(NamePrefix="crisguard-change-")["Rules"]}
        for region in SOURCES.split()
    }
    assert changes["us-east-1"] - changes[fresh.home_region] == {"crisguard-change-iam"}
    assert len(changes[fresh.home_region]) == 7
    first_key = fresh.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"]

    assert_that_a_failed_region_is_named(shell)
    assert_that_changes_by_hand_are_put_back(fresh, shell)

    # The emulator has no Bedrock model to call: verify says so, and takes its rule away again.
    verified = shell.run(
        "verify", "--model", "amazon.nova-micro-v1:0", "--source-region", "us-east-1", "--minutes", "0"
    )
    assert "One call of amazon.nova-micro-v1:0" in verified.stdout
    names = [r["Name"] for r in fresh.client("events", "us-east-1").list_rules()["Rules"]]
    assert "crisguard-verify" not in names
    assert "crisguard-forward-1" in names

    refused = shell.run("uninstall", "--regions", SOURCES, answer="no\n")
    assert refused.returncode == 1
    assert "nothing was removed" in refused.stderr

    removed = shell.run("uninstall", "--regions", SOURCES, answer=f"{fresh.account}\n")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert fresh.client("s3").list_object_versions(Bucket=bucket)["Versions"], "the policy is kept"
    assert fresh.client("s3").head_bucket(Bucket=reports), "the reports are kept"
    assert not fresh.client("iam").list_roles()["Roles"]
    for region in SOURCES.split():
        assert not fresh.client("events", region).list_rules(NamePrefix="crisguard-")["Rules"]
        assert not fresh.client("scheduler", region).list_schedules()["Schedules"]
    assert fresh.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"] == first_key
    assert [t["TopicArn"].rsplit(":", 1)[-1] for t in fresh.client("sns").list_topics()["Topics"]] == [
        "crisguard-alerts"
    ]

    again = shell.deploy("--regions", "us-east-1")
    assert again.returncode == 0, again.stdout + again.stderr
    functions = fresh.client("lambda")
    looks = functions.get_function_configuration(FunctionName="crisguard-check-posture")
    variables = looks["Environment"]["Variables"]
    assert (variables["CRISGUARD_POLICY_BUCKET"], variables["CRISGUARD_REPORTS_BUCKET"]) == (bucket, reports)
    assert fresh.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"] == first_key, "what was left is used again"

    kept_of_everything = ("--delete-policy-bucket", "--delete-reports", "--delete-topic")
    everything = shell.run("uninstall", "--regions", "us-east-1", "--yes", *kept_of_everything)
    assert everything.returncode == 0, everything.stdout + everything.stderr
    assert not fresh.client("s3").list_buckets()["Buckets"]
    assert not fresh.client("sns").list_topics()["Topics"]
    assert fresh.client("kms").describe_key(KeyId=first_key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


@pytest.mark.slow
def test_an_organization_is_deployed_to(code: dict[str, Path], tmp_path: Path) -> None:
    """The security account by one script, the others' StackSets by the next; and both can be removed."""
    with Emulator.start() as aws:
        shell = Shell(aws, tmp_path / "checkout", {**code, "run-audit-lambda": code["check-posture"]})
        organization = ("--organization", "o-a1b2c3d4e5", "--member-external-id", "id-1")
        reader = ("--organization-role", "arn:aws:iam::444455556666:role/crisguard-organization")
        first = shell.deploy("--regions", aws.home_region, "--member-role", "watched", *organization)
        assert first.returncode == 0, first.stdout + first.stderr
        assert f"scripts/deploy-members --policy policy.yaml --home-bus {HOME_BUS}" in first.stdout
        said = {"--member-role watched", "--member-external-id id-1"}
        assert {words for words in said if words in first.stdout} == said, "pasted, it makes the same role"
        trails = ("--audit-buckets", "arn:aws:s3:::trail-logs arn:aws:s3:::archive-logs")
        done = shell.deploy(
            "--regions", aws.home_region, *trails, "--parameter", "BatchesAtOnce=7", *organization, *reader
        )
        assert done.returncode == 0, done.stdout + done.stderr
        looks = aws.client("lambda").get_function_configuration(FunctionName="crisguard-check-posture")
        variables = {k: v for k, v in looks["Environment"]["Variables"].items() if "MEMBER" in k or "ORGANIZATION" in k}
        assert variables == {
            "CRISGUARD_MEMBER_EXTERNAL_ID": "id-1",
            "CRISGUARD_MEMBER_ROLE_NAME": "watched",
            "CRISGUARD_ORGANIZATION_EXTERNAL_ID": "",
            "CRISGUARD_ORGANIZATION_ID": "o-a1b2c3d4e5",
            "CRISGUARD_ORGANIZATION_PATH": "",
            "CRISGUARD_ORGANIZATION_ROLE_ARN": reader[1],
        }
        machines = {each["name"] for each in aws.client("stepfunctions").list_state_machines()["stateMachines"]}
        assert machines == {"crisguard-organization", "crisguard-audit"}
        (audit,) = aws.client("cloudformation").describe_stacks(StackName="crisguard-run-audit")["Stacks"]
        assert {"ParameterKey": "BatchesAtOnce", "ParameterValue": "7"} in audit["Parameters"]
        assert '--input \'{"paths":["s3://trail-logs/"]}\'' in done.stdout
        audits = aws.client("lambda").get_function_configuration(FunctionName="crisguard-run-audit")
        told = audits["Environment"]["Variables"]
        assert told["CRISGUARD_ORGANIZATION_ROLE_ARN"] == reader[1]
        assert told["CRISGUARD_REPORTS_BUCKET"] == f"crisguard-reports-{ACCOUNT}-{HOME_REGION}"
        assert (told["CRISGUARD_POLICY_BUCKET"], told["CRISGUARD_POLICY_KEY"]) == (
            f"crisguard-policy-{ACCOUNT}-{HOME_REGION}",
            "policy.yaml",
        )

        where = ("--targets", "ou-ab12-11111111 ou-ab12-22222222", "--regions", SOURCES, "--exclude", "222233334444")
        members = shell.run("deploy-members", *OF_MEMBERS, *where, "--member-external-id", "id-1")
        assert members.returncode == 0, members.stdout + members.stderr
        assert "aws stepfunctions start-execution" in members.stdout
        (stack,) = aws.client("cloudformation").describe_stacks(StackName="crisguard-members")["Stacks"]
        told = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
        assert told["Targets"] == "ou-ab12-11111111,ou-ab12-22222222"
        assert told["Regions"] == SOURCES.replace(" ", ",")
        assert told["ExcludedAccounts"] == f"{ACCOUNT},222233334444"
        assert told["CheckPostureRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME_REGION}"
        assert (told["MemberExternalId"], told["CallAs"]) == ("id-1", "SELF")
        assert json.loads(told["Pattern1"]) == {"source": [{"prefix": "aws.bedrock"}]}
        bucket, _, prefix = told["TemplatesAddress"].removeprefix("https://").partition("/")
        for template in ("member-role", "source-region", "change-region"):
            key = f"{prefix}/{template}.yaml"
            uploaded = aws.client("s3").get_object(Bucket=bucket.partition(".")[0], Key=key)["Body"].read()
            assert uploaded == (REPOSITORY / "infra" / f"{template}.yaml").read_bytes()

        removed = shell.run("deploy-members", "--remove")
        assert removed.returncode == 0, removed.stdout + removed.stderr
        removed = shell.run("uninstall", "--regions", aws.home_region, "--yes")
        assert removed.returncode == 0, removed.stdout + removed.stderr
        assert aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
        assert aws.client("lambda").list_functions()["Functions"] == []


def test_members_keep_what_is_not_said_again(fresh: Emulator, shell: Shell) -> None:
    """Nor does a policy that no pattern can be compiled from keep everything from being forwarded."""

    def told(*arguments: str, bus: str = HOME_BUS) -> dict[str, str]:
        where = ("--policy", "policy.yaml", "--home-bus", bus, "--targets", "r-ab12", "--regions", "us-east-1")
        done = shell.run("deploy-members", *where, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        (stack,) = fresh.client("cloudformation").describe_stacks(StackName="crisguard-members")["Stacks"]
        return {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}

    first = told("--member-external-id", "id-1", "--member-role", "watched")
    assert (first["MemberExternalId"], first["MemberRoleName"]) == ("id-1", "watched")
    assert first["MemberRoleRegion"] == "us-east-1"
    crisguard = shell.folder / "crisguard"
    working = crisguard.read_text(encoding="utf-8")
    crisguard.write_text(working.replace("    pattern = ", "    sys.exit(2)\n    pattern = "), encoding="utf-8")
    try:
        again = told("--coverage", "all", bus=HOME_BUS.replace("arn:aws:", "arn:aws-us-gov:"))
    finally:
        crisguard.write_text(working, encoding="utf-8")
    assert (again["MemberExternalId"], again["MemberRoleName"]) == ("id-1", "watched")
    assert again["Coverage"] == "all"
    assert again["PolicySha256"] == hashlib.sha256(b"version: 1\n").hexdigest()
    assert again["MemberRoleRegion"] == "us-gov-west-1"
    assert shell.run("deploy-members", "--remove").returncode == 0


@pytest.mark.parametrize(("script", "arguments", "said"), [
    ("deploy", (), "no policy was given"),
    ("deploy", ("--policy", "missing.yaml"), "there is no file missing.yaml"),
    ("deploy", ("--polcy", "x"), "unknown option --polcy"),
    ("deploy", ("--parameter", "ReservedConcurrency=10"), "is not above MaximumConcurrency=10"),
    ("deploy", ("--parameter", "ReservedConcurrency=10", "--parameter", "MaximumConcurrency=9"), "no policy was given"),
    ("deploy", ("--parameter", "Alarm=no"), "Alarm=no is no parameter of infra/template.yaml"),
    ("deploy", ("--parameter", "Alarms"), "Alarms is no parameter of infra/template.yaml"),
    ("deploy", ("--parameter", "BatchesAtOnce=200"), "Pass --audit-buckets as well"),
    ("deploy", ("--organization", "acme"), "acme is not the id of an organization"),
    ("deploy", ("--member-role",), "--member-role needs a value"),
    ("deploy-members", (), "no policy was given"),
    ("deploy-members", ("--policy", "policy.yaml"), "no home bus was given"),
    ("deploy-members", ("--policy", "policy.yaml", "--home-bus", HOME_BUS), "no organizational unit was named"),
    ("deploy-members", (*OF_MEMBERS, "--targets", "ou-ab12-11111111"), "no Region was named"),
    ("deploy-members", ("--remove",), "there is no stack crisguard-members"),
    ("deploy-logging", (), "no Region was named"),
    ("deploy-logging", ("--regions",), "--regions needs a value"),
    ("deploy-logging", ("--regions", "eu-west-1", "--retention-days", "100"), "logs cannot be kept for 100 days"),
    ("verify", (), "no model was given"),
    ("uninstall", ("--region",), "--region needs a value"),
    ("venv", (), "Usage: scripts/venv"),
    ("look", ("--regoins", "x"), "unknown option --regoins"),
])  # fmt: skip
def test_mistakes_are_explained(shell: Shell, script: str, arguments: tuple[str, ...], said: str) -> None:
    done = shell.run(script, *arguments)
    assert done.returncode == (2 if script in {"look", "venv"} else 1)
    assert said in done.stderr


@pytest.mark.parametrize(
    "script", ["deploy", "deploy-logging", "deploy-members", "look", "verify", "uninstall", "venv", "lint-templates"]
)
def test_help_says_what_it_does(shell: Shell, script: str) -> None:
    done = shell.run(script, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: scripts/" + script)


# check-posture as `scripts/look` sees it: it answers what the request's Regions are named for.
LOOKED = """#!/usr/bin/env python3
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)
    regions = body.get("regions", ["eu-west-1"])
    found = {"us-east-1": "non-compliant", "us-west-2": "undecided"}
    told = [found.get(r, "compliant") for r in regions]
    answer = [
        {"region": r, "control": "logs", "decision": d, "explanation": "as seen in " + r} for r, d in zip(regions, told)
    ]
    coverage = {"regions": len(regions), "controls": 1}
    coverage.update({d.replace("-", "_"): told.count(d) for d in ("compliant", "non-compliant", "undecided")})
    coverage["region_not_enabled"] = regions.count("me-south-1")
    outcome = "error" if "us-gov-west-1" in regions else "response"
    answer = json.dumps({"assessments": answer, "coverage": coverage}).encode()
    urllib.request.urlopen(api + request + "/" + outcome, answer).close()
"""


@pytest.mark.slow
def test_look_says_which_region_is_not_as_it_must_be(tmp_path: Path) -> None:
    archive = tmp_path / "looked.zip"
    entry = ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    with ZipFile(archive, "w") as packed:
        packed.writestr(entry, LOOKED)
    with Emulator.start() as aws:
        shell = Shell(aws, tmp_path / "checkout", {})
        missing = shell.run("look")
        assert (missing.returncode, missing.stdout) == (2, "")
        assert "check-posture did not answer" in missing.stderr
        aws.deploy_home({"check-posture": archive})

        well = shell.run("look")
        assert (well.returncode, well.stdout) == (
            0,
            "  1 Region, 1 control: 1 compliant, 0 non-compliant, 0 undecided\n",
        )
        bad = shell.run("look", "--regions", "us-east-1 eu-west-1 me-south-1 us-west-2")
        assert bad.returncode == 1
        assert bad.stdout.splitlines() == [
            "  us-east-1        non-compliant logs: as seen in us-east-1",
            "  us-west-2        undecided     logs: as seen in us-west-2",
            "  4 Regions, 1 control: 2 compliant (1 of them in Regions that are not enabled), 1 non-compliant, "
            "1 undecided",
        ]
        failed = shell.run("look", "--regions", "us-gov-west-1")
        assert failed.returncode == 2
        assert "check-posture did not answer" in failed.stderr
