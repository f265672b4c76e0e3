//! Published service control policies, each judged as three other evaluators did, where the samples stand
//! beside the repository: they carry other projects' licences.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read fails the test")]

use crisguard_core::scp::{Context, DenialKind, Outcome, Policy, Request, Value, levels};
use crisguard_laws::samples;
use serde_json::Value as Json;

fn sample(name: &str) -> Option<Vec<u8>> {
    samples::read(&format!("scps/{name}")).unwrap()
}

fn request(evaluation: &Json) -> Request {
    let mut context = Context::new();
    for (key, value) in evaluation["context"].as_object().unwrap() {
        context.set(key, Value::known(value.as_str().unwrap()));
    }
    // The only other key that the samples name is set wherever AWS sets it.
    if context.value("bedrock:inferenceprofilearn").is_none() {
        context.set("bedrock:InferenceProfileArn", Value::Absent);
    }
    let action = evaluation["action"].as_str().unwrap().parse().unwrap();
    Request::new(action, evaluation["resource"].as_str().unwrap(), context)
}

#[test]
fn every_evaluation_of_the_samples_comes_out_as_expected() {
    let Some(expected) = sample("expected.json") else {
        return;
    };
    let expected: Json = serde_json::from_slice(&expected).unwrap();
    let scenarios: Json = serde_json::from_slice(&sample("scenarios.json").unwrap()).unwrap();
    let all = br#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let all = Policy::parse(all).unwrap();

    let mut count = 0;
    let mut different = Vec::new();
    for (name, expected) in expected.as_object().unwrap() {
        let policy = Policy::parse(&sample(&format!("{name}.json")).unwrap()).unwrap();
        // A policy that allows stands in place of the one that allows everything.
        let allows = policy.document().to_string().contains(r#""Effect":"Allow""#);
        for scenario in scenarios["scenarios"].as_array().unwrap() {
            let label = scenario["label"].as_str().unwrap();
            for evaluation in scenario["evaluations"].as_array().unwrap() {
                let id = evaluation["id"].as_str().unwrap();
                let request = request(evaluation);
                let (everything, this) = (all.judge(&request), policy.judge(&request));
                let mut unit = vec![("this", &this)];
                if !allows {
                    unit.push(("all", &everything));
                }
                let outcome = levels([vec![("all", &everything)], unit, vec![("all", &everything)]]);
                let told = match outcome {
                    Outcome::Allow => "allow",
                    Outcome::Unknown(_) => "unknown",
                    Outcome::Deny(denials) => match denials.first().unwrap().kind {
                        DenialKind::Explicit => "explicitDeny",
                        DenialKind::Implicit { .. } => "implicitDeny",
                    },
                };
                count += 1;
                if expected["scenarios"][label]["evaluations"][id] != told {
                    different.push(format!("{name} {label} {id}: {told}"));
                }
            }
        }
    }
    assert_eq!(different, Vec::<String>::new());
    assert_eq!(count, 630);
}
