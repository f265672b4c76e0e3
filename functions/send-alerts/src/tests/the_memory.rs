//! Redelivery, reordering and concurrent batches of the same findings give the same memory.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::finding::{Finding, PostureFinding};
use jiff::Timestamp;
use proptest::prelude::*;
use tokio::task::LocalSet;

use super::fakes::{World, at, finding, message, observation, observe, records, review_at, undecided, world};
use crate::{
    lifecycle::{Standing, transition},
    memory::{Matter, Record},
    run,
};

/// A message about one of three findings. Its invocations are violations or gaps, none is both, and
/// each has a time of its own: the same in every message that it is in.
#[derive(Clone, Debug)]
struct Seen {
    which: usize,
    identities: BTreeSet<u8>,
    violation: bool,
}

const REGIONS: [&str; 3] = ["us-east-1", "us-east-2", "eu-west-1"];

impl Seen {
    fn finding(&self) -> Finding {
        let names: Vec<String> = self.identities.iter().map(u8::to_string).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut made = finding("app", REGIONS[self.which], &names);
        if !self.violation {
            made = undecided(&made);
        }
        made.first_seen = at(self.minutes().min().unwrap());
        made.last_seen = at(self.latest());
        made.explanation = format!("seen in minute {}", self.latest());
        made
    }

    fn minutes(&self) -> impl Iterator<Item = i64> {
        self.identities.iter().map(|identity| i64::from(*identity) * 7 % 24)
    }

    fn latest(&self) -> i64 {
        self.minutes().max().unwrap()
    }
}

fn seen() -> impl Strategy<Value = Seen> {
    let identities = prop::collection::btree_set(0..24_u8, 1..8);
    (0..REGIONS.len(), identities, any::<bool>()).prop_map(|(which, identities, violation)| Seen {
        which,
        // Even ones are violations, odd ones are gaps.
        identities: identities
            .into_iter()
            .map(|identity| identity / 2 * 2 + u8::from(!violation))
            .collect(),
        violation,
    })
}

/// What must be remembered of a finding, whatever the way the messages came.
#[derive(Debug, PartialEq, Eq)]
struct Remembered {
    count: u64,
    standing: Standing,
    first_seen: Timestamp,
    last_seen: Timestamp,
    explanation: String,
    episode: u32,
}

/// The model: sets, minima and maxima over all messages.
fn model(messages: &[Seen]) -> BTreeMap<String, Remembered> {
    let mut remembered = BTreeMap::new();
    for which in 0..REGIONS.len() {
        let about: Vec<&Seen> = messages.iter().filter(|seen| seen.which == which).collect();
        let Some(reason) = about.iter().max_by_key(|seen| (seen.violation, seen.latest())) else {
            continue;
        };
        let identities: BTreeSet<u8> = about.iter().flat_map(|seen| seen.identities.clone()).collect();
        let standing = if reason.violation {
            Standing::NonCompliant
        } else {
            Standing::Undecided
        };
        let minutes = || about.iter().flat_map(|seen| seen.minutes());
        let expected = Remembered {
            count: identities.len() as u64,
            standing,
            first_seen: at(minutes().min().unwrap()),
            last_seen: at(minutes().max().unwrap()),
            explanation: format!("seen in minute {}", reason.latest()),
            episode: 1,
        };
        remembered.insert(reason.finding().id, expected);
    }
    remembered
}

fn remembered(world: &World) -> BTreeMap<String, Remembered> {
    let of = |record: Record| {
        let Matter::Invocations(gathered) = &record.matter else {
            panic!("a finding on invocations");
        };
        let finding = &gathered.finding;
        let remembered = Remembered {
            count: record.count,
            standing: record.standing(),
            first_seen: finding.first_seen,
            last_seen: finding.last_seen,
            explanation: finding.explanation.clone(),
            episode: record.episode,
        };
        (record.id().to_owned(), remembered)
    };
    records(world).into_iter().map(of).collect()
}

/// Hands out messages to batches that run at the same time; each is delivered until it is done.
async fn deliver_at_once(world: World, batches: Vec<Vec<Finding>>) -> World {
    let world = std::rc::Rc::new(world);
    let local = LocalSet::new();
    for batch in batches {
        let world = std::rc::Rc::clone(&world);
        local.spawn_local(async move {
            let mut left = batch;
            while !left.is_empty() {
                let numbered = left.iter().zip(0..);
                // A standard queue keeps no groups apart, which is the harder case.
                let messages = numbered
                    .map(|(finding, n)| {
                        let mut message = message(&format!("{n:04}"), finding);
                        message.group = None;
                        message
                    })
                    .collect();
                let outcome = run(&world, &super::fakes::everything(), messages, at(60)).await;
                let failed: BTreeSet<usize> = outcome
                    .exits
                    .iter()
                    .filter(|(_, way_out)| way_out.fails())
                    .map(|(id, _)| id.as_str().parse().unwrap())
                    .collect();
                let mut position = 0;
                left.retain(|_| {
                    position += 1;
                    failed.contains(&(position - 1))
                });
            }
        });
    }
    local.await;
    std::rc::Rc::into_inner(world).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn invocations_in_any_order_twice_and_at_once(
        messages in prop::collection::vec(seen(), 1..12),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        order in any::<u64>(),
        lanes in 1..4_usize,
        hesitations in prop::collection::vec(0..3_u8, 0..200),
    ) {
        let mut deliveries: Vec<Seen> = messages.clone();
        deliveries.extend(again.iter().map(|index| index.get(&messages).clone()));
        shuffle(&mut deliveries, order);
        let mut batches: Vec<Vec<Finding>> = vec![Vec::new(); lanes];
        for (position, seen) in deliveries.iter().enumerate() {
            batches[position % lanes].push(seen.finding());
        }
        let world = world();
        world.memory.hesitations.borrow_mut().extend(hesitations);
        let world = runtime().block_on(deliver_at_once(world, batches));
        prop_assert_eq!(remembered(&world), model(&messages));

        // And everybody knows: the review finds nothing left to tell.
        let reviewed = runtime().block_on(review_at(&world, at(61)));
        prop_assert_eq!((reviewed.published, reviewed.announced, reviewed.failed), (0, 0, 0));
        for record in records(&world) {
            prop_assert_eq!(transition(record.announced, record.phase()), None);
            prop_assert!(record.told.is_some());
        }
    }

    #[test]
    fn observations_in_any_order_and_twice(
        observed in prop::collection::btree_map(0..40_i64, 0..3_usize, 1..10),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        order in any::<u64>(),
    ) {
        const DECISIONS: [&str; 3] = ["compliant", "undecided", "non-compliant"];
        let once: Vec<PostureFinding> =
            observed.iter().map(|(minute, decision)| observation("us-east-1", DECISIONS[*decision], at(*minute))).collect();
        let mut deliveries = once.clone();
        deliveries.extend(again.iter().map(|index| index.get(&once).clone()));
        shuffle(&mut deliveries, order);
        let world = world();
        runtime().block_on(async {
            for delivery in deliveries {
                observe(&world, &[delivery], at(60)).await;
            }
        });
        // The model: a violation after the last compliance, else a gap after it, else compliance.
        let last = |wanted: &str| observed.iter().filter(|(_, decision)| DECISIONS[**decision] == wanted).map(|(minute, _)| *minute).max();
        let after = |minute: Option<i64>| minute.is_some() && minute > last("compliant");
        let expected = match (after(last("non-compliant")), after(last("undecided"))) {
            (true, _) => Standing::NonCompliant,
            (false, true) => Standing::Undecided,
            (false, false) => Standing::Resolved,
        };
        let record = &records(&world)[0];
        prop_assert_eq!(record.standing(), expected);
        prop_assert_eq!(transition(record.announced, record.phase()), None, "machines know");
    }
}

/// Shuffles by a number, so that a failing case can be told by it.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for last in (1..items.len()).rev() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, usize::try_from(seed >> 33).unwrap() % (last + 1));
    }
}
