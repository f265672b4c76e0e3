"""What goes into the accounts of the organization, in which order, and that no account stops another."""

from __future__ import annotations

from typing import Any

import pytest

from .rendering import ACCOUNT, Resource, change_region, load, source_region, stack_sets

MANAGEMENT = "444455556666"
SETS = {r.properties["StackSetName"]: r for r in stack_sets().of_type("AWS::CloudFormation::StackSet")}
TEMPLATES = {
    "crisguard-member-role": "member-role.yaml",
    "crisguard-source-region": "source-region.yaml",
    "crisguard-change-region": "change-region.yaml",
}
every = pytest.mark.parametrize("resource", SETS.values(), ids=SETS.keys())


def group(resource: Resource) -> dict[str, Any]:
    (of_instances,) = resource.properties["StackInstancesGroup"]
    assert isinstance(of_instances, dict)
    return of_instances


def test_each_template_has_its_stack_set() -> None:
    address = "https://templates.s3.us-east-1.amazonaws.com/crisguard/"
    assert {name: r.properties["TemplateURL"] for name, r in SETS.items()} == {
        name: address + template for name, template in TEMPLATES.items()
    }


@every
def test_new_accounts_are_deployed_to_by_themselves(resource: Resource) -> None:
    p = resource.properties
    assert p["PermissionModel"] == "SERVICE_MANAGED"
    assert (p["AutoDeployment"]["Enabled"], p["AutoDeployment"]["RetainStacksOnAccountRemoval"]) == (True, False)
    assert p["ManagedExecution"] == {"Active": True}


@every
def test_no_account_stops_another(resource: Resource) -> None:
    preferences = resource.properties["OperationPreferences"]
    assert (preferences["FailureTolerancePercentage"], preferences["MaxConcurrentPercentage"]) == (100, 100)
    assert preferences["RegionConcurrencyType"] == "PARALLEL"


@every
def test_it_goes_where_it_was_asked_to_but_not_into_the_security_account(resource: Resource) -> None:
    targets = group(resource)["DeploymentTargets"]
    assert targets["OrganizationalUnitIds"] == ["ou-ab12-11111111", "ou-ab12-22222222"]
    assert (targets["AccountFilterType"], targets["Accounts"]) == ("DIFFERENCE", [ACCOUNT])


def test_the_role_is_made_once_and_the_forwarders_in_each_region() -> None:
    regions = {name: group(r)["Regions"] for name, r in SETS.items()}
    everywhere = ["us-east-1", "ap-northeast-1"]
    assert regions == {
        "crisguard-member-role": ["us-east-1"],
        "crisguard-source-region": everywhere,
        "crisguard-change-region": everywhere,
    }


@every
def test_its_template_is_told_all_that_it_asks_for(resource: Resource) -> None:
    """And nothing that it does not know: StackSets refuse both."""
    template = TEMPLATES[resource.properties["StackSetName"]]
    told = {p["ParameterKey"] for p in resource.properties["Parameters"]}
    declared = load(template)["Parameters"]
    assert told <= declared.keys()
    assert {name for name, spec in declared.items() if "Default" not in spec} <= told
    assert not [r for r in load(template)["Resources"].values() if r["Type"] == "AWS::CloudFormation::Stack"]
    iam = any(r["Type"].startswith("AWS::IAM::") for r in load(template)["Resources"].values())
    assert resource.properties.get("Capabilities") == (["CAPABILITY_NAMED_IAM"] if iam else None)


def test_a_region_s_second_stack_follows_its_first() -> None:
    """Its rules use the role and the queue that the first one makes."""
    first = "stackset/crisguard-source-region:"
    (here,) = SETS["crisguard-change-region"].properties["AutoDeployment"]["DependsOn"]
    assert here.startswith(f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:{first}")
    delegated = stack_sets(CallAs="DELEGATED_ADMIN", ManagementAccount=MANAGEMENT)
    (there,) = delegated.resources["ChangeForwarders"].properties["AutoDeployment"]["DependsOn"]
    assert there.startswith(f"arn:aws:cloudformation:us-east-1:{MANAGEMENT}:{first}")
    assert {r.properties["CallAs"] for r in delegated.of_type("AWS::CloudFormation::StackSet")} == {"DELEGATED_ADMIN"}


def test_every_rule_on_the_way_of_inference_receives_read_only_events() -> None:
    """Both have to be in that state: the member's on its default bus and ours on the crisguard bus."""
    own = {"crisguard-forward-alarm"}
    rules = [r for s in (source_region(), change_region()) for r in s.of_type("AWS::Events::Rule")]
    states = {r.properties["Name"]: r.properties["State"] for r in rules if r.properties["Name"] not in own}
    assert {name for name in states if name.startswith(("crisguard-forward-", "crisguard-change-"))}
    assert set(states.values()) == {"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}
    for template, rule in (("intake.yaml", "InferenceRule"), ("changes.yaml", "ChangesRule")):
        state = load(template)["Resources"][rule]["Properties"]["State"]
        assert state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
