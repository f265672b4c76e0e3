"""check-posture's role is the least that it needs: without any one of its actions exactly the controls that need it
are undecided by its name, and none is compliant by accident or missing.

The Region that is looked at has one of everything (estate.py). Actions that the local AWS does not ask for are skipped,
if tests/templates/paths.yaml says so; there they are proven on the templates.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from .deployment import FINDINGS, POSTURE, WEST, Deployment
from .looking import COMPLIANT, CONTROLS, LOGGING, UNDECIDED, unknown
from .records import HOME
from .roles import Grant, grants, without

ROLE = "${CheckPosture.Role}"
RULES = "rule-receives-inference"
(LOGGED, _, BUCKET_ENCRYPTED, PRIVATE, BUCKET_RETAINED, GROUP_ENCRYPTED, GROUP_RETAINED, DELIVERING) = LOGGING
OF_BUCKETS = (BUCKET_ENCRYPTED, PRIVATE, BUCKET_RETAINED)
OF_GROUPS = (GROUP_ENCRYPTED, GROUP_RETAINED)
MODELS = ("custom-model-encrypted", "imported-model-encrypted")
AGENTS = ("agent-encrypted", "agent-has-guardrail")
KNOWLEDGE = "knowledge-base-encrypted"
PROFILES, REACH = "profile-destinations-allowed", "profile-reach-allowed"

NEEDED_BY: dict[str, tuple[str, ...]] = {
    "account:ListRegions": (RULES,),
    "bedrock:GetAccountDataRetention": ("data-retention-allowed",),
    "bedrock:GetAgent": AGENTS,
    "bedrock:GetCustomModel": ("custom-model-encrypted",),
    "bedrock:GetDataSource": (KNOWLEDGE,),
    "bedrock:GetImportedModel": ("imported-model-encrypted",),
    "bedrock:GetModelInvocationLoggingConfiguration": LOGGING,
    "bedrock:ListAgents": AGENTS,
    "bedrock:ListCustomModels": ("custom-model-encrypted",),
    "bedrock:ListDataSources": (KNOWLEDGE,),
    "bedrock:ListEnforcedGuardrailsConfiguration": ("guardrail-enforced",),
    "bedrock:ListGuardrails": ("guardrail-stays-in-region",),
    "bedrock:ListImportedModels": ("imported-model-encrypted",),
    "bedrock:ListInferenceProfiles": (PROFILES, REACH),
    "bedrock:ListKnowledgeBases": (KNOWLEDGE,),
    "bedrock:ListModelInvocationJobs": ("batch-output-in-region",),
    "cloudtrail:DescribeTrails": ("trail-records-inference",),
    "cloudtrail:GetEventSelectors": ("trail-records-inference",),
    "cloudtrail:GetTrailStatus": ("trail-records-inference",),
    "cloudwatch:GetMetricData": (RULES, DELIVERING, PROFILES),
    "cloudwatch:ListMetrics": (RULES, PROFILES),
    "ec2:DescribeVpcEndpoints": ("vpc-endpoint-present", "vpc-endpoint-restricted"),
    "events:DescribeEventBus": (RULES,),
    "events:ListRules": (RULES,),
    "events:ListTargetsByRule": (RULES,),
    "iam:GetAccountAuthorizationDetails": ("invoke-is-least-privilege", "manage-and-invoke-separate"),
    "iam:ListServiceSpecificCredentials": ("api-key-long-term",),
    "kms:DescribeKey": (BUCKET_ENCRYPTED, GROUP_ENCRYPTED, *MODELS, KNOWLEDGE, "agent-encrypted"),
    "logs:DescribeLogGroups": (LOGGED, *OF_GROUPS),
    "organizations:DescribeOrganization": (REACH,),
    "organizations:DescribePolicy": (REACH,),
    "organizations:ListParents": (REACH,),
    "organizations:ListPoliciesForTarget": (REACH,),
    "organizations:ListRoots": (REACH,),
    "s3:GetAccountPublicAccessBlock": (PRIVATE,),
    "s3:GetBucketOwnershipControls": (PRIVATE,),
    "s3:GetBucketPolicy": (PRIVATE,),
    "s3:GetBucketPublicAccessBlock": (PRIVATE,),
    "s3:GetEncryptionConfiguration": (BUCKET_ENCRYPTED,),
    "s3:GetLifecycleConfiguration": (BUCKET_RETAINED,),
    "s3:ListAllMyBuckets": (LOGGED, *OF_BUCKETS),
}
"""What is undecided at home without an action, where everything is as it must be."""
APART = {
    "organizations:DescribeEffectivePolicy": "test_what_the_organization_enforces_may_not_be_read",
    "s3:GetObject": "test_without_it_the_function_says_so",
    "s3:PutObject": "test_without_it_the_function_says_so",
    "sqs:SendMessage": "test_without_it_the_function_says_so",
}
"""Actions whose lack shows elsewhere, and the tests below that show it."""
GRANTS = [grant for grant in grants() if grant.role == ROLE]


def test_every_action_is_asked_about() -> None:
    """An action that is added to the role is added here, or is one that the local AWS does not ask for."""
    asked = {grant.action for grant in GRANTS if any(path["emulator"] == "checks" for path in grant.paths)}
    assert asked == set(NEEDED_BY) | set(APART)
    assert not set(NEEDED_BY) & set(APART)


def test_with_all_of_them_everything_is_compliant(looking: Deployment) -> None:
    """The Region at home has one of everything, and nothing of it is undecided while the role is whole."""
    looked = looking.glance(regions=[HOME])
    assert looked.not_compliant == {}
    assert set(looked.decided()) == set(CONTROLS)
    nothing = [a["control"] for a in looked.assessments if a["reason"]["kind"] not in ("as_asked", "rules_stand")]
    assert nothing == [], "none is compliant because there is nothing to look at"


@pytest.mark.parametrize("grant", [grant for grant in GRANTS if grant.action not in APART], ids=str)
def test_without_it_what_needs_it_is_undecided(looking: Deployment, grant: Grant) -> None:
    """A permission that is taken away is named by each control that needs it, and touches no other."""
    grant.skip_unless_asked_for()
    with without(looking, grant):
        looked = looking.glance(regions=[HOME])
    needing = NEEDED_BY[grant.action]
    expected = {control: UNDECIDED if control in needing else COMPLIANT for control in CONTROLS}
    assert looked.decided() == expected, looked.not_compliant
    for control in needing:
        gaps = unknown(looked.at(HOME)[control])
        assert gaps
        assert set(gaps) == {("not_observed", grant.action)}, "that action, and nothing else"


def test_what_the_organization_enforces_may_not_be_read(looking: Deployment) -> None:
    """It matters where the account enforces nothing; where it enforces a guardrail for all calls, nothing is open."""
    (grant,) = [grant for grant in GRANTS if grant.action == "organizations:DescribeEffectivePolicy"]
    grant.skip_unless_asked_for()
    evidence, control = looking.evidence[HOME], "guardrail-enforced"
    with without(looking, grant):
        looked = looking.glance(regions=[HOME])
        evidence.client("bedrock").delete_enforced_guardrail_configuration(configId=evidence.enforced)
        found = looking.glance(control, regions=[HOME]).at(HOME)[control]
        evidence.client("bedrock").delete_guardrail(guardrailIdentifier=evidence.guardrail)
        evidence.enforce_a_guardrail()
    assert looked.decided() == dict.fromkeys(CONTROLS, COMPLIANT)
    assert unknown(found) == [("not_observed", grant.action)]


def test_whether_a_region_is_in_use_may_not_be_read(looking: Deployment) -> None:
    """Then nobody can say that logging is not needed there: it is undecided, not compliant."""
    evidence = looking.evidence[WEST]
    (grant,) = [grant for grant in GRANTS if grant.action == "cloudwatch:GetMetricData"]
    evidence.switch_off()
    try:
        before = looking.glance(LOGGED).of(LOGGED)[WEST]
        with without(looking, grant):
            found = looking.glance(LOGGED).of(LOGGED)[WEST]
    finally:
        evidence.configure()
    assert before["reason"]["kind"] == "not_in_use"
    assert unknown(found) == [("not_observed", grant.action)]


@pytest.mark.parametrize("grant", [grant for grant in GRANTS if grant.action in APART], ids=str)
def test_without_it_the_function_says_so(looking: Deployment, grant: Grant) -> None:
    """What it cannot read of its own, keep or hand on is an error or a warning with the action; nothing is silent."""
    if grant.action == "organizations:DescribeEffectivePolicy":
        pytest.skip("see the test above")
    grant.skip_unless_asked_for()
    looking.purge()
    looking.begin_anew()
    with looking.restarted(POSTURE), without(looking, grant):
        asked = json.dumps({"regions": [HOME], "controls": [RULES]}).encode()
        answer = looking.aws.client("lambda").invoke(FunctionName=POSTURE, Payload=asked)
        payload: dict[str, Any] = json.load(answer["Payload"])
        handed_on = looking.depth(FINDINGS)
    log = "\n".join(looking.log(POSTURE))
    assert grant.action in log
    assert "FunctionError" in answer
    assert grant.action in str(payload) or grant.sid == "SendFindings"
    # What cannot be kept is told all the same.
    assert handed_on == (0 if grant.sid in ("ReadThePolicy", "SendFindings") else 1)
