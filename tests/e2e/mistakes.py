"""What goes wrong in an account by somebody's mistake, and is put right again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from tests.emulator import Emulator


@contextlib.contextmanager
def denied(aws: Emulator, role: str, action: str, resource: str = "*") -> Iterator[None]:
    """Meanwhile an explicit deny keeps a role from an action, as a mistaken change would."""
    iam = aws.client("iam")
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": resource}]}
    iam.put_role_policy(RoleName=role, PolicyName="mistake", PolicyDocument=json.dumps(deny))
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="mistake")
