//! The canary comes through wherever it is sent from, and is never anything else.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test these are failures of the law"
)]

use std::{fs, path::Path, sync::LazyLock};

use crisguard_core::{
    account::AccountId,
    canary::{self, Canary},
    catalog::Catalogue,
    cloudtrail::{Record, parse_envelope},
    pattern::{WITH_THE_CANARY, compile, seen_calls, seen_completions, unfiltered},
    policy::{Policy, PolicyDocument},
};
use crisguard_laws::{
    generate::{ACCOUNT, envelope, policy, record},
    matcher::matches,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn effective(document: &Value) -> Policy {
    let document = PolicyDocument::parse(document.to_string().as_bytes()).unwrap();
    document.for_account(&account(), None).unwrap()
}

/// Tells which of the policy's patterns let an event through.
fn let_through_by(policy: &Policy, event: &Value) -> Vec<&'static str> {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());
    let compiled = compile(policy, &CATALOGUE, Some(&account())).unwrap();
    let patterns = compiled.patterns.iter();
    patterns
        .filter(|pattern| matches(&serde_json::from_str(&pattern.json).unwrap(), event).unwrap())
        .map(|pattern| pattern.name)
        .collect()
}

fn from_the_canary(record: &Value) -> Value {
    let mut event = envelope(record);
    event["source"] = json!(canary::SOURCE);
    event
}

/// The canary of a Region, as infra/source-region.yaml schedules it and EventBridge Scheduler sends it.
fn scheduled() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/source-region.yaml");
    let template = fs::read_to_string(path).unwrap();
    let lines = template
        .lines()
        .skip_while(|line| line.trim() != "Name: crisguard-canary")
        .skip_while(|line| line.trim() != "Input: !Sub >-")
        .skip(1)
        .map(str::trim);
    let input: Vec<&str> = lines.take_while(|line| line.starts_with(['{', '"'])).collect();
    let filled = [
        ("${AWS::Partition}", "aws"),
        ("${AWS::AccountId}", ACCOUNT),
        ("${AWS::Region}", "eu-west-1"),
        ("<aws.scheduler.scheduled-time>", "2026-11-22T10:00:00Z"),
        ("<aws.scheduler.execution-id>", "d32c5kddcf5bb8c3"),
    ];
    let input = filled
        .into_iter()
        .fold(input.join(" "), |input, (name, value)| input.replace(name, value));
    assert!(!input.contains("${") && !input.contains("<aws."), "{input}");
    serde_json::from_str(&input).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Every policy lets the scheduled canary through, by one pattern, and nothing counts it as a call.
    #[test]
    fn every_policy_lets_the_canary_through(document in policy()) {
        let event = from_the_canary(&scheduled());
        prop_assert_eq!(let_through_by(&effective(&document), &event), [WITH_THE_CANARY]);
        prop_assert!(matches(&serde_json::from_str(&unfiltered()).unwrap(), &event).unwrap());
        for pattern in [seen_calls(), seen_completions()] {
            prop_assert!(!matches(&serde_json::from_str(&pattern).unwrap(), &event).unwrap());
        }
    }

    /// A forged canary is let through by that pattern at most, and is no record of Bedrock.
    #[test]
    fn a_forged_canary_is_nothing_else(document in policy(), record in record()) {
        let event = from_the_canary(&record);
        let patterns = let_through_by(&effective(&document), &event);
        prop_assert!(patterns.iter().all(|name| *name == WITH_THE_CANARY), "{patterns:?}: {record}");
        let event = event.to_string();
        prop_assert_eq!(parse_envelope(event.as_bytes()).unwrap(), Record::NotBedrock);
        prop_assert!(Canary::recognise(event.as_bytes()).is_some());
    }

    /// What AWS itself puts on the bus is no canary, so nothing of it can be lost as one.
    #[test]
    fn a_real_record_is_no_canary(record in record()) {
        prop_assert!(Canary::recognise(envelope(&record).to_string().as_bytes()).is_none());
    }

    /// What the rules that count let through is what the parser takes for an inference request.
    #[test]
    fn every_call_and_every_stream_s_end_is_counted(record in record()) {
        let event = envelope(&record);
        if let Ok(Record::Inference(_)) = parse_envelope(event.to_string().as_bytes()) {
            let counted = [seen_calls(), seen_completions()]
                .iter()
                .any(|pattern| matches(&serde_json::from_str(pattern).unwrap(), &event).unwrap());
            prop_assert!(counted, "{record}");
        }
    }
}

#[test]
fn the_scheduled_canary_is_decided() {
    let event = from_the_canary(&scheduled()).to_string();
    let canary = Canary::recognise(event.as_bytes()).unwrap();
    let Ok(Record::Inference(invocation)) = canary.record else {
        panic!("{:?}", canary.record)
    };
    assert_eq!(invocation.source.0.as_str(), "eu-west-1");
    assert_eq!(invocation.account, account());
}
