"""Invocation logging is turned on, put back and turned off by its stack, as a person deploys it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import pytest

from .emulator import Emulator, host_architecture
from .test_scripts import Shell

REGIONS = "eu-west-1 us-east-1"
STACK = "crisguard-invocation-logging"
# Stands for crisguard-turn-on-logging, whose own tests say how it answers; what it asks of
# Bedrock, it asks as the template's role.
TURN_ON = f"""#!{sys.executable}
import json, os, urllib.request
import boto3
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)
    bedrock, asked = boto3.client("bedrock"), body["ResourceProperties"]
    answer = {{k: body[k] for k in ("StackId", "RequestId", "LogicalResourceId")}}
    answer |= {{"Status": "SUCCESS", "PhysicalResourceId": "invocation-logging"}}
    try:
        bedrock.get_model_invocation_logging_configuration()
        if body["RequestType"] == "Delete":
            bedrock.delete_model_invocation_logging_configuration()
        else:
            large = {{"bucketName": asked["LargeDataBucketName"]}}
            group = {{"logGroupName": asked["LogGroupName"], "roleArn": asked["RoleArn"]}}
            bedrock.put_model_invocation_logging_configuration(loggingConfig={{
                "s3Config": {{"bucketName": asked["BucketName"]}},
                "cloudWatchConfig": {{**group, "largeDataDeliveryS3Config": large}},
                **{{m + "DataDeliveryEnabled": True for m in asked["Modalities"]}},
            }})
    except Exception as error:
        answer |= {{"Status": "FAILED", "Reason": str(error)}}
    told = urllib.request.Request(body["ResponseURL"], json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(told).close()
    urllib.request.urlopen(api + request + "/response", b"{{}}").close()
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulator]:
    """An account without crisguard."""
    with Emulator.start() as running:
        yield running


def configured(aws: Emulator, region: str) -> dict[str, Any]:
    answer = aws.client("bedrock", region).get_model_invocation_logging_configuration()
    configuration: dict[str, Any] = answer.get("loggingConfig") or {}
    return configuration


def stack_of(aws: Emulator, region: str) -> dict[str, str]:
    described = aws.client("cloudformation", region).describe_stacks(StackName=STACK)["Stacks"][0]
    return {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]}


@pytest.mark.slow
def test_logging_is_turned_on_put_back_and_turned_off(aws: Emulator, tmp_path: Path) -> None:
    archive = tmp_path / "turn-on.zip"
    entry = ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    with ZipFile(archive, "w") as packed:
        packed.writestr(entry, TURN_ON)
    shell = Shell(aws, tmp_path / "checkout", {"turn-on-logging": archive})
    # One Region after the other: the emulator starts functions of one name in two Regions from one folder.
    common = ("--builder", "none", "--architecture", host_architecture(), "--retention-days", "731", "--jobs", "1")

    done = shell.run("deploy-logging", "--regions", REGIONS, *common)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 Regions done" in done.stdout
    for region in REGIONS.split():
        stands, outputs = configured(aws, region), stack_of(aws, region)
        assert stands["s3Config"]["bucketName"] == outputs["BucketName"]
        assert stands["cloudWatchConfig"]["logGroupName"] == outputs["LogGroupName"]
        assert stands["cloudWatchConfig"]["largeDataDeliveryS3Config"]["bucketName"] == outputs["BucketName"]
        modalities = ("text", "image", "embedding", "video", "audio")
        assert all(stands[f"{modality}DataDeliveryEnabled"] for modality in modalities)
        groups = aws.client("logs", region).describe_log_groups(logGroupNamePrefix=outputs["LogGroupName"])
        assert groups["logGroups"][0]["retentionInDays"] == 731
        assert outputs["BucketName"] in done.stdout

    bedrock = aws.client("bedrock", "us-east-1")
    bedrock.delete_model_invocation_logging_configuration()
    again = shell.run("deploy-logging", "--regions", "us-east-1", *common)
    assert again.returncode == 0, again.stdout + again.stderr
    first = stack_of(aws, "us-east-1")["BucketName"]
    assert configured(aws, "us-east-1")["s3Config"]["bucketName"] == first

    cloudformation = aws.client("cloudformation", "us-east-1")
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    assert not configured(aws, "us-east-1")
    assert aws.client("s3", "us-east-1").head_bucket(Bucket=first), "what was logged is kept"

    anew = shell.run("deploy-logging", "--regions", "us-east-1", *common)
    assert anew.returncode == 0, anew.stdout + anew.stderr
    assert configured(aws, "us-east-1")["s3Config"]["bucketName"] != first
