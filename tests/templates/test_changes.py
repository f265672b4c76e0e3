"""A change of a setting passes its rule in the Region and the one on the crisguard bus; nothing else does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .patterns import matches
from .rendering import ACCOUNT, HOME_BUS, Resource, change_region, home, source_region

HOME_STACK = home()
REGION = change_region("us-east-1")
SOURCE = source_region("us-east-1")
STATE = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"

# Every change that alters what check-posture decides, by the service whose record it is.
CHANGES = {
    "bedrock": """
        PutModelInvocationLoggingConfiguration DeleteModelInvocationLoggingConfiguration PutAccountDataRetention
        CreateGuardrail CreateGuardrailVersion UpdateGuardrail DeleteGuardrail
        PutEnforcedGuardrailConfiguration DeleteEnforcedGuardrailConfiguration
        CreateInferenceProfile DeleteInferenceProfile CreateModelInvocationJob
        CreateCustomModel CreateModelCopyJob CreateModelCustomizationJob DeleteCustomModel
        CreateModelImportJob DeleteImportedModel
        CreateAgent UpdateAgent DeleteAgent CreateKnowledgeBase UpdateKnowledgeBase DeleteKnowledgeBase
        CreateDataSource UpdateDataSource DeleteDataSource
    """,
    "logs": """
        CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey DisassociateKmsKey
    """,
    "s3": """
        CreateBucket DeleteBucket PutBucketEncryption DeleteBucketEncryption PutBucketPolicy DeleteBucketPolicy
        PutBucketPublicAccessBlock DeleteBucketPublicAccessBlock
        PutAccountPublicAccessBlock DeleteAccountPublicAccessBlock
        PutBucketOwnershipControls DeleteBucketOwnershipControls PutBucketAcl
        PutBucketLifecycle DeleteBucketLifecycle
    """,
    "kms": """
        DisableKey EnableKey ScheduleKeyDeletion CancelKeyDeletion ImportKeyMaterial DeleteImportedKeyMaterial
    """,
    "cloudtrail": "CreateTrail DeleteTrail UpdateTrail StartLogging StopLogging PutEventSelectors",
    "ec2": "CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints",
    "events": """
        PutRule DeleteRule EnableRule DisableRule PutTargets RemoveTargets PutPermission RemovePermission
        CreateEventBus UpdateEventBus DeleteEventBus
    """,
    "iam": """
        CreateServiceSpecificCredential UpdateServiceSpecificCredential ResetServiceSpecificCredential
        DeleteServiceSpecificCredential
    """,
}
NAMED = [(service, name) for service, names in CHANGES.items() for name in names.split()]
RULES = {r.properties["Name"]: r for r in REGION.of_type("AWS::Events::Rule")}
ON_THE_BUS = HOME_STACK.resources["Changes.ChangesRule"]


def event(service: str, name: str, **detail: Any) -> dict[str, Any]:
    """A record as EventBridge delivers it, about what is crisguard's where that matters."""
    parameters: dict[str, Any] = {}
    if service == "events":
        member = "rule" if name.endswith("Targets") else "eventBusName" if name.endswith("Permission") else "name"
        parameters = {member: "crisguard" if "Bus" in name or "Permission" in name else "crisguard-forward-1"}
    if name == "CreateServiceSpecificCredential":
        parameters = {"serviceName": "bedrock.amazonaws.com"}
    record = {"eventSource": f"{service}.amazonaws.com", "eventName": name, "requestParameters": parameters}
    return {"source": f"aws.{service}", "detail-type": "AWS API Call via CloudTrail", "detail": {**record, **detail}}


def pattern_of(rule: Resource) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(rule.properties["EventPattern"])
    return parsed


def forwarded_by(happened: dict[str, Any]) -> list[str]:
    return [name for name, rule in RULES.items() if matches(pattern_of(rule), happened)]


def goes_through(happened: dict[str, Any]) -> bool:
    """Whether a Region's rule forwards it, and the one on the bus takes it to the queue."""
    return bool(forwarded_by(happened)) and matches(pattern_of(ON_THE_BUS), happened)


@pytest.mark.parametrize(("service", "name"), NAMED)
def test_change_goes_through(service: str, name: str) -> None:
    happened = event(service, name)
    assert forwarded_by(happened) == [f"crisguard-change-{service}"]
    assert goes_through(happened)


@pytest.mark.parametrize(("service", "name"), NAMED)
def test_call_that_failed_is_left_out(service: str, name: str) -> None:
    assert not forwarded_by(event(service, name, errorCode="AccessDenied"))


def test_each_rule_names_these_events_and_no_other() -> None:
    assert set(RULES) == {f"crisguard-change-{service}" for service in CHANGES}
    for service, names in CHANGES.items():
        detail = pattern_of(RULES[f"crisguard-change-{service}"])["detail"]
        named = detail.get("eventName") or [n for choice in detail["$or"] for n in choice["eventName"]]
        assert sorted(named) == sorted(names.split()), service
    choices = pattern_of(ON_THE_BUS)["detail"]["$or"]
    assert sorted(choices[0]["eventName"]) == sorted(CHANGES["bedrock"].split())
    assert {f"{s}.amazonaws.com" for s in CHANGES if s != "bedrock"} == set(choices[1]["eventSource"])


def test_data_retention_of_bedrock_mantle_goes_through() -> None:
    assert goes_through(event("bedrock-mantle", "PutAccountDataRetention"))


@pytest.mark.parametrize(
    "parameters",
    [
        {"name": "crisguard-change-s3"},
        {"name": "crisguard"},
        {"rule": "crisguard-inference", "eventBusName": "crisguard"},
        {"eventBusName": HOME_BUS, "statementId": "x"},
    ],
)
def test_change_of_what_is_crisguard_s_goes_through(parameters: dict[str, Any]) -> None:
    name = "PutTargets" if "rule" in parameters else "PutRule" if "name" in parameters else "PutPermission"
    assert goes_through(event("events", name, requestParameters=parameters))


@pytest.mark.parametrize(
    "happened",
    [
        event("events", "PutRule", requestParameters={"name": "another"}),
        event("events", "PutTargets", requestParameters={"rule": "another", "eventBusName": "default"}),
        event("events", "PutPermission", requestParameters={"eventBusName": "another"}),
        event("iam", "CreateServiceSpecificCredential", requestParameters={"serviceName": "codecommit.amazonaws.com"}),
        event("iam", "PutRolePolicy"),
        event("s3", "PutBucketTagging"),
        event("kms", "GenerateDataKey"),
        # A name of another service.
        event("ec2", "DeleteLogGroup"),
    ],
    ids=lambda e: f"{e['detail']['eventName']} {e['detail']['requestParameters']}",
)
def test_what_changes_nothing_of_ours_is_left_out(happened: dict[str, Any]) -> None:
    assert not forwarded_by(happened)


def test_bedrock_s_calls_on_the_bus_start_no_look() -> None:
    for name in ("InvokeModel", "Converse", "ConverseStream", "GetGuardrail", "ListInferenceProfiles"):
        assert not matches(pattern_of(ON_THE_BUS), event("bedrock", name))
    canary = event("bedrock", "Converse") | {"source": "crisguard.canary"}
    assert not matches(pattern_of(ON_THE_BUS), canary)


def test_nobody_can_start_a_look_with_an_event_of_their_own() -> None:
    """PutEvents refuses sources that begin with `aws.`."""
    forged = event("bedrock", "DeleteModelInvocationLoggingConfiguration") | {"source": "somebody"}
    assert not forwarded_by(forged)
    assert not matches(pattern_of(ON_THE_BUS), forged)


def test_rules_fit_eventbridge() -> None:
    for rule in [*RULES.values(), ON_THE_BUS]:
        assert len(rule.properties["EventPattern"]) <= 2048, "EventBridge's quota"
        assert rule.properties["State"] == STATE


def test_rules_of_a_region_forward_as_the_others_do() -> None:
    role, queue = SOURCE.resources["ForwarderRole"].arn, SOURCE.resources["ForwardDeadLetterQueue"].arn
    for rule in RULES.values():
        (target,) = rule.properties["Targets"]
        assert target == {
            "Id": "crisguard-bus",
            "Arn": HOME_BUS,
            "RoleArn": role,
            "DeadLetterConfig": {"Arn": queue},
        }, rule.path


def test_iam_is_heard_in_the_one_region_where_its_events_are() -> None:
    elsewhere = {r.properties["Name"] for r in change_region("eu-west-1").of_type("AWS::Events::Rule")}
    assert elsewhere == set(RULES) - {"crisguard-change-iam"}


def test_changes_wait_a_minute_before_the_look() -> None:
    (target,) = ON_THE_BUS.properties["Targets"]
    queue = HOME_STACK.resources["Changes.ChangesQueue"]
    assert target["Arn"] == queue.arn == f"arn:aws:sqs:ap-northeast-1:{ACCOUNT}:crisguard-changes"
    assert queue.properties["DelaySeconds"] == 60
    (mapping,) = [
        m for m in HOME_STACK.of_type("AWS::Lambda::EventSourceMapping") if m.path == "CheckPosture.ChangesMapping"
    ]
    assert mapping.properties["ScalingConfig"]["MaximumConcurrency"] == 2
