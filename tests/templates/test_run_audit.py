"""What crisguard-run-audit may do: write its own log, and nothing else."""

from __future__ import annotations

from .rendering import ACCOUNT, HOME, Stack


def test_its_role_writes_its_log_and_nothing_else() -> None:
    stack = Stack("run-audit.yaml", {}, HOME)
    role = stack.resources["FunctionRole"].properties
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert sorted(statement["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:/aws/lambda/crisguard-run-audit:*"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
