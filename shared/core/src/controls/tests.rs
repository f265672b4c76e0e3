//! Runs the cases that stand in each control's folder.

use std::{collections::BTreeSet, fs};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    cases::{self, folder, merge},
    *,
};
use crate::{
    catalog::{Catalogue, Live},
    cloudtrail::{Record, parse_record},
    policy::PolicyDocument,
};

/// One case: what differs from the base record and policy, and what the control must decide.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "no_change")]
    policy: Value,
    record: Value,
    /// What differs from the account's own lists; without this member there are none.
    live: Option<Value>,
    decision: String,
    kind: String,
    #[serde(default)]
    expired: Vec<String>,
}

fn no_change() -> Value {
    json!({})
}

fn base_record() -> Value {
    json!({
        "eventVersion": "1.11", "eventSource": "bedrock.amazonaws.com", "eventName": "Converse",
        "eventType": "AwsApiCall", "eventCategory": "Management", "managementEvent": true, "readOnly": true,
        "eventID": "7a9d8f4e-0000-4000-8000-000000000001", "requestID": "7a9d8f4e-0000-4000-8000-000000000002",
        "eventTime": "2026-11-21T10:00:00Z", "awsRegion": "ap-northeast-1", "recipientAccountId": "111122223333",
        "userIdentity": {
            "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/session-1",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/app"}}
        },
        "requestParameters": {"modelId": "jp.anthropic.claude-sonnet-4-5-20250929-v1:0"}
    })
}

fn base_policy() -> Value {
    json!({
        "version": 1,
        "regions": {"source": ["ap-northeast-1"], "destination": ["ap-northeast-1", "ap-northeast-3"]},
        "profiles": {"global": "deny"}
    })
}

/// What AWS answered in the base record's Region the evening before.
fn base_live() -> Value {
    let model =
        |region: &str| format!("arn:aws:bedrock:{region}::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0");
    let profile = |kind: &str, id: &str, regions: &[&str]| {
        json!({
            "arn": format!("arn:aws:bedrock:ap-northeast-1:111122223333:{kind}/{id}"),
            "application": kind == "application-inference-profile",
            "models": regions.iter().map(|region| model(region)).collect::<Vec<_>>(),
        })
    };
    let (system, application) = ("inference-profile", "application-inference-profile");
    let (jp, global) = (
        "jp.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    );
    json!({ "regions": { "ap-northeast-1": {
        "observed_at": "2026-11-20T17:30:00Z",
        "profiles": {
            jp: profile(system, jp, &["ap-northeast-1", "ap-northeast-3"]),
            global: profile(system, global, &["ap-northeast-1", ""]),
            "jpjpjpjp": profile(application, "jpjpjpjp", &["ap-northeast-1", "ap-northeast-3"]),
            "apacapac": profile(application, "apacapac", &["ap-northeast-1", "ap-south-1"]),
            "globglob": profile(application, "globglob", &["ap-northeast-1", ""]),
            "onlyonly": profile(application, "onlyonly", &["ap-northeast-1"]),
        },
    } } })
}

#[test]
fn every_case_of_every_control_holds() {
    let catalogue = Catalogue::embedded().unwrap();
    for control in ControlId::about_invocations() {
        let mut decisions = BTreeSet::new();
        for case in cases::of::<Case>(control) {
            let (mut record, mut policy) = (base_record(), base_policy());
            merge(&mut record, &case.record);
            merge(&mut policy, &case.policy);
            let policy = PolicyDocument::parse(policy.to_string().as_bytes()).unwrap();
            let Ok(Record::Inference(invocation)) = parse_record(record.to_string().as_bytes()) else {
                panic!("{control}: {}: not an inference record", case.name);
            };
            let policy = policy.for_account(&invocation.account, None).unwrap();
            let mut live = base_live();
            let catalogue = match &case.live {
                None => catalogue.clone(),
                Some(changes) => {
                    merge(&mut live, changes);
                    let live = Live::from_json(live.to_string().as_bytes());
                    catalogue
                        .clone()
                        .with_live(live.unwrap_or_else(|error| panic!("{control}: {}: {error:?}", case.name)))
                }
            };
            let assessment = assess(&invocation, &policy, &catalogue)
                .into_iter()
                .find(|assessment| assessment.control == control)
                .unwrap();
            let decided = serde_json::to_value(&assessment).unwrap();
            assert_eq!(
                decided["decision"],
                case.decision.as_str(),
                "{control}: {}: {decided}",
                case.name
            );
            assert_eq!(
                decided["reason"]["kind"],
                case.kind.as_str(),
                "{control}: {}: {decided}",
                case.name
            );
            let expired: Vec<&str> = assessment
                .expired_exceptions
                .iter()
                .map(|exception| exception.id.as_str())
                .collect();
            assert_eq!(expired, case.expired, "{control}: {}", case.name);
            assert!(!assessment.decision.to_string().is_empty());
            decisions.insert(case.decision);
        }
        for expected in ["compliant", "non-compliant", "not-applicable"] {
            assert!(decisions.contains(expected), "{control} has no case that is {expected}");
        }
    }
}

#[test]
fn every_control_is_described() {
    let mut names = BTreeSet::new();
    for control in ControlId::ALL {
        let Metadata {
            name,
            title,
            rationale,
            remedy,
            documentation,
            mapping,
            ..
        } = control.metadata();
        assert_eq!(serde_json::to_value(control).unwrap(), *name);
        assert!(names.insert(name) && !title.is_empty() && !rationale.is_empty() && !remedy.is_empty());
        assert!(
            documentation.starts_with("https://docs.aws.amazon.com/") && !mapping.is_empty(),
            "{name}"
        );
        let readme = fs::read_to_string(folder(control).join("README.md")).unwrap();
        assert!(
            readme.contains(name) && readme.contains(documentation),
            "{name}/README.md"
        );
        for heading in ["## Intent", "## Outcomes", "## Remedy", "## Mapping"] {
            assert!(readme.contains(heading), "{name}/README.md lacks {heading}");
        }
        for mapping in *mapping {
            assert!(
                readme.contains(mapping.framework),
                "{name}/README.md lacks {}",
                mapping.framework
            );
        }
    }
}
