"""Bedrock's settings of an account in a Region: data retention, and guardrails that are enforced.

https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_PutEnforcedGuardrailConfiguration.html
"""

from __future__ import annotations

from . import guardrails
from .wording import RefusedError
from .world import Ask, Document, new_id, now


def get_retention(ask: Ask) -> Document:
    """GetAccountDataRetention. A Region that nobody has configured remains at `inherit`."""
    return ask.place.data_retention or {"mode": "inherit"}


def put_retention(ask: Ask) -> Document:
    """PutAccountDataRetention."""
    ask.place.data_retention = {"mode": ask.inputs["mode"], "updatedAt": now()}
    return ask.place.data_retention


def list_enforced(ask: Ask) -> Document:
    """ListEnforcedGuardrailsConfiguration."""
    return {"guardrailsConfig": list(ask.place.enforced.values())}


def put_enforced(ask: Ask) -> Document:
    """PutEnforcedGuardrailConfiguration: a new configuration, or a change of one."""
    asked = ask.inputs["guardrailInferenceConfig"]
    versions = guardrails.found(ask.place, asked["guardrailIdentifier"])
    version = asked["guardrailVersion"]
    if version not in versions:
        raise RefusedError("ResourceNotFoundException", f"the guardrail has no version {version}", 404)
    identity, moment = ask.inputs.get("configId") or new_id(), now()
    by = f"arn:aws:iam::{ask.place.account}:user/administrator"
    before = ask.place.enforced.get(identity, {"createdAt": moment, "createdBy": by})
    kept = {name: asked[name] for name in ("selectiveContentGuarding", "modelEnforcement") if name in asked}
    ask.place.enforced[identity] = {
        **{name: before[name] for name in ("createdAt", "createdBy")},
        **kept,
        "configId": identity,
        "guardrailArn": versions[version]["guardrailArn"],
        "guardrailId": versions[version]["guardrailId"],
        "guardrailVersion": version,
        "owner": "ACCOUNT",
        "updatedAt": moment,
        "updatedBy": by,
    }
    return {"configId": identity, "updatedAt": moment, "updatedBy": by}


def delete_enforced(ask: Ask) -> Document:
    """DeleteEnforcedGuardrailConfiguration."""
    if ask.place.enforced.pop(ask.inputs["configId"], None) is None:
        raise RefusedError("ResourceNotFoundException", "there is no such configuration", 404)
    return {}
