"""Which calls are answered here, which answers of the emulator are completed here, and which lists come in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import accounts, bedrock, guardrails, organization, profiles
from .world import Answerer, Ask, Document

ANSWERED: Mapping[str, Answerer] = {
    "bedrock:GetAccountDataRetention": bedrock.get_retention,
    "bedrock:PutAccountDataRetention": bedrock.put_retention,
    "bedrock:ListEnforcedGuardrailsConfiguration": bedrock.list_enforced,
    "bedrock:PutEnforcedGuardrailConfiguration": bedrock.put_enforced,
    "bedrock:DeleteEnforcedGuardrailConfiguration": bedrock.delete_enforced,
    "bedrock:CreateGuardrail": guardrails.create,
    "bedrock:CreateGuardrailVersion": guardrails.create_version,
    "bedrock:DeleteGuardrail": guardrails.delete,
    "bedrock:GetGuardrail": guardrails.get,
    "bedrock:ListGuardrails": guardrails.list_all,
    "bedrock:UpdateGuardrail": guardrails.update,
    "bedrock:CreateInferenceProfile": profiles.create,
    "bedrock:DeleteInferenceProfile": profiles.delete,
    "bedrock:GetInferenceProfile": profiles.get,
    "bedrock:ListInferenceProfiles": profiles.list_all,
    "iam:CreateServiceSpecificCredential": accounts.create_credential,
    "iam:DeleteServiceSpecificCredential": accounts.delete_credential,
    "iam:ListServiceSpecificCredentials": accounts.list_credentials,
    "iam:UpdateServiceSpecificCredential": accounts.update_credential,
    "organizations:AttachPolicy": organization.attach_policy,
    "organizations:CreatePolicy": organization.create_policy,
    "organizations:DescribeEffectivePolicy": accounts.describe_effective_policy,
    "organizations:DescribeOrganization": organization.describe,
    "organizations:DescribePolicy": organization.describe_policy,
    "organizations:DetachPolicy": organization.detach_policy,
    "organizations:ListAccountsForParent": organization.list_accounts,
    "organizations:ListOrganizationalUnitsForParent": organization.list_units,
    "organizations:ListParents": organization.list_parents,
    "organizations:ListPoliciesForTarget": organization.list_policies,
    "organizations:ListRoots": organization.list_roots,
    "organizations:UpdatePolicy": organization.update_policy,
    "s3control:DeletePublicAccessBlock": accounts.delete_public_access_block,
    "s3control:GetPublicAccessBlock": accounts.get_public_access_block,
    "s3control:PutPublicAccessBlock": accounts.put_public_access_block,
}
"""What the emulator does not have, or has so wrongly that nothing of it is kept."""


def _remember_key(ask: Ask, _: Document) -> None:
    """CreateModelImportJob: the emulator forgets the key of what is imported."""
    if "importedModelKmsKeyId" in ask.inputs:
        ask.place.import_keys[ask.inputs["importedModelName"]] = ask.inputs["importedModelKmsKeyId"]


def _with_key(ask: Ask, model: Document) -> None:
    """GetImportedModel."""
    if model["modelName"] in ask.place.import_keys:
        model["modelKmsKeyArn"] = ask.place.import_keys[model["modelName"]]


def _with_time(_: Ask, job: Document) -> None:
    """GetModelInvocationJob: a job was submitted when the emulator wrote it last."""
    job.setdefault("submitTime", job["lastModifiedTime"])


def _chosen(ask: Ask, answer: Document) -> None:
    """ListModelInvocationJobs: only the jobs that are asked for; times of this form compare as texts."""
    jobs = answer["invocationJobSummaries"]
    for job in jobs:
        _with_time(ask, job)
    tests: dict[str, Callable[[Document, str], bool]] = {
        "submitTimeAfter": lambda job, time: job["submitTime"] > time,
        "submitTimeBefore": lambda job, time: job["submitTime"] < time,
        "statusEquals": lambda job, status: job["status"] == status,
        "nameContains": lambda job, part: part in job["jobName"],
    }
    wanted = [(test, ask.inputs[name]) for name, test in tests.items() if name in ask.inputs]
    answer["invocationJobSummaries"] = [job for job in jobs if all(test(job, value) for test, value in wanted)]


COMPLETED: Mapping[str, Callable[[Ask, Document], None]] = {
    "bedrock:CreateModelImportJob": _remember_key,
    "bedrock:GetImportedModel": _with_key,
    "bedrock:GetModelInvocationJob": _with_time,
    "bedrock:ListModelInvocationJobs": _chosen,
}
"""What the emulator leaves out of its answers in JSON."""

PAGED: Mapping[str, str] = {
    "bedrock:ListCustomModels": "modelSummaries",
    "bedrock:ListEnforcedGuardrailsConfiguration": "guardrailsConfig",
    "bedrock:ListGuardrails": "guardrails",
    "bedrock:ListImportedModels": "modelSummaries",
    "bedrock:ListInferenceProfiles": "inferenceProfileSummaries",
    "bedrock:ListModelInvocationJobs": "invocationJobSummaries",
    "bedrock-agent:ListAgents": "agentSummaries",
    "bedrock-agent:ListDataSources": "dataSourceSummaries",
    "bedrock-agent:ListKnowledgeBases": "knowledgeBaseSummaries",
}
"""Lists that the emulator gives whole, by the member that is cut into pages."""

# Beyond this many, a list comes in pages, whatever is asked for.
LARGEST_PAGE = 1000


def page(inputs: Mapping[str, Any], member: str, answer: Document, largest: int) -> None:
    """Cuts a list down to the page that is asked for."""
    items = answer.get(member, [])
    start = int(str(inputs.get("nextToken", "page-0")).partition("-")[2])
    end = start + min(int(inputs.get("maxResults", largest)), largest)
    answer[member] = items[start:end]
    answer.pop("nextToken", None)
    if end < len(items):
        answer["nextToken"] = f"page-{end}"
