"""Guardrails: each with its versions, its policies and its cross-Region profile.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateGuardrail.html
"""

from __future__ import annotations

import json
from typing import Any

from .wording import RefusedError
from .world import Ask, Document, Place, new_id, now

DRAFT = "DRAFT"
SUMMARY = ("status", "name", "description", "version", "createdAt", "updatedAt", "crossRegionDetails")
TOLD_ELSEWHERE = ("guardrailIdentifier", "kmsKeyId", "tags", "clientRequestToken", "crossRegionConfig")


def create(ask: Ask) -> Document:
    """CreateGuardrail."""
    if any(versions[DRAFT]["name"] == ask.inputs["name"] for versions in ask.place.guardrails.values()):
        raise RefusedError("ConflictException", f"there is a guardrail {ask.inputs['name']}")
    identity, moment = new_id(), now()
    guardrail = {**_made(ask), "guardrailId": identity, "createdAt": moment, "updatedAt": moment}
    guardrail["guardrailArn"] = ask.place.arn(f"guardrail/{identity}")
    ask.place.guardrails[identity] = {DRAFT: guardrail}
    return _picked(guardrail, "createdAt")


def get(ask: Ask) -> Document:
    """GetGuardrail."""
    versions = found(ask.place, ask.inputs["guardrailIdentifier"])
    version = ask.inputs.get("guardrailVersion", DRAFT)
    if version not in versions:
        raise RefusedError("ResourceNotFoundException", f"the guardrail has no version {version}", 404)
    return versions[version]


def list_all(ask: Ask) -> Document:
    """ListGuardrails: the drafts of all, or every version of one."""
    identifier = ask.inputs.get("guardrailIdentifier")
    if identifier:
        listed = list(found(ask.place, identifier).values())
    else:
        listed = [versions[DRAFT] for versions in ask.place.guardrails.values()]
    return {
        "guardrails": [
            {"id": g["guardrailId"], "arn": g["guardrailArn"], **{name: g[name] for name in SUMMARY if name in g}}
            for g in listed
        ]
    }


def update(ask: Ask) -> Document:
    """UpdateGuardrail: replaces the draft."""
    versions = found(ask.place, ask.inputs["guardrailIdentifier"])
    kept = {name: versions[DRAFT][name] for name in ("guardrailId", "guardrailArn", "createdAt")}
    versions[DRAFT] = {**_made(ask), **kept, "updatedAt": now()}
    return _picked(versions[DRAFT], "updatedAt")


def create_version(ask: Ask) -> Document:
    """CreateGuardrailVersion: keeps the draft under the next number."""
    versions = found(ask.place, ask.inputs["guardrailIdentifier"])
    number = str(len(versions))
    versions[number] = {**versions[DRAFT], "version": number}
    return {"guardrailId": versions[DRAFT]["guardrailId"], "version": number}


def delete(ask: Ask) -> Document:
    """DeleteGuardrail: one version, or all."""
    versions = found(ask.place, ask.inputs["guardrailIdentifier"])
    version = ask.inputs.get("guardrailVersion")
    if version is None:
        del ask.place.guardrails[versions[DRAFT]["guardrailId"]]
    else:
        versions.pop(version, None)
    return {}


def found(place: Place, identifier: str) -> dict[str, Document]:
    """A guardrail's versions, by its id or ARN."""
    identity = identifier.rpartition("/")[2]
    if identity not in place.guardrails:
        raise RefusedError("ResourceNotFoundException", f"there is no guardrail {identifier}", 404)
    return place.guardrails[identity]


def _made(ask: Ask) -> Document:
    """What a request says of a guardrail: members that end in `Config` are told without it."""
    if "STANDARD" in json.dumps(ask.inputs) and "crossRegionConfig" not in ask.inputs:
        # https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-tiers.html
        raise RefusedError("ValidationException", "the tier STANDARD needs a cross-Region profile")
    told = {name: value for name, value in ask.inputs.items() if name not in TOLD_ELSEWHERE}
    made: Document = {**_without_config(told), "version": DRAFT, "status": "READY"}
    key = ask.inputs.get("kmsKeyId")
    if key:
        if "alias/" in key:
            raise RefusedError("ValidationException", "these answers do not resolve aliases: name the key itself")
        made["kmsKeyArn"] = key if key.startswith("arn:") else ask.place.arn(f"key/{key}", "kms")
    profile = ask.inputs.get("crossRegionConfig", {}).get("guardrailProfileIdentifier", "").rpartition("/")[2]
    if profile:
        arn = ask.place.arn(f"guardrail-profile/{profile}")
        made["crossRegionDetails"] = {"guardrailProfileId": profile, "guardrailProfileArn": arn}
    return made


def _without_config(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_config(item) for item in value]
    if isinstance(value, dict):
        return {name.removesuffix("Config"): _without_config(member) for name, member in value.items()}
    return value


def _picked(guardrail: Document, moment: str) -> Document:
    return {name: guardrail[name] for name in ("guardrailId", "guardrailArn", "version", moment)}
