//! Policies that others have published, and what each comes to.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use super::support::{MODEL, crisguard, errors, text, write};

/// Every verdict of the published policies, by the command alone: the samples carry other projects' licences and
/// stand beside the repository, if at all.
#[test]
fn published_policies_come_to_what_other_evaluators_have() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/scps");
    let read = |name: &str| -> Option<Value> {
        let json = fs::read(samples.join(name)).ok()?;
        Some(serde_json::from_slice(&json).unwrap())
    };
    let (Some(expected), Some(scenarios)) = (read("expected.json"), read("scenarios.json")) else {
        eprintln!("skipped: there are no samples at {}", samples.display());
        return;
    };
    let application = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abcd1234wxyz";
    let models = ["us-east-1", ""]
        .map(|region| json!({"modelArn": format!("arn:aws:bedrock:{region}::foundation-model/{MODEL}")}));
    let own = json!({"inferenceProfileArn": application, "inferenceProfileId": "abcd1234wxyz", "type": "APPLICATION", "models": models});
    let own = write("application.json", &own);
    let mut verdicts = 0;
    for (name, expected) in expected.as_object().unwrap() {
        let allowed = &expected["other_services_allowed_regions"];
        // A policy names at least one Region.
        let is_told = allowed.as_array().is_some_and(|regions| !regions.is_empty());
        let regions = if is_told { allowed.clone() } else { json!(["*"]) };
        let policy = write(
            &format!("policy-{name}.json"),
            &json!({"version": 1, "regions": {"source": ["*"], "destination": regions}, "profiles": {"global": "allow"}}),
        );
        for scenario in scenarios["scenarios"].as_array().unwrap() {
            let label = scenario["label"].as_str().unwrap();
            let (kind, called) = match scenario["profile_arn"].as_str() {
                None => ("--model", MODEL),
                Some(arn) if arn == application => ("--profile", arn),
                Some(arn) => ("--profile", arn.rsplit_once('/').unwrap().1),
            };
            let file = samples.join(format!("{name}.json"));
            let ended = crisguard(&[
                "reach",
                "--format",
                "json",
                "--scp",
                file.to_str().unwrap(),
                "--policy",
                policy.to_str().unwrap(),
                "--inference-profiles",
                own.to_str().unwrap(),
                "--account",
                scenarios["account"].as_str().unwrap(),
                "--principal",
                scenarios["principal"].as_str().unwrap(),
                "--source",
                scenario["source_region"].as_str().unwrap(),
                kind,
                called,
            ]);
            let answer: Value = serde_json::from_str(&text(&ended)).unwrap_or_else(|_| panic!("{}", errors(&ended)));
            let [row] = answer["profiles"].as_array().unwrap().as_slice() else {
                panic!("{name}: {label}: {answer}");
            };
            let expected = &expected["scenarios"][label];
            let verdict = if expected["verdict"] == "will_fail" {
                "fails"
            } else {
                "works"
            };
            assert_eq!(row["verdict"], verdict, "{name}: {label}");
            let denied: BTreeSet<String> = row["denied"]
                .as_array()
                .unwrap()
                .iter()
                .map(|denied| {
                    let resource = if denied["resource"] == "profile" {
                        "profile"
                    } else {
                        "fm"
                    };
                    format!("{resource}@{}", denied["region"].as_str().unwrap())
                })
                .collect();
            let expected_denied: BTreeSet<String> = serde_json::from_value(expected["denied"].clone()).unwrap();
            assert_eq!(denied, expected_denied, "{name}: {label}");
            let leaves = match &expected["leaves_allowed_regions"] {
                Value::Null => json!([]),
                Value::String(_) => json!(["*"]),
                regions => regions.clone(),
            };
            assert!(
                !is_told || expected["leaves_allowed_regions"].is_null() || row["leaves"] == leaves,
                "{name}: {label}: {row}"
            );
            let attention = verdict == "fails" || row["leaves"] != json!([]);
            assert_eq!(ended.status.code(), Some(i32::from(attention)), "{name}: {label}");
            verdicts += 1;
        }
    }
    assert_eq!(verdicts, 165);
}
