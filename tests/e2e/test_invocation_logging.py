"""infra/invocation-logging.yaml with the function as it is shipped: what its stack turns on, changes and turns off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.emulator.emulator import INFRA, REPOSITORY, EmulatorError, host_architecture

from .command import build_folder

REGION, STACK, LOGICAL = "eu-west-1", "crisguard-invocation-logging", "Logging"
LOG = "/aws/lambda/crisguard-turn-on-logging"
MODALITIES = ("text", "image", "embedding", "video", "audio")


@dataclass
class Account:
    """An account without crisguard, and what of Bedrock's logging is in one Region of it."""

    aws: Emulator
    archive: Path

    @property
    def bedrock(self) -> Any:
        """A client of the Region's Bedrock."""
        return self.aws.client("bedrock", REGION)

    @property
    def cloudformation(self) -> Any:
        """A client of the Region's CloudFormation."""
        return self.aws.client("cloudformation", REGION)

    def deploy(self, **parameters: str) -> dict[str, str]:
        """Deploys the stack, or changes its parameters."""
        chosen = {"Architecture": host_architecture(), **parameters}
        code = {"turn-on-logging": self.archive}
        return self.aws.deploy(INFRA / "invocation-logging.yaml", chosen, code=code, stack=STACK, region=REGION)

    def delete(self) -> None:
        """Deletes the stack."""
        self.cloudformation.delete_stack(StackName=STACK)
        self.cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})

    def standing(self) -> dict[str, Any] | None:
        """The configuration that stands."""
        standing: dict[str, Any] | None = self.bedrock.get_model_invocation_logging_configuration().get("loggingConfig")
        return standing

    def resource(self) -> str:
        """What CloudFormation knows the configuration by."""
        described = self.cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=LOGICAL)
        name: str = described["StackResourceDetail"]["PhysicalResourceId"]
        return name

    def log(self) -> str:
        """What the function has logged."""
        events = self.aws.client("logs", REGION).filter_log_events(logGroupName=LOG)["events"]
        return "\n".join(event["message"] for event in events)


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulator]:
    """An account in which nothing was deployed."""
    with Emulator.start() as running:
        yield running


@pytest.fixture
def account(aws: Emulator, tmp_path: Path) -> Iterator[Account]:
    """The account, with the function built; nothing is logged before and after."""
    executable, archive = build_folder() / "turn-on-logging", tmp_path / "turn-on-logging.zip"
    assert executable.exists(), f"{executable} is missing; run `make build` first"
    command = [sys.executable, str(REPOSITORY / "scripts" / "zip-function"), str(executable), str(archive)]
    subprocess.run(command, check=True)
    account = Account(aws, archive)
    yield account
    account.delete()
    account.bedrock.delete_model_invocation_logging_configuration()


def expected(aws: Emulator, outputs: dict[str, str], modalities: tuple[str, ...]) -> dict[str, Any]:
    """What the template asks for."""
    role = f"arn:aws:iam::{aws.account}:role/crisguard-invocation-logging-{REGION}"
    bucket = {"bucketName": outputs["BucketName"]}
    group = {"logGroupName": outputs["LogGroupName"], "roleArn": role, "largeDataDeliveryS3Config": bucket}
    flags = {f"{modality}DataDeliveryEnabled": modality in modalities for modality in MODALITIES}
    return {"s3Config": bucket, "cloudWatchConfig": group, **flags}


def test_logging_is_turned_on_changed_and_turned_off(account: Account) -> None:
    outputs = account.deploy()
    assert account.standing() == expected(account.aws, outputs, MODALITIES)
    name = account.resource()
    assert name == f"invocation-logging-{account.aws.account}-{REGION}"

    outputs = account.deploy(Modalities="text,video")
    assert account.standing() == expected(account.aws, outputs, ("text", "video"))
    assert account.resource() == name, "an update replaces nothing"

    account.bedrock.delete_model_invocation_logging_configuration()
    account.deploy(Modalities="text,video", Revision="2")
    assert account.standing() == expected(account.aws, outputs, ("text", "video"))

    account.delete()
    assert account.standing() is None
    assert account.aws.client("s3", REGION).head_bucket(Bucket=outputs["BucketName"]), "what was logged is kept"


def test_another_configuration_is_replaced_and_told_but_never_deleted(account: Account) -> None:
    theirs = {"s3Config": {"bucketName": "theirs", "keyPrefix": "p"}, "textDataDeliveryEnabled": True}
    account.bedrock.put_model_invocation_logging_configuration(loggingConfig=theirs)
    outputs = account.deploy()
    assert account.standing() == expected(account.aws, outputs, MODALITIES)
    log = account.log()
    assert "until now they were logged to s3://theirs/p" in log
    assert "cfn-response" not in log, "the address is a credential"

    account.bedrock.put_model_invocation_logging_configuration(loggingConfig=theirs)
    account.delete()
    assert account.standing() == theirs


def test_a_property_that_is_wrong_fails_the_stack_by_its_name(account: Account) -> None:
    with pytest.raises(EmulatorError, match=r"Logging: .*Modalities has .*sound"):
        account.deploy(Modalities="text,sound")
    assert account.standing() is None
