//! What the crate does as a whole.

mod effort;
mod files;
mod reading;

use std::{io::Write, num::NonZero};

use crisguard_core::tally::LISTED_REJECTIONS;

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use crate::{Content, Scan, Settings, Source};

/// A record of Bedrock, of a model called across Regions.
const RECORD: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/app/i-1"},"eventTime":"2026-11-21T10:00:00Z","eventSource":"bedrock.amazonaws.com","eventName":"Converse","awsRegion":"us-west-2","requestParameters":{"modelId":"us.anthropic.claude-sonnet-4-5-20250929-v1:0"},"additionalEventData":{"inferenceRegion":"us-east-1"},"requestID":"5f3a2a34-0d7b-4a53-8a43-1f4f3c9a0c11","eventID":"0bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f","eventType":"AwsApiCall","recipientAccountId":"111122223333","eventCategory":"Management"}"#;
/// A record of another service, with everything in its texts that could be taken for JSON.
const OTHER: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"IAMUser"},"eventTime":"2026-11-21T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"PutObject","requestParameters":{"key":"},{\"eventSource\":\"x\\\\\" [}","tags":[{},[]]},"readOnly":false,"eventID":"a1b5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f","eventCategory":"Data"}"#;

/// What a tally says of what was read.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    bedrock: u64,
    not_bedrock: u64,
    rejected: Vec<(String, Option<u64>, String)>,
}

/// Reads bytes as a file.
fn seen(bytes: &[u8]) -> Seen {
    seen_of(Content::Bytes(bytes.to_vec()))
}

/// Reads any content.
fn seen_of(content: Content) -> Seen {
    seen_with(content, &Settings::with_threads(NonZero::<usize>::MIN))
}

/// Reads any content with settings.
fn seen_with(content: Content, settings: &Settings) -> Seen {
    let scan = Scan::start(settings.clone());
    scan.offer(Source {
        name: "f".to_owned(),
        content,
    });
    let mut scanned = scan.finish().unwrap();
    let tally = scanned.tally();
    let head: Value = serde_json::to_value(&*tally).unwrap();
    let rejected = head["rejected"].as_array().unwrap();
    let listed = head["counts"]["rejected"]
        .as_u64()
        .unwrap()
        .min(LISTED_REJECTIONS as u64);
    assert_eq!(rejected.len() as u64, listed);
    Seen {
        bedrock: tally.rows() as u64 + head["counts"]["not_inference"].as_u64().unwrap(),
        not_bedrock: head["counts"]["not_bedrock"].as_u64().unwrap(),
        rejected: rejected
            .iter()
            .map(|one| {
                let text = |member: &str| one[member].as_str().unwrap().to_owned();
                (text("file"), one["record"].as_u64(), text("reason"))
            })
            .collect(),
    }
}

/// Compresses a member of gzip.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Makes a log file of records.
fn log(records: &[&str]) -> String {
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}
