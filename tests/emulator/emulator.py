"""Start, deploy to, play events into and stop the local AWS.

with Emulator.start() as aws:
    aws.deploy_home(code={"watch-inference": zip_path, "send-alerts": zip_path, "check-posture": zip_path})
    aws.deploy_source_region("us-east-1", patterns={"PolicySha256": "…", "Pattern1": "…"})
    aws.put_cloudtrail_event("us-east-1", detail)
    aws.client("sqs").receive_message(…)
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REPOSITORY = Path(__file__).resolve().parents[2]
INFRA = REPOSITORY / "infra"
ACCOUNT = "111122223333"
HOME_REGION = "ap-northeast-1"
ARTIFACTS = "crisguard-artifacts"
FUNCTIONS = ("watch-inference", "send-alerts", "check-posture")


class EmulatorError(RuntimeError):
    """The emulator did not start, or a deployment into it failed."""


@dataclass
class Emulator:
    """A running emulator. Use it as a context manager, or call `stop`."""

    endpoint: str
    process: subprocess.Popen[bytes]
    log_path: Path
    token: str
    account: str = ACCOUNT
    home_region: str = HOME_REGION
    credentials: dict[str, str] = field(default_factory=dict)
    clients: dict[tuple[str, str, str], Any] = field(default_factory=dict, repr=False)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="crisguard-emulator-")))

    @classmethod
    def start(
        cls,
        *,
        account: str = ACCOUNT,
        home_region: str = HOME_REGION,
        regions: Iterable[str] = (),
        other_regions: Iterable[str] = (),
        functions_reach: str | None = None,
        timeout: float = 60,
    ) -> Emulator:
        """Starts the emulator on a free port with IAM enforced and waits until it is healthy.

        Only `regions` are enabled in the account; every one if none is named. Those that are not are
        `other_regions`, or all others that there are. Functions find AWS at `functions_reach`, which
        passes their calls on (tests/answers), or else here.
        """
        port = free_port()
        endpoint = f"http://127.0.0.1:{port}"
        token = secrets.token_hex(16)
        folder = Path(tempfile.mkdtemp(prefix="crisguard-emulator-"))
        log_path = folder / "emulator.log"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AUTH": "true",
            "AWS_ENDPOINT_URL": functions_reach or endpoint,
            "BIND_HOST": "127.0.0.1",
            "CRISGUARD_EMIT_TOKEN": token,
            "CRISGUARD_OTHER_REGIONS": " ".join(other_regions),
            "CRISGUARD_REGIONS": " ".join(regions),
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_ACCOUNT_ID": account,
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": home_region,
            "SFTP_ENABLED": "0",
            # State machines wait a hundredth of the time before they try again.
            "SFN_WAIT_SCALE": "0.01",
            # Its pid file and the functions' working folders go with the folder.
            "TMPDIR": str(folder),
        }
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.emulator.launcher"],
                cwd=REPOSITORY,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        aws = cls(endpoint, process, log_path, token, account, home_region, folder=folder)
        try:
            aws._wait_until_healthy(timeout)
            aws.credentials = aws._create_administrator()
        except BaseException:
            aws.stop()
            raise
        return aws

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, *, keep_folder: bool = False) -> None:
        """Stops the emulator and the functions it started; removes its folder."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)
        if not keep_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- clients ---------------------------------------------------------------

    def client(self, service: str, region: str | None = None, credentials: Mapping[str, str] | None = None) -> Any:
        """A boto3 client of the administrator (or of `credentials`) in a Region, by default the home Region.

        Each is made once: that takes longer than most calls of it.
        """
        chosen = credentials or self.credentials
        key = (service, region or self.home_region, chosen["aws_access_key_id"])
        if key not in self.clients:
            self.clients[key] = client_of(self.endpoint, service, region or self.home_region, chosen)
        return self.clients[key]

    def environment(self, region: str | None = None) -> dict[str, str]:
        """Environment variables with which the AWS CLI and our scripts reach the emulator."""
        return {
            "AWS_ACCESS_KEY_ID": self.credentials["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.credentials["aws_secret_access_key"],
            "AWS_DEFAULT_REGION": region or self.home_region,
            "AWS_REGION": region or self.home_region,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_PAGER": "",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    # -- events ----------------------------------------------------------------

    def put_cloudtrail_event(self, region: str, detail: Mapping[str, Any], **options: Any) -> list[dict[str, Any]]:
        """Emits one CloudTrail record on a Region's default bus, as AWS itself would."""
        return self.put_cloudtrail_events(region, [detail], **options)

    def put_cloudtrail_events(
        self,
        region: str,
        details: Iterable[Mapping[str, Any]],
        *,
        source: str | None = None,
        detail_type: str | None = None,
        bus: str = "default",
        account: str | None = None,
    ) -> list[dict[str, Any]]:
        """Emits CloudTrail records; source and detail-type follow from each record unless given.

        Returns one answer a record, each with its `EventId`. An event reaches its queues
        before this returns.
        """
        entries = [
            {
                "Source": source or "aws." + str(detail["eventSource"]).removesuffix(".amazonaws.com"),
                "DetailType": detail_type or detail_type_of(detail),
                "Detail": json.dumps(detail),
                "EventBusName": bus,
            }
            for detail in details
        ]
        request = {"token": self.token, "account": account or self.account, "region": region, "entries": entries}
        answer: list[dict[str, Any]] = self._post("/_crisguard/emit", request)["entries"]
        return answer

    def mail(self) -> list[dict[str, str]]:
        """What subscribers by e-mail received, oldest first: `from`, `to`, `subject`, `body`."""
        answer: list[dict[str, str]] = self._post("/_crisguard/mail", {"token": self.token})["mail"]
        return answer

    def start_schedule(self, name: str, region: str | None = None, account: str | None = None) -> None:
        """Starts a schedule now, as its clock would: `crisguard-digest`, `-nightly`, `-organization` or `-canary`."""
        where = {"account": account or self.account, "region": region or self.home_region}
        request = {"token": self.token, "name": name, **where}
        answer = self._post("/_crisguard/start", request)
        if answer:
            raise EmulatorError(answer["error"])

    # -- deployment ------------------------------------------------------------

    def deploy_home(
        self,
        code: Mapping[str, Path],
        parameters: Mapping[str, str] | None = None,
        stack: str = "crisguard",
        region: str | None = None,
    ) -> dict[str, str]:
        """Deploys infra/template.yaml with the given code (function name → zip) and returns its outputs.

        The nested stack of a function without code is left out.
        The functions run on this machine, so the architecture is this machine's, and
        batches are held back as shortly as Lambda allows unless `parameters` say so.
        """
        chosen = {"Architecture": host_architecture(), "BatchingWindowSeconds": "1", **(parameters or {})}
        return self.deploy(INFRA / "template.yaml", chosen, code=code, stack=stack, region=region)

    def deploy_source_region(
        self, region: str, patterns: Mapping[str, str], parameters: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Deploys infra/source-region.yaml into a Region with what `crisguard pattern --format parameters` printed."""
        bus = f"arn:aws:events:{self.home_region}:{self.account}:event-bus/crisguard"
        chosen = {"HomeBusArn": bus, **patterns, **(parameters or {})}
        return self.deploy(INFRA / "source-region.yaml", chosen, stack="crisguard-source-region", region=region)

    def deploy(
        self,
        template: Path,
        parameters: Mapping[str, str] | None = None,
        *,
        code: Mapping[str, Path] | None = None,
        stack: str,
        region: str | None = None,
        timeout: float = 120,
        credentials: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Packages and deploys a template as `make deploy` does, through CloudFormation, and returns its outputs.

        With `credentials`, into their account.
        """
        region = region or self.home_region
        body = self._package(template, code, region) if code else template.read_text()
        cloudformation = self.client("cloudformation", region, credentials)
        arguments = {
            "StackName": stack,
            "TemplateBody": body,
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in (parameters or {}).items()],
        }
        exists = any(s["StackName"] == stack for s in cloudformation.describe_stacks()["Stacks"])
        try:
            (cloudformation.update_stack if exists else cloudformation.create_stack)(**arguments)
        except ClientError as error:
            # As `aws cloudformation deploy --no-fail-on-empty-changeset`.
            if "No updates are to be performed" not in str(error):
                raise
        return self._wait_for_stack(cloudformation, stack, timeout)

    def _package(self, template: Path, code: Mapping[str, Path], region: str) -> str:
        """Uploads code and nested templates with `aws cloudformation package`."""
        s3, bucket = self.client("s3", region), f"{ARTIFACTS}-{region}"
        if not any(b["Name"] == bucket for b in s3.list_buckets()["Buckets"]):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            root = Path(name)
            shutil.copytree(template.parent, root / "infra")
            for function, path in code.items():
                place = root / "target" / "lambda" / function / "bootstrap.zip"
                place.parent.mkdir(parents=True)
                shutil.copyfile(path, place)
            for function in FUNCTIONS:
                if function not in code:
                    leave_out(root / "infra" / template.name, f"{function}.yaml")
            packaged = root / "packaged.yaml"
            command = [str(Path(sys.executable).with_name("aws")), "cloudformation", "package"]
            command += ["--template-file", str(root / "infra" / template.name), "--s3-bucket", bucket]
            command += ["--output-template-file", str(packaged)]
            done = subprocess.run(
                command, env={**os.environ, **self.environment(region)}, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise EmulatorError(f"aws cloudformation package failed:\n{done.stdout}{done.stderr}")
            return packaged.read_text()

    def _wait_for_stack(self, cloudformation: Any, stack: str, timeout: float) -> dict[str, str]:
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            status = described["StackStatus"]
            if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}
            if status.endswith(("FAILED", "ROLLBACK_COMPLETE")):
                raise EmulatorError(f"stack {stack}: {status}\n{failures(cloudformation, stack)}")
            time.sleep(0.1)
        raise EmulatorError(f"stack {stack} was not complete after {timeout} s")

    # -- starting --------------------------------------------------------------

    def _wait_until_healthy(self, timeout: float) -> None:
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise EmulatorError(f"the emulator ended at once:\n{self.log_path.read_text()[-2000:]}")
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        raise EmulatorError(f"the emulator was not healthy after {timeout} s; its log is {self.log_path}")

    def _create_administrator(self) -> dict[str, str]:
        """A user with every permission, so that even the tests' own calls are signed and evaluated."""
        iam = self.client("iam", credentials=root_of(self.account))
        name = "administrator"
        everything = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="everything", PolicyDocument=json.dumps(everything))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        request = urllib.request.Request(self.endpoint + path, json.dumps(body).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise EmulatorError(f"{path}: {error.code} {error.read().decode()}") from error


def client_of(endpoint: str, service: str, region: str, credentials: Mapping[str, str], attempts: int = 2) -> Any:
    """A boto3 client that asks an endpoint of this machine."""
    client = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        config=Config(retries={"total_max_attempts": attempts}, s3={"addressing_style": "path"}),
        **credentials,
    )
    if service == "s3control":
        # It puts the account before the host's name, and nobody is found there.
        client.meta.events.register("before-sign.s3-control", lambda request, **_: _at(endpoint, request))
    return client


def _at(endpoint: str, request: Any) -> None:
    path = request.url.partition("://")[2].partition("/")[2]
    request.url = f"{endpoint}/{path}"


def root_of(account: str) -> dict[str, str]:
    """The credentials of an account's root user: the emulator makes an account when it is first called."""
    return {"aws_access_key_id": account, "aws_secret_access_key": "test"}


def detail_type_of(detail: Mapping[str, Any]) -> str:
    """The EventBridge detail-type of a CloudTrail record."""
    kind = "AWS Service Event" if detail.get("eventType") == "AwsServiceEvent" else "AWS API Call"
    return f"{kind} via CloudTrail"


def leave_out(template: Path, nested: str) -> None:
    """Takes the nested stack of this file out of a template."""
    resources = re.split(r"(?m)^(?=  \w+:\n    Type: )", template.read_text(encoding="utf-8"))
    kept = [text for text in resources if f"TemplateURL: {nested}\n" not in text]
    template.write_text("".join(kept), encoding="utf-8")


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def host_architecture() -> str:
    """Lambda's name for this machine's processor: the emulator runs functions natively."""
    return "arm64" if re.match(r"arm64|aarch64", os.uname().machine) else "x86_64"


def failures(cloudformation: Any, stack: str) -> str:
    """What failed in a stack and the stacks nested in it, one line a resource."""
    names = [s["StackName"] for s in cloudformation.describe_stacks()["Stacks"] if s["StackName"].startswith(stack)]
    lines = []
    for name in names:
        for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]:
            if event["ResourceStatus"].endswith("FAILED"):
                reason = event.get("ResourceStatusReason", "")
                lines.append(f"{name} {event['LogicalResourceId']}: {reason}")
    return "\n".join(lines)
