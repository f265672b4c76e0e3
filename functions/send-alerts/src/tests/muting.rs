//! What the policy holds back from people, while it does.

use crisguard_core::finding;
use crisguard_lambda::batch::{Message, MessageId};
use serde_json::json;

use super::fakes::{
    Fault, World, announced, at, deliver, everything, finding, message, observation, of_control, published, rules,
    undecided, world,
};
use crate::{digest, memory, review::review, rules::Rules, run};

const DAY: i64 = 24 * 60;

#[tokio::test(start_paused = true)]
async fn below_the_least_severity_only_machines_are_told_until_it_is_lowered() {
    let world = world();
    let high = of_control(&finding("app", "us-east-1", &["a"]), "profile-allowed", "high");
    let strict = rules(&json!({"minimum_severity": "critical"}), &json!([]));
    let outcome = run(&world, &strict, vec![message("m", &high)], at(0)).await;
    assert_eq!((outcome.alerts_published, outcome.muted, outcome.announced), (0, 1, 1));
    assert_eq!(review(&world, &strict, at(DAY)).await.unwrap().muted, 1);
    assert!(published(&world).is_empty());

    let lowered = rules(&json!({"minimum_severity": "high"}), &json!([]));
    assert_eq!(
        review(&world, &lowered, at(DAY + 60)).await.unwrap().published,
        1,
        "it was never told"
    );
    assert_eq!(announced(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_exception_written_after_the_finding_mutes_it_until_its_last_day() {
    let world = world();
    let exceptions = json!([{
        "id": "trial", "match": {"principal": "arn:aws:iam::111122223333:role/app"},
        "reason": "a trial", "owner": "dpo@example.com", "expires": "2026-11-23"
    }]);
    let rules = rules(&json!({}), &exceptions);
    let batch = vec![
        message("m-1", &finding("app", "us-east-1", &["a"])),
        message("m-2", &finding("other", "us-east-1", &["b"])),
    ];
    run(&world, &rules, batch, at(0)).await;
    let told: Vec<_> = published(&world)
        .iter()
        .map(|notice| notice["findings"][0]["principal"].clone())
        .collect();
    assert_eq!(told, ["arn:aws:iam::111122223333:role/other"]);

    let reviewed = review(&world, &rules, at(2 * DAY)).await.unwrap();
    assert_eq!((reviewed.published, reviewed.expired_exceptions), (1, 1));
    let notices = published(&world);
    assert_eq!(
        notices[1]["findings"][0]["principal"],
        "arn:aws:iam::111122223333:role/app"
    );
    let expired = json!([{"id": "trial", "owner": "dpo@example.com", "expires": "2026-11-23"}]);
    assert_eq!(
        (&notices[2]["kind"], &notices[2]["expired_exceptions"]),
        (&json!("digest"), &expired)
    );
    assert_eq!(
        review(&world, &rules, at(3 * DAY)).await.unwrap().expired_exceptions,
        0,
        "once"
    );
}

/// Rules that mute findings on crisguard's own rules until the end of the day after the first.
fn muting_settings() -> Rules {
    let exceptions = json!([{
        "id": "rebuild", "match": {"account": ["111122223333"], "control": ["rule-receives-inference"]},
        "reason": "rebuilt", "owner": "dpo@example.com", "expires": "2026-11-23"
    }]);
    rules(&json!({}), &exceptions)
}

/// Delivers an observation until it is taken, and returns how many deliveries that took.
async fn observe_by(rules: &Rules, world: &World, decision: &str, minutes: i64) -> usize {
    let observation = observation("us-east-1", decision, at(minutes));
    let message = || Message {
        id: MessageId::new("m".to_owned()).unwrap(),
        body: finding::Message::Posture(Box::new(observation.clone()))
            .to_json()
            .unwrap(),
        group: Some(observation.subject.clone()),
    };
    let mut deliveries = 1;
    while run(world, rules, vec![message()], at(minutes)).await.exits[0].1.fails() {
        deliveries += 1;
    }
    deliveries
}

fn kinds(world: &World) -> Vec<serde_json::Value> {
    published(world).iter().map(|notice| notice["kind"].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_came_and_went_while_muted_is_never_told() {
    let (world, rules) = (world(), muting_settings());
    observe_by(&rules, &world, "non-compliant", 0).await;
    // The observation is written; that nobody needs to hear of it is not.
    world
        .memory
        .faults
        .borrow_mut()
        .extend([Fault::None, Fault::Unreachable]);
    assert_eq!(observe_by(&rules, &world, "compliant", 60).await, 2);
    review(&world, &rules, at(61)).await.unwrap();
    let is_listed = world
        .memory
        .documents
        .borrow()
        .keys()
        .any(|key| key.partition == memory::OPEN);
    assert!(!is_listed, "no review looks at it again");

    assert_eq!(review(&world, &rules, at(2 * DAY)).await.unwrap().published, 0);
    observe_by(&rules, &world, "compliant", 3 * DAY).await;
    assert_eq!(kinds(&world), ["digest"], "only that the exception ran out");
    assert_eq!(announced(&world).len(), 2, "machines heard of both");
}

#[tokio::test(start_paused = true)]
async fn what_is_open_when_it_is_muted_no_more_is_told() {
    for came_and_went_before in [false, true] {
        let (world, rules) = (world(), muting_settings());
        if came_and_went_before {
            observe_by(&rules, &world, "non-compliant", 0).await;
            observe_by(&rules, &world, "compliant", 60).await;
        }
        observe_by(&rules, &world, "non-compliant", 120).await;
        review(&world, &rules, at(180)).await.unwrap();
        assert!(published(&world).is_empty());
        assert_eq!(review(&world, &rules, at(2 * DAY)).await.unwrap().published, 1);
        observe_by(&rules, &world, "compliant", 3 * DAY).await;
        assert_eq!(kinds(&world), ["alert", "digest", "resolved"]);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_heard_of_it_before_it_was_muted_hears_of_its_end_afterwards() {
    let (world, rules) = (world(), muting_settings());
    observe_by(&everything(), &world, "non-compliant", 0).await;
    observe_by(&rules, &world, "compliant", 60).await;
    review(&world, &rules, at(61)).await.unwrap();
    assert_eq!(kinds(&world), ["alert"]);
    assert_eq!(review(&world, &rules, at(2 * DAY)).await.unwrap().published, 1);
    assert_eq!(review(&world, &rules, at(3 * DAY)).await.unwrap().published, 0);
    assert_eq!(kinds(&world), ["alert", "resolved", "digest"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_heard_of_it_hears_of_its_end_even_if_it_came_back_and_went_while_muted() {
    let (world, rules) = (world(), muting_settings());
    observe_by(&everything(), &world, "non-compliant", 0).await;
    for (decision, minutes) in [("compliant", 60), ("non-compliant", 120), ("compliant", 180)] {
        observe_by(&rules, &world, decision, minutes).await;
    }
    review(&world, &rules, at(181)).await.unwrap();
    assert_eq!(kinds(&world), ["alert"]);
    assert_eq!(review(&world, &rules, at(2 * DAY)).await.unwrap().published, 1);
    assert_eq!(review(&world, &rules, at(3 * DAY)).await.unwrap().published, 0);
    assert_eq!(kinds(&world), ["alert", "resolved", "digest"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_digest_can_be_muted_too() {
    let world = world();
    let gap = undecided(&finding("app", "us-east-1", &["a"]));
    deliver(&world, &[gap], at(0)).await;
    let exceptions = json!([{
        "id": "trial", "match": {"account": ["111122223333"]}, "reason": "a trial", "owner": "dpo@example.com",
        "expires": "2026-11-23"
    }]);
    let muting = rules(&json!({}), &exceptions);
    assert_eq!(digest::publish(&world, &muting, at(1)).await.unwrap().findings, 0);
    assert_eq!(digest::publish(&world, &muting, at(2 * DAY)).await.unwrap().findings, 1);
}

#[tokio::test(start_paused = true)]
async fn a_daily_digest_comes_once_a_day_although_the_review_comes_every_hour() {
    let world = world();
    let daily = rules(&json!({"digest": "daily"}), &json!([]));
    let mut digests = Vec::new();
    for hour in 0..72_i64 {
        let gap = undecided(&finding(&format!("app-{hour}"), "us-east-1", &["a"]));
        deliver(&world, &[gap], at(hour * 60)).await;
        // A schedule is now and then a little early.
        let reviewed = review(&world, &daily, at(hour * 60 + hour % 2)).await.unwrap();
        if reviewed.digested > 0 {
            digests.push((hour, reviewed.digested));
        }
    }
    assert_eq!(digests, [(0, 1), (24, 24), (48, 24)]);
}

#[tokio::test(start_paused = true)]
async fn reminders_come_after_as_long_as_the_policy_says() {
    let world = world();
    let rules = rules(&json!({"remind_after": "72h"}), &json!([]));
    for (id, minutes) in [("a", 0), ("b", 60)] {
        run(
            &world,
            &rules,
            vec![message(id, &finding("app", "us-east-1", &[id]))],
            at(minutes),
        )
        .await;
    }
    assert_eq!(review(&world, &rules, at(3 * DAY - 1)).await.unwrap().reminded, 0);
    assert_eq!(review(&world, &rules, at(3 * DAY)).await.unwrap().reminded, 1);
}
