"""The organization that the account is in, in the form in which crisguard exports one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .records import ACCOUNT

MANAGEMENT, ROOT, UNIT = "444455556666", "r-ab12", "ou-ab12-11111111"
FULL = "p-FullAWSAccess"
POLICY, NAME, SID = "p-regiondeny1", "aws-guardrails-regions", "CTMULTISERVICEPV1"


def region_deny(*regions: str) -> dict[str, Any]:
    """A Region deny as AWS Control Tower writes one, with some of the services that are in no Region.

    https://docs.aws.amazon.com/controltower/latest/controlreference/ou-region-deny.html
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": SID,
                "Effect": "Deny",
                "NotAction": ["account:*", "cloudfront:*", "iam:*", "organizations:*", "route53:*", "sts:*"],
                "Resource": "*",
                "Condition": {
                    "StringNotEquals": {"aws:RequestedRegion": list(regions)},
                    "ArnNotLike": {"aws:PrincipalARN": "arn:aws:iam::*:role/AWSControlTowerExecution"},
                },
            }
        ],
    }


def organization(
    *policies: dict[str, Any], management: str = MANAGEMENT, members: Iterable[str] = ()
) -> dict[str, Any]:
    """An organization with the account, and others, in a unit, to which policies are attached."""
    ids = [POLICY if number == 0 else f"{POLICY}{number}" for number in range(len(policies))]
    accounts = {ACCOUNT, management, *members}
    return {
        "version": 1,
        "id": "o-a1b2c3d4e5",
        "management_account": management,
        "root": {"id": ROOT, "scps_enabled": True, "policies": [FULL]},
        "units": [{"id": UNIT, "parent": ROOT, "policies": [FULL, *ids]}],
        "accounts": [{"id": each, "parent": UNIT, "policies": [FULL]} for each in sorted(accounts)],
        "policies": [
            {"id": identity, "name": NAME, "content": content} for identity, content in zip(ids, policies, strict=True)
        ],
    }
