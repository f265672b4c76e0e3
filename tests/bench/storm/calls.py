"""The storm: who calls what, and where it is processed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from tests.bench.events import Violation

A_SECOND = 1000
"""How many calls there are in each simulated second."""

PROFILES = ("apac.amazon.nova-lite-v1:0", "apac.anthropic.claude-sonnet-4-20250514-v1:0")
DESTINATIONS = ("ap-southeast-2", "ap-southeast-1", "ap-northeast-2")
ROLES = 20


def violations(total: int, began: datetime, randomness: random.Random) -> Iterator[Violation]:
    """Plays a rollout gone wrong: twenty roles, two profiles, three Regions.

    The n-th role makes a share of the calls that goes with 1/n, as load does among services: the first
    makes 28 % of them, the last 1.4 %. Each call is a violation of one control, so of one finding for
    each role, profile and destination: 120 findings about 40 subjects.
    """
    roles = [f"service-{number:02}" for number in range(1, ROLES + 1)]
    weights = [1 / number for number in range(1, ROLES + 1)]
    chosen: list[str] = []
    for number in range(total):
        if not chosen:
            chosen = randomness.choices(roles, weights, k=10_000)
        role = chosen.pop()
        time = began + timedelta(seconds=number / A_SECOND)
        yield Violation(
            number,
            role,
            PROFILES[randomness.random() < 0.3],
            DESTINATIONS[int(randomness.random() * len(DESTINATIONS))],
            time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )


def compliant(total: int, began: datetime) -> Iterator[Violation]:
    """Plays calls that stayed where they may be: what `Coverage: all` lets through."""
    time = began.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for number in range(total):
        yield Violation(number, f"service-{number % ROLES:02}", PROFILES[0], "ap-northeast-3", time)
