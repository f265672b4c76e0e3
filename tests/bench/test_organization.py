"""What the measurement of an organization counts as one call too many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import organization
from .core import Figure

FULL = "p-FullAWSAccess"
# Described and its root listed; two parents with two lists each; four nodes with policies; one policy.
LEAST = 2 + 4 + 4 + 1
DOCUMENT: dict[str, Any] = {
    "root": {"id": "r-ab12", "policies": [FULL]},
    "units": [{"id": "ou-ab12-1", "parent": "r-ab12", "policies": [FULL, "p-1"]}],
    "accounts": [
        {"id": "111122223333", "parent": "r-ab12", "policies": [FULL, "p-1"]},
        {"id": "222233334444", "parent": "ou-ab12-1", "policies": [FULL]},
    ],
    "policies": [{"id": "p-1"}],
}
FIGURES = [Figure("read an organization", 4e6, 5e6), Figure("reach of an organization", 3e8, 4e8)]
WHOLE = organization.Whole(DOCUMENT, FIGURES, 90_000_000, 15.5, 0.5, 20_000_000, LEAST, 4, {})


def test_each_list_node_and_policy_is_needed_once() -> None:
    assert WHOLE.least_calls == LEAST
    assert organization.problems(WHOLE) == []
    (more,) = organization.problems(replace(WHOLE, calls=LEAST + 1))
    assert f"{LEAST + 1} calls where there are {LEAST}" in more
    (twice,) = organization.problems(replace(WHOLE, repeated={"organizations:ListRoots": 2}))
    assert "more than once: organizations:ListRoots" in twice


def test_the_table_has_time_memory_and_calls() -> None:
    text = organization.as_table(WHOLE)
    for part in ("2 accounts, 1 units, 1 policies", "400 (300)", "90.0", f" {LEAST} "):
        assert part in text
