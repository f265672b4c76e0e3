//! Our own vectors of the policy language, written from AWS's documentation (`tests/scps/vectors.json`).

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

use crisguard_core::scp::{Context, Matched, Policy, Request, Value};
use serde_json::{Value as Json, json};

const VECTORS: &str = include_str!("../../scps/vectors.json");

/// The key that each condition asks for.
const KEY: &str = "example:key";

/// Returns what a vector says of a key: a value, several, none, or that nobody knows.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Absent,
        Json::Object(_) => Value::Unknown,
        Json::Array(values) => Value::Known(values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()),
        single => Value::known(single.as_str().unwrap()),
    }
}

fn policy(group: &Json, changed: &Json) -> Policy {
    let mut statement = json!({ "Effect": "Deny", "Action": "*", "Resource": "*" });
    for (element, value) in changed.as_object().unwrap() {
        let members = statement.as_object_mut().unwrap();
        if let Some(replaced) = element.strip_prefix("Not") {
            members.remove(replaced);
        }
        members.insert(element.clone(), value.clone());
    }
    let version = group.get("version").cloned().unwrap_or_else(|| json!("2012-10-17"));
    Policy::from_document(json!({ "Version": version, "Statement": statement })).unwrap()
}

#[test]
fn every_vector_comes_out_as_the_documentation_says() {
    let groups: Vec<Json> = serde_json::from_str(VECTORS).unwrap();
    let mut count = 0;
    let mut different = Vec::new();
    for group in &groups {
        assert!(
            group["source"]
                .as_str()
                .unwrap()
                .starts_with("https://docs.aws.amazon.com/")
        );
        for case in group["cases"].as_array().unwrap() {
            let (pattern, sent, expected) = (&case[0], &case[1], case[2].as_str().unwrap());
            let mut context = Context::new();
            for (key, known) in group["with"].as_object().into_iter().flatten() {
                context.set(key, value(known));
            }
            let (mut action, mut resource) = ("bedrock:InvokeModel", "*");
            let changed = match (group["operator"].as_str(), group["element"].as_str()) {
                (Some(operator), None) => {
                    context.set(KEY, value(sent));
                    json!({ "Condition": { operator: { KEY: pattern } } })
                }
                (None, Some(element)) => {
                    let asked = if element.ends_with("Action") {
                        &mut action
                    } else {
                        &mut resource
                    };
                    *asked = sent.as_str().unwrap();
                    json!({ element: pattern })
                }
                _ => panic!("neither a condition nor an element: {group}"),
            };
            let request = Request::new(action.parse().unwrap(), resource, context);
            let told = match policy(group, &changed).judge(&request).denies {
                Matched::Yes(_) => "yes",
                Matched::No => "no",
                Matched::Unknown { .. } => "unknown",
            };
            count += 1;
            if told != expected {
                different.push(format!("{} {case}: {told}", group["about"]));
            }
        }
    }
    assert_eq!(different, Vec::<String>::new());
    assert!(count > 500, "{count}");
}
