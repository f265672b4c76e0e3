//! One alert, no flood, nothing lost.

use std::slice::from_ref;

use serde_json::json;

use super::fakes::{Fault, at, deliver, digest, finding, of_control, published, review_at, undecided, world};
use crate::WayOut;

#[tokio::test(start_paused = true)]
async fn findings_of_one_subject_are_one_alert() {
    let world = world();
    let batch = [
        finding("app", "us-east-1", &["a"]),
        finding("app", "us-east-2", &["b", "c"]),
        of_control(&finding("app", "us-east-1", &["a"]), "profile-allowed", "high"),
    ];
    deliver(&world, &batch, at(0)).await;
    let alerts = published(&world);
    assert_eq!(alerts.len(), 1);
    let told: Vec<_> = alerts[0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["destination_region"])
        .collect();
    assert_eq!(told, ["us-east-2", "us-east-1", "us-east-1"]);
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_in_an_alert_comes_with_the_digest() {
    let world = world();
    let regions: Vec<String> = (1..=60).map(|n| format!("xx-test-{n}")).collect();
    let batch: Vec<_> = regions.iter().map(|region| finding("app", region, &["a"])).collect();
    deliver(&world, &batch, at(0)).await;
    while digest(&world).await > 0 {}
    let told: Vec<_> = published(&world)
        .iter()
        .flat_map(|notice| notice["findings"].as_array().unwrap().clone())
        .map(|line| line["destination_region"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told.len(), 60, "each once");
    assert!(regions.iter().all(|region| told.contains(region)), "{told:?}");
}

/// A service control policy's denials have one id, whether or not the message names the Region.
#[tokio::test(start_paused = true)]
async fn a_gap_that_comes_with_a_violation_does_not_hide_it() {
    for gap_is_later in [true, false] {
        let world = world();
        let violation = finding("app", "us-east-1", &["a"]);
        let mut gap = undecided(&finding("app", "us-east-1", &["b"]));
        if gap_is_later {
            gap.last_seen = at(30);
        } else {
            gap.last_seen = at(-30);
        }
        deliver(&world, &[violation.clone(), gap.clone()], at(0)).await;
        let alerts = published(&world);
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts[0]["findings"][0]["decision"], "non-compliant");
        assert_eq!(alerts[0]["findings"][0]["count"], 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusing_topic_is_tried_again_and_nothing_is_lost() {
    let world = world();
    let message = finding("app", "us-east-1", &["a"]);
    world.topic.refuses.set(true);
    for minute in 0..3 {
        assert_eq!(deliver(&world, from_ref(&message), at(minute)).await, [WayOut::Retried]);
    }
    world.topic.refuses.set(false);
    assert_eq!(deliver(&world, from_ref(&message), at(4)).await, [WayOut::Duplicate]);
    assert_eq!(deliver(&world, &[message], at(5)).await, [WayOut::Duplicate]);
    assert_eq!(published(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_publishing_and_marking_repeats_one_alert() {
    let world = world();
    let message = finding("app", "us-east-1", &["a"]);
    // The count and the slot are written; the mark after publishing is not.
    world
        .memory
        .faults
        .borrow_mut()
        .extend([Fault::None, Fault::None, Fault::Unreachable]);
    assert_eq!(deliver(&world, from_ref(&message), at(0)).await, [WayOut::Retried]);
    assert_eq!(published(&world).len(), 1);
    for minute in 1..3 {
        assert_eq!(
            deliver(&world, from_ref(&message), at(minute)).await,
            [WayOut::Duplicate]
        );
        assert_eq!(published(&world).len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn within_an_hour_only_the_more_severe_alerts_again() {
    let world = world();
    let high = of_control(&finding("app", "us-east-1", &["a"]), "profile-allowed", "high");
    deliver(&world, &[high], at(0)).await;
    let another = of_control(&finding("app", "us-east-2", &["b"]), "source-region-allowed", "high");
    deliver(&world, &[another], at(10)).await;
    assert_eq!(
        published(&world).len(),
        1,
        "a finding of the same severity waits for the digest"
    );
    deliver(&world, &[finding("app", "us-east-1", &["c"])], at(20)).await;
    let alerts = published(&world);
    assert_eq!(alerts.len(), 2, "a more severe one does not");
    assert_eq!(
        alerts[1]["findings"].as_array().unwrap().len(),
        3,
        "and the alert names all so far"
    );
    assert_eq!(digest(&world).await, 0, "so nothing is left for the digest");

    deliver(&world, &[finding("app", "eu-west-1", &["d"])], at(81)).await;
    assert_eq!(
        published(&world).len(),
        3,
        "an hour after the last alert a new finding alerts"
    );
}

#[tokio::test(start_paused = true)]
async fn a_finding_that_goes_on_is_told_again_by_a_reminder_only() {
    let world = world();
    deliver(&world, &[finding("app", "us-east-1", &["a"])], at(0)).await;
    deliver(&world, &[finding("app", "us-east-1", &["b"])], at(180)).await;
    assert_eq!(digest(&world).await, 0);
    assert_eq!(published(&world).len(), 1);
    assert_eq!(review_at(&world, at(24 * 60)).await.reminded, 1);
    let reminder = &published(&world)[1];
    assert_eq!(reminder["kind"], "reminder");
    assert_eq!(reminder["findings"][0]["count"], 2);
    assert_eq!(reminder["findings"][0]["count_since_told"], 1);
}

#[tokio::test(start_paused = true)]
async fn undecided_findings_wait_for_the_digest_and_alert_once_they_are_violations() {
    let world = world();
    let violation = finding("app", "us-east-1", &["b"]);
    deliver(&world, &[undecided(&finding("app", "us-east-1", &["a"]))], at(0)).await;
    assert_eq!(published(&world).len(), 0);
    assert_eq!(digest(&world).await, 1);
    let mut worse = violation;
    worse.last_seen = at(1);
    deliver(&world, &[worse], at(1)).await;
    let kinds: Vec<_> = published(&world).iter().map(|notice| notice["kind"].clone()).collect();
    assert_eq!(kinds, [json!("digest"), json!("alert")]);
}

#[tokio::test(start_paused = true)]
async fn ten_alerts_an_hour_and_the_rest_in_the_digest() {
    let world = world();
    let batch: Vec<_> = (0..14)
        .map(|n| finding(&format!("app-{n}"), "us-east-1", &["a"]))
        .collect();
    let exits = deliver(&world, &batch, at(0)).await;
    assert_eq!(exits, [WayOut::Counted; 14]);
    assert_eq!(published(&world).len(), 10);
    assert_eq!(digest(&world).await, 4);
    deliver(&world, &[finding("late", "us-east-1", &["a"])], at(59)).await;
    assert_eq!(published(&world).len(), 11, "the digest takes no slot, and frees none");
    deliver(&world, &[finding("later", "us-east-1", &["a"])], at(60)).await;
    assert_eq!(published(&world).len(), 12, "the next hour has slots of its own");
}

#[tokio::test(start_paused = true)]
async fn three_of_the_ten_are_kept_for_what_is_critical() {
    let world = world();
    let high = |n| {
        of_control(
            &finding(&format!("app-{n}"), "us-east-1", &["a"]),
            "profile-allowed",
            "high",
        )
    };
    deliver(&world, &(0..9).map(high).collect::<Vec<_>>(), at(0)).await;
    assert_eq!(published(&world).len(), 7);
    let critical = |n| finding(&format!("leak-{n}"), "us-east-1", &["a"]);
    deliver(&world, &(0..4).map(critical).collect::<Vec<_>>(), at(1)).await;
    assert_eq!(published(&world).len(), 10);
    assert_eq!(digest(&world).await, 3);
}

/// The same event, delivered twice and decided under two policies.
#[tokio::test(start_paused = true)]
async fn a_counted_gap_that_turns_out_a_violation_alerts() {
    let world = world();
    let violation = finding("app", "us-east-1", &["a"]);
    assert_eq!(
        deliver(&world, &[undecided(&violation)], at(0)).await,
        [WayOut::Counted]
    );
    assert_eq!(deliver(&world, &[violation], at(5)).await, [WayOut::Duplicate]);
    let alerts = published(&world);
    assert_eq!(
        (&alerts[0]["transition"], &alerts[0]["findings"][0]["count"]),
        (&json!("worsened"), &json!(1))
    );
}
