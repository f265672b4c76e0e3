//! The canary: a synthetic record that goes through the real path every hour.
//!
//! A schedule puts it on the default bus of each source Region (infra/source-region.yaml). It is a record of a call that a
//! service control policy denied, so that the one pattern that every policy compiles to lets it
//! through; its source says what it is. It is parsed and decided like any record, and then it is
//! nothing but a canary: **whoever may put events on a bus can forge one, so neither its presence nor
//! anything in it ever becomes a finding**. What it is worth is that it arrived.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    account::AccountId,
    cloudtrail::{DETAIL_TYPES, LARGEST_RECORD, Record, Rejection, parse_record},
    region::Region,
};

/// The `source` of a canary's event: only AWS can put events whose source begins with `aws.`
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>).
pub const SOURCE: &str = "crisguard.canary";
/// The `detail-type` of a canary's event.
pub const DETAIL_TYPE: &str = DETAIL_TYPES[0];

/// An event that calls itself a canary.
#[derive(Debug)]
pub struct Canary {
    /// The account on whose bus it was put; EventBridge writes it, not the sender, and keeps it where a rule
    /// hands the event on to another account's bus
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>).
    pub account: Option<AccountId>,
    /// The Region on whose bus it was put; EventBridge writes it, not the sender.
    pub region: Option<Region>,
    /// When it was put there; a sender may write it.
    pub time: Option<Timestamp>,
    /// The record that it carries.
    pub record: Result<Record, Rejection>,
}

impl Canary {
    /// Recognises a canary among EventBridge's events; anything else is `None`.
    #[must_use]
    pub fn recognise(event: &[u8]) -> Option<Self> {
        if event.len() > LARGEST_RECORD {
            return None;
        }
        let envelope: Envelope<'_> = serde_json::from_slice(event).ok()?;
        (envelope.source == SOURCE).then(|| Self {
            account: envelope.account.and_then(|account| account.parse().ok()),
            region: envelope.region.and_then(|region| region.parse().ok()),
            time: envelope.time.and_then(|time| time.parse().ok()),
            record: parse_record(envelope.detail.get().as_bytes()),
        })
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    source: String,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    time: Option<String>,
    #[serde(borrow)]
    detail: &'a RawValue,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(source: &str, detail: &serde_json::Value) -> String {
        json!({
            "version": "0", "id": "1", "detail-type": DETAIL_TYPE, "source": source, "account": "111122223333",
            "time": "2026-11-22T10:00:03Z", "region": "eu-west-1", "resources": [], "detail": detail,
        })
        .to_string()
    }

    fn scheduled() -> serde_json::Value {
        json!({
            "eventSource": "bedrock.amazonaws.com", "eventName": "Converse", "eventType": "AwsApiCall",
            "eventID": "canary-d32c5kddcf5bb8c3", "eventTime": "2026-11-22T10:00:00Z", "awsRegion": "us-east-1",
            "recipientAccountId": "111122223333", "requestParameters": {"modelId": "amazon.nova-micro-v1:0"},
            "errorCode": "AccessDenied", "errorMessage": "with an explicit deny in a service control policy",
        })
    }

    #[test]
    fn its_account_region_and_time_are_those_of_the_event_not_of_the_record() {
        let mut record = scheduled();
        record["recipientAccountId"] = json!("444455556666");
        let canary = Canary::recognise(event(SOURCE, &record).as_bytes()).unwrap();
        assert_eq!(canary.account, "111122223333".parse().ok());
        assert_eq!(canary.region, "eu-west-1".parse().ok());
        assert_eq!(canary.time, "2026-11-22T10:00:03Z".parse().ok());
        let Ok(Record::Inference(invocation)) = canary.record else {
            panic!("{:?}", canary.record)
        };
        assert_eq!(invocation.identity.event_id, "canary-d32c5kddcf5bb8c3");
    }

    #[test]
    fn an_account_that_is_none_stays_unknown() {
        for account in [json!("1111"), json!("../../secrets"), json!(null)] {
            let mut event: serde_json::Value = serde_json::from_str(&event(SOURCE, &scheduled())).unwrap();
            event["account"] = account;
            assert_eq!(Canary::recognise(event.to_string().as_bytes()).unwrap().account, None);
        }
    }

    #[test]
    fn no_event_of_aws_is_a_canary() {
        for source in ["aws.bedrock", "crisguard", "crisguard.canary2", "Crisguard.Canary"] {
            assert!(
                Canary::recognise(event(source, &scheduled()).as_bytes()).is_none(),
                "{source}"
            );
        }
        assert!(Canary::recognise(b"{}").is_none());
        assert!(Canary::recognise(b"crisguard.canary").is_none());
    }

    #[test]
    fn a_canary_with_an_unreadable_record_is_still_one() {
        for detail in [
            json!({}),
            json!("text"),
            json!({"eventSource": "bedrock.amazonaws.com", "eventName": "Converse"}),
        ] {
            let canary = Canary::recognise(event(SOURCE, &detail).as_bytes()).unwrap();
            assert!(!matches!(canary.record, Ok(Record::Inference(_))), "{detail}");
        }
    }
}
