//! How fast the subject itself is, on one core: parsing, deciding, policies, patterns.
//!
//! `cargo bench -p crisguard-core`; `make bench` prints the same figures beside the functions'.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a sample that cannot be read ends the benchmark"
)]

mod samples;

use std::hint::black_box;

use crisguard_core::{
    catalog::Catalogue,
    cloudtrail::{Record, parse_envelope, parse_record},
    controls::assess,
    exit::Exit,
    finding::Findings,
    pattern::compile,
    policy::PolicyDocument,
};
use divan::{Bencher, counter::BytesCount};

fn main() {
    divan::main();
}

/// One record's JSON, as it stands in a log file.
#[divan::bench(args = samples::RECORDS.map(|(name, _)| name))]
fn parse_a_record(bencher: Bencher, name: &str) {
    let json = samples::compact(record(name));
    bencher
        .counter(BytesCount::of_str(&json))
        .bench(|| parse_record(black_box(&json).as_bytes()).unwrap());
}

/// One event's JSON, as it stands in a message.
#[divan::bench(args = samples::RECORDS.map(|(name, _)| name))]
fn parse_an_event(bencher: Bencher, name: &str) {
    let json = samples::envelope(record(name));
    bencher
        .counter(BytesCount::of_str(&json))
        .bench(|| parse_envelope(black_box(&json).as_bytes()).unwrap());
}

/// Every control about one parsed record.
#[divan::bench(args = ["compliant", "violation", "stream_end", "denied"])]
fn decide(bencher: Bencher, name: &str) {
    let (policy, catalogue) = (samples::policy(), samples::catalogue());
    let invocation = samples::invocation(record(name));
    bencher.bench(|| assess(black_box(&invocation), &policy, &catalogue));
}

/// From an event's JSON to how it leaves the function, its finding gathered.
#[divan::bench(args = ["compliant", "violation", "stream_end", "denied"])]
fn parse_and_decide_an_event(bencher: Bencher, name: &str) {
    let (policy, catalogue) = (samples::policy(), samples::catalogue());
    let json = samples::envelope(record(name));
    bencher
        .with_inputs(|| Findings::under("0"))
        .counter(BytesCount::of_str(&json))
        .bench_refs(|findings| {
            let Ok(Record::Inference(invocation)) = parse_envelope(black_box(&json).as_bytes()) else {
                panic!("a record of inference");
            };
            let assessments = assess(&invocation, &policy, &catalogue);
            for assessment in &assessments {
                findings.add(&invocation, assessment);
            }
            Exit::of(&assessments)
        });
}

/// The policy document, and what it comes to for an account.
#[divan::bench]
fn read_a_policy(bencher: Bencher) {
    let account = "111122223333".parse().unwrap();
    bencher.counter(BytesCount::of_str(samples::POLICY)).bench(|| {
        let document = PolicyDocument::parse(black_box(samples::POLICY).as_bytes()).unwrap();
        document.for_account(&account, None).unwrap()
    });
}

/// The policy as EventBridge patterns.
#[divan::bench]
fn compile_patterns(bencher: Bencher) {
    let (policy, catalogue) = (samples::policy(), samples::catalogue());
    let account = "111122223333".parse().unwrap();
    bencher.bench(|| compile(black_box(&policy), &catalogue, Some(&account)).unwrap());
}

/// The catalogue of profiles, which every cold start reads.
#[divan::bench]
fn read_the_catalogue() -> Catalogue {
    Catalogue::embedded().unwrap()
}

fn record(name: &str) -> &'static str {
    let (_, record) = samples::RECORDS.into_iter().find(|(known, _)| *known == name).unwrap();
    record
}
