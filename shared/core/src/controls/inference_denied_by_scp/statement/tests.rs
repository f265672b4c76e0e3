use serde_json::{Value, json};

use super::*;
use crate::{
    cloudtrail::{Record, parse_envelope},
    controls::assess,
    policy::PolicyDocument,
};

const POLICY: &str = r#"{"version": 1, "regions": {"source": ["ap-northeast-1"],
    "destination": ["ap-northeast-1", "ap-northeast-3"]}, "profiles": {"global": "allow"}}"#;
const JP: &str = "jp.anthropic.claude-sonnet-4-5-20250929-v1:0";
const GLOBAL: &str = "global.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NAMED: &str = ": arn:aws:organizations::444455556666:policy/o-a1b2c3d4e5/service_control_policy/p-regions1";

/// A call by a role that a service control policy denied in a Region.
fn refused(profile: &str, operation: &str, region: &str, policy: &str) -> Invocation {
    let message = format!(
        "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: bedrock:InvokeModel on \
         resource: arn:aws:bedrock:{region}::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0 with an \
         explicit deny in a service control policy{policy}"
    );
    let event = json!({"source": "aws.bedrock", "detail-type": "AWS API Call via CloudTrail", "detail": {
        "eventSource": "bedrock.amazonaws.com", "eventName": operation, "eventID": "e-1",
        "eventTime": "2026-11-22T09:59:00Z", "awsRegion": "ap-northeast-1", "recipientAccountId": "111122223333",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/s",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/app"}}},
        "requestParameters": {"modelId": profile}, "errorCode": "AccessDeniedException", "errorMessage": message
    }});
    match parse_envelope(event.to_string().as_bytes()).unwrap() {
        Record::Inference(invocation) => *invocation,
        other => panic!("{other:?}"),
    }
}

fn deny(sid: &str, condition: &Value) -> Value {
    json!({"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition})
}

fn only_tokyo() -> Value {
    json!({"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}})
}

/// An account under a unit to which policies of these statements are attached.
fn above(policies: &[Vec<Value>]) -> KnownMembership {
    let ids: Vec<String> = (1..=policies.len()).map(|n| format!("p-regions{n}")).collect();
    let mut attached = vec!["p-FullAWSAccess".to_owned()];
    attached.extend(ids.iter().cloned());
    let policies: Vec<Value> = ids
        .iter()
        .zip(policies)
        .map(|(id, statements)| json!({"id": id, "name": format!("named {id}"), "content": {"Statement": statements}}))
        .collect();
    serde_json::from_value(
        json!({"observed_at": "2026-11-21T17:30:00Z", "membership": {"member": {"Ok": {
            "version": 1, "id": "o-a1b2c3d4e5", "management_account": "444455556666",
            "root": {"id": "r-ab12", "scps_enabled": true, "policies": ["p-FullAWSAccess"]},
            "units": [{"id": "ou-ab12-11111111", "parent": "r-ab12", "policies": attached}],
            "accounts": [{"id": "111122223333", "parent": "ou-ab12-11111111", "policies": ["p-FullAWSAccess"]}],
            "policies": policies
        }}}}),
    )
    .unwrap()
}

/// Returns what the alert says of the statements.
fn told(invocation: &Invocation, known: &KnownMembership) -> Vec<String> {
    let account = "111122223333".parse().unwrap();
    let policy = PolicyDocument::parse(POLICY.as_bytes()).unwrap();
    let policy = policy.for_account(&account, None).unwrap();
    let catalogue = Catalogue::embedded().unwrap();
    let mut assessments = assess(invocation, &policy, &catalogue);
    name_statements(&mut assessments, invocation, known, &catalogue);
    let mut denied = assessments
        .into_iter()
        .filter_map(|assessment| match assessment.decision {
            Decision::NonCompliant(Violation::DeniedByScp { by, .. }) => Some(by),
            _ => None,
        });
    let by = denied.next().unwrap();
    by.iter().map(ToString::to_string).collect()
}

fn of(statement: &str) -> String {
    let policy = "p-regions1 named p-regions1";
    format!("the statement {statement} of {policy} denies it, as read on 2026-11-21T17:30:00Z")
}

#[test]
fn the_statement_that_denies_it_is_named() {
    let known = above(&[vec![deny("Tokyo", &only_tokyo())]]);
    for policy in ["", NAMED] {
        for operation in [
            "InvokeModel",
            "Converse",
            "InvokeModelWithResponseStream",
            "ConverseStream",
        ] {
            assert_eq!(
                told(&refused(JP, operation, "ap-northeast-3", policy), &known),
                [of("Tokyo")]
            );
        }
    }
    assert_eq!(told(&refused(GLOBAL, "Converse", "", ""), &known), [of("Tokyo")]);
}

#[test]
fn a_message_that_names_the_policy_tells_two_apart() {
    let known = above(&[vec![deny("Tokyo", &only_tokyo())], vec![deny("Other", &only_tokyo())]]);
    let of_both = told(&refused(JP, "Converse", "ap-northeast-3", ""), &known);
    assert_eq!(of_both, [of("Tokyo"), of("Other").replace("regions1", "regions2")]);
    assert_eq!(
        told(&refused(JP, "Converse", "ap-northeast-3", NAMED), &known),
        [of("Tokyo")]
    );
}

#[test]
fn every_statement_that_surely_denies_it_is_named() {
    let tagged = json!({"StringNotEquals": {"aws:PrincipalTag/team": "research"}});
    let of_others = json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/other"}});
    let call = refused(JP, "Converse", "ap-northeast-3", NAMED);
    for (statements, expected) in [
        // Two of the policy deny it, and both must be changed.
        (
            vec![deny("Tokyo", &only_tokyo()), deny("Again", &only_tokyo())],
            vec!["Tokyo", "Again"],
        ),
        // Another one may.
        (
            vec![deny("Tokyo", &only_tokyo()), deny("Tagged", &tagged)],
            vec!["Tokyo"],
        ),
        // Only another one may.
        (vec![deny("Tagged", &tagged)], vec![]),
        // The policy was changed since.
        (vec![], vec![]),
        // Another principal's.
        (
            vec![deny("Others", &of_others), deny("Tokyo", &only_tokyo())],
            vec!["Tokyo"],
        ),
        // There are more than anybody reads.
        (
            (1..=6).map(|n| deny(&format!("S{n}"), &only_tokyo())).collect(),
            vec!["S1", "S2", "S3", "S4", "…"],
        ),
    ] {
        let statements = if statements.is_empty() {
            vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})]
        } else {
            statements
        };
        let expected: Vec<String> = expected.into_iter().map(of).collect();
        assert_eq!(told(&call, &above(&[statements])), expected);
    }
}

#[test]
fn what_was_read_long_before_or_of_another_account_tells_nothing() {
    let call = refused(JP, "Converse", "ap-northeast-3", "");
    let mut known = above(&[vec![deny("Tokyo", &only_tokyo())]]);
    let mut another = call.clone();
    another.account = "999988887777".parse().unwrap();
    assert_eq!(told(&another, &known), Vec::<String>::new());
    known.observed_at = "2026-11-21T07:58:00Z".parse().unwrap();
    assert_eq!(told(&call, &known), Vec::<String>::new());
    known.membership = crate::posture::Membership::ManagementAccount;
    known.observed_at = call.time;
    assert_eq!(told(&call, &known), Vec::<String>::new());
}
