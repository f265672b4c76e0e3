"""What scripts/check-trails says of an account's trails."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .emulator import REPOSITORY, Emulator

SCRIPT = REPOSITORY / "scripts" / "check-trails"


def script() -> Any:
    """The script as a module."""
    loader = importlib.machinery.SourceFileLoader("check_trails", str(SCRIPT))
    spec = importlib.util.spec_from_loader("check_trails", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}
DATA = {"Field": "eventCategory", "Equals": ["Data"]}
BY_OTHERS = {"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:sts::111122223333:assumed-role/chat"]}


@pytest.mark.parametrize(("selector", "records"), [
    ({"ReadWriteType": "All", "IncludeManagementEvents": True}, True),
    ({"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}, True),
    ({"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}, False),
    ({"ReadWriteType": "All", "IncludeManagementEvents": False}, False),
    ({"ReadWriteType": "All", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}, True),
    ({"ReadWriteType": "All", "ExcludeManagementEventSources": ["bedrock.amazonaws.com"]}, False),
])  # fmt: skip
def test_basic_selector(selector: dict[str, Any], records: bool) -> None:
    assert script().records_reads(selector) is records


@pytest.mark.parametrize(("fields", "selects"), [
    ([MANAGEMENT], True),
    ([DATA, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}], False),
    ([MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]}], True),
    ([MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]}], False),
    ([MANAGEMENT, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}], True),
    ([MANAGEMENT, {"Field": "eventSource", "NotEquals": ["bedrock.amazonaws.com"]}], False),
    ([MANAGEMENT, {"Field": "eventSource", "NotStartsWith": ["bedrock"]}], False),
    ([MANAGEMENT, {"Field": "eventSource", "StartsWith": ["ec2", "bedrock"]}], True),
    ([MANAGEMENT, {"Field": "eventSource", "EndsWith": [".amazonaws.com"]}], True),
    # It may leave calls of Bedrock out: by whom they are made is not known here.
    ([MANAGEMENT, BY_OTHERS], False),
])  # fmt: skip
def test_advanced_selector(fields: list[dict[str, Any]], selects: bool) -> None:
    assert script().selects_reads({"FieldSelectors": fields}) is selects


@pytest.mark.slow
def test_trails_of_an_account(aws: Emulator) -> None:
    trails, bucket = aws.client("cloudtrail"), "crisguard-test-trail"
    aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.home_region})

    def said() -> tuple[int, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, **aws.environment(), "PATH": path}
        command = [str(SCRIPT), aws.home_region]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip() + done.stderr

    assert said() == (1, "no multi-Region CloudTrail trail was found")
    trails.create_trail(Name="writes", S3BucketName=bucket, IsMultiRegionTrail=True)
    assert said() == (1, "the trail writes is not logging")
    trails.start_logging(Name="writes")
    assert said() == (0, "")
    writes = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]
    trails.put_event_selectors(TrailName="writes", EventSelectors=writes)
    assert said() == (1, "the trail writes records no read-only management events of Bedrock")
    trails.create_trail(Name="all", S3BucketName=bucket, IsMultiRegionTrail=True)
    trails.start_logging(Name="all")
    advanced = [{"Name": "management", "FieldSelectors": [MANAGEMENT]}]
    trails.put_event_selectors(TrailName="all", AdvancedEventSelectors=advanced)
    assert said() == (0, ""), "one that will do is enough"

    # Whoever may not look is told that nothing is known.
    iam = aws.client("iam")
    iam.create_user(UserName="blind")
    key = iam.create_access_key(UserName="blind")["AccessKey"]
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="blind", PolicyName="nothing", PolicyDocument=json.dumps(nothing))
    aws.credentials, administrator = (
        {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]},
        aws.credentials,
    )
    try:
        status, text = said()
    finally:
        aws.credentials = administrator
    assert status == 2
    assert text.startswith("CloudTrail's trails could not be read: ")
