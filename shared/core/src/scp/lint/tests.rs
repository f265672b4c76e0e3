//! For each trap a policy that falls into it, and one that is near and does not.

use serde_json::{Value, json};

use super::*;

fn found(statement: &Value) -> Vec<Trap> {
    let policy = Policy::from_document(json!({"Version": "2012-10-17", "Statement": statement})).unwrap();
    let (named, assumed) = (lint(&policy, Some(600)), lint(&policy, None));
    let mut traps: Vec<Trap> = named.iter().chain(&assumed).map(|finding| finding.trap).collect();
    traps.sort_unstable();
    traps.dedup();
    traps
}

fn deny(mut with: Value) -> Value {
    let statement = with.as_object_mut().unwrap();
    for (name, value) in [
        ("Effect", json!("Deny")),
        ("Resource", json!("*")),
        ("Action", json!(INVOKE)),
    ] {
        let other = format!("Not{name}");
        if !statement.contains_key(name) && !statement.contains_key(&other) {
            statement.insert(name.to_owned(), value);
        }
    }
    with
}

const ONE: &str = "arn:aws:bedrock:*:*:inference-profile/us.anthropic.claude-sonnet-4-6";

/// Which trap, what falls into it, and what does not.
fn cases() -> Vec<(Trap, Value, Value)> {
    let outside = json!({"aws:RequestedRegion": ["us-east-1"]});
    vec![
        (
            Trap::ProfileKeyWithoutNullGuard,
            deny(json!({"Condition": {"StringNotLike": {"bedrock:InferenceProfileArn": ONE}}})),
            deny(
                json!({"Condition": {"Null": {"bedrock:InferenceProfileArn": "false"}, "StringNotLike": {"bedrock:InferenceProfileArn": ONE}}}),
            ),
        ),
        (
            Trap::NotResourceWithoutProfiles,
            deny(json!({"NotResource": "arn:aws:bedrock:*:*:foundation-model/anthropic.*"})),
            deny(
                json!({"NotResource": ["arn:aws:bedrock:*:*:foundation-model/anthropic.*", "arn:aws:bedrock:*:*:inference-profile/*"]}),
            ),
        ),
        (
            Trap::DeniedRegionsMissGlobal,
            deny(json!({"Condition": {"StringEquals": outside}})),
            deny(json!({"Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "unspecified"]}}})),
        ),
        (
            Trap::AllowsGlobal,
            deny(json!({"Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "unspecified"]}}})),
            // As the template for a Region deny has it: another statement denies but for certain profiles.
            json!([
                deny(
                    json!({"Condition": {"StringNotEquals": outside, "ArnNotLike": {"bedrock:InferenceProfileArn": ONE}}})
                ),
                deny(json!({"Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "unspecified"]}}})),
            ]),
        ),
        (
            Trap::AllowsGlobal,
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "unspecified"]}}}),
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": outside}}),
        ),
        (
            Trap::GlobalDeniedByName,
            deny(
                json!({"Condition": {"ArnLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:*:inference-profile/global.*"}}}),
            ),
            deny(json!({"Condition": {"StringEquals": {"aws:RequestedRegion": "unspecified"}}})),
        ),
        (
            Trap::RegionNamedGlobal,
            deny(json!({"Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "global"]}}})),
            deny(json!({"Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "unspecified"]}}})),
        ),
        (
            Trap::ExemptsEveryProfile,
            deny(
                json!({"Condition": {"StringNotEquals": outside, "ArnNotLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:*:inference-profile/*"}}}),
            ),
            deny(
                json!({"Condition": {"StringNotEquals": outside, "ArnNotLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:*:inference-profile/us.*"}}}),
            ),
        ),
        (
            Trap::ExemptsEveryPrincipal,
            deny(
                json!({"Condition": {"StringNotEquals": outside, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}}),
            ),
            deny(
                json!({"Condition": {"StringNotEquals": outside, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin-*"}}}),
            ),
        ),
        (
            Trap::BedrockExemptFromRegions,
            deny(
                json!({"NotAction": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"], "Condition": {"StringNotEquals": outside}}),
            ),
            json!([
                deny(
                    json!({"NotAction": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"], "Condition": {"StringNotEquals": outside}})
                ),
                deny(
                    json!({"Condition": {"StringNotEquals": outside, "ArnNotLike": {"bedrock:InferenceProfileArn": ONE}}})
                )
            ]),
        ),
        (
            Trap::InvokeWildcard,
            json!({"Effect": "Allow", "Action": "bedrock:Invoke*", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "bedrock:InvokeModel*", "Resource": "*"}),
        ),
        (
            Trap::NoSuchAction,
            deny(json!({"Action": "bedrock:Converse*"})),
            deny(json!({"Action": "bedrock:InvokeModel"})),
        ),
        (
            Trap::NoSuchKey,
            deny(json!({"Condition": {"Null": {"bedrock:GuardrailArn": "true"}}})),
            deny(json!({"Condition": {"Null": {"bedrock:GuardrailIdentifier": "true"}}})),
        ),
        (
            Trap::KeyNotOnAction,
            deny(
                json!({"Action": ["bedrock:InvokeModel", "bedrock:CreateModelInvocationJob"], "Condition": {"StringNotEquals": outside, "ArnNotLike": {"bedrock:InferenceProfileArn": ONE}}}),
            ),
            deny(
                json!({"Condition": {"StringNotEquals": outside, "ArnNotLike": {"bedrock:InferenceProfileArn": ONE}}}),
            ),
        ),
        (
            Trap::AllowBesideDeny,
            json!([
                deny(json!({"NotAction": "iam:*", "Condition": {"StringNotEquals": outside}})),
                {"Effect": "Allow", "Action": INVOKE, "Resource": "*"}
            ]),
            json!([
                deny(json!({"NotAction": "iam:*", "Condition": {"StringNotEquals": outside}})),
                {"Effect": "Allow", "Action": "*", "Resource": "*"}
            ]),
        ),
        (
            Trap::MantleNotCovered,
            deny(json!({"Action": "bedrock:*"})),
            deny(json!({"Action": ["bedrock:*", "bedrock-mantle:*"]})),
        ),
        (
            Trap::Undocumented,
            deny(json!({"Resource": "arn:aws:bedrock"})),
            deny(json!({"Resource": "arn:aws:bedrock:*"})),
        ),
        (
            Trap::Undocumented,
            deny(json!({"Resource": "arn:aws:bedrock:*:${aws:PrincipalAccount}:inference-profile/*"})),
            deny(json!({"Resource": "arn:aws:bedrock:*:*:inference-profile/${aws:PrincipalAccount}"})),
        ),
        (
            Trap::Undocumented,
            deny(json!({"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*"}}})),
            deny(json!({"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}})),
        ),
        (
            Trap::Undocumented,
            deny(json!({"Condition": {"StringEquals": {"bedrock:ModelId": "x"}}})),
            deny(json!({"Condition": {"StringEquals": {"bedrock:ServiceTier": "x"}}})),
        ),
        (
            Trap::Undocumented,
            deny(json!({"Condition": {"Bool": {"aws:SecureTransport": "no"}}})),
            deny(json!({"Condition": {"Bool": {"aws:SecureTransport": "False"}}})),
        ),
        (
            Trap::ProfileKeyWithoutNullGuard,
            deny(json!({"Condition": {"StringNotLikeIfExists": {"bedrock:InferenceProfileArn": ONE}}})),
            deny(
                json!({"Condition": {"Null": {"bedrock:InferenceProfileArn": "False"}, "StringNotLikeIfExists": {"bedrock:InferenceProfileArn": ONE}}}),
            ),
        ),
        (
            Trap::ProfileKeyWithoutNullGuard,
            deny(json!({"Condition": {"ArnLikeIfExists": {"bedrock:InferenceProfileArn": ONE}}})),
            deny(json!({"Condition": {"ArnLike": {"bedrock:InferenceProfileArn": ONE}}})),
        ),
        (
            Trap::ProfileKeyWithoutNullGuard,
            deny(json!({"Condition": {"Null": {"bedrock:InferenceProfileArn": "true"}}})),
            deny(
                json!({"Resource": "arn:aws:bedrock:*::foundation-model/*", "Condition": {"Null": {"bedrock:InferenceProfileArn": true}}}),
            ),
        ),
        (
            Trap::ProfileKeyWithoutNullGuard,
            deny(json!({"Condition": {"ForAllValues:StringNotLike": {"bedrock:InferenceProfileArn": ONE}}})),
            deny(json!({"Condition": {"ForAnyValue:StringNotLike": {"bedrock:InferenceProfileArn": ONE}}})),
        ),
        (
            Trap::ExemptsEveryProfile,
            deny(json!({"Condition": {"StringNotEquals": outside, "Null": {"bedrock:InferenceProfileArn": "true"}}})),
            deny(json!({"Condition": {"StringNotEquals": outside, "Null": {"bedrock:InferenceProfileArn": "false"}}})),
        ),
        (
            Trap::GlobalDeniedByName,
            deny(
                json!({"Condition": {"ArnLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:*:inference-profile/global*"}}}),
            ),
            deny(
                json!({"Condition": {"ArnLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:*:inference-profile/*"}}}),
            ),
        ),
        (
            Trap::GlobalDeniedByName,
            deny(json!({"Resource": "arn:aws:bedrock:*:*:inference-profile/global.*"})),
            json!([
                deny(json!({"Resource": "arn:aws:bedrock:*:*:inference-profile/global.*"})),
                deny(json!({"Condition": {"StringEquals": {"aws:RequestedRegion": "unspecified"}}}))
            ]),
        ),
        (
            Trap::Undocumented,
            deny(json!({"Condition": {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}}})),
            deny(json!({"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}})),
        ),
        (
            Trap::ManagedByControlTower,
            deny(json!({"Sid": "GRREGIONDENY", "Condition": {"StringNotEquals": outside}})),
            deny(json!({"Sid": "Regions", "Condition": {"StringNotEquals": outside}})),
        ),
        (
            Trap::OverAssumedQuota,
            deny(json!({"NotResource": vec!["arn:aws:bedrock:us-east-1:111122223333:agent/a"; 110]})),
            deny(json!({"NotResource": vec!["arn:aws:bedrock:us-east-1:111122223333:agent/a"; 12]})),
        ),
        (
            Trap::OverQuota,
            deny(json!({"NotResource": vec!["arn:aws:bedrock:us-east-1:111122223333:agent/a"; 12]})),
            deny(json!({"NotResource": "arn:aws:bedrock:us-east-1:111122223333:agent/a"})),
        ),
    ]
}

/// Where no quota is named, one is assumed, and that is said.
#[test]
fn a_quota_that_is_assumed_is_a_note_and_one_that_is_named_a_trap() {
    let long = deny(json!({"NotResource": vec!["arn:aws:bedrock:us-east-1:111122223333:agent/a"; 110]}));
    let long = Policy::from_document(json!({"Version": "2012-10-17", "Statement": long})).unwrap();
    let found = |quota| {
        lint(&long, quota)
            .into_iter()
            .find(|one| [Trap::OverQuota, Trap::OverAssumedQuota].contains(&one.trap))
    };
    let assumed = found(None).unwrap();
    assert_eq!(
        (assumed.trap, assumed.trap.weight()),
        (Trap::OverAssumedQuota, Weight::Note)
    );
    assert_eq!(assumed.part, format!("{} > 5120", long.size().minified));
    let named = found(Some(5120)).unwrap();
    assert_eq!((named.trap, named.trap.weight()), (Trap::OverQuota, Weight::Trap));
    assert_eq!(found(Some(10_240)), None);
}

#[test]
fn each_trap_is_found_where_it_is_and_not_beside() {
    for (trap, falls, does_not) in cases() {
        let traps = found(&falls);
        assert!(traps.contains(&trap), "{}: {traps:?}", trap.id());
        let beside = found(&does_not);
        assert!(!beside.contains(&trap), "{} is not there: {beside:?}", trap.id());
    }
}

#[test]
fn every_trap_has_a_case_a_text_and_an_id() {
    let cases = cases();
    for trap in Trap::ALL {
        assert!(cases.iter().any(|(of, _, _)| *of == trap), "{}", trap.id());
        assert_eq!(serde_json::to_value(trap).unwrap(), trap.id());
        for language in [Language::En, Language::Ja] {
            let About { happens, mend, source } = trap.about(language);
            assert!(!happens.is_empty() && !mend.is_empty() && source.starts_with("https://docs.aws.amazon.com/"));
        }
    }
}

#[test]
fn a_deny_of_regions_with_the_exact_exemption_is_clean() {
    let statements = json!([
        deny(
            json!({"NotAction": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", "iam:*"],
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}})
        ),
        deny(
            json!({"Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}, "ArnNotLike": {"bedrock:InferenceProfileArn": ONE}}})
        ),
    ]);
    let found = found(&statements);
    assert!(
        found
            .iter()
            .all(|trap| trap.weight() == Weight::Note || *trap == Trap::OverQuota),
        "{found:?}"
    );
}
