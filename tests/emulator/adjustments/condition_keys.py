"""IAM: what the condition keys of a request say about a role's session, and about organizations.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import re
from typing import Any

from ministack.core import iam_evaluator

from .permissions import ORGANIZATION_ID

# Every account here is in the one organization, but for this one.
STRANGER = "999999999999"
SESSION = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.+")


def apply() -> None:
    """Answers for the keys that the emulator does not know or knows otherwise."""
    original = iam_evaluator._resolve_condition_key

    def resolve(key: str, request: iam_evaluator.EvalContext) -> Any:
        name = key.lower()
        if name == "aws:principalarn":
            # Of a session it is the role's, which policies name, too.
            return SESSION.sub(r"arn:\1:iam::\2:role/\3", str(original(key, request)))
        if name == "aws:principalorgid":
            return _organization(request.principal_account)
        if name == "aws:resourceorgid":
            return _organization(str(original("aws:ResourceAccount", request)))
        return original(key, request)

    iam_evaluator._resolve_condition_key = resolve


def _organization(account: str) -> str | None:
    return None if account == STRANGER else ORGANIZATION_ID
