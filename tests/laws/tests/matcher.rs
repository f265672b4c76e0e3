//! The matcher agrees with what EventBridge answered.

use std::{fs, path::Path};

use crisguard_laws::matcher::{Unsupported, matches};
use serde_json::{Value, json};

#[test]
fn operators_answer_as_documented() {
    let event = json!({"source": "aws.bedrock", "detail": {"a": "eu-west-1", "n": null, "list": ["x", "y"], "number": 5, "o": {"leaf": 1}}});
    for (pattern, expected) in [
        (json!({"source": [{"prefix": "aws.bed"}]}), true),
        (
            json!({"source": ["aws.bedrock"], "detail": {"a": ["eu-west-2"]}}),
            false,
        ),
        (
            json!({"detail": {"a": [{"anything-but": ["eu-west-1", "eu-west-2"]}]}}),
            false,
        ),
        (json!({"detail": {"a": [{"anything-but": ["eu-west-2"]}]}}), true),
        (json!({"detail": {"missing": [{"anything-but": ["eu-west-2"]}]}}), false),
        (json!({"detail": {"n": [{"anything-but": ["eu-west-2"]}]}}), true),
        (json!({"detail": {"number": [{"anything-but": ["eu-west-2"]}]}}), true),
        (json!({"detail": {"n": [null]}}), true),
        (json!({"detail": {"n": [{"exists": false}]}}), false),
        (json!({"detail": {"o": [{"exists": true}]}}), false),
        (json!({"detail": {"deep": {"deeper": [{"exists": false}]}}}), true),
        (json!({"detail": {"list": ["y"]}}), true),
        (json!({"detail": {"a": [{"wildcard": "eu-*-1"}]}}), true),
        (json!({"detail": {"a": [{"wildcard": "eu-west-1"}]}}), true),
        (
            json!({"detail": {"a": [{"anything-but": {"wildcard": ["us-*", "eu-w*"]}}]}}),
            false,
        ),
        (json!({"detail": {"$or": [{"a": ["x"]}, {"number": [5]}]}}), true),
        (json!({"detail": {"$or": [{"a": ["x"]}, {"number": [6]}]}}), false),
    ] {
        assert_eq!(matches(&pattern, &event), Ok(expected), "{pattern}");
    }
    assert!(matches!(matches(&json!({"a": []}), &event), Err(Unsupported(_))));
    assert!(matches!(
        matches(&json!({"source": [{"cidr": "10.0.0.0/8"}]}), &event),
        Err(Unsupported(_))
    ));
}

/// Patterns with the verdict that AWS gave for them, where the samples stand beside the repository.
#[test]
fn verdicts_recorded_from_aws_are_reproduced() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/samples/eventbridge/localstack__event-patterns.aws-validated.jsonl");
    let Ok(lines) = fs::read_to_string(&path) else {
        println!("skipped: no recorded verdicts beside the repository");
        return;
    };
    let (mut compared, mut unsupported) = (0, 0);
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let expected = match case["expected"].as_str().unwrap() {
            "match" => true,
            "no-match" => false,
            _ => continue,
        };
        match matches(&case["pattern"], &case["event"]) {
            Ok(matched) => {
                assert_eq!(matched, expected, "{}: {}", case["name"], case["pattern"]);
                compared += 1;
            }
            Err(Unsupported(_)) => unsupported += 1,
        }
    }
    println!("{compared} verdicts reproduced, {unsupported} with operators that crisguard does not use");
    assert!(compared >= 80, "{compared} compared, {unsupported} unsupported");
}
