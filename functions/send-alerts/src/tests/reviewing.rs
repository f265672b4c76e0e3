//! What time alone brings about.

use crisguard_aws::dynamodb::{Document, Key};
use crisguard_core::finding::CanaryArrival;
use crisguard_lambda::batch::{Message, MessageId};
use serde_json::json;

use super::fakes::{
    Fault, World, announced, at, deliver, everything, finding, observation, observe, published, records, review_at,
    rules, undecided, world,
};
use crate::{
    WayOut,
    lifecycle::{Standing, Transition},
    memory,
    review::{Reviewed, review},
    run,
};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

#[tokio::test(start_paused = true)]
async fn a_week_without_a_call_closes_silently_and_the_next_one_reopens_with_its_history() {
    let world = world();
    deliver(&world, &[finding("app", "us-east-1", &["a", "b"])], at(0)).await;
    assert_eq!(review_at(&world, at(7 * DAY - 1)).await.closed, 0);
    let reviewed = review_at(&world, at(7 * DAY)).await;
    assert_eq!((reviewed.closed, reviewed.published), (1, 0), "nobody is told");
    assert_eq!(records(&world)[0].standing(), Standing::Closed);
    assert_eq!(review_at(&world, at(8 * DAY)).await.announced, 0);
    let listed = |key: &Key| key.partition == memory::OPEN;
    let is_listed = world.memory.documents.borrow().keys().any(listed);
    assert!(!is_listed, "no review looks at it again");

    let mut again = finding("app", "us-east-1", &["c"]);
    again.last_seen = at(9 * DAY);
    deliver(&world, &[again], at(9 * DAY)).await;
    let alerts = published(&world);
    assert_eq!(alerts.len(), 2);
    assert_eq!(alerts[1]["transition"], "reopened");
    let told = &alerts[1]["findings"][0];
    assert_eq!(
        (&told["count"], &told["count_since_told"], &told["episode"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert_eq!(told["before"], json!({"count": 2, "last_seen": "2026-11-22T09:59:00Z"}));
    let region = "us-east-1".to_owned();
    assert_eq!(
        announced(&world),
        [
            (region.clone(), Transition::First),
            (region.clone(), Transition::Closed),
            (region, Transition::Reopened)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reopened_finding_is_what_it_is_now() {
    let world = world();
    deliver(&world, &[finding("app", "us-east-1", &["a"])], at(0)).await;
    review_at(&world, at(7 * DAY)).await;
    deliver(&world, &[undecided(&finding("app", "us-east-1", &["b"]))], at(8 * DAY)).await;
    assert_eq!(
        records(&world)[0].standing(),
        Standing::Undecided,
        "only a gap came since"
    );
    assert_eq!(published(&world).len(), 1);
    assert_eq!(review_at(&world, at(8 * DAY)).await.digested, 1);
}

#[tokio::test(start_paused = true)]
async fn reminders_come_once_a_day_with_the_count_since() {
    let world = world();
    deliver(&world, &[finding("app", "us-east-1", &["a"])], at(0)).await;
    for hour in 1..=72_i64 {
        let id = format!("{hour}");
        deliver(&world, &[finding("app", "us-east-1", &[&id])], at(hour * HOUR - 1)).await;
        review_at(&world, at(hour * HOUR)).await;
    }
    let reminders: Vec<_> = published(&world).into_iter().skip(1).collect();
    assert!(
        reminders.iter().all(|notice| notice["kind"] == "reminder"),
        "{reminders:?}"
    );
    let counts: Vec<_> = reminders
        .iter()
        .map(|notice| {
            (
                &notice["findings"][0]["count"],
                &notice["findings"][0]["count_since_told"],
            )
        })
        .collect();
    assert_eq!(
        counts,
        [
            (&json!(25), &json!(24)),
            (&json!(49), &json!(24)),
            (&json!(73), &json!(24))
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn settings_are_reminded_of_until_they_are_compliant() {
    let world = world();
    let wrong = observation("us-east-1", "non-compliant", at(0));
    assert_eq!(observe(&world, &[wrong], at(0)).await, [WayOut::Counted]);
    assert_eq!(
        review_at(&world, at(10 * DAY)).await.reminded,
        1,
        "they never close by themselves"
    );
    observe(
        &world,
        &[observation("us-east-1", "undecided", at(11 * DAY))],
        at(11 * DAY),
    )
    .await;
    assert_eq!(
        records(&world)[0].standing(),
        Standing::NonCompliant,
        "not being able to look resolves nothing"
    );
    observe(
        &world,
        &[observation("us-east-1", "compliant", at(12 * DAY))],
        at(12 * DAY),
    )
    .await;
    assert_eq!(records(&world)[0].standing(), Standing::Resolved);
    let kinds: Vec<_> = published(&world).iter().map(|notice| notice["kind"].clone()).collect();
    assert_eq!(kinds, ["alert", "reminder", "resolved"]);
    assert_eq!(review_at(&world, at(13 * DAY)).await.reminded, 0);

    observe(
        &world,
        &[observation("us-east-1", "non-compliant", at(14 * DAY))],
        at(14 * DAY),
    )
    .await;
    let last = published(&world).pop().unwrap();
    assert_eq!(
        (&last["kind"], &last["transition"]),
        (&json!("alert"), &json!("reopened"))
    );
    let transitions: Vec<_> = announced(&world)
        .into_iter()
        .map(|(_, transition)| transition)
        .collect();
    assert_eq!(
        transitions,
        [Transition::First, Transition::Resolved, Transition::Reopened]
    );
}

#[tokio::test(start_paused = true)]
async fn one_alert_names_all_regions_whose_settings_are_wrong() {
    let world = world();
    let wrong: Vec<_> = (1..=17)
        .map(|n| observation(&format!("xx-test-{n}"), "non-compliant", at(0)))
        .collect();
    observe(&world, &wrong, at(0)).await;
    let alerts = published(&world);
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0]["findings"].as_array().unwrap().len(), 17);
}

#[tokio::test(start_paused = true)]
async fn what_was_compliant_all_along_is_nobody_s_business() {
    let world = world();
    let fine = observation("us-east-1", "compliant", at(0));
    assert_eq!(
        observe(&world, &[fine.clone(), fine], at(0)).await,
        [WayOut::Counted, WayOut::Duplicate]
    );
    review_at(&world, at(DAY)).await;
    assert!(published(&world).is_empty() && announced(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_refusal_left_untold_is_told_by_the_review() {
    let world = world();
    world.machines.refuse.set(true);
    let message = finding("app", "us-east-1", &["a"]);
    assert_eq!(deliver(&world, &[message], at(0)).await, [WayOut::Retried]);
    assert_eq!(published(&world).len(), 1, "people do not wait for machines");
    let reviewed = review(&world, &everything(), at(1)).await.unwrap();
    assert_eq!((reviewed.failed, reviewed.announced), (1, 0));
    world.machines.refuse.set(false);
    let reviewed = review_at(&world, at(2)).await;
    assert_eq!((reviewed.failed, reviewed.announced, reviewed.published), (0, 1, 0));

    world.topic.refuses.set(true);
    let other = finding("other", "us-east-1", &["a"]);
    assert_eq!(deliver(&world, &[other], at(3)).await, [WayOut::Retried]);
    assert_eq!(announced(&world).len(), 2, "nor machines for people");
    world.topic.refuses.set(false);
    assert_eq!(review_at(&world, at(4)).await.published, 1);
}

#[tokio::test(start_paused = true)]
async fn one_subject_that_cannot_be_reviewed_keeps_no_other_from_it() {
    let world = world();
    world.topic.refuses.set(true);
    deliver(
        &world,
        &[finding("a", "us-east-1", &["a"]), finding("b", "us-east-1", &["b"])],
        at(0),
    )
    .await;
    world.topic.refuses.set(false);
    // The first subject's slot cannot be taken.
    world.memory.faults.borrow_mut().push_back(Fault::Unreachable);
    let reviewed = review(&world, &everything(), at(1)).await.unwrap();
    assert_eq!((reviewed.failed, reviewed.published), (1, 1));
    assert_eq!(review_at(&world, at(2)).await.published, 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_a_failure_and_keeps_nothing_else_from_being_told() {
    let world = world();
    let gap = undecided(&finding("a", "us-east-1", &["a"]));
    deliver(&world, &[gap], at(0)).await;
    let canary = |region| memory::canary(None, region, at(0)).unwrap();
    let late = canary("us-west-2");
    world.memory.documents.borrow_mut().insert(late.key.clone(), late);
    for key in [
        memory::open_key("torn"),
        memory::cursor_key(),
        memory::pending_key("torn"),
        memory::last_digest_key(),
        canary("us-west-1").key,
    ] {
        let torn = Document {
            key: key.clone(),
            version: 1,
            body: "{".to_owned(),
            expires_at: None,
        };
        world.memory.documents.borrow_mut().insert(key, torn);
    }
    let daily = rules(&json!({"digest": "daily"}), &json!([]));
    for (minutes, digested, failed) in [(200, 1, 5), (260, 0, 3)] {
        let reviewed = review(&world, &daily, at(minutes)).await.unwrap();
        assert_eq!((reviewed.digested, reviewed.failed), (digested, failed));
        assert_eq!(silent(&reviewed), ["us-west-2"]);
    }
}

/// The alert and the announcement are taken, what marks them as told is not written.
#[tokio::test(start_paused = true)]
async fn an_end_is_told_even_if_no_telling_of_the_beginning_is_known() {
    let world = world();
    let wrong = observation("us-east-1", "non-compliant", at(0));
    let fault = [Fault::None, Fault::None, Fault::Unreachable, Fault::Unreachable];
    world.memory.faults.borrow_mut().extend(fault);
    assert_eq!(observe(&world, &[wrong], at(0)).await, [WayOut::Retried]);
    let unmarked = &records(&world)[0];
    assert_eq!((unmarked.told, unmarked.announced), (None, None));
    assert_eq!((published(&world).len(), announced(&world).len()), (1, 1));

    observe(&world, &[observation("us-east-1", "compliant", at(DAY))], at(DAY)).await;
    let last = published(&world).pop().unwrap();
    assert_eq!(last["kind"], "resolved");
    assert_eq!(announced(&world).pop().unwrap().1, Transition::Resolved);
    assert_eq!(review_at(&world, at(DAY + 60)).await.published, 0, "once");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_later_episode_is_told_even_if_its_beginning_is_not_known_to_be() {
    let world = world();
    for (day, decision) in [(0, "non-compliant"), (1, "compliant")] {
        observe(
            &world,
            &[observation("us-east-1", decision, at(day * DAY))],
            at(day * DAY),
        )
        .await;
    }
    let fault = [Fault::None, Fault::None, Fault::Unreachable, Fault::Unreachable];
    world.memory.faults.borrow_mut().extend(fault);
    let again = observation("us-east-1", "non-compliant", at(2 * DAY));
    assert_eq!(observe(&world, &[again], at(2 * DAY)).await, [WayOut::Retried]);
    observe(
        &world,
        &[observation("us-east-1", "compliant", at(3 * DAY))],
        at(3 * DAY),
    )
    .await;
    let kinds: Vec<_> = published(&world).iter().map(|notice| notice["kind"].clone()).collect();
    assert_eq!(kinds, ["alert", "resolved", "alert", "resolved"]);
    assert_eq!(announced(&world).pop().unwrap().1, Transition::Resolved);
    assert_eq!(announced(&world).len(), 4);
    assert_eq!(review_at(&world, at(3 * DAY + 60)).await.announced, 0, "once");
}

/// The fault lasts longer than the quiet week after which a finding is closed.
#[tokio::test(start_paused = true)]
async fn what_somebody_has_yet_to_hear_of_is_not_closed() {
    for people in [true, false] {
        let world = world();
        let refuse = |refuse| {
            if people {
                world.topic.refuses.set(refuse);
            } else {
                world.machines.refuse.set(refuse);
            }
        };
        refuse(true);
        let message = finding("app", "us-east-1", &["a"]);
        assert_eq!(deliver(&world, &[message], at(0)).await, [WayOut::Retried]);
        let reviewed = review_at(&world, at(9 * DAY)).await;
        assert_eq!((reviewed.failed, reviewed.closed), (1, 0));
        refuse(false);
        let reviewed = review_at(&world, at(9 * DAY + HOUR)).await;
        assert_eq!((reviewed.failed, reviewed.closed), (0, 0), "told first");
        assert_eq!(
            (published(&world).len(), announced(&world)[0].1),
            (1, Transition::First)
        );
        assert_eq!(review_at(&world, at(9 * DAY + 2 * HOUR)).await.closed, 1);
        assert_eq!(announced(&world).pop().unwrap().1, Transition::Closed);
    }
}

/// A canary of a Region of an account, or of a version that knew no other account.
fn canary(account: Option<&str>, region: &str) -> Message {
    let arrival = CanaryArrival {
        version: crisguard_core::finding::VERSION,
        account: account.map(|account| account.parse().unwrap()),
        region: region.parse().unwrap(),
        // Whatever it says itself: anybody can put one on the bus.
        at: "2099-01-01T00:00:00Z".parse().unwrap(),
    };
    let body = crisguard_core::finding::Message::Canary(arrival).to_json().unwrap();
    Message {
        id: MessageId::new(format!("{account:?} {region}")).unwrap(),
        body,
        group: Some("canary".to_owned()),
    }
}

fn silent(reviewed: &Reviewed) -> Vec<String> {
    reviewed.late_canaries.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_region_whose_canary_stops_is_late_for_a_week_and_nobody_reads_of_canaries() {
    let world = world();
    let canary = |region| canary(Some("111122223333"), region);
    let outcome = run(
        &world,
        &everything(),
        vec![canary("us-east-1"), canary("eu-west-1")],
        at(0),
    )
    .await;
    assert!(outcome.exits.iter().all(|(_, way_out)| *way_out == WayOut::Canary));
    assert!(review_at(&world, at(3 * HOUR - 1)).await.late_canaries.is_empty());
    run(&world, &everything(), vec![canary("us-east-1")], at(2 * HOUR)).await;
    assert_eq!(silent(&review_at(&world, at(3 * HOUR)).await), ["eu-west-1"]);
    assert_eq!(
        silent(&review_at(&world, at(5 * HOUR)).await),
        ["eu-west-1", "us-east-1"]
    );
    assert!(review_at(&world, at(8 * DAY)).await.late_canaries.is_empty());
    assert!(published(&world).is_empty() && announced(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_account_s_canary_hides_that_another_s_of_the_same_region_stopped() {
    let (home, member) = (Some("111122223333"), Some("444455556666"));
    for (goes_on, stopped) in [(member, "us-east-1"), (home, "444455556666/us-east-1")] {
        let world = world();
        let both = vec![canary(home, "us-east-1"), canary(member, "us-east-1")];
        run(&world, &everything(), both, at(0)).await;
        run(&world, &everything(), vec![canary(goes_on, "us-east-1")], at(2 * HOUR)).await;
        let reviewed = review_at(&world, at(4 * HOUR)).await;
        assert_eq!(silent(&reviewed), [stopped]);
        assert_eq!(
            serde_json::to_value(&reviewed).unwrap()["late_canaries"],
            json!([stopped])
        );
    }
}

/// A table that was there before, and messages that were on their way when a new version was deployed.
#[tokio::test(start_paused = true)]
async fn canaries_of_versions_that_knew_one_account_are_the_home_account_s() {
    let world = world();
    let old = canary(None, "us-east-1");
    assert_eq!(
        old.body,
        r#"{"kind":"canary","version":2,"region":"us-east-1","at":"2099-01-01T00:00:00Z"}"#
    );
    run(&world, &everything(), vec![old], at(0)).await;
    let keys = |world: &World| -> Vec<String> {
        let documents = world.memory.documents.borrow();
        documents
            .keys()
            .map(|key| format!("{} {}", key.partition, key.sort))
            .collect()
    };
    assert_eq!(keys(&world), ["CANARY REGION#us-east-1"]);
    assert_eq!(silent(&review_at(&world, at(3 * HOUR)).await), ["us-east-1"]);
    run(
        &world,
        &everything(),
        vec![canary(Some("111122223333"), "us-east-1")],
        at(3 * HOUR),
    )
    .await;
    assert_eq!(keys(&world), ["CANARY REGION#us-east-1"]);
    assert_eq!(silent(&review_at(&world, at(4 * HOUR)).await), [""; 0]);
    run(
        &world,
        &everything(),
        vec![canary(Some("444455556666"), "us-east-1")],
        at(4 * HOUR),
    )
    .await;
    assert_eq!(
        keys(&world).first().unwrap(),
        "CANARY ACCOUNT#444455556666#REGION#us-east-1"
    );
}
