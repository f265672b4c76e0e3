//! Records as CloudTrail writes them, and policies as companies would: what the benchmarks run on.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a sample that cannot be read ends the benchmark"
)]

use crisguard_core::{
    catalog::Catalogue,
    cloudtrail::{Invocation, Record, parse_record},
    policy::{Policy, PolicyDocument},
};

/// A call through a profile that stayed among the allowed Regions.
pub(crate) const COMPLIANT: &str = include_str!("compliant.json");
/// The same call, processed where the policy does not allow it.
pub(crate) const VIOLATION: &str = include_str!("violation.json");
/// The end of a stream, which names no profile.
pub(crate) const STREAM_END: &str = include_str!("stream-end.json");
/// A call that a service control policy denied.
pub(crate) const DENIED: &str = include_str!("denied.json");
/// A Bedrock call that sends no prompt to a model.
pub(crate) const NO_INFERENCE: &str = include_str!("no-inference.json");
/// Another service's call.
pub(crate) const NO_BEDROCK: &str = include_str!("no-bedrock.json");

/// The kinds of records, by the names that the benchmarks print.
pub(crate) const RECORDS: [(&str, &str); 6] = [
    ("compliant", COMPLIANT),
    ("violation", VIOLATION),
    ("stream_end", STREAM_END),
    ("denied", DENIED),
    ("no_inference", NO_INFERENCE),
    ("no_bedrock", NO_BEDROCK),
];

/// A company in Japan, with overrides and exceptions.
pub(crate) const POLICY: &str = include_str!("policy.yaml");

/// Returns a record without the white space that makes it readable: as CloudTrail sends it.
pub(crate) fn compact(record: &str) -> String {
    let record: serde_json::Value = serde_json::from_str(record).unwrap();
    record.to_string()
}

/// Returns a record in the event that EventBridge makes of it.
pub(crate) fn envelope(record: &str) -> String {
    let record: serde_json::Value = serde_json::from_str(record).unwrap();
    let kind = if record["eventType"] == "AwsServiceEvent" {
        "AWS Service Event via CloudTrail"
    } else {
        "AWS API Call via CloudTrail"
    };
    let service = record["eventSource"].as_str().unwrap().replace(".amazonaws.com", "");
    serde_json::json!({
        "version": "0",
        "id": "0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5a6b",
        "detail-type": kind,
        "source": format!("aws.{service}"),
        "account": "111122223333",
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record
    })
    .to_string()
}

/// Returns what a record of inference is parsed to.
pub(crate) fn invocation(record: &str) -> Box<Invocation> {
    match parse_record(record.as_bytes()) {
        Ok(Record::Inference(invocation)) => invocation,
        other => panic!("not a record of inference: {other:?}"),
    }
}

/// Returns what the policy comes to for the account of the records.
pub(crate) fn policy() -> Policy {
    let document = PolicyDocument::parse(POLICY.as_bytes()).unwrap();
    document.for_account(&"111122223333".parse().unwrap(), None).unwrap()
}

/// Returns the embedded catalogue.
pub(crate) fn catalogue() -> Catalogue {
    Catalogue::embedded().unwrap()
}
