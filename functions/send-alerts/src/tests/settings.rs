//! Findings on settings: who changed them, and many that one look found.

use crisguard_core::finding::PostureFinding;
use jiff::Timestamp;

use super::{
    fakes::{Fault, World, at, digest as digested, everything, observation, observe, published, review_at, world},
    scenarios::logging,
};
use crate::{
    digest,
    line::Line,
    memory::{Record, Versioned},
};

/// A nightly look later knows nothing of the change, and the reminder still names who made it.
#[tokio::test(start_paused = true)]
async fn who_changed_a_setting_is_not_forgotten_by_a_later_look() {
    let world = world();
    observe(&world, &[logging("eu-west-1", true, at(0))], at(0)).await;
    let mut nightly = logging("eu-west-1", true, at(60));
    nightly.changes.clear();
    observe(&world, &[nightly], at(60)).await;
    let mut record = Record::of_settings(&logging("eu-west-1", true, at(0)), at(0));
    for document in world.memory.documents.borrow().values() {
        if let Ok(Versioned { value, .. }) = Versioned::<Record>::read(document) {
            record = value;
        }
    }
    let line = Line::of(&record, None);
    assert_eq!(line.last_seen, at(60).to_string(), "the later look counts");
    assert_eq!(line.changes[0].principal, "arn:aws:iam::111122223333:role/eve");
}

/// Who switched logging off the first time has nothing to do with the second.
#[tokio::test(start_paused = true)]
async fn a_change_from_before_it_was_compliant_is_not_told_again() {
    let world = world();
    observe(&world, &[logging("eu-west-1", true, at(0))], at(0)).await;
    observe(&world, &[logging("eu-west-1", false, at(120))], at(120)).await;
    let mut again = logging("eu-west-1", true, at(240));
    again.changes.clear();
    observe(&world, &[again], at(240)).await;
    let told = published(&world);
    let changes: Vec<usize> = told
        .iter()
        .map(|notice| notice["findings"][0]["changes"].as_array().unwrap().len())
        .collect();
    assert_eq!(changes, [1, 1, 0], "{told:#?}");
}

/// Who prepares a bucket a moment before somebody else switches logging off is named by the look at that; the look at
/// the switch names the other, and people hear of it with the next review.
#[tokio::test(start_paused = true)]
async fn a_change_that_becomes_known_later_is_told_too() {
    let world = world();
    let mut first = logging("eu-west-1", true, at(3));
    "PutBucketPolicy".clone_into(&mut first.changes[0].event_name);
    first.changes[0].time = at(0);
    observe(&world, &[first], at(3)).await;
    let second = logging("eu-west-1", true, at(5));
    observe(&world, std::slice::from_ref(&second), at(5)).await;
    assert_eq!(review_at(&world, at(20)).await.reminded, 1);
    assert_eq!(kinds(&world), ["alert", "reminder"]);
    let told = published(&world)[1]["findings"][0]["changes"].clone();
    let events: Vec<&str> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["event_name"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["PutBucketPolicy", "DeleteModelInvocationLoggingConfiguration"]);
    // Once told, a look that knows nothing new is none.
    let mut nightly = logging("eu-west-1", true, at(60));
    nightly.changes.clear();
    observe(&world, &[nightly, second], at(60)).await;
    assert_eq!(review_at(&world, at(80)).await.reminded, 0);
}

#[tokio::test(start_paused = true)]
async fn many_that_one_look_found_are_told_by_one_digest() {
    let world = world();
    let regions = ["eu-west-1", "eu-west-2", "eu-west-3"];
    let found = regions.map(|region| {
        let mut finding = logging(region, true, at(0));
        finding.one_of_many = true;
        finding
    });
    observe(&world, &found, at(0)).await;
    assert!(published(&world).is_empty());
    assert_eq!(digested(&world).await, 3);
    assert_eq!(published(&world).len(), 1);

    // What is changed after that is told by itself.
    observe(&world, &[logging("eu-north-1", true, at(90))], at(90)).await;
    assert_eq!(published(&world).len(), 2);
}

/// What could not be seen for an hour, and is as it must be: nobody was told the one, so nobody is told the other.
#[tokio::test(start_paused = true)]
async fn a_gap_that_came_and_went_between_two_digests_is_nobodys_news() {
    let world = world();
    observe(&world, &[seen("undecided", at(0))], at(0)).await;
    observe(&world, &[seen("compliant", at(30))], at(30)).await;
    assert_eq!(digested(&world).await, 0);
    assert!(published(&world).is_empty());
    // Its next gap is told as any other, and so is its end.
    observe(&world, &[seen("undecided", at(60))], at(60)).await;
    assert_eq!(digested(&world).await, 1);
    observe(&world, &[seen("compliant", at(90))], at(90)).await;
    assert_eq!(kinds(&world), ["digest", "resolved"]);
}

/// Whoever takes a violation for open must hear of the end, though a gap of the same setting still waits.
#[tokio::test(start_paused = true)]
async fn the_end_of_what_people_take_for_open_is_told_although_a_gap_waits() {
    let world = world();
    observe(&world, &[seen("non-compliant", at(0))], at(0)).await;
    // Both came late: it was compliant for a while, then a gap, and of that end nobody was told.
    observe(&world, &[seen("undecided", at(60))], at(60)).await;
    observe(&world, &[seen("compliant", at(30))], at(61)).await;
    observe(&world, &[seen("compliant", at(90))], at(90)).await;
    assert_eq!(kinds(&world), ["alert", "resolved"]);
    assert_eq!(digested(&world).await, 0);
}

/// A violation is news even if it ended before the digest that was to tell it.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_violation_that_waits_is_told() {
    let world = world();
    let mut found = seen("non-compliant", at(0));
    found.one_of_many = true;
    observe(&world, &[found], at(0)).await;
    observe(&world, &[seen("compliant", at(30))], at(30)).await;
    assert_eq!(kinds(&world), ["resolved"]);
    assert_eq!(digested(&world).await, 0);
}

/// What the gap was followed by is a violation, whether it was told or could not be.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_violation_is_told_although_a_gap_before_it_waits() {
    let world = world();
    observe(&world, &[seen("undecided", at(0))], at(0)).await;
    let both = [seen("non-compliant", at(30)), seen("compliant", at(31))];
    observe(&world, &both, at(32)).await;
    assert_eq!(kinds(&world), ["resolved"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_violation_that_the_topic_refused_is_told_although_a_gap_before_it_waits() {
    let world = world();
    observe(&world, &[seen("undecided", at(0))], at(0)).await;
    world.topic.refuses.set(true);
    observe(&world, &[seen("non-compliant", at(30))], at(30)).await;
    observe(&world, &[seen("compliant", at(40))], at(40)).await;
    world.topic.refuses.set(false);
    review_at(&world, at(100)).await;
    assert_eq!(kinds(&world), ["resolved"]);
}

/// The digest was published, and a crash kept it from forgetting what it told.
#[tokio::test(start_paused = true)]
async fn the_end_of_what_a_digest_may_have_told_is_told() {
    let world = world();
    observe(&world, &[seen("undecided", at(0))], at(0)).await;
    // The attempt is noted; what was told is not forgotten.
    world
        .memory
        .faults
        .borrow_mut()
        .extend([Fault::None, Fault::Unreachable]);
    digest::publish(&world, &everything(), at(1)).await.unwrap_err();
    assert_eq!(kinds(&world), ["digest"]);
    observe(&world, &[seen("compliant", at(30))], at(30)).await;
    assert_eq!(kinds(&world), ["digest", "resolved"]);
}

/// A pipeline that touches the bucket every hour is no news after the first time.
#[tokio::test(start_paused = true)]
async fn a_change_that_is_repeated_reminds_nobody_again() {
    let world = world();
    observe(&world, &[logging("eu-west-1", true, at(3))], at(3)).await;
    let mut reminded = 0;
    for hour in 1..12 {
        let mut again = logging("eu-west-1", true, at(hour * 60));
        "PutBucketPolicy".clone_into(&mut again.changes[0].event_name);
        again.changes[0].event_id = format!("{hour}");
        observe(&world, &[again], at(hour * 60)).await;
        reminded += review_at(&world, at(hour * 60 + 10)).await.reminded;
    }
    assert_eq!(reminded, 1);
}

/// CloudTrail's events come in any order: whose came later may have been first.
#[tokio::test(start_paused = true)]
async fn a_change_from_before_the_one_that_was_told_is_told_too() {
    let world = world();
    let mut first = logging("eu-west-1", true, at(3));
    "PutBucketPolicy".clone_into(&mut first.changes[0].event_name);
    first.changes[0].time = at(1);
    observe(&world, &[first], at(3)).await;
    let mut second = logging("eu-west-1", true, at(5));
    second.changes[0].time = at(0);
    observe(&world, &[second], at(5)).await;
    assert_eq!(review_at(&world, at(20)).await.reminded, 1);
}

/// The same setting, as it was seen.
fn seen(decision: &str, observed_at: Timestamp) -> PostureFinding {
    observation("eu-west-1", decision, observed_at)
}

fn kinds(world: &World) -> Vec<String> {
    let kind = |notice: &serde_json::Value| notice["kind"].as_str().unwrap().to_owned();
    published(world).iter().map(kind).collect()
}
