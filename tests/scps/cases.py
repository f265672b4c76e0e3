"""Service control policies and requests, made from a seed so that they often have to do with one another."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

Json = dict[str, Any]
EVERYTHING: Json = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

REGIONS = ["ap-northeast-1", "ap-northeast-3", "eu-west-1", "us-east-1", "us-east-2", "unspecified"]
ACCOUNTS = ["111122223333", "444455556666"]
MODELS = ["anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-lite-v1:0"]
PROFILES = ["jp", "apac", "us", "global"]
ACTIONS = [
    "bedrock:InvokeModel",
    "bedrock:InvokeModelWithResponseStream",
    "bedrock:ApplyGuardrail",
    "bedrock-mantle:CreateInference",
    "ec2:RunInstances",
    "s3:GetObject",
]


class Kind(NamedTuple):
    """What a family of operators compares: the operators, the keys, and values to draw from."""

    operators: Sequence[str]
    keys: Sequence[str]
    values: Sequence[str]


def profile_arns() -> list[str]:
    """Returns ARNs of inference profiles."""
    return [
        f"arn:aws:bedrock:{region}:{account}:inference-profile/{profile}.{model}"
        for region in ("ap-northeast-1", "us-east-1")
        for account in ACCOUNTS
        for profile in PROFILES
        for model in MODELS
    ]


ROLES = ["app", "admin", "aws-reserved/sso.amazonaws.com/Admin_1a", "stacksets-exec-7"]
ARNS = profile_arns() + [f"arn:aws:iam::{account}:role/{role}" for account in ACCOUNTS for role in ROLES]
TEXTS = [*REGIONS, "blue", "Blue", "green", "team-blue", "a*b", "a?b", "*", "$", "x:y", "111122223333"]
KINDS = {
    "text": Kind(
        [
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ],
        ["aws:RequestedRegion", "aws:PrincipalTag/team", "aws:PrincipalAccount", "bedrock:GuardrailIdentifier"],
        TEXTS,
    ),
    "arn": Kind(
        ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
        ["bedrock:InferenceProfileArn", "aws:PrincipalArn"],
        ARNS,
    ),
    "number": Kind(
        [
            f"Numeric{order}"
            for order in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
        ],
        ["aws:MultiFactorAuthAge", "s3:max-keys"],
        ["0", "1", "9", "10", "10.0", "10.5", "-1", "300", "3600", "86400.25"],
    ),
    "date": Kind(
        [
            f"Date{order}"
            for order in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
        ],
        ["aws:CurrentTime", "aws:TokenIssueTime"],
        [
            "2025-01-01T00:00:00Z",
            "2025-01-01T09:00:00+09:00",
            "2025-01-01",
            "2025-01",
            "2025-06-30T12:30Z",
            "2025-06-30T12:30:00.5Z",
            "2026-11-21T00:00:00Z",
        ],
    ),
    "flag": Kind(["Bool"], ["aws:SecureTransport", "aws:ViaAWSService"], ["true", "false", "True", "FALSE"]),
    "binary": Kind(["BinaryEquals"], ["example:key"], ["QmluYXJ5", "QmluYXJ5VmFsdWU=", "AAAA"]),
    "address": Kind(
        ["IpAddress", "NotIpAddress"],
        ["aws:SourceIp", "aws:VpcSourceIp"],
        ["203.0.113.7", "203.0.113.200", "198.51.100.1", "10.0.0.1", "2001:db8::1", "2001:db8:1::7"],
    ),
    "null": Kind(
        ["Null"],
        ["bedrock:InferenceProfileArn", "aws:PrincipalTag/team", "aws:TagKeys", "aws:SourceIp"],
        ["true", "false"],
    ),
}
NETWORKS = ["203.0.113.0/24", "203.0.113.0/25", "0.0.0.0/0", "10.0.0.0/8", "198.51.100.1/32", "2001:db8::/32", "::/0"]
SETS = ["aws:TagKeys", "aws:PrincipalOrgPaths"]
TAGS = ["team", "owner", "cost", "Team", "team-2"]
# What nobody writes on purpose; each is rare, for AWS does not say what comes of most of it.
ODD_NUMBERS = ["ten", "10 ", "1e1", ""]
ODD_DATES = ["2025", "1735689600", "2025-01-01T00:00:00", "yesterday"]
ODD_FLAGS = ["yes", "1", "${aws:SecureTransport}"]
ODD_ADDRESSES = ["203.0.113.0/33", "203.0.113", "home"]
ODD = {"number": ODD_NUMBERS, "date": ODD_DATES, "flag": ODD_FLAGS, "address": ODD_ADDRESSES}
VARIABLES = [
    "${aws:PrincipalAccount}",
    "${aws:PrincipalTag/team}",
    "${aws:principaltag/TEAM}",
    "${aws:RequestedRegion}",
    "${aws:PrincipalTag/none, 'blue'}",
    "${*}",
    "${?}",
    "${$}",
]


class Maker:
    """Makes cases from a seed."""

    def __init__(self, seed: int) -> None:
        """Starts at a seed."""
        self.random = random.Random(seed)

    def case(self) -> Json:
        """Returns a request with the policies of the levels above it."""
        action = self.random.choice(ACTIONS[:4] if self.chance(0.8) else ACTIONS)
        resource = self.resource(action)
        count = self.random.choices([1, 2, 3], [6, 3, 1])[0]
        levels = [self.level(action, resource) for _ in range(count)]
        return {"levels": levels, "action": action, "resource": resource, "context": self.context()}

    def chance(self, of: float) -> bool:
        """Says yes as often as told."""
        return self.random.random() < of

    def resource(self, action: str) -> str:
        """Returns a resource that an action may have."""
        region, account = self.random.choice(REGIONS[:5]), self.random.choice(ACCOUNTS)
        if action.startswith("bedrock:Invoke"):
            if self.chance(0.4):
                return self.random.choice(profile_arns())
            region = "" if self.chance(0.15) else region
            return f"arn:aws:bedrock:{region}::foundation-model/{self.random.choice(MODELS)}"
        return {
            "bedrock:ApplyGuardrail": f"arn:aws:bedrock:{region}:{account}:guardrail/abc123",
            "bedrock-mantle:CreateInference": f"arn:aws:bedrock-mantle:{region}:{account}:project/default",
            "ec2:RunInstances": f"arn:aws:ec2:{region}:{account}:instance/i-0123456789",
            "s3:GetObject": "arn:aws:s3:::bucket/folder/object.txt",
        }[action]

    def context(self) -> Json:
        """Returns what a request tells: each key that policies ask for, or not."""
        context: Json = {}
        for name, kind in KINDS.items():
            if name == "null":
                continue
            for key in kind.keys:
                if self.chance(0.75):
                    context[self.cased(key)] = [self.random.choice([*kind.values] * 4 + ODD.get(name, []))]
        for key in SETS:
            if self.chance(0.75):
                context[key] = self.random.sample(TAGS, self.random.choice([1, 1, 2, 3]))
            elif self.chance(0.04):
                context[key] = [""]
        context["aws:RequestedRegion"] = [self.random.choice(REGIONS)]
        context.pop("AWS:REQUESTEDREGION", None)
        context.pop("aws:requestedregion", None)
        return context

    def cased(self, key: str) -> str:
        """Writes a key in another case now and then: AWS tells keys apart without it."""
        return self.random.choices([key, key.lower(), key.upper()], [16, 1, 1])[0]

    def level(self, action: str, resource: str) -> list[Json]:
        """Returns the policies of a level, most often with one that allows everything."""
        policies = [self.policy(action, resource) for _ in range(self.random.choices([0, 1, 2], [1, 6, 2])[0])]
        if not policies or self.chance(0.7):
            policies.insert(0, EVERYTHING)
        return policies

    def policy(self, action: str, resource: str) -> Json:
        """Returns a policy."""
        version = "2008-10-17" if self.chance(0.01) else "2012-10-17"
        statements = [self.statement(action, resource) for _ in range(self.random.choices([1, 2, 3], [6, 2, 1])[0])]
        one = len(statements) == 1 and self.chance(0.2)
        return {"Version": version, "Statement": statements[0] if one else statements}

    def statement(self, action: str, resource: str) -> Json:
        """Returns a statement about an action and a resource, more often than not."""
        statement: Json = {"Effect": self.random.choice(["Allow", "Deny", "Deny"])}
        about = "NotAction" if self.chance(0.25) else "Action"
        statement[about] = self.some(lambda: self.action(action))
        about = "NotResource" if self.chance(0.15) else "Resource"
        statement[about] = "*" if self.chance(0.4) else self.some(lambda: self.pattern(resource))
        if self.chance(0.85):
            statement["Condition"] = self.conditions()
        return statement

    def some(self, make: Any) -> Any:
        """Returns one, or a list of some."""
        count = self.random.choices([1, 2, 3], [5, 3, 1])[0]
        made = [make() for _ in range(count)]
        return made[0] if count == 1 and self.chance(0.6) else made

    def action(self, action: str) -> str:
        """Returns an action's pattern."""
        if self.chance(0.2):
            action = self.random.choice(ACTIONS)
        service, name = action.split(":")
        cut = self.random.randrange(1, len(name))
        return self.random.choice(
            [
                action,
                action.lower(),
                f"{service}:{name[:cut]}*",
                f"{service}:*{name[cut:]}",
                f"{service}:{name[:cut]}?{name[cut + 1 :]}",
                f"{service}:{name[:1]}*{name[cut:]}",
                f"{service}:*",
                "*",
            ]
        )

    def pattern(self, arn: str, product: bool = True) -> str:
        """Returns an ARN's pattern: some of its parts with wildcards, some of another ARN."""
        parts = arn.split(":", 5)
        for place in range(1, 5):
            dice = self.random.random()
            # A wildcard for the service is not allowed in `Resource`.
            if dice < 0.3 and place != 2:
                parts[place] = "*"
            elif dice < 0.4 and len(parts[place]) > 3 and place > 2:
                cut = self.random.randrange(1, len(parts[place]))
                parts[place] = parts[place][:cut] + self.random.choice(["*", "?" + parts[place][cut + 1 :]])
            elif dice < 0.46 and place > 2:
                parts[place] = self.random.choice([REGIONS, ACCOUNTS][place - 3])
        # The resource's type stays as it is, if it is one of a `Resource`: that is where AWS says nothing.
        kind, slash, name = parts[5].partition("/") if product else ("", "", parts[5])
        cut = self.random.randrange(0, len(name)) if name else 0
        names = [name, "*", name[:cut] + "*", name[:cut] + "?" + name[cut + 1 :], "*" + name[cut:]]
        if self.chance(0.08):
            names = [name[:cut] + self.random.choice(VARIABLES) + "*", self.random.choice(VARIABLES)]
        parts[5] = kind + slash + self.random.choice(names)
        if self.chance(0.01):
            # An ARN that ends early.
            return ":".join(parts[: self.random.randrange(3, 6)]) + self.random.choice(["", "*", ":*"])
        return ":".join(parts)

    def conditions(self) -> Json:
        """Returns the conditions of a statement."""
        conditions: Json = {}
        for _ in range(self.random.choices([1, 2, 3], [5, 3, 1])[0]):
            operator, key, values = self.condition()
            keys = conditions.setdefault(operator, {})
            if not any(key.lower() == known.lower() for known in keys):
                keys[key] = values
        return conditions

    def condition(self) -> tuple[str, str, Any]:
        """Returns an operator, a key and values."""
        name = self.random.choices(list(KINDS), [6, 5, 2, 2, 1, 1, 2, 2])[0]
        kind = KINDS[name]
        operator = self.random.choice(kind.operators)
        # Texts are compared with ARNs as a whole, so that a wildcard may stand for colons.
        if name == "arn" and self.chance(0.3):
            operator = self.random.choice(KINDS["text"].operators)
        if name == "null":
            return operator, self.cased(self.random.choice(kind.keys)), self.random.choice(kind.values)
        if name == "text" and self.chance(0.35):
            quantifier = self.random.choices(["ForAnyValue:", "ForAllValues:", ""], [20, 20, 1])[0]
            operator = quantifier + operator + ("IfExists" if self.chance(0.15) else "")
            return operator, self.random.choice(SETS), self.some(lambda: self.text(TAGS, operator))
        if self.chance(0.05):
            operator = self.random.choice(["ForAnyValue:", "ForAllValues:"]) + operator
        if self.chance(0.25):
            operator += "IfExists"
        return operator, self.cased(self.random.choice(kind.keys)), self.values(name, operator)

    def values(self, name: str, operator: str) -> Any:
        """Returns what an operator of a kind compares with."""
        kind = KINDS[name]
        if name == "text":
            return self.some(lambda: self.text(kind.values, operator))
        if name == "arn" and not operator.removeprefix("ForAnyValue:").removeprefix("ForAllValues:").startswith("Arn"):
            return self.some(lambda: self.wild(self.random.choice(ARNS), operator))
        if name == "arn":
            return self.some(lambda: self.pattern(self.random.choice(ARNS), product=False))
        choices: list[Any] = [*kind.values]
        if name in ODD and self.chance(0.02):
            choices = [*ODD[name]]
        elif name == "address":
            choices += NETWORKS * 2
        elif name == "number" and self.chance(0.3):
            return self.random.choice([0, 10, 10.5, 300])
        elif name == "flag" and self.chance(0.3):
            return self.random.choice([True, False])
        return self.some(lambda: self.random.choice(choices))

    def wild(self, text: str, operator: str) -> str:
        """Returns a text with wildcards in several places, or in one letter's other case."""
        if "Like" not in operator:
            return self.random.choice([text, text.upper(), text.replace("i", "I")])
        pieces = list(text)
        for _ in range(self.random.choice([1, 2, 3, 6])):
            place = self.random.randrange(len(pieces))
            length = self.random.choice([1, 1, 3, 12])
            pieces[place : place + length] = self.random.choice([["*"], ["?"] * length, ["*", "?"], ["*", "*"]])
        return "".join(pieces)

    def text(self, values: Sequence[str], operator: str) -> str:
        """Returns a text of a policy, with wildcards or a variable now and then."""
        value = self.random.choice(values)
        if self.chance(0.1):
            return self.random.choice(VARIABLES)
        if self.chance(0.05):
            return value[:2] + self.random.choice(VARIABLES)
        if "Like" in operator and self.chance(0.5) and value:
            cut = self.random.randrange(0, len(value))
            return self.random.choice([value[:cut] + "*", "*" + value[cut:], value[:cut] + "?" + value[cut + 1 :], "*"])
        return value
