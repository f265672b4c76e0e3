//! What a few records come to.

mod asked;
mod complete;
mod joined;
mod stored;

use std::{collections::BTreeMap, convert::Infallible};

use serde_json::{Value, json};

use super::*;
use crate::{
    cloudtrail::{Record, parse_record},
    invocation_log,
};

const JP: &str = "jp.anthropic.claude-sonnet-4-5-20250929-v1:0";
const GLOBAL: &str = "global.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// Tokyo may be called and may process, as may Osaka; Singapore and every other Region may not.
const POLICY: &str = "
version: 1
regions: { source: [ap-northeast-1], destination: [ap-northeast-1, ap-northeast-3] }
profiles: { global: deny }
";

fn uuid(n: u64) -> String {
    Id::from(u128::from(n) << 100 | u128::from(n)).to_uuid()
}

/// A call of request `n`, through `model`, which says `destination` if any.
fn call(n: u64, name: &str, model: &str, destination: Option<&str>) -> Value {
    let mut record = json!({
        "eventSource": "bedrock.amazonaws.com", "eventName": name, "eventID": uuid(1000 + n), "requestID": uuid(n),
        "eventType": "AwsApiCall", "eventTime": "2026-11-21T10:00:00Z", "awsRegion": "ap-northeast-1",
        "recipientAccountId": "111122223333",
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann" },
        "requestParameters": { "modelId": model },
    });
    if let Some(destination) = destination {
        record["additionalEventData"] = json!({ "inferenceRegion": destination });
    }
    record
}

/// The end of the stream that request `n` opened.
fn end(n: u64, destination: &str) -> Value {
    let mut record = call(n, "ConverseStream", "", None);
    let members = record.as_object_mut().unwrap();
    members.remove("requestParameters");
    members.insert("eventType".to_owned(), json!("AwsServiceEvent"));
    members.insert("eventID".to_owned(), json!(uuid(2000 + n)));
    members.insert("requestID".to_owned(), json!(uuid(3000 + n)));
    members.insert("eventTime".to_owned(), json!("2026-11-21T10:01:00Z"));
    members.insert(
        "serviceEventDetails".to_owned(),
        json!({ "parentRequestId": uuid(n), "AdditionalEventData": { "additionalEntries": { "inferenceRegion": destination } } }),
    );
    members.insert(
        "resources".to_owned(),
        json!([{ "ARN": "arn:aws:bedrock:ap-northeast-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0" }]),
    );
    record
}

fn log(n: u64, model: &str, destination: Option<&str>) -> Value {
    json!({
        "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-11-21T10:00:01Z",
        "accountId": "111122223333", "region": "ap-northeast-1", "requestId": uuid(n), "operation": "Converse",
        "modelId": model, "identity": { "arn": "arn:aws:sts::111122223333:assumed-role/app/session" },
        "inferenceRegion": destination,
    })
}

fn invocation(record: &Value) -> Invocation {
    match parse_record(record.to_string().as_bytes()) {
        Ok(Record::Inference(invocation)) => *invocation,
        other => panic!("{other:?}: {record}"),
    }
}

fn tally(records: &[Value]) -> Tally {
    let mut tally = Tally::new();
    for record in records {
        if record.get("schemaType").is_some() {
            tally.add_logged(&invocation_log::parse(record.to_string().as_bytes()).unwrap());
        } else {
            tally.add(&invocation(record));
        }
    }
    tally
}

fn ask(tally: Tally, policy: Option<&str>, scope: Scope) -> Audit {
    asked(policy, scope, |question| {
        tally.conclude::<Infallible>([], question).unwrap()
    })
}

/// Asks something about a question.
fn asked<T>(policy: Option<&str>, scope: Scope, of: impl FnOnce(&Question<'_>) -> T) -> T {
    let policy = policy.map(|policy| PolicyDocument::parse(policy.as_bytes()).unwrap());
    of(&Question {
        policy: policy.as_ref(),
        places: &BTreeMap::new(),
        catalogue: &Catalogue::embedded().unwrap(),
        scope,
    })
}

fn audit(records: &[Value]) -> Audit {
    ask(tally(records), Some(POLICY), Scope::everything())
}

/// Writes the exits that are not zero.
fn exits(audit: &Audit) -> String {
    let Value::Object(exits) = serde_json::to_value(audit.exits).unwrap() else {
        panic!("exits are an object")
    };
    let counts = exits.iter().filter(|(_, count)| **count != json!(0));
    counts
        .map(|(name, count)| format!("{name} {count}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Writes where invocations went, and by what.
fn flows(audit: &Audit) -> Vec<String> {
    let one = |flow: &Flow| {
        let destination = flow.destination.as_ref().map_or("?", |region| region.0.as_str());
        let outcome = flow.outcome.map(|outcome| format!("{outcome:?}")).unwrap_or_default();
        let profile = flow
            .profile
            .as_deref()
            .unwrap_or("-")
            .split('.')
            .next()
            .unwrap_or_default();
        format!("{profile} to {destination}: {outcome} {}", flow.invocations)
    };
    audit.flows.iter().map(one).collect()
}
