//! Each invocation counts once.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice::from_ref,
};

use crisguard_core::finding::Finding;
use proptest::prelude::*;

use super::fakes::{Fault, World, at, counts, deliver, finding, records, review_at, world};
use crate::{
    WayOut,
    count::{Counted, IDENTITIES_AN_HOUR, count},
    lifecycle::Transition,
    line::Line,
    machines::asff,
    ports::Announcement,
};

fn the_count(world: &World) -> (u64, bool) {
    counts(world).into_values().next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_same_message_twice_counts_once_in_one_batch_and_in_two() {
    let world = world();
    let message = finding("app", "us-east-1", &["a", "b"]);
    let exits = deliver(&world, &[message.clone(), message.clone()], at(0)).await;
    assert_eq!(exits, [WayOut::Counted, WayOut::Duplicate]);
    assert_eq!(deliver(&world, &[message], at(1)).await, [WayOut::Duplicate]);
    assert_eq!(the_count(&world), (2, false));
}

#[tokio::test(start_paused = true)]
async fn what_another_message_has_counted_is_left_out() {
    let world = world();
    deliver(&world, &[finding("app", "us-east-1", &["a", "b"])], at(0)).await;
    let overlapping = finding("app", "us-east-1", &["b", "c", "d"]);
    assert_eq!(
        count(&world.memory, &overlapping, at(0)).await.unwrap(),
        Counted::New(2)
    );
    assert_eq!(the_count(&world), (4, false));
}

/// DynamoDB deletes what has expired up to days later.
#[tokio::test(start_paused = true)]
async fn what_has_expired_but_is_still_there_begins_anew_and_is_reviewed() {
    const DAY: i64 = 24 * 60;
    let world = world();
    deliver(&world, &[finding("app", "us-east-1", &["a"])], at(0)).await;
    review_at(&world, at(8 * DAY)).await;
    deliver(&world, &[finding("app", "us-east-1", &["b"])], at(409 * DAY)).await;
    assert_eq!(the_count(&world), (1, false), "its history is over");
    let reviewed = review_at(&world, at(420 * DAY)).await;
    assert_eq!(reviewed.closed, 1, "the review knows of it");
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_tried_again_and_given_up_in_the_end() {
    let message = finding("app", "us-east-1", &["a"]);
    let patient = world();
    patient.memory.faults.borrow_mut().extend([Fault::Busy, Fault::Busy]);
    assert_eq!(deliver(&patient, from_ref(&message), at(0)).await, [WayOut::Counted]);

    let hopeless = world();
    hopeless.memory.faults.borrow_mut().extend(vec![Fault::Busy; 6]);
    assert_eq!(deliver(&hopeless, from_ref(&message), at(0)).await, [WayOut::Retried]);
    assert_eq!(deliver(&hopeless, &[message], at(1)).await, [WayOut::Counted]);
    assert_eq!(the_count(&hopeless), (1, false));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_counts_once_and_is_still_told() {
    let world = world();
    let message = finding("app", "us-east-1", &["a"]);
    world.memory.faults.borrow_mut().push_back(Fault::AnswerLost);
    assert_eq!(deliver(&world, from_ref(&message), at(0)).await, [WayOut::Retried]);
    assert_eq!(deliver(&world, &[message], at(1)).await, [WayOut::Duplicate]);
    assert_eq!(the_count(&world), (1, false));
    assert_eq!(world.topic.taken.borrow().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_the_rest_of_its_group_waits() {
    let world = world();
    let mut poison = finding("app", "us-east-1", &["a"]);
    poison.count = 7;
    let batch = [
        finding("app", "us-east-1", &["b"]),
        poison,
        finding("app", "us-east-1", &["c"]),
        finding("other", "us-east-1", &["d"]),
    ];
    let exits = deliver(&world, &batch, at(0)).await;
    assert_eq!(
        exits,
        [WayOut::Counted, WayOut::Rejected, WayOut::Retried, WayOut::Counted]
    );
}

#[tokio::test(start_paused = true)]
async fn above_twenty_thousand_an_hour_the_count_says_about() {
    let world = world();
    let messages = |hundreds: std::ops::Range<u64>| -> Vec<Finding> {
        hundreds
            .map(|n| {
                let identities: Vec<String> = (0..80).map(|i| format!("{n:05}-{i:02}")).collect();
                finding(
                    "app",
                    "us-east-1",
                    &identities.iter().map(String::as_str).collect::<Vec<_>>(),
                )
            })
            .collect()
    };
    let full = IDENTITIES_AN_HOUR / 80;
    deliver(&world, &messages(0..full), at(0)).await;
    assert_eq!(the_count(&world), (IDENTITIES_AN_HOUR, false));

    let above = messages(full..full + 2);
    deliver(&world, &above, at(1)).await;
    assert_eq!(the_count(&world), (IDENTITIES_AN_HOUR + 160, true));
    let redelivered = deliver(&world, &above, at(2)).await;
    assert_eq!(redelivered, [WayOut::Duplicate, WayOut::Duplicate]);
    let earlier = deliver(&world, &messages(0..1), at(2)).await;
    assert_eq!(earlier, [WayOut::Duplicate]);
    assert_eq!(the_count(&world), (IDENTITIES_AN_HOUR + 160, true));

    // One event of those above, which another batch has brought again with a new one.
    let known = above[0].identities.first().unwrap();
    let again = finding("app", "us-east-1", &[known, "new"]);
    assert_eq!(deliver(&world, &[again], at(3)).await, [WayOut::Counted]);
    assert_eq!(the_count(&world), (IDENTITIES_AN_HOUR + 162, true), "one too many");
    let product = "arn:aws:securityhub:us-west-2:111122223333:product/111122223333/default";
    let announcement = Announcement {
        transition: Transition::Closed,
        at: at(3),
        sequence: 4,
        line: Line::of(&records(&world)[0], None),
    };
    let document = asff::of(&announcement, &product.parse().unwrap()).unwrap().document;
    assert!(document.contains("Counted so far: about 20162 calls."), "{document}");
}

/// Messages of a few findings with overlapping identities, and the batches they come in.
fn batches() -> impl Strategy<Value = Vec<Vec<(usize, BTreeSet<u8>)>>> {
    let message = (0..3_usize, prop::collection::btree_set(0..30_u8, 1..12));
    prop::collection::vec(prop::collection::vec(message, 1..6), 1..6)
}

proptest! {
    #[test]
    fn any_split_duplication_and_order_gives_the_exact_count(
        batches in batches(), again in prop::collection::vec(0..6_usize, 0..4), faults in prop::collection::vec(0..12_usize, 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let world = world();
        let regions = ["us-east-1", "us-east-2", "eu-west-1"];
        let mut expected: BTreeMap<String, BTreeSet<u8>> = BTreeMap::new();
        let mut deliveries: Vec<Vec<Finding>> = Vec::new();
        for batch in &batches {
            let mut delivery = Vec::new();
            for (which, identities) in batch {
                let names: Vec<String> = identities.iter().map(u8::to_string).collect();
                let message = finding("app", regions[*which], &names.iter().map(String::as_str).collect::<Vec<_>>());
                expected.entry(message.id.clone()).or_default().extend(identities);
                delivery.push(message);
            }
            deliveries.push(delivery);
        }
        for index in again {
            let repeated = deliveries[index % batches.len()].clone();
            deliveries.push(repeated);
        }
        for fault in faults {
            let mut injected = world.memory.faults.borrow_mut();
            injected.extend(vec![Fault::None; fault]);
            injected.push_back(if fault % 2 == 0 { Fault::AnswerLost } else { Fault::Unreachable });
        }
        runtime.block_on(async {
            for delivery in deliveries {
                // SQS delivers again until every message is done.
                while deliver(&world, &delivery, at(0)).await.iter().any(|way_out| way_out.fails()) {}
            }
        });
        let expected: BTreeMap<String, (u64, bool)> =
            expected.into_iter().map(|(id, identities)| (id, (identities.len() as u64, false))).collect();
        prop_assert_eq!(counts(&world), expected);
        prop_assert!(!world.topic.taken.borrow().is_empty(), "nobody was told");
    }
}
