//! Policies of our own, in the forms that companies have them; the published ones are tried in `tests/laws`.

use serde_json::{Value, json};

use super::*;
use crate::{policy::PolicyDocument, scp::reach::UNSPECIFIED};

const SONNET: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

fn regions(allowed: &[&str]) -> Value {
    json!([{"Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": allowed}}}])
}

fn chain(statements: &Value) -> Chain {
    let json = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    Chain::of_files([("ou".to_owned(), Scp::parse("scp.json", json.as_bytes()).unwrap())]).unwrap()
}

fn caller() -> Caller {
    Caller::new(
        "111122223333".parse().unwrap(),
        &super::super::reach::Principal::Ordinary,
    )
}

fn mended(statements: &Value, profile: &str, source: &str, quota: usize) -> Vec<Remedy> {
    let (chain, caller, catalogue) = (chain(statements), caller(), Catalogue::embedded().unwrap());
    let target = Target::profile(profile, &SourceRegion(source.parse().unwrap()), &catalogue).unwrap();
    let wish = Wish {
        target: &target,
        chain: &chain,
        caller: &caller,
        catalogue: &catalogue,
        sources: &[],
        on_demand: None,
        quota,
    };
    remedies(&wish).unwrap()
}

/// The form that AWS recommends, with the pin: three statements.
#[test]
fn the_least_change_is_of_the_statement_that_denies() {
    let id = format!("jp.{SONNET}");
    let remedies = mended(&regions(&["ap-northeast-1"]), &id, "ap-northeast-1", 5_120);
    let kinds: Vec<RemedyKind> = remedies.iter().map(|remedy| remedy.remedy).collect();
    assert_eq!(
        kinds,
        [
            RemedyKind::ExemptProfile,
            RemedyKind::ExemptBedrock,
            RemedyKind::WidenRegions,
            RemedyKind::ModelsWithoutProfile,
            RemedyKind::LeaveGovernance
        ]
    );
    let [change] = remedies[0].changes.as_slice() else {
        panic!("{:#?}", remedies[0])
    };
    let outside = json!(["ap-northeast-1"]);
    let calls = json!(INVOKE);
    let expected = json!([
        {"op": "add", "path": "/Statement/0/NotAction/2", "value": "bedrock:InvokeModel"},
        {"op": "add", "path": "/Statement/0/NotAction/3", "value": "bedrock:InvokeModelWithResponseStream"},
        {"op": "add", "path": "/Statement/1", "value": {"Sid": "RegionsButProfile", "Effect": "Deny", "Action": calls, "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": outside}, "ArnNotLike": {
                "bedrock:InferenceProfileArn": [format!("arn:aws:bedrock:ap-northeast-1:*:inference-profile/{id}")]}}}},
        {"op": "add", "path": "/Statement/2", "value": {"Sid": "RegionsButItsRegions", "Effect": "Deny", "Action": calls, "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["ap-northeast-1", "ap-northeast-3"]}}}}
    ]);
    assert_eq!(change.diff, expected, "{:#}", change.diff);
    assert_eq!(
        remedies[0].newly_permits,
        [Permit {
            actions: INVOKE.map(str::to_owned).to_vec(),
            resource: "foundation-model".to_owned(),
            regions: vec!["ap-northeast-3".to_owned()],
            through: vec![id],
        }]
    );
    assert!(
        remedies
            .iter()
            .all(|remedy| remedy.works == Some(true) && remedy.cannot.is_none())
    );
}

#[test]
fn the_wider_remedies_say_what_they_open() {
    let remedies = mended(
        &regions(&["ap-northeast-1"]),
        &format!("jp.{SONNET}"),
        "ap-northeast-1",
        5_120,
    );
    let opens = |remedy: &Remedy, action: &str, region: &str, direct: bool| {
        remedy.newly_permits.iter().any(|permit| {
            permit.actions.iter().any(|known| known == action)
                && permit.regions.iter().any(|known| known == region)
                && permit.through.is_empty() == direct
        })
    };
    let [profile, bedrock, wider, without, leave] = remedies.as_slice() else {
        panic!()
    };
    assert!(!opens(profile, "bedrock:InvokeModel", "ap-northeast-3", true));
    assert!(
        opens(bedrock, "bedrock:InvokeModel", "eu-west-1", true),
        "direct calls everywhere"
    );
    assert!(
        opens(bedrock, "bedrock:InvokeModel", UNSPECIFIED, false),
        "global profiles"
    );
    assert!(!opens(bedrock, "ec2:RunInstances", "ap-northeast-3", true));
    assert!(
        opens(wider, "ec2:RunInstances", "ap-northeast-3", true),
        "every service"
    );
    assert!(!opens(wider, "ec2:RunInstances", "eu-west-1", true));
    assert!(without.newly_permits.is_empty() && without.changes.is_empty());
    let note = without.notes[0].to_string();
    assert!(note.contains("--by-inference-type ON_DEMAND"), "{note}");
    assert!(opens(leave, "ec2:RunInstances", "eu-west-1", true));
}

#[test]
fn a_global_profile_is_pinned_to_the_global_destination() {
    let remedies = mended(
        &regions(&["ap-northeast-1"]),
        &format!("global.{SONNET}"),
        "ap-northeast-1",
        5_120,
    );
    let document = &remedies[0].changes[0].document;
    assert_eq!(
        document.pointer("/Statement/2/Condition/StringNotEquals/aws:RequestedRegion"),
        Some(&json!(["ap-northeast-1", "unspecified"]))
    );
    let [permit] = remedies[0].newly_permits.as_slice() else {
        panic!()
    };
    assert_eq!(permit.regions, ["unspecified"]);
}

#[test]
fn what_works_needs_no_remedy() {
    assert!(
        mended(
            &regions(&["ap-northeast-1", "ap-northeast-3"]),
            &format!("jp.{SONNET}"),
            "ap-northeast-1",
            5_120
        )
        .is_empty()
    );
}

#[test]
fn a_change_beyond_the_quota_says_so() {
    let statements = regions(&["ap-northeast-1"]);
    let remedy = &mended(&statements, &format!("jp.{SONNET}"), "ap-northeast-1", 300)[0];
    let why = remedy.cannot.as_ref().unwrap().to_string();
    assert!(why.contains("a policy may have 300"), "{why}");
    assert!(remedy.changes[0].size > 300);
}

#[test]
fn a_statement_that_names_resources_cannot_leave_one_out() {
    let statements = json!([{"Sid": "Named", "Effect": "Deny", "Action": "bedrock:InvokeModel", "Resource": "arn:aws:bedrock:*:*:inference-profile/*"}]);
    let remedy = &mended(&statements, &format!("jp.{SONNET}"), "ap-northeast-1", 5_120)[0];
    let why = remedy.cannot.as_ref().unwrap().to_string();
    assert!(why.contains("the statement Named names resources"), "{why}");
}

#[test]
fn two_statements_that_deny_are_both_changed_and_a_managed_one_is_said_to_be() {
    let mut statements = regions(&["ap-northeast-1"]);
    statements[0]["Sid"] = json!("CTMULTISERVICEPV1");
    statements.as_array_mut().unwrap().push(
        json!({"Effect": "Deny", "Action": ["bedrock:InvokeModel", "bedrock:CreateAgent"], "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": ["ap-northeast-3", "us-east-1"]}}}),
    );
    let remedy = &mended(&statements, &format!("jp.{SONNET}"), "ap-northeast-1", 5_120)[0];
    assert_eq!(
        (remedy.works, remedy.cannot.as_ref()),
        (Some(true), None),
        "{remedy:#?}"
    );
    assert!(remedy.newly_denies.is_empty());
    assert!(remedy.notes.contains(&Note::ManagedByControlTower));
    let sids: Vec<&Value> = remedy.changes[0].document["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["Sid"])
        .collect();
    assert_eq!(sids.len(), 6, "{sids:?}");
}

#[test]
fn an_allow_list_gets_what_the_profile_needs() {
    let statements = json!([{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}]);
    let remedies = mended(&statements, &format!("jp.{SONNET}"), "ap-northeast-1", 5_120);
    assert_eq!(remedies[0].works, Some(true));
    let [permit] = remedies[0].newly_permits.as_slice() else {
        panic!("{:#?}", remedies[0].newly_permits)
    };
    assert_eq!(permit.regions, ["ap-northeast-3"]);
    assert_eq!(
        remedies[2].works,
        Some(true),
        "its list can be widened: {:#?}",
        remedies[2]
    );
}

#[test]
fn what_leaves_is_closed_and_what_stays_is_not() {
    let policy = |destinations: Value| {
        let policy = json!({"version": 1, "regions": {"source": ["ap-northeast-1"], "destination": destinations}, "profiles": {"global": "deny"}});
        let document = PolicyDocument::parse(policy.to_string().as_bytes()).unwrap();
        document.for_account(&"111122223333".parse().unwrap(), None).unwrap()
    };
    let open = Chain::of_files([]).unwrap();
    let (caller, catalogue) = (caller(), Catalogue::embedded().unwrap());
    let tokyo = [SourceRegion("ap-northeast-1".parse().unwrap())];
    let closing = |glob: &str| {
        let targets = Target::profiles(glob, &tokyo, &catalogue);
        close(
            &targets,
            &open,
            &caller,
            &policy(json!(["ap-northeast-1", "ap-northeast-3"])),
        )
        .unwrap()
    };
    let closed = closing("*.anthropic.claude-sonnet-4*").unwrap();
    assert!(closed.open.is_empty() && closed.breaks.is_empty(), "{closed:#?}");
    assert!(
        closed.closed.iter().any(|name| name.starts_with("global."))
            && closed.closed.iter().any(|name| name.starts_with("apac."))
    );
    assert_eq!(closed.document["Statement"].as_array().unwrap().len(), 2);
    assert!(!closed.document.to_string().contains("ArnLike"), "that is the trap");
    let global = closing("global.anthropic.*").unwrap();
    assert_eq!(global.document["Statement"].as_array().unwrap().len(), 1);
    assert!(closing("jp.*").is_none());
}
