//! Policies of our own, in the forms that companies have them.

mod callers;

use serde_json::{Value, json};

use super::*;
use crate::{
    catalog::{Catalogue, Live, LiveList},
    policy::{Policy, PolicyDocument},
    posture::ListedProfile,
    region::SourceRegion,
    scp::organization::Scp,
};

const ACCOUNT: &str = "111122223333";
const SONNET: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

fn source(name: &str) -> SourceRegion {
    SourceRegion(name.parse().unwrap())
}

fn chain(statement: &Value) -> Chain {
    let json = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    Chain::of_files([("ou".to_owned(), Scp::parse("scp.json", json.as_bytes()).unwrap())]).unwrap()
}

fn caller() -> Caller {
    Caller::new(ACCOUNT.parse().unwrap(), &Principal::Ordinary)
}

/// Control Tower's Region deny, in short.
fn only(regions: &[&str]) -> Value {
    json!({"Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*", "Condition": {
        "StringNotEquals": {"aws:RequestedRegion": regions},
        "ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/AWSControlTowerExecution"}
    }})
}

fn profile(id: &str, from: &str) -> Target {
    Target::profile(id, &source(from), &Catalogue::embedded().unwrap()).unwrap()
}

fn verdict_of(chain: &Chain, caller: &Caller, target: Target) -> Verdict {
    let reach = Reach::of_account(chain, caller, vec![target]).unwrap();
    reach.verdicts(caller.account()).next().unwrap().1.clone()
}

fn verdict_on(statement: &Value, target: Target) -> String {
    verdict_of(&chain(statement), &caller(), target).to_string()
}

fn policy(destinations: &Value) -> Policy {
    let policy = json!({"version": 1, "regions": {"source": ["*"], "destination": destinations}, "profiles": {"global": "allow"}});
    let document = PolicyDocument::parse(policy.to_string().as_bytes()).unwrap();
    document.for_account(&ACCOUNT.parse().unwrap(), None).unwrap()
}

#[test]
fn a_profile_fails_at_the_first_region_that_is_denied_and_a_direct_call_does_not() {
    let jp = format!("jp.{SONNET}");
    assert_eq!(
        verdict_on(
            &only(&["ap-northeast-1", "ap-northeast-3"]),
            profile(&jp, "ap-northeast-1")
        ),
        "works"
    );
    assert_eq!(
        verdict_on(&only(&["ap-northeast-1"]), profile(&jp, "ap-northeast-1")),
        "fails: the foundation model in ap-northeast-3 is denied by the statement Regions of scp.json at ou"
    );
    assert_eq!(
        verdict_on(
            &only(&["ap-northeast-1"]),
            Target::model(SONNET, &source("ap-northeast-1"))
        ),
        "works"
    );
    let global = profile(&format!("global.{SONNET}"), "ap-northeast-1");
    assert_eq!(
        verdict_on(&only(&["ap-northeast-1"]), global.clone()),
        "fails: the foundation model in unspecified is denied by the statement Regions of scp.json at ou"
    );
    assert_eq!(verdict_on(&only(&["ap-northeast-1", "unspecified"]), global), "works");
}

#[test]
fn a_denial_of_one_action_alone_is_told_as_such() {
    let stream = json!({"Effect": "Deny", "Action": "bedrock:InvokeModelWithResponseStream", "Resource": "*"});
    let verdict = verdict_of(&chain(&stream), &caller(), Target::model(SONNET, &source("us-east-1")));
    let [denied] = verdict.denied() else {
        panic!("{verdict}")
    };
    assert_eq!(denied.action, Some("bedrock:InvokeModelWithResponseStream"));
    assert_eq!(
        denied.statement.as_deref(),
        Some("0"),
        "a statement without a Sid is known by its index"
    );
}

#[test]
fn what_depends_on_the_caller_is_undecided_where_the_caller_is_not_known() {
    let jp = || profile(&format!("jp.{SONNET}"), "ap-northeast-1");
    let chain_of = chain(&only(&["ap-northeast-1"]));
    let called_by =
        |principal: &Principal| verdict_of(&chain_of, &Caller::new(ACCOUNT.parse().unwrap(), principal), jp());
    assert_eq!(
        called_by(&Principal::Unknown).to_string(),
        "undecided: it depends on aws:principalarn"
    );
    let execution = "arn:aws:iam::*:role/AWSControlTowerExecution".to_owned();
    assert!(called_by(&Principal::Arn(execution)).works());
    assert_eq!(called_by(&Principal::Ordinary).name(), "fails");
    let service_linked =
        "arn:aws:iam::*:role/aws-service-role/bedrock.amazonaws.com/AWSServiceRoleForBedrock".to_owned();
    assert!(
        called_by(&Principal::Arn(service_linked)).works(),
        "service-linked roles are exempt"
    );
    let tagged = json!({"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "research"}}});
    assert_eq!(
        verdict_of(&chain(&tagged), &caller(), jp()).to_string(),
        "undecided: it depends on aws:principaltag/team"
    );
}

#[test]
fn a_guardrail_that_is_asked_for_leaves_it_undecided() {
    let guarded = json!({"Effect": "Deny", "Action": INVOKE, "Resource": "*",
        "Condition": {"Null": {"bedrock:GuardrailIdentifier": "true"}}});
    let model = || Target::model(SONNET, &source("us-east-1"));
    assert_eq!(
        verdict_on(&guarded, model()),
        "undecided: it depends on bedrock:guardrailidentifier"
    );
    let no_such_key = json!({"Effect": "Deny", "Action": INVOKE, "Resource": "*",
        "Condition": {"Null": {"bedrock:GuardrailArn": "true"}}});
    assert!(
        verdict_on(&no_such_key, model()).starts_with("fails"),
        "the key never is there"
    );
}

#[test]
fn an_application_profile_is_evaluated_by_its_own_arn() {
    let arn = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3";
    let models = vec![
        format!("arn:aws:bedrock:us-east-1::foundation-model/{SONNET}"),
        format!("arn:aws:bedrock:::foundation-model/{SONNET}"),
    ];
    let mut live = Live::nothing();
    let listed = ListedProfile {
        arn: arn.to_owned(),
        application: true,
        models,
    };
    let list = LiveList {
        observed_at: "2026-11-21T17:00:00Z".parse().unwrap(),
        profiles: [("a1b2c3".to_owned(), listed)].into(),
    };
    live.learn("us-east-1".parse().unwrap(), list);
    let catalogue = Catalogue::embedded().unwrap().with_live(live);
    let targets = Target::profiles("*application-inference-profile/*", &[source("us-east-1")], &catalogue);
    let [target] = targets.as_slice() else {
        panic!("{targets:?}")
    };
    assert!(target.call.is_inferred());
    // AWS's own way to deny global profiles does not see it; the Region does.
    let by_name = json!({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*", "Condition": {
        "StringEquals": {"aws:RequestedRegion": "unspecified"},
        "ArnLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:*:inference-profile/global.*"}}});
    let by_region = json!({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "unspecified"}}});
    assert_eq!(verdict_on(&by_name, target.clone()), "works");
    assert!(verdict_on(&by_region, target.clone()).starts_with("fails"));
    assert_eq!(leaves(target, &policy(&json!(["us-east-1"]))), ["*"]);
}

#[test]
fn a_guardrail_profile_needs_each_of_its_destinations() {
    let catalogue = Catalogue::embedded().unwrap();
    let targets = Target::guardrails("us.*", &[source("us-east-1")], &catalogue);
    let [target] = targets.as_slice() else {
        panic!("{targets:?}")
    };
    let verdict = verdict_of(&chain(&only(&["us-east-1", "us-west-2"])), &caller(), target.clone());
    let [denied] = verdict.denied() else {
        panic!("{verdict}")
    };
    assert_eq!(
        (denied.resource, &*denied.region),
        (Resource::GuardrailProfile, "us-east-2")
    );
    let exempt = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
        "StringEquals": {"aws:RequestedRegion": "us-east-2"},
        "ArnNotLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:*:inference-profile/us.*"}}});
    assert!(
        !verdict_of(&chain(&exempt), &caller(), target.clone()).works(),
        "that key is not there for guardrails"
    );
}

#[test]
fn a_batch_job_fails_surely_or_is_undecided() {
    let batch = || profile(&format!("jp.{SONNET}"), "ap-northeast-1").in_batch().unwrap();
    let verdict = verdict_on(&only(&["ap-northeast-1"]), batch());
    assert!(verdict.starts_with("undecided: AWS does not document"), "{verdict}");
    assert!(verdict_on(&only(&["us-east-1"]), batch()).starts_with("fails"));
}

#[test]
fn what_works_and_is_not_allowed_leaves() {
    let eu = profile(&format!("eu.{SONNET}"), "eu-central-1");
    assert_eq!(leaves(&eu, &policy(&json!(["*"]))), Vec::<String>::new());
    let outside = leaves(&eu, &policy(&json!(["eu-north-1", "eu-west-1", "eu-west-3"])));
    assert_eq!(outside, ["eu-central-1", "eu-south-1", "eu-south-2"], "the source too");
    let reach = Reach::of_account(&chain(&only(&["eu-west-1"])), &caller(), vec![eu]).unwrap();
    let report = reach.report(&ACCOUNT.parse().unwrap(), Some(&policy(&json!(["eu-west-1"]))));
    assert_eq!(
        report.profiles[0].leaves,
        Vec::<String>::new(),
        "what fails does not leave"
    );
}

#[test]
fn the_report_has_the_published_form() {
    let targets = Target::profiles(
        "jp.*sonnet-4-5*",
        &[source("ap-northeast-1")],
        &Catalogue::embedded().unwrap(),
    );
    let reach = Reach::of_account(&chain(&only(&["ap-northeast-1"])), &caller(), targets).unwrap();
    let report = serde_json::to_value(reach.report(&ACCOUNT.parse().unwrap(), None)).unwrap();
    assert_eq!(
        report,
        json!({"profiles": [{
            "profile": "jp.anthropic.claude-sonnet-4-5-20250929-v1:0", "call": "profile",
            "source": "ap-northeast-1",
            "destinations": ["ap-northeast-1", "ap-northeast-3"], "verdict": "fails",
            "denied": [{"resource": "foundation-model", "region": "ap-northeast-3", "policy": "scp.json",
                "statement": "Regions", "kind": "explicit", "level": "ou"}],
            "leaves": [], "inferred": false, "remedies": []
        }]})
    );
    assert!(jsonschema::is_valid(&ReachReport::json_schema(), &report));
    let organization = serde_json::to_value(reach.organization_report(|_| None)).unwrap();
    assert!(jsonschema::is_valid(&OrganizationReport::json_schema(), &organization));
}

fn organization(sandbox: &Value) -> Organization {
    let account = |id: &str, parent: &str| json!({"id": id, "parent": parent, "policies": ["p-FullAWSAccess"]});
    let document = json!({
        "version": 1, "id": "o-a1b2c3d4e5", "management_account": "100000000001",
        "root": {"id": "r-ab12", "scps_enabled": true, "policies": ["p-FullAWSAccess", "p-sandbox"]},
        "units": [{"id": "ou-ab12-1", "parent": "r-ab12", "policies": ["p-FullAWSAccess", "p-regions"]}],
        "accounts": [account("100000000001", "r-ab12"), account("100000000002", "ou-ab12-1"), account("100000000003", "ou-ab12-1"),
                     account("100000000004", "r-ab12")],
        "policies": [
            {"id": "p-regions", "content": {"Version": "2012-10-17", "Statement": only(&["ap-northeast-1"])}},
            {"id": "p-sandbox", "content": {"Version": "2012-10-17", "Statement": sandbox}}
        ]
    });
    Organization::parse(document.to_string().as_bytes()).unwrap()
}

#[test]
fn accounts_under_the_same_policies_are_judged_once_and_those_that_are_named_by_themselves() {
    let sandbox = json!({"Sid": "Sandbox", "Effect": "Deny", "Action": "bedrock:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": "100000000003"}}});
    let targets = vec![
        profile(&format!("jp.{SONNET}"), "ap-northeast-1"),
        Target::model(SONNET, &source("ap-northeast-1")),
    ];
    let reach = Reach::of_organization(&organization(&sandbox), &Principal::Ordinary, targets.clone()).unwrap();
    let names = |id: &str| -> Vec<String> {
        reach
            .verdicts(&id.parse().unwrap())
            .map(|(_, verdict)| verdict.name().to_owned())
            .collect()
    };
    assert_eq!(
        names("100000000001"),
        ["works", "works"],
        "the management account is exempt"
    );
    assert_eq!(names("100000000002"), ["fails", "works"]);
    assert_eq!(names("100000000003"), ["fails", "fails"]);
    assert_eq!(names("100000000004"), ["works", "works"]);
    // Each account by itself comes to the same.
    for account in ["100000000002", "100000000003", "100000000004"] {
        let account: AccountId = account.parse().unwrap();
        let organization = organization(&sandbox);
        let alone = Reach::of_account(
            &organization.chain(&account).unwrap(),
            &Caller::new(account.clone(), &Principal::Ordinary),
            targets.clone(),
        )
        .unwrap();
        let verdicts =
            |reach: &Reach| -> Vec<Verdict> { reach.verdicts(&account).map(|(_, verdict)| verdict.clone()).collect() };
        assert_eq!(verdicts(&alone), verdicts(&reach), "{account}");
    }
}

#[test]
fn an_account_that_an_arn_names_is_judged_by_itself() {
    let named = json!({"Sid": "Named", "Effect": "Deny", "Action": "bedrock:*",
        "Resource": "arn:aws:bedrock:*:100000000003:inference-profile/*"});
    let targets = vec![profile(&format!("jp.{SONNET}"), "ap-northeast-1")];
    let reach = Reach::of_organization(&organization(&named), &Principal::Ordinary, targets).unwrap();
    let denied = |id: &str| -> usize {
        reach
            .verdicts(&id.parse().unwrap())
            .map(|(_, verdict)| verdict.denied().len())
            .sum()
    };
    assert_eq!(
        (denied("100000000004"), denied("100000000002"), denied("100000000003")),
        (0, 1, 2)
    );
}

#[test]
fn what_if_tells_which_verdicts_change_and_for_whom() {
    let nothing = json!({"Effect": "Deny", "Action": "ec2:*", "Resource": "*"});
    let before = organization(&nothing);
    let wider = json!({"Version": "2012-10-17", "Statement": only(&["ap-northeast-1", "ap-northeast-3"])});
    let after = before.with_policy("p-regions", wider).unwrap();
    let targets = vec![
        profile(&format!("jp.{SONNET}"), "ap-northeast-1"),
        Target::model(SONNET, &source("ap-northeast-1")),
    ];
    let reach = |organization: &Organization| {
        Reach::of_organization(organization, &Principal::Ordinary, targets.clone()).unwrap()
    };
    let (before, after) = (reach(&before), reach(&after));
    let changes = compare(&before, &after);
    let [change] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!((change.before, change.after), ("fails", "works"));
    assert_eq!(
        change.accounts,
        ["100000000002".parse().unwrap(), "100000000003".parse().unwrap()]
    );
    let [back] = compare(&after, &before).try_into().unwrap();
    assert_eq!((back.before, back.after, back.denied.len()), ("works", "fails", 1));
}

#[test]
fn the_govcloud_partition_has_arns_of_its_own() {
    let target = profile("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "us-gov-east-1");
    let asked = evaluations(&target, &caller(), &"bedrock:InvokeModel".parse().unwrap());
    assert!(
        asked
            .iter()
            .all(|evaluation| evaluation.request.resource.starts_with("arn:aws-us-gov:bedrock:"))
    );
    let regions: Vec<&str> = asked.iter().map(|evaluation| &*evaluation.region).collect();
    assert_eq!(regions, ["us-gov-east-1", "us-gov-east-1", "us-gov-west-1"]);
}
