//! What infra/source-region.yaml and infra/intake.yaml deploy, as AWS tells of it.

use serde_json::{Value, json};

use super::Intended;
use crate::posture::{Hub, names};

/// Returns the ARN of the bus to which every Region forwards.
pub(super) fn bus(intended: &Intended<'_>) -> String {
    arn(intended, "events", "event-bus/", names::BUS)
}

/// Returns the ARN of the queue that watch-inference reads.
pub(super) fn events_queue(intended: &Intended<'_>) -> String {
    arn(intended, "sqs", "", names::EVENTS_QUEUE)
}

/// Returns the ARN of the queue of changes that check-posture reads.
pub(super) fn changes_queue(intended: &Intended<'_>) -> String {
    arn(intended, "sqs", "", names::CHANGES)
}

fn arn(intended: &Intended<'_>, service: &str, kind: &str, name: &str) -> String {
    let Hub { account, home, .. } = intended.hub;
    format!("arn:{}:{service}:{home}:{account}:{kind}{name}", home.partition())
}

/// Returns the resource policy of that bus: the forwarders of its own account and, if crisguard stands for an
/// organization, those of the organization's accounts; nobody else.
pub(super) fn bus_policy(intended: &Intended<'_>) -> Value {
    let Hub {
        account,
        home,
        organization,
    } = intended.hub;
    let partition = home.partition();
    let iam = format!("arn:{partition}:iam::{account}");
    let mut statements = vec![json!({
        "Sid": "ForwardersOfThisAccount",
        "Effect": "Allow",
        "Principal": { "AWS": format!("{iam}:root") },
        "Action": "events:PutEvents",
        "Resource": bus(intended),
        "Condition": {
            "StringEquals": { "aws:PrincipalAccount": account },
            "ArnLike": { "aws:PrincipalArn": format!("{iam}:role/crisguard-forward-*") }
        }
    })];
    statements.extend(organization.iter().map(|organization| {
        json!({
            "Sid": "ForwardersOfTheOrganization",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "events:PutEvents",
            "Resource": bus(intended),
            "Condition": {
                "StringEquals": { "aws:PrincipalOrgID": organization },
                "ArnLike": { "aws:PrincipalArn": format!("arn:{partition}:iam::*:role/crisguard-forward-*") }
            }
        })
    }));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Tells whether two event patterns are the same JSON, whatever the order of their members.
pub(super) fn same_pattern(found: &str, expected: &str) -> bool {
    let read = |text| serde_json::from_str::<Value>(text).ok();
    read(found).is_some_and(|found| Some(found) == read(expected))
}

/// Tells whether a resource policy is the expected one; a list of one text is that text, the order of statements
/// tells nothing, an account may be written as its root user's ARN or as its id, and everybody as `*` in two ways
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).
pub(super) fn same_policy(found: &str, expected: &Value) -> bool {
    serde_json::from_str::<Value>(found).is_ok_and(|found| plain(&found) == plain(expected))
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) if items.len() == 1 => items.first().map_or(Value::Null, plain),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| {
                let member = plain(member);
                let member = match name.as_str() {
                    "AWS" => member
                        .as_str()
                        .and_then(account_of_root)
                        .map(Value::from)
                        .unwrap_or(member),
                    "Principal" if member == json!({ "AWS": "*" }) => "*".into(),
                    "Statement" => in_order(member),
                    _ => member,
                };
                (name.clone(), member)
            })
            .collect(),
        leaf => leaf.clone(),
    }
}

fn in_order(statements: Value) -> Value {
    match statements {
        Value::Array(mut statements) => {
            statements.sort_by_cached_key(Value::to_string);
            Value::Array(statements)
        }
        one => one,
    }
}

fn account_of_root(arn: &str) -> Option<&str> {
    let (_, rest) = arn.strip_prefix("arn:")?.split_once(":iam::")?;
    rest.strip_suffix(":root")
}
