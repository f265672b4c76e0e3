//! What policies say, read statement by statement.

use serde_json::{Value, json};

use super::*;

fn one(statement: &Value) -> Statement {
    let document = Document::parse(&json!({ "Version": "2012-10-17", "Statement": statement }).to_string()).unwrap();
    let mut statements = document.statement.iter();
    statements.next().unwrap().clone()
}

#[test]
fn single_values_and_lists_are_the_same() {
    let single = one(&json!({ "Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "*" }));
    let list = one(&json!([{ "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": ["*"] }]));
    for statement in [single, list] {
        assert!(
            statement.is_about_action("bedrock:invokemodel") && !statement.is_about_action("bedrock:ApplyGuardrail")
        );
        assert!(statement.resources().cover("arn:aws:bedrock:**") && statement.is_unconditional());
    }
}

#[test]
fn what_is_excepted_is_not_meant() {
    let statement = one(&json!({
        "Effect": "Allow", "NotAction": ["iam:*", "Organizations:*"], "NotResource": "arn:aws:s3:::*"
    }));
    assert!(statement.is_about_action("bedrock:InvokeModel") && !statement.is_about_action("IAM:PassRole"));
    assert!(!statement.resources().meet("arn:aws:s3:::a*") && statement.resources().cover("arn:aws:bedrock:**"));
    assert!(statement.resources().meet("arn:aws:**") && !statement.resources().cover("arn:aws:**"));
}

#[test]
fn everyone_is_everyone() {
    let about =
        |principal: Value| one(&json!({ "Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*" }));
    assert!(about(json!("*")).is_about_everyone() && about(json!({ "AWS": "*" })).is_about_everyone());
    assert!(!about(json!({ "AWS": ["arn:aws:iam::111122223333:root"] })).is_about_everyone());
    let but = one(&json!({ "Effect": "Deny", "NotPrincipal": { "AWS": "x" }, "Action": "*", "Resource": "*" }));
    assert!(!but.is_about_everyone() && but.is_about_nearly_everyone());
}

#[test]
fn conditions_are_told_one_by_one() {
    let statement = one(&json!({
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "Bool": { "aws:SecureTransport": false }, "NumericLessThan": { "s3:TlsVersion": [1.2] } }
    }));
    let told: Vec<_> = statement
        .conditions()
        .map(|c| (c.operator.to_owned(), c.key, c.values))
        .collect();
    assert_eq!(
        told,
        [
            (
                "Bool".to_owned(),
                "aws:securetransport".to_owned(),
                vec!["false".to_owned()]
            ),
            (
                "NumericLessThan".to_owned(),
                "s3:tlsversion".to_owned(),
                vec!["1.2".to_owned()]
            ),
        ]
    );
    assert!(!statement.is_unconditional());
}

#[test]
fn what_is_not_a_policy_is_not_read() {
    for json in [
        "",
        "{}",
        r#"{"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Unless": {}}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": {"a": 1}, "Resource": "*"}]}"#,
    ] {
        assert!(Document::parse(json).is_none(), "{json}");
    }
    let neither = one(&json!({ "Effect": "Allow", "Action": "*", "NotAction": "iam:*", "Resource": "*" }));
    assert!(!neither.is_about_action("bedrock:InvokeModel"));
}
