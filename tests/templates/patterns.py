"""Decides whether an event matches a rule's pattern, with the operators that infra/ uses; another one raises.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Pattern = Mapping[str, Any]


def matches(pattern: Pattern, event: Mapping[str, Any]) -> bool:
    """Whether every member of the pattern finds what it asks for in the event."""
    return all(_member_matches(name, wanted, event) for name, wanted in pattern.items())


def _member_matches(name: str, wanted: Any, event: Mapping[str, Any]) -> bool:
    if name == "$or":
        return any(matches(alternative, event) for alternative in wanted)
    found = event.get(name)
    if isinstance(wanted, dict):
        return isinstance(found, Mapping) and matches(wanted, found)
    return any(_value_matches(choice, found) for choice in wanted)


def _value_matches(choice: Any, found: Any) -> bool:
    if not isinstance(choice, dict):
        return bool(choice == found)
    ((operator, operand),) = choice.items()
    if operator == "exists":
        return (found is not None) == operand
    if operator == "prefix":
        return isinstance(found, str) and found.startswith(operand)
    if operator == "suffix":
        return isinstance(found, str) and found.endswith(operand)
    raise NotImplementedError(operator)
