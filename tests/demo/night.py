"""The estate that check-posture looks at: a Region for each way in which evidence can be, and what must be decided."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.emulator.emulator import ACCOUNT

from .evidence import Evidence
from .records import NAMESPACE, OREGON, OSAKA, SINGAPORE, TOKYO, VIRGINIA, Record
from .stage import POSTURE, Stage
from .stories import HAIKU, Words

LOGGING = "bedrock:GetModelInvocationLoggingConfiguration"
COMPLIANT, WRONG, UNDECIDED = "compliant", "non-compliant", "undecided"
ENABLED, MODALITIES, ENCRYPTED = (f"invocation-logging-{of}" for of in ("enabled", "modalities", "bucket-encrypted"))
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/operations"
# Of these, CloudTrail tells in the event history of the Region.
DELETED = "DeleteModelInvocationLoggingConfiguration"
PUT = "PutModelInvocationLoggingConfiguration"


def _as_it_is(_: Stage, __: Evidence) -> None:
    pass


def _off(stage: Stage, evidence: Evidence) -> None:
    evidence.turn_off(stage.client)


def _destinations_deleted(stage: Stage, evidence: Evidence) -> None:
    evidence.delete_destinations(stage.client)


def _denied(stage: Stage, evidence: Evidence) -> None:
    condition = {"StringEquals": {"aws:RequestedRegion": evidence.region}}
    deny = {"Effect": "Deny", "Action": LOGGING, "Resource": "*", "Condition": condition}
    stage.client("iam", stage.aws.home_region).put_role_policy(
        RoleName=f"{POSTURE}-{stage.aws.home_region}",
        PolicyName="region-closed",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )


def _weak(stage: Stage, evidence: Evidence) -> None:
    evidence.encrypt(stage.client, {"SSEAlgorithm": "AES256"})
    evidence.turn_on(stage.client, image=False, embedding=False)


@dataclass(frozen=True)
class Place:
    """A Region of the estate, how its evidence is, and what must be decided but compliance: control → decision."""

    region: str
    is_like: str
    make: Callable[[Stage, Evidence], None]
    decided: dict[str, str] = field(default_factory=dict)
    # What the report must say of it.
    says: tuple[str, ...] = ()


ABOUT_LOGGING = [
    f"invocation-logging-{of}"
    for of in (
        *("bucket-encrypted", "bucket-private", "bucket-retained", "delivering", "enabled"),
        *("group-encrypted", "group-retained", "modalities"),
    )
]
ESTATE = [
    Place(TOKYO, "everything as it must be", _as_it_is),
    Place(OSAKA, "nobody ever turned logging on", _off, {ENABLED: WRONG}, ("logging is off",)),
    Place(
        VIRGINIA,
        "logging is on; its bucket and log group were deleted",
        _destinations_deleted,
        {ENABLED: WRONG},
        ("bedrock-logs-", "/bedrock/invocations"),
    ),
    Place(
        OREGON,
        "check-posture may not read how logging is set",
        _denied,
        dict.fromkeys(ABOUT_LOGGING, UNDECIDED),
        (LOGGING,),
    ),
    Place(
        SINGAPORE,
        "S3's own encryption; images and embeddings not logged",
        _weak,
        {MODALITIES: WRONG, ENCRYPTED: WRONG},
        ("image", "embedding"),
    ),
]


def set_up(stage: Stage) -> None:
    """Makes the estate. Bedrock has been used in all of it, weeks ago."""
    for place in ESTATE:
        evidence = Evidence.make(stage.client, stage.aws.account, place.region)
        place.make(stage, evidence)
        stage.evidence[place.region] = evidence
        stage.answers.count_invocations(place.region, HAIKU, ago=datetime.timedelta(days=20))


@dataclass(frozen=True)
class Decided:
    """What was decided about a Region of the estate."""

    place: Place
    counts: dict[str, int]
    # Every decision but compliance, with its reason.
    told: list[tuple[str, str, str]]

    @property
    def by_reason(self) -> dict[str, list[str]]:
        """The controls that are not compliant, by what is said of them."""
        reasons: dict[str, list[str]] = {}
        for control, _, explanation in self.told:
            reasons.setdefault(explanation, []).append(control)
        return reasons


def decided(report: dict[str, Any], place: Place) -> Decided:
    """Finds a Region of the estate in a report."""
    here = [assessed for assessed in report["assessments"] if assessed["region"] == place.region]
    counts = {name: sum(each["decision"] == name for each in here) for name in (COMPLIANT, WRONG, UNDECIDED)}
    told = [(each["control"], each["decision"], each["explanation"]) for each in here if each["decision"] != COMPLIANT]
    return Decided(place, counts, told)


def disorder(report: dict[str, Any]) -> list[str]:
    """Whatever a report says that is not in order, one sentence each."""
    found = [] if report["assessments"] else ["nothing was decided"]
    wrong = (each for each in report["assessments"] if each["decision"] != COMPLIANT)
    return found + [f"{each['control']} in {each['region']}: {each['explanation']}" for each in wrong]


def differences(report: dict[str, Any], kept: dict[str, Any]) -> list[str]:
    """Whatever differs from what must be decided, one sentence each."""
    found = [] if report == kept else ["the report that was kept is another one than the answer"]
    for place in ESTATE:
        outcome = decided(report, place)
        decisions = {control: decision for control, decision, _ in outcome.told}
        if decisions != place.decided:
            found.append(f"{place.region}: decided {decisions} instead of {place.decided}")
        text = " ".join(explanation for _, _, explanation in outcome.told)
        found += [f"the report does not say {words} of {place.region}" for words in place.says if words not in text]
    whole = report["coverage"]
    if sum(whole[name] for name in ("compliant", "non_compliant", "undecided")) != len(report["assessments"]):
        found.append(f"the coverage line does not add up: {whole}")
    return found


def change(name: str, region: str, source: str, time: str, parameters: dict[str, Any] | None = None) -> Record:
    """The record of a change that the operator made."""
    told = f"{name} {region} {time}"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:kato",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/operations/kato",
            "accountId": ACCOUNT,
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": OPERATOR, "accountId": ACCOUNT, "userName": "operations"}
            },
        },
        "eventTime": time,
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "demo",
        "requestParameters": parameters,
        "responseElements": None,
        "eventID": str(uuid.uuid5(NAMESPACE, f"{told} event")),
        "requestID": str(uuid.uuid5(NAMESPACE, f"{told} request")),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
        "recipientAccountId": ACCOUNT,
    }


WHO = (Words(OPERATOR), Words(DELETED), Words(TOKYO))
