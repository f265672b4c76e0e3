"""The account's Regions: which are enabled."""

from __future__ import annotations

from typing import Any

from ministack.services import account, ec2


def apply(enabled: list[str], disabled: list[str]) -> None:
    """Adjusts which Regions the account has, and which there are besides; without a list, every one."""
    if enabled:
        _enable_only(enabled, disabled or account._REGIONS_LIST)


def _enable_only(enabled: list[str], disabled: list[str]) -> None:
    """A Region that nobody opted in to is listed as disabled, and EC2 leaves it out.

    https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """

    def list_regions(request: dict[str, Any]) -> Any:
        wanted = request.get("RegionOptStatusContains")
        regions = [
            {"RegionName": name, "RegionOptStatus": _status(name, enabled)} for name in sorted({*disabled, *enabled})
        ]
        return account._json(200, {"Regions": [r for r in regions if not wanted or r["RegionOptStatus"] in wanted]})

    account._list_regions = list_regions
    account._DISPATCH["/listRegions"] = list_regions
    ec2._AWS_REGIONS[:] = [(name, opted) for name, opted in ec2._AWS_REGIONS if name in enabled]


def _status(name: str, enabled: list[str]) -> str:
    if name not in enabled:
        return "DISABLED"
    return "ENABLED" if name in account._OPT_IN_REQUIRED else "ENABLED_BY_DEFAULT"
