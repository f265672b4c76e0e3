//! The event patterns by which changes are forwarded: those of `infra/change-region.yaml` and
//! `infra/changes.yaml`.

use serde_json::{Value, json};

use super::EVENTS;

const DETAIL_TYPE: &str = "AWS API Call via CloudTrail";
/// The Region in which IAM's events arrive
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>).
const IAM: &str = "us-east-1";

/// A rule that forwards changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The rule's name.
    pub rule: String,
    /// Its event pattern, as JSON.
    pub pattern: String,
}

/// Returns the rules that forward changes made in a Region.
#[must_use]
pub fn patterns(region: &str) -> Vec<Forwarded> {
    SERVICES
        .iter()
        .filter(|service| **service != "iam" || region == IAM)
        .map(|service| Forwarded {
            rule: format!("crisguard-change-{service}"),
            pattern: pattern(service).to_string(),
        })
        .collect()
}

/// The services whose events are forwarded, by a rule each.
const SERVICES: [&str; 8] = ["bedrock", "logs", "s3", "kms", "cloudtrail", "ec2", "events", "iam"];

fn pattern(service: &str) -> Value {
    let names = names(service);
    let succeeded = json!([{ "exists": false }]);
    let source = match service {
        "bedrock" => json!([{ "prefix": "aws.bedrock" }]),
        service => json!([format!("aws.{service}")]),
    };
    let detail = match service {
        // crisguard's own rules and bus alone: that of every rule of the account would be thousands.
        "events" => json!({ "errorCode": succeeded, "eventName": names, "$or": [
            { "requestParameters": { "name": [{ "prefix": "crisguard" }] } },
            { "requestParameters": { "rule": [{ "prefix": "crisguard-" }] } },
            { "requestParameters": { "eventBusName": [{ "suffix": "crisguard" }] } },
        ] }),
        // Only the record of a new key names the service.
        "iam" => {
            let others: Vec<&str> = names.iter().copied().filter(|name| *name != NEW_KEY).collect();
            json!({ "errorCode": succeeded, "$or": [
                { "eventName": [NEW_KEY], "requestParameters": { "serviceName": ["bedrock.amazonaws.com"] } },
                { "eventName": others },
            ] })
        }
        _ => json!({ "errorCode": succeeded, "eventName": names }),
    };
    json!({ "source": source, "detail-type": [DETAIL_TYPE], "detail": detail })
}

const NEW_KEY: &str = "CreateServiceSpecificCredential";

/// Returns the pattern of the rule on the crisguard bus: what is forwarded, apart from Bedrock's calls.
#[must_use]
pub fn bus_pattern() -> String {
    let others: Vec<String> = SERVICES
        .iter()
        .filter(|service| **service != "bedrock")
        .map(|service| format!("{service}.amazonaws.com"))
        .collect();
    json!({
        "source": [{ "prefix": "aws." }],
        "detail-type": [DETAIL_TYPE],
        "detail": { "$or": [
            { "eventSource": [{ "prefix": "bedrock" }], "eventName": names("bedrock") },
            { "eventSource": others },
        ] },
    })
    .to_string()
}

fn names(service: &str) -> Vec<&'static str> {
    let source = format!("{service}.amazonaws.com");
    let rows = EVENTS.iter().filter(|row| row.source == source);
    rows.flat_map(|row| row.names.iter().copied()).collect()
}
