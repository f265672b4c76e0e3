//! What policies may look like, and what their errors say.

use proptest::prelude::*;

use super::{
    pattern::{Pattern, Syntax},
    *,
};
use crate::scp::{Context, Request, Truth};

fn error(json: &str) -> String {
    Policy::parse(json.as_bytes()).unwrap_err().to_string()
}

#[test]
fn what_tools_write_besides_is_read() {
    let statement = r#"{"Sid": "", "Effect": "Deny", "Action": "*", "Resource": "*"}"#;
    let json = format!("\u{feff}{{\"Statement\": [{statement}, {statement}]}}");
    let policy = Policy::parse(json.as_bytes()).unwrap();
    assert!(
        policy.statements().iter().all(|one| one.sid().is_none()),
        "an empty Sid is none"
    );
    assert_eq!(
        policy.size().written,
        json.chars().count() - 1,
        "a byte order mark is not saved"
    );
}

/// Returns the error of a statement in which something is changed, without the statement's path.
fn wrong(changed: &str) -> String {
    let statement = format!(r#"{{"Effect": "Deny", {changed}}}"#);
    let message = error(&format!(
        r#"{{"Statement": [{{"Effect": "Allow", "Action": "*", "Resource": "*"}}, {statement}]}}"#
    ));
    message.strip_prefix("Statement[1]").unwrap_or(&message).to_owned()
}

#[test]
fn errors_name_the_place_and_the_mend() {
    let told = [
        error("{"),
        error("[]"),
        error(r#"{"Version": "2012-10-17"}"#),
        error(r#"{"Version": "2024-01-01", "Statement": []}"#),
        error(r#"{"Statement": []}"#),
        error(r#"{"Statements": []}"#),
        error(r#"{"statement": []}"#),
        error(r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": 1}}"#),
        error(r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Effect": "Allow"}}"#),
        error(
            r#"{"Statement": [{"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"},
            {"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"}]}"#,
        ),
        wrong(r#""Action": "*", "Resource": "*", "Principal": "*""#),
        wrong(r#""Action": "*", "Resource": "*", "NotPrincipal": "*""#),
        wrong(r#""Action": "*", "Resource": "*", "condition": {}"#),
        wrong(r#""Resource": "*""#),
        wrong(r#""Action": "*""#),
        wrong(r#""Action": "*", "NotAction": "*", "Resource": "*""#),
        wrong(r#""Action": "*", "Resource": "*", "NotResource": "*""#),
        wrong(r#""Action": [], "Resource": "*""#),
        wrong(r#""Action": ["ec2:*", "bedrock"], "Resource": "*""#),
        wrong(r#""Action": "*", "Resource": ["*", "bucket"]"#),
        wrong(r#""Action": "*", "Resource": "*", "Condition": []"#),
        wrong(r#""Action": "*", "Resource": "*", "Condition": {"StringEqual": {"a:b": "c"}}"#),
        wrong(r#""Action": "*", "Resource": "*", "Condition": {"stringequals": {"a:b": "c"}}"#),
        wrong(r#""Action": "*", "Resource": "*", "Condition": {"NullIfExists": {"a:b": "true"}}"#),
        wrong(r#""Action": "*", "Resource": "*", "Condition": {"ForAnyValue:Null": {"a:b": "true"}}"#),
        wrong(r#""Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": [true, null]}}"#),
        wrong(r#""Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": {}}}"#),
        wrong(r#""Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": true, "a:b": false}}"#),
    ];
    let told = told.join(
        "
",
    );
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_written_is_kept() {
    let json = r#"{"Version":"2012-10-17","Id":"x","Statement":{"Resource":["*"],"Sid":"S","Condition":{"NumericLessThan":{"a:b":[10,1.5]},"Bool":{"c:D":true}},"NotAction":"iam:*","Effect":"Deny"}}"#;
    let policy = Policy::parse(json.as_bytes()).unwrap();
    assert_eq!(policy.to_string(), json);
    let [statement] = policy.statements() else { panic!() };
    assert_eq!(
        (statement.sid(), statement.index(), statement.effect()),
        (Some("S"), 0, Effect::Deny)
    );
    assert_eq!(statement.actions(), Names::AllBut(&["iam:*".to_owned()]));
    assert_eq!(statement.resources(), Names::Only(&["*".to_owned()]));
    let conditions = statement.conditions().iter();
    let told: Vec<_> = conditions
        .map(|condition| {
            (
                condition.operator().to_string(),
                condition.key(),
                condition.written_key(),
                condition.values(),
            )
        })
        .collect();
    assert_eq!(
        told[0],
        (
            "NumericLessThan".to_owned(),
            "a:b",
            "a:b",
            &["10".to_owned(), "1.5".to_owned()][..]
        )
    );
    assert_eq!(told[1], ("Bool".to_owned(), "c:d", "c:D", &["true".to_owned()][..]));
}

#[test]
fn sizes_are_counted_with_and_without_white_space() {
    let json = "{ \"Statement\": {\n  \"Sid\": \"a b\\\" c\", \"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\" } }";
    let size = Policy::parse(json.as_bytes()).unwrap().size();
    let minified = r#"{"Statement":{"Sid":"a b\" c","Effect":"Deny","Action":"*","Resource":"*"}}"#;
    assert_eq!((size.written, size.minified), (json.len(), minified.len()));
}

#[test]
fn judgements_are_shared_by_accounts_where_nothing_names_one() {
    let depends = |element: &str| {
        let json =
            format!(r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Action": "*", {element}}}}}"#);
        let Dependence { account, principal } = Policy::parse(json.as_bytes()).unwrap().dependence();
        (account, principal)
    };
    let condition = |operator: &str, key: &str, value: &str| {
        depends(&format!(
            r#""Resource": "*", "Condition": {{"{operator}": {{"{key}": "{value}"}}}}"#
        ))
    };
    assert_eq!(depends(r#""Resource": "*""#), (false, false));
    assert_eq!(
        depends(r#""Resource": "arn:aws:bedrock:*:*:inference-profile/*-v1:0""#),
        (false, false)
    );
    assert_eq!(
        depends(r#""Resource": "arn:aws:bedrock:*:111122223333:inference-profile/*""#),
        (true, false)
    );
    assert_eq!(
        depends(r#""NotResource": "arn:aws:bedrock:*:????????????:*""#),
        (true, false)
    );
    assert_eq!(
        depends(r#""Resource": "arn:aws:s3:::b/${aws:PrincipalAccount}/*""#),
        (true, true)
    );
    assert_eq!(
        condition("StringNotEquals", "aws:RequestedRegion", "us-east-1"),
        (false, false)
    );
    assert_eq!(
        condition("ArnNotLike", "aws:PrincipalARN", "arn:*:iam::*:role/Admin"),
        (false, true)
    );
    assert_eq!(
        condition("ArnNotLike", "aws:PrincipalARN", "arn:aws:iam::111122223333:role/Admin"),
        (true, true)
    );
    assert_eq!(
        condition(
            "StringNotLike",
            "bedrock:InferenceProfileArn",
            "arn:aws:bedrock:*:inference-profile/us.*"
        ),
        (false, false)
    );
    assert_eq!(
        condition("StringNotLike", "bedrock:InferenceProfileArn", "*:1111*"),
        (true, false)
    );
    assert_eq!(
        condition(
            "StringEquals",
            "bedrock:GuardrailIdentifier",
            "arn:aws:bedrock:us-east-1:111122223333:guardrail/x"
        ),
        (true, false)
    );
    assert_eq!(
        condition("StringEquals", "aws:PrincipalAccount", "111122223333"),
        (true, true)
    );
    assert_eq!(condition("StringEquals", "aws:PrincipalTag/team", "blue"), (true, true));
    assert_eq!(
        condition("StringEquals", "aws:ResourceAccount", "111122223333"),
        (true, false)
    );
    assert_eq!(
        condition("Null", "bedrock:InferenceProfileArn", "false"),
        (false, false)
    );
}

/// Matches without any cleverness.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
        (None, Some(_)) | (Some(_), None) => false,
        (Some((sign, rest)), Some((first, text))) => (sign == first || *sign == '?') && naive(rest, text),
    }
}

proptest! {
    #[test]
    fn wildcards_match_what_they_say(pattern in "[abé:*?]{0,8}", text in "[abé:]{0,10}") {
        let syntax = Syntax { wildcards: true, variables: true };
        let request = Request::new("a:b".parse().unwrap(), "*", Context::new());
        let signs = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = Truth::from(naive(&signs(&pattern), &signs(&text)));
        prop_assert_eq!(Pattern::parse(&pattern, syntax).matches(&text, false, &request), expected);
        let upper = text.to_uppercase();
        prop_assert_eq!(Pattern::parse(&pattern, syntax).matches(&upper, true, &request), expected);
    }
}
