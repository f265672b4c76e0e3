//! How fast records are gathered and concluded, on one core: what an audit does beside reading and parsing.
//!
//! `cargo bench -p crisguard-core --bench tally`; figures are of 10,000 records.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read ends the benchmark")]

#[expect(dead_code, reason = "other benchmarks use the rest")]
mod samples;

use std::{collections::BTreeMap, convert::Infallible, hint::black_box};

use crisguard_core::{
    catalog::Catalogue,
    cloudtrail::Invocation,
    policy::PolicyDocument,
    tally::{Question, Scope, Tally},
};
use divan::{Bencher, counter::ItemsCount};

const RECORDS: usize = 10_000;

fn main() {
    divan::main();
}

/// Makes records that differ by their ids, each of one of `kinds` callers.
fn records(kinds: usize) -> Vec<Invocation> {
    let samples = [
        samples::COMPLIANT,
        samples::VIOLATION,
        samples::STREAM_END,
        samples::DENIED,
    ];
    // A congruential generator: ids are spread over all bits, as random UUIDs are.
    let mut state = 1_u128;
    let mut uuid = || {
        state = state
            .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
            .wrapping_add(1);
        let digits = format!("{state:032x}");
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits.get(range).unwrap());
        parts.join("-")
    };
    let callers: Vec<Invocation> = (0..kinds)
        .zip(samples.iter().cycle())
        .map(|(caller, sample)| *samples::invocation(&sample.replace(":role/", &format!(":role/team-{caller}/"))))
        .collect();
    callers
        .iter()
        .cycle()
        .take(RECORDS)
        .map(|caller| {
            let mut invocation = caller.clone();
            invocation.identity.event_id = uuid();
            invocation.request_id = Some(uuid());
            if let Some(parent) = &mut invocation.identity.parent_request_id {
                *parent = uuid();
            }
            invocation
        })
        .collect()
}

fn gathered(records: &[Invocation]) -> Tally {
    let mut tally = Tally::new();
    for record in records {
        tally.add(record);
    }
    tally
}

/// Records of callers that were met before.
#[divan::bench(args = [4, 100, 2_000])]
fn add(bencher: Bencher, kinds: usize) {
    let records = records(kinds);
    let known = gathered(&records);
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| {
            let mut tally = known.clone();
            tally.take_rows();
            tally
        })
        .bench_local_refs(|tally| {
            for record in &records {
                tally.add(black_box(record));
            }
        });
}

/// Records of which each is of another caller.
#[divan::bench]
fn add_what_is_new(bencher: Bencher) {
    let records = records(RECORDS);
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| gathered(&records));
}

/// From rows to an audit, under a policy.
#[divan::bench(args = [4, 100, 2_000])]
fn conclude(bencher: Bencher, kinds: usize) {
    let tally = gathered(&records(kinds));
    let policy = PolicyDocument::parse(samples::POLICY.as_bytes()).unwrap();
    let catalogue = Catalogue::embedded().unwrap();
    let question = Question {
        policy: Some(&policy),
        places: &BTreeMap::new(),
        catalogue: &catalogue,
        scope: Scope::everything(),
    };
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| tally.clone())
        .bench_local_values(|tally| tally.conclude::<Infallible>([], &question).unwrap());
}
