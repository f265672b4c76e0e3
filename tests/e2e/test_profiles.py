"""Where a profile goes is what AWS lists for it: check-posture asks each Region, watch-inference decides by that."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence

from tests.answers.profiles import CATALOGUE

from . import records
from .deployment import WATCH, Deployment
from .records import ACCOUNT, HOME, Record

ALLOWED, KNOWN, LOOK = "destination-region-allowed", "profile-destinations-known", "profile-destinations-allowed"
# Where LEAVES goes from home; where it does not.
SYDNEY, IRELAND = "ap-southeast-2", "eu-west-1"


def found(deployed: Deployment, *calls: Record) -> dict[str, dict[str, str]]:
    """What is decided of calls but compliance, by the role that made them: each control with its decision."""
    deployed.play(*calls)
    deployed.settle()
    decided: dict[str, dict[str, str]] = {}
    for transition in deployed.transitions():
        finding = transition["finding"]
        role = str(finding["principal"]).rpartition("/")[2]
        decided.setdefault(role, {})[finding["control"]] = finding["decision"]
    return decided


def goes_to(deployed: Deployment, profile: str) -> list[str]:
    """The Regions that AWS lists for a profile at home."""
    asked = deployed.answers.client("bedrock", HOME).get_inference_profile(inferenceProfileIdentifier=profile)
    return [model["modelArn"].split(":")[3] for model in asked["models"]]


@contextlib.contextmanager
def listed(deployed: Deployment, profile: str, regions: Sequence[str]) -> Iterator[None]:
    """Meanwhile AWS lists other destinations, and check-posture has looked."""
    usual = goes_to(deployed, profile)
    deployed.answers.change_profiles(HOME, {profile: regions})
    deployed.glance(LOOK, regions=[HOME])
    try:
        with deployed.restarted(WATCH):
            yield
    finally:
        deployed.answers.change_profiles(HOME, {profile: usual})
        deployed.glance(LOOK, regions=[HOME])


def test_a_prompt_was_processed_where_the_profile_does_not_go(deployed: Deployment) -> None:
    """Both destinations are not allowed; of one, AWS says besides that the profile never goes there."""
    assert SYDNEY in goes_to(deployed, records.LEAVES)
    with deployed.restarted(WATCH):
        astray = records.call(processed_in=IRELAND, by="astray")
        decided = found(deployed, astray, records.call(processed_in=SYDNEY, by="usual"))
    assert decided == {
        "astray": {ALLOWED: "non-compliant", KNOWN: "non-compliant"},
        "usual": {ALLOWED: "non-compliant"},
    }


def test_what_aws_lists_today_goes_before_the_catalogue(deployed: Deployment) -> None:
    """AWS moved a profile since the release: the new destination is one of it, and an old one is none."""
    with listed(deployed, records.LEAVES, [HOME, IRELAND]):
        new = records.call(processed_in=IRELAND, by="new")
        decided = found(deployed, new, records.call(processed_in=SYDNEY, by="old"))
    assert decided == {
        "new": {ALLOWED: "non-compliant"},
        "old": {ALLOWED: "non-compliant", KNOWN: "non-compliant"},
    }


def test_without_a_list_the_catalogue_proves_nothing(deployed: Deployment) -> None:
    """The catalogue ages with the release: what it does not list is undecided, and says how old it is."""
    place = {"Bucket": f"crisguard-reports-{ACCOUNT}-{HOME}", "Key": f"posture/{ACCOUNT}/profiles.json"}
    deployed.aws.client("s3").delete_object(**place)
    try:
        with deployed.restarted(WATCH):
            decided = found(deployed, records.call(processed_in=IRELAND, by="astray"))
            (record,) = [r for r in deployed.records() if r["matter"]["finding"]["control"] == KNOWN]
    finally:
        deployed.glance(LOOK)
    assert decided == {"astray": {ALLOWED: "non-compliant", KNOWN: "undecided"}}
    assert json.loads(CATALOGUE.read_text(encoding="utf-8"))["as_of"] in str(record)


def test_an_application_profile_is_what_it_was_made_of(deployed: Deployment) -> None:
    """Its ARN does not tell where it goes; the account's own list does, so a call through it needs no digest."""
    bedrock = deployed.answers.client("bedrock", HOME)

    def made(name: str, source: str) -> str:
        copied = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:inference-profile/{source}"
        arn: str = bedrock.create_inference_profile(inferenceProfileName=name, modelSource={"copyFrom": copied})[
            "inferenceProfileArn"
        ]
        return arn

    stays, leaves = made("stays", records.STAYS), made("leaves", records.LEAVES)
    try:
        deployed.glance(LOOK, regions=[HOME])
        with deployed.restarted(WATCH):
            decided = found(deployed, records.call(stays, by="stays"), records.call(leaves, by="leaves"))
    finally:
        for arn in (stays, leaves):
            bedrock.delete_inference_profile(inferenceProfileIdentifier=arn)
        deployed.glance(LOOK, regions=[HOME])
    assert "stays" not in decided
    assert decided["leaves"][ALLOWED] == "undecided"
