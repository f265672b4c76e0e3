//! Real records and messages, where the samples stand beside the repository.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read fails the test")]

use std::{collections::BTreeMap, path::Path};

use crisguard_core::{
    catalog::Catalogue,
    cloudtrail::{BlockedRegion, Denial, Record, parse_record},
    controls::{ControlId, assess},
    decision::Decision,
    policy::PolicyDocument,
};
use crisguard_laws::samples;
use serde_json::{Value, json};

fn sample(path: &str) -> Option<String> {
    let bytes = samples::read(path).unwrap()?;
    Some(String::from_utf8(bytes).unwrap())
}

fn records(path: &str) -> Vec<Value> {
    let Some(text) = sample(path) else { return Vec::new() };
    let lines = Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "jsonl");
    if lines {
        let line = |line: &str| -> Value {
            let line: Value = serde_json::from_str(line).unwrap();
            line.get("record").or_else(|| line.get("content")).cloned().unwrap()
        };
        text.lines().map(line).collect()
    } else {
        serde_json::from_str(&text).unwrap()
    }
}

#[test]
fn real_records_are_read_and_only_one_left_its_region() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut exits: BTreeMap<&str, usize> = BTreeMap::new();
    let mut violations = Vec::new();
    let paths = [
        "bedrock-cloudtrail/aws-docs__examples.json",
        "bedrock-cloudtrail/stratus-red-team__aws.impact.bedrock-invoke-model.json",
        "bedrock-cloudtrail/traildiscover__bedrock.json",
        "cloudtrail-generic/stratus-red-team__detonation-logs.jsonl",
        "cloudtrail-generic/aws-docs__cloudtrail-userguide-blocks.jsonl",
    ];
    let records: Vec<Value> = paths.into_iter().flat_map(records).collect();
    for record in &records {
        let exit = match parse_record(record.to_string().as_bytes()) {
            Ok(Record::NotBedrock) => "not Bedrock",
            Ok(Record::NotInference { .. }) => "not inference",
            Err(_) => "rejected",
            Ok(Record::Inference(invocation)) => {
                let region = invocation.source.0.as_str();
                let policy = json!({"version": 1, "regions": {"source": [region], "destination": [region]}, "profiles": {"global": "deny"}});
                let policy = PolicyDocument::parse(policy.to_string().as_bytes()).unwrap();
                let policy = policy.for_account(&invocation.account, None).unwrap();
                violations.extend(
                    assess(&invocation, &policy, &catalogue)
                        .iter()
                        .filter(|assessment| matches!(assessment.decision, Decision::NonCompliant(_)))
                        .map(|assessment| (assessment.control, assessment.decision.to_string())),
                );
                "inference"
            }
        };
        *exits.entry(exit).or_default() += 1;
    }
    println!("{} records: {exits:?}", records.len());
    if !records.is_empty() {
        assert_eq!(records.len(), exits.values().sum::<usize>());
        // The three rejected ones are fragments of documentation that are no JSON objects.
        assert_eq!(violations.len(), 1, "{violations:#?}");
        assert!(
            violations
                .iter()
                .all(|(control, text)| *control == ControlId::DestinationRegionAllowed && text.contains("us-east-1"))
        );
        assert_eq!(
            exits,
            BTreeMap::from([
                ("inference", 5),
                ("not Bedrock", 335),
                ("not inference", 35),
                ("rejected", 3)
            ])
        );
    }
}

#[test]
fn real_denials_are_told_apart() {
    let Some(text) = sample("bedrock-cloudtrail/error-messages.jsonl") else {
        return;
    };
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let message = case["message"].as_str().unwrap();
        match Denial::parse(message) {
            Denial::ServiceControlPolicy(denial) => {
                assert_eq!(case["policy_type"], "scp", "{message}");
                assert_eq!(denial.explicit, case["kind"] == "explicit-deny", "{message}");
                assert_eq!(denial.policy.as_deref(), case["policy_ref"].as_str(), "{message}");
                if message.contains("arn:aws:bedrock:") {
                    let expected = match case["denied_region"].as_str().unwrap() {
                        "" => BlockedRegion::Unspecified,
                        region => BlockedRegion::Region(region.parse().unwrap()),
                    };
                    assert_eq!(denial.blocked, expected, "{message}");
                }
            }
            Denial::Other | Denial::Unexplained => assert_ne!(case["policy_type"], "scp", "{message}"),
        }
    }
}
