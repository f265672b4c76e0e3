"""An organization whose security account watches the others, deployed as the StackSets would."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.answers import Answers
from tests.emulator import Emulator
from tests.emulator.emulator import INFRA, root_of

from .command import crisguard
from .deployment import ELSEWHERE, OSAKA, POLICIES, POSTURE, Deployment, pack
from .estate import make_a_trail
from .mistakes import denied
from .organization import MANAGEMENT, organization, region_deny
from .records import ACCOUNT, HOME, Record
from .subscribers import connect_machine, subscribe

POLICY = POLICIES / "organization.yaml"
REGIONS = (HOME, ELSEWHERE)
# Well, careless (it logs nothing in one Region), without a role; closed; and in no organization of ours.
WELL, CARELESS, ROLELESS = "222233334444", "333344445555", "666677778888"
CLOSED, STRANGER = "777788889999", "999999999999"
MEMBERS = (WELL, CARELESS, ROLELESS, MANAGEMENT)
EXTERNAL_ID, ORGANIZATION_EXTERNAL_ID = "open-sesame", "open-barley"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT}:stateMachine:crisguard-organization"
BUS = f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/crisguard"
READER = f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME}"
REPORTS = f"crisguard-reports-{ACCOUNT}-{HOME}"
MODALITIES = ("text", "image", "embedding", "video", "audio")


@dataclass
class Member:
    """An account that is not the security account."""

    aws: Emulator
    answers: Answers
    account: str

    def client(self, service: str, region: str = ELSEWHERE) -> Any:
        """A client of the account's root user."""
        return self.answers.client(service, region, root_of(self.account))

    def stand(self) -> Member:
        """Records every call, and has Bedrock log what is sent."""
        make_a_trail(self.answers, root_of(self.account), f"trails-{self.account}")
        for region in REGIONS:
            self.log_invocations(region)
        return self

    def log_invocations(self, region: str) -> None:
        """Switches invocation logging on, into a log group that keeps everything."""
        name = f"/invocations/{region}"
        logs = self.client("logs", region)
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=name)
        role = f"arn:aws:iam::{self.account}:role/writes-invocations"
        logging = {
            "cloudWatchConfig": {"logGroupName": name, "roleArn": role},
            **{f"{modality}DataDeliveryEnabled": True for modality in MODALITIES},
        }
        self.client("bedrock", region).put_model_invocation_logging_configuration(loggingConfig=logging)

    def switch_logging_off(self, region: str) -> None:
        """Has Bedrock log no invocations there."""
        self.client("bedrock", region).delete_model_invocation_logging_configuration()

    def deploy_role(self, external_id: str = EXTERNAL_ID) -> None:
        """Makes the role by which check-posture of the security account looks here."""
        trusted = {"CheckPostureRoleArn": READER, "ExternalId": external_id}
        self._deploy("member-role", trusted, "us-east-1")

    def deploy_organization_role(self) -> None:
        """Makes the role by which check-posture reads the organization."""
        trusted = {"CheckPostureRoleArn": READER, "ExternalId": ORGANIZATION_EXTERNAL_ID}
        self._deploy("organization-role", trusted, "us-east-1")

    def deploy_forwarders(self) -> None:
        """Makes the rules of each Region."""
        for region in REGIONS:
            self._deploy("source-region", {**patterns(), "HomeBusArn": BUS}, region)
            self._deploy("change-region", {"HomeBusArn": BUS}, region)

    def _deploy(self, template: str, parameters: dict[str, str], region: str) -> None:
        stack, credentials = f"crisguard-{template}", root_of(self.account)
        path = INFRA / f"{template}.yaml"
        self.aws.deploy(path, parameters, stack=stack, region=region, credentials=credentials)

    def play(self, *records: Record) -> None:
        """Has CloudTrail's events of this account reach the default bus of their Regions."""
        for record in records:
            self.aws.put_cloudtrail_event(record["awsRegion"], self.own(record), account=self.account)

    def own(self, record: Record) -> Record:
        """The record as this account's CloudTrail writes it."""
        own: Record = json.loads(json.dumps(record).replace(ACCOUNT, self.account))
        return own


@dataclass
class Watched:
    """The security account and the others."""

    deployed: Deployment
    members: dict[str, Member]

    @classmethod
    def make(cls, aws: Emulator, answers: Answers, folder: Path) -> Watched:
        """Deploys the release build into the security account, and into the others what the StackSets bring."""
        deployed = Deployment(aws, answers, pack(folder))
        deployed.deploy_home(
            {
                "OrganizationId": "o-a1b2c3d4e5",
                "OrganizationRoleArn": f"arn:aws:iam::{MANAGEMENT}:role/crisguard-organization",
                "OrganizationExternalId": ORGANIZATION_EXTERNAL_ID,
                "MemberRoleName": "crisguard-member",
                "MemberExternalId": EXTERNAL_ID,
                # As many as the tests' machine has patience for.
                "LooksAtOnce": "4",
            }
        )
        deployed.put_policy(POLICY.read_bytes())
        for region in REGIONS:
            deployed.deploy_source_region(region, POLICY)
        Member(aws, answers, ACCOUNT).stand()
        members = {account: Member(aws, answers, account) for account in (*MEMBERS, STRANGER)}
        for account, member in members.items():
            member.stand()
            member.deploy_forwarders()
            if account != ROLELESS:
                member.deploy_role()
        members[MANAGEMENT].deploy_organization_role()
        members[CARELESS].switch_logging_off(HOME)
        standing = organization(region_deny(HOME, OSAKA), members=(*MEMBERS, CLOSED))
        for each in standing["accounts"]:
            if each["id"] == CLOSED:
                each["state"] = "CLOSED"
        answers.set_organization(standing)
        subscribe(aws, deployed.topic, ELSEWHERE)
        connect_machine(aws)
        return cls(deployed, members)

    def look(self, **asked: Any) -> dict[str, Any]:
        """Has the state machine run to its end; what it answers. With `asked`, by hand; else as the schedule does."""
        states = self.deployed.aws.client("stepfunctions")
        if asked:
            states.start_execution(stateMachineArn=MACHINE, input=json.dumps(asked))
        else:
            self.deployed.aws.start_schedule("crisguard-organization")

        def ended() -> dict[str, Any] | None:
            last = states.list_executions(stateMachineArn=MACHINE)["executions"][0]
            return None if last["status"] == "RUNNING" else dict(last)

        last = self.deployed.wait(ended, "the state machine to come to its end", 120)
        described = states.describe_execution(executionArn=last["executionArn"])
        assert described["status"] == "SUCCEEDED", f"{described.get('error')}: {described.get('cause')}"
        answer: dict[str, Any] = json.loads(described["output"])
        return answer

    def kept(self, address: str) -> dict[str, Any]:
        """A report, by its address or its key."""
        key = address.removeprefix(f"s3://{REPORTS}/")
        body = self.deployed.aws.client("s3").get_object(Bucket=REPORTS, Key=key)["Body"].read()
        report: dict[str, Any] = json.loads(body)
        return report

    def nothing_stored_at(self, ending: str) -> contextlib.AbstractContextManager[None]:
        """Meanwhile check-posture may store no report whose key ends so."""
        role, reports = f"crisguard-check-posture-{HOME}", f"arn:aws:s3:::{REPORTS}/*{ending}"
        return denied(self.deployed.aws, role, "s3:PutObject", reports)

    def ask(self, **request: Any) -> dict[str, Any]:
        """Invokes check-posture by hand."""
        return self.deployed.invoke(POSTURE, request)


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """The organization, while it is needed."""
    with (
        Answers.start() as answers,
        Emulator.start(regions=REGIONS, other_regions=["me-central-1"], functions_reach=answers.url) as aws,
    ):
        answers.stand_before(aws)
        yield Watched.make(aws, answers, folder)


def patterns() -> dict[str, str]:
    """The patterns compiled for all accounts at once, as parameters of infra/source-region.yaml."""
    parameters: dict[str, str] = crisguard("pattern", "--format", "parameters", policy=POLICY)
    return parameters
