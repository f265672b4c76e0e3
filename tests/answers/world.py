"""What the answers remember: of each account, and of each account in each Region."""

from __future__ import annotations

import secrets
import string
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

Document = dict[str, Any]


@dataclass
class Place:
    """An account in a Region."""

    account: str
    region: str
    data_retention: Document | None = None
    enforced: dict[str, Document] = field(default_factory=dict)
    """Enforced guardrails, by configuration."""
    guardrails: dict[str, dict[str, Document]] = field(default_factory=dict)
    """Guardrails by id, and each by version."""
    profiles: dict[str, Document] = field(default_factory=dict)
    """Application profiles, by id."""
    import_keys: dict[str, str] = field(default_factory=dict)
    """The keys of imported models, by their names."""

    def arn(self, resource: str, service: str = "bedrock") -> str:
        """The ARN of something here."""
        return f"arn:{partition_of(self.region)}:{service}:{self.region}:{self.account}:{resource}"


@dataclass
class Account:
    """What an account has in no Region."""

    credentials: dict[str, Document] = field(default_factory=dict)
    """Service-specific credentials, by id."""
    public_access_block: Document | None = None
    effective_policies: dict[str, Document] = field(default_factory=dict)
    """By type."""


@dataclass
class World:
    """Everything that is remembered."""

    accounts: dict[str, Account] = field(default_factory=lambda: defaultdict(Account))
    changed_profiles: dict[str, dict[str, list[str] | None]] = field(default_factory=dict)
    """By Region, and by profile: where it goes instead of where the catalogue says, or `None`: it is not there."""
    organization: dict[str, Any] | None = None
    """As crisguard exports one; `None`: no account is in any."""
    _places: dict[tuple[str, str], Place] = field(default_factory=dict)

    def place(self, account: str, region: str) -> Place:
        """An account in a Region."""
        return self._places.setdefault((account, region), Place(account, region))

    def reset(self) -> None:
        """Forgets everything."""
        self.accounts.clear()
        self.changed_profiles.clear()
        self.organization = None
        self._places.clear()


@dataclass(frozen=True)
class Ask:
    """A call that is answered here."""

    inputs: Mapping[str, Any]
    place: Place
    account: Account
    world: World


Answerer = Callable[[Ask], Document]


def now() -> datetime:
    """The time, as precisely as services tell it."""
    return datetime.fromtimestamp(int(time.time()), timezone.utc)


def new_id(length: int = 12, alphabet: str = string.ascii_lowercase + string.digits) -> str:
    """An id of AWS's form."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def partition_of(region: str) -> str:
    """The partition of a Region."""
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws-cn" if region.startswith("cn-") else "aws"
