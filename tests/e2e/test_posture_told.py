"""What a night finds is told once, whatever happens to check-posture on the way; and it is kept."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.answers.faults import DENIED

from .deployment import ELSEWHERE, FINDINGS, NIGHTLY, NOT_ENABLED, OSAKA, POSTURE, SEND, SILENT, WEST, Deployment
from .estate import allow, policy
from .records import ACCOUNT, HOME
from .subscribers import Alert

RULES = "rule-receives-inference"


def told(alerts: list[Alert]) -> list[tuple[str, str]]:
    """What alerts are about: Regions and controls, in their order."""
    return sorted((f["source_region"], f["control"]) for alert in alerts for f in alert.body["findings"])


@contextlib.contextmanager
def three_things_wrong(deployed: Deployment) -> Iterator[set[tuple[str, str]]]:
    """Meanwhile three settings are wrong, of three controls in three Regions."""
    retention, endpoint = deployed.answers.client("bedrock", WEST), deployed.evidence[OSAKA]
    events = deployed.aws.client("events", SILENT)
    retention.put_account_data_retention(mode="provider_data_share")
    full = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})
    endpoint.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint.endpoint, PolicyDocument=full)
    rule = events.describe_rule(Name="crisguard-change-kms")
    events.disable_rule(Name=rule["Name"])
    try:
        yield {(WEST, "data-retention-allowed"), (OSAKA, "vpc-endpoint-restricted"), (SILENT, RULES)}
    finally:
        retention.put_account_data_retention(mode="none")
        endpoint.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint.endpoint])
        endpoint.make_endpoint()
        events.put_rule(**{name: rule[name] for name in ("Name", "EventPattern", "State", "Description")})


# -- a night like any other -----------------------------------------------------------------


def test_the_same_night_twice(deployed: Deployment) -> None:
    """Three things are wrong and three alerts say so; the next night, and the hourly review, say nothing again. Each
    night's report is kept as it was answered.
    """
    with three_things_wrong(deployed) as wrong:
        looked = deployed.look()
        assert set(looked.not_compliant) == wrong
        alerts = deployed.alerts()
        assert ({alert.kind for alert in alerts}, told(alerts)) == ({"alert"}, sorted(wrong))
        again = deployed.look()
        assert set(again.not_compliant) == wrong
        deployed.review()
        assert deployed.alerts() == []
    kept = {"Bucket": f"crisguard-reports-{ACCOUNT}-{HOME}"}
    day = datetime.date.fromisoformat(looked.report["observed_at"][:10])
    key = f"posture/{ACCOUNT}/{day}/nightly.json"
    s3 = deployed.aws.client("s3")
    versions = [v for v in s3.list_object_versions(**kept, Prefix=key)["Versions"] if v["Key"] == key]
    reports = [json.load(s3.get_object(**kept, Key=key, VersionId=v["VersionId"])["Body"]) for v in versions[:2]]
    assert sorted(report["observed_at"] for report in reports) == sorted(
        night.report["observed_at"] for night in (looked, again)
    )
    assert again.report in reports
    controls = [control for _, control in wrong]
    assert deployed.look(*controls).not_compliant == {}
    resolved = deployed.alerts()
    assert ({alert.kind for alert in resolved}, told(resolved)) == ({"resolved"}, sorted(wrong))


@contextlib.contextmanager
def seven_things_wrong(deployed: Deployment) -> Iterator[set[str]]:
    """Meanwhile seven controls do not hold at home, of which one is critical."""
    evidence, iam = deployed.evidence[HOME], deployed.answers.client("iam")
    bedrock, ec2, key = evidence.client("bedrock"), evidence.client("ec2"), "bedrock.amazonaws.com"
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    everything = policy({"Effect": "Allow", "Action": ["bedrock:*", "cloudtrail:*"], "Resource": "*"})
    evidence.switch_off()
    bedrock.put_account_data_retention(mode="provider_data_share")
    bedrock.delete_enforced_guardrail_configuration(configId=evidence.enforced)
    ec2.modify_vpc_endpoint(VpcEndpointId=evidence.endpoint, PolicyDocument=policy(allow("*", "*", "*")))
    iam.create_role(RoleName="does-everything", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="does-everything", PolicyName="may", PolicyDocument=everything)
    made = iam.create_service_specific_credential(UserName="tester", ServiceName=key)["ServiceSpecificCredential"]
    try:
        yield {
            "invocation-logging-enabled",
            "data-retention-allowed",
            "guardrail-enforced",
            "vpc-endpoint-restricted",
            "invoke-is-least-privilege",
            "manage-and-invoke-separate",
            "api-key-long-term",
        }
    finally:
        evidence.configure()
        bedrock.put_account_data_retention(mode="none")
        bedrock.delete_guardrail(guardrailIdentifier=evidence.guardrail)
        evidence.enforce_a_guardrail()
        ec2.delete_vpc_endpoints(VpcEndpointIds=[evidence.endpoint])
        evidence.make_endpoint()
        iam.delete_role_policy(RoleName="does-everything", PolicyName="may")
        iam.delete_role(RoleName="does-everything")
        identity = made["ServiceSpecificCredentialId"]
        iam.delete_service_specific_credential(UserName="tester", ServiceSpecificCredentialId=identity)


def test_more_than_a_handful_is_told_together(deployed: Deployment) -> None:
    """The first night in an account finds much: what is critical wakes somebody, the rest is one digest, and once."""
    with seven_things_wrong(deployed) as controls:
        looked = deployed.look()
        assert {control for _, control in looked.not_compliant} == controls
        (alert,) = deployed.alerts()
        assert (alert.kind, alert.controls) == ("alert", ["data-retention-allowed"])
        assert deployed.review() == {"digested": len(controls) - 1}
        (digest,) = deployed.alerts()
        assert digest.kind == "digest"
        assert {control for _, control in told([digest])} == controls - {"data-retention-allowed"}
        deployed.look(*controls, regions=[HOME])
        deployed.review()
        assert deployed.alerts() == [], "at the next look they are known"
    assert deployed.look(*controls, regions=[HOME]).not_compliant == {}
    assert {control for _, control in told(deployed.alerts())} == controls


# -- the function dies ----------------------------------------------------------------------


def process_of(deployed: Deployment) -> int:
    """The process that runs check-posture for this deployment's emulator."""
    wanted = {b"AWS_LAMBDA_FUNCTION_NAME=" + POSTURE.encode(), b"AWS_ENDPOINT_URL=" + deployed.answers.url.encode()}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and wanted <= set((folder / "environ").read_bytes().split(b"\0")):
                return int(folder.name)
    raise AssertionError("check-posture is not running")


def dies(deployed: Deployment, condition: str, calls: int) -> dict[str, Any]:
    """Begins the nightly look, kills the function at so many calls of an operation (any if none is named), and
    returns what whoever invoked it was told.
    """
    said: dict[str, Any] = {}

    def begin() -> None:
        payload = json.dumps(deployed.request(NIGHTLY)).encode()
        answer = deployed.aws.client("lambda").invoke(FunctionName=POSTURE, Payload=payload)
        said.update(error=answer.get("FunctionError"), payload=answer["Payload"].read().decode())

    def made() -> int:
        which = {"operation": condition} if condition else {}
        return len(deployed.answers.calls(session=True, **which))

    # It must be warm: who is killed while starting has looked at nothing.
    deployed.glance(RULES, regions=[ELSEWHERE])
    deployed.purge()
    deployed.answers.reset("calls")
    thread = threading.Thread(target=begin)
    thread.start()
    deployed.wait(lambda: made() >= calls, f"{calls} calls")
    os.kill(process_of(deployed), signal.SIGKILL)
    thread.join(30)
    assert said["error"], said
    return said


@pytest.mark.parametrize(
    ("operation", "calls"), [("", 60), ("SendMessageBatch", 3)], ids=["while looking", "while handing on"]
)
def test_it_dies_half_way(deployed: Deployment, operation: str, calls: int) -> None:
    """Whoever started it hears of it, and the next look tells everything, once."""
    with three_things_wrong(deployed) as wrong:
        deployed.answers.tell(latency=0.1)
        dies(deployed, operation, calls)
        deployed.answers.reset("settings", "calls")
        assert set(deployed.look().not_compliant) == wrong
        alerts = deployed.alerts()
        assert ({alert.kind for alert in alerts}, told(alerts)) == ({"alert"}, sorted(wrong)), "each once"
        assert deployed.depth(FINDINGS) == 0
    controls = [control for _, control in wrong]
    assert deployed.look(*controls).not_compliant == {}
    assert told(deployed.alerts()) == sorted(wrong)


def test_a_region_is_closed_while_nothing_is_accepted(deployed: Deployment) -> None:
    """What was found in a Region that is no longer enabled ends, also if the first look to see that cannot say so."""
    closed, control = NOT_ENABLED[0], "data-retention-allowed"
    deployed.answers.client("bedrock", closed).put_account_data_retention(mode="provider_data_share")
    # While the Regions cannot be listed, one that is named is looked at.
    deployed.answers.fail(DENIED, action="account:ListRegions")
    deployed.look(control, regions=[closed])
    (alert,) = deployed.alerts()
    assert alert.controls == [control]
    deployed.answers.reset("faults")
    deployed.answers.fail(DENIED, service="sqs", operation="SendMessageBatch")
    answer = deployed.aws.client("lambda").invoke(FunctionName=POSTURE, Payload=json.dumps({"controls": [control]}))
    assert "FunctionError" in answer
    deployed.answers.reset("faults")
    assert deployed.look(control).of(control)[closed]["reason"]["kind"] == "region_not_enabled"
    (resolved,) = deployed.alerts()
    assert (resolved.kind, resolved.controls) == ("resolved", [control])


def test_findings_are_not_accepted_for_a_while(deployed: Deployment) -> None:
    """A queue that takes some of them and refuses the others fails the run; the next tells what is missing, once."""
    with three_things_wrong(deployed) as wrong:
        with deployed.paused(SEND):
            deployed.answers.fail(DENIED, service="sqs", operation="SendMessageBatch", after=1)
            payload = json.dumps(deployed.request(NIGHTLY)).encode()
            answer = deployed.aws.client("lambda").invoke(FunctionName=POSTURE, Payload=payload)
            assert "FunctionError" in answer
            assert "could not be handed on" in answer["Payload"].read().decode()
            assert 0 < deployed.depth(FINDINGS) <= 10
            deployed.answers.reset("faults")
            deployed.glance()
        deployed.settle()
        assert told(deployed.alerts()) == sorted(wrong)
