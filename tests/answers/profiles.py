"""Inference profiles: AWS's own as the catalogue lists them for each Region, and the account's application profiles.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html
"""

from __future__ import annotations

import functools
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .wording import RefusedError
from .world import Ask, Document, Place, new_id, now, partition_of

CATALOGUE = Path(__file__).resolve().parents[2] / "shared" / "core" / "src" / "catalog" / "snapshot.json"
ANYWHERE = "*"
SINCE = datetime(2026, 1, 1, tzinfo=timezone.utc)


def list_all(ask: Ask) -> Document:
    """ListInferenceProfiles."""
    wanted = ask.inputs.get("typeEquals")
    listed = [*_of_aws(ask).values(), *ask.place.profiles.values()]
    return {"inferenceProfileSummaries": [profile for profile in listed if wanted in (None, profile["type"])]}


def get(ask: Ask) -> Document:
    """GetInferenceProfile, by id or ARN."""
    return _found(ask, ask.inputs["inferenceProfileIdentifier"])


def create(ask: Ask) -> Document:
    """CreateInferenceProfile: copies the models of a profile, or takes one model."""
    name, source = ask.inputs["inferenceProfileName"], ask.inputs["modelSource"]["copyFrom"]
    if any(profile["inferenceProfileName"] == name for profile in ask.place.profiles.values()):
        raise RefusedError("ConflictException", f"there is an inference profile {name}")
    models = [{"modelArn": source}] if ":foundation-model/" in source else _found(ask, source)["models"]
    identity, moment = new_id(), now()
    profile = {
        "inferenceProfileName": name,
        "inferenceProfileId": identity,
        "inferenceProfileArn": ask.place.arn(f"application-inference-profile/{identity}"),
        "models": models,
        "status": "ACTIVE",
        "type": "APPLICATION",
        "createdAt": moment,
        "updatedAt": moment,
    }
    if "description" in ask.inputs:
        profile["description"] = ask.inputs["description"]
    ask.place.profiles[identity] = profile
    return {"inferenceProfileArn": profile["inferenceProfileArn"], "status": "ACTIVE"}


def delete(ask: Ask) -> Document:
    """DeleteInferenceProfile: of the account's own."""
    identity = _found(ask, ask.inputs["inferenceProfileIdentifier"])["inferenceProfileId"]
    if identity not in ask.place.profiles:
        raise RefusedError("ValidationException", "profiles of AWS's own cannot be deleted")
    del ask.place.profiles[identity]
    return {}


def _found(ask: Ask, identifier: str) -> Document:
    identity = identifier.rpartition("/")[2]
    profile = ask.place.profiles.get(identity) or _of_aws(ask).get(identity)
    if profile is None:
        raise RefusedError("ResourceNotFoundException", f"there is no inference profile {identifier}", 404)
    return profile


def _of_aws(ask: Ask) -> dict[str, Document]:
    """AWS's own profiles that can be called from a Region, by id."""
    region = ask.place.region
    here: dict[str, list[str] | None] = {**_catalogue().get(region, {}), **ask.world.changed_profiles.get(region, {})}
    return {identity: _profile(ask.place, identity, to) for identity, to in sorted(here.items()) if to is not None}


def _profile(place: Place, identity: str, destinations: list[str]) -> Document:
    geography, _, model = identity.partition(".")
    partition = partition_of(place.region)
    # A global profile names its model here, and once more without a Region.
    regions = [place.region, ""] if destinations == [ANYWHERE] else destinations
    name = model.partition(".")[2].partition(":")[0].replace("-", " ").replace(".", " ")
    told = "all commercial Regions" if destinations == [ANYWHERE] else " and ".join(destinations)
    return {
        "inferenceProfileName": f"{geography} {name}",
        "description": f"Routes requests to {told}"[:200],
        "inferenceProfileId": identity,
        "inferenceProfileArn": place.arn(f"inference-profile/{identity}"),
        "models": [{"modelArn": f"arn:{partition}:bedrock:{to}::foundation-model/{model}"} for to in regions],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
        "createdAt": SINCE,
        "updatedAt": SINCE,
    }


@functools.cache
def _catalogue() -> dict[str, dict[str, list[str]]]:
    """The snapshot of the catalogue: by source Region and profile, where it goes."""
    by_region: dict[str, dict[str, list[str]]] = {}
    snapshot: dict[str, list[dict[str, Any]]] = json.loads(CATALOGUE.read_text(encoding="utf-8"))["profiles"]
    for identity, rows in snapshot.items():
        for row in rows:
            for source in row["from"]:
                by_region.setdefault(source, {})[identity] = row["to"]
    return by_region
