"""Where the evaluators may differ, each with what AWS says of it (README.md)."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]


class Condition:
    """One condition of a case, with what the request tells of its key."""

    def __init__(self, operator: str, key: str, values: Any, context: dict[str, list[str]]) -> None:
        """Takes a condition apart."""
        self.quantifier, _, base = operator.rpartition(":")
        self.if_exists = base.endswith("IfExists")
        self.operator = base.removesuffix("IfExists")
        self.policy = [str(value) for value in values] if isinstance(values, list) else [str(values)]
        self.request = context.get(key.lower())
        self.context = context

    @property
    def negated(self) -> bool:
        """Tells whether the operator is the opposite of another."""
        return "Not" in self.operator

    def variables(self) -> list[str]:
        """Returns the variables in the policy's values."""
        return [found for value in self.policy for found in re.findall(r"\$\{([^}]*)\}?", value)]


def conditions(case: Json) -> Iterator[Condition]:
    """Returns the conditions of all policies of a case."""
    context = {key.lower(): values for key, values in case["context"].items()}
    for statement in statements(case):
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                yield Condition(operator, key, values, context)


def statements(case: Json) -> Iterator[Json]:
    """Returns the statements of all policies of a case."""
    for policies in case["levels"]:
        for policy in policies:
            statement = policy["Statement"]
            yield from statement if isinstance(statement, list) else [statement]


def resources(case: Json) -> Iterator[str]:
    """Returns the patterns of resources of all policies of a case."""
    for statement in statements(case):
        for element in ("Resource", "NotResource"):
            patterns = statement.get(element, [])
            yield from patterns if isinstance(patterns, list) else [patterns]


def any_value_if_exists(case: Json) -> bool:
    """Tells whether `ForAnyValue:…IfExists` meets a key that the request does not have."""
    return any(c.quantifier == "ForAnyValue" and c.if_exists and c.request is None for c in conditions(case))


def without_value(case: Json) -> bool:
    """Tells whether an opposite compares with a variable that has no value."""
    return any(
        c.negated and c.request and any(missing(variable, c.context) for variable in c.variables())
        for c in conditions(case)
    )


def without_value_in_not_resource(case: Json) -> bool:
    """Tells whether `NotResource` has a variable that has no value."""
    context = {key.lower(): values for key, values in case["context"].items()}
    for statement in statements(case):
        found = re.findall(r"\$\{([^}]*)\}", json.dumps(statement.get("NotResource", "")))
        if any(missing(variable, context) for variable in found):
            return True
    return False


def literal_sign(case: Json) -> bool:
    """Tells whether `${*}`, `${?}` or `${$}` stands where `*` is no wildcard."""
    signs = {"*", "?", "$"}
    return any("Equals" in c.operator and signs.intersection(c.variables()) for c in conditions(case))


def missing(variable: str, context: dict[str, list[str]]) -> bool:
    """Tells whether a variable has no value, or several."""
    if variable in ("*", "?", "$") or "," in variable:
        return False
    return len(context.get(variable.strip().lower(), [])) != 1


def colon_in_variable(case: Json) -> bool:
    """Tells whether an ARN operator compares with a variable, whose colon is no part's end."""
    return any(c.operator.startswith("Arn") and ":" in variable for c in conditions(case) for variable in c.variables())


def several_without_set(case: Json) -> bool:
    """Tells whether a key with several values is compared without a set operator."""
    return any(not c.quantifier and c.operator != "Null" and len(c.request or []) > 1 for c in conditions(case))


def empty(case: Json) -> bool:
    """Tells whether a key is there with an empty text, which AWS calls a null data set."""
    return any(c.request is not None and not any(c.request) for c in conditions(case))


def beyond_colons(case: Json) -> bool:
    """Tells whether a resource matches a pattern only where a `*` at the end of a part reaches over a colon."""
    return any(
        pattern != "*" and like(pattern, case["resource"]) and not by_parts(pattern, case["resource"])
        for pattern in resources(case)
    )


def like(pattern: str, text: str) -> bool:
    """Tells whether a text matches a pattern; a variable may be anything."""
    signs = re.split(r"(\*|\?|\$\{[^}]*\})", pattern)
    wild = {"*": ".*", "?": "."}
    regex = "".join(".*" if sign.startswith("${") else wild.get(sign) or re.escape(sign) for sign in signs)
    return re.fullmatch(regex, text, re.DOTALL) is not None


def by_parts(pattern: str, arn: str) -> bool:
    """Tells whether each of an ARN's six parts matches that of a pattern."""
    patterns, texts = re.split(r":(?![^{]*\})", pattern, maxsplit=5), arn.split(":", 5)
    return len(patterns) == len(texts) and all(map(like, patterns, texts))


def incomplete(case: Json) -> bool:
    """Tells whether an ARN that is compared has fewer than six parts."""
    short = any(pattern.count(":") < 5 for pattern in resources(case) if pattern != "*")
    return short or any(
        c.operator.startswith("Arn") and value.count(":") < 5 for c in conditions(case) for value in c.policy
    )


def of_another_type(case: Json) -> bool:
    """Tells whether a value that is compared is not what the operator compares."""
    types = {"Numeric": a_number, "Date": a_date, "Bool": a_flag, "IpAddress": an_address, "NotIpAddress": an_address}
    for c in conditions(case):
        for start, is_one in types.items():
            if c.operator.startswith(start) and not all(map(is_one, [*c.policy, *(c.request or [])])):
                return True
    return False


def a_number(text: str) -> bool:
    """Tells whether a text is a plain number."""
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def a_date(text: str) -> bool:
    """Tells whether a text is a date of the W3C's profile that cannot be taken for another."""
    return re.fullmatch(r"\d{4}-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?", text) is not None


def a_flag(text: str) -> bool:
    """Tells whether a text is true or false."""
    return text.lower() in ("true", "false")


def an_address(text: str) -> bool:
    """Tells whether a text is an address or a network."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def everything_of_ipv4(case: Json) -> bool:
    """Tells whether an address is compared with all of IPv4."""
    return any("0.0.0.0/0" in c.policy for c in conditions(case))


def other_family(case: Json) -> bool:
    """Tells whether an address is compared with a single one of the other family."""
    return any(
        c.operator == "NotIpAddress" and (":" in value) != (":" in sent) and "/" not in value
        for c in conditions(case)
        for value in c.policy
        for sent in c.request or []
    )


def old_version(case: Json) -> bool:
    """Tells whether a policy of the older version writes what would be a variable."""
    policies = (policy for level in case["levels"] for policy in level)
    return any(policy["Version"] == "2008-10-17" and "${" in json.dumps(policy) for policy in policies)


Check = Callable[[Json], bool]
DISAGREEMENTS: dict[str, Check] = {
    "opposite of a variable without a value": without_value,
    "NotResource with a variable without a value": without_value_in_not_resource,
    "`${*}` where `*` is no wildcard": literal_sign,
    "variable in an ARN operator": colon_in_variable,
    "variable in the older version": old_version,
    "all of IPv4": everything_of_ipv4,
    "not a single address of the other family": other_family,
    "`*` beyond a colon in Resource": beyond_colons,
    "empty text": empty,
    "ForAnyValue with IfExists, no such key": any_value_if_exists,
    "several values without a set operator": several_without_set,
    "ARN with fewer than six parts": incomplete,
    "value of another type": of_another_type,
}
