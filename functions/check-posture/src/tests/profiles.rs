//! What Regions answer about their inference profiles is kept, Region by Region.

use crisguard_core::catalog::Live;
use serde_json::{Value, json};

use super::{reports::PROFILES, *};

const BOTH: [(&str, &str); 2] = [
    ("eu-central-1", "2026-11-22T17:12:34Z"),
    ("eu-west-1", "2026-11-22T17:12:34Z"),
];
const BEFORE: &str = "2026-11-21T17:00:00Z";

fn old() -> Value {
    json!({"regions": {"eu-west-1": {"observed_at": BEFORE, "profiles": {}}}})
}

fn kept(function: &Function) -> Vec<(String, String)> {
    let live = Live::from_json(function.ports.reports.lists().to_string().as_bytes()).unwrap();
    let observed = live.observed();
    observed
        .map(|(region, at)| (region.to_string(), at.to_string()))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(region, at): &(&str, &str)| ((*region).to_owned(), (*at).to_owned());
    pairs.iter().map(owned).collect()
}

async fn after_a_night(spoil: impl FnOnce(&mut Function)) -> Function {
    let mut function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    spoil(&mut function);
    answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    function
}

fn hold(function: &Function, lists: Value) {
    function
        .ports
        .reports
        .kept
        .borrow_mut()
        .insert(PROFILES.to_owned(), lists);
}

#[tokio::test]
async fn every_region_s_answer_is_kept_with_what_it_says() {
    let function = after_a_night(|_| {}).await;
    assert_eq!(kept(&function), pairs(&BOTH));
    let lists = function.ports.reports.lists();
    let profile = &lists["regions"]["eu-west-1"]["profiles"]["global.anthropic.claude-sonnet-4-6"];
    assert_eq!(
        profile["models"][1],
        "arn:aws:bedrock:::foundation-model/anthropic.claude-sonnet-4-6"
    );
}

#[tokio::test]
async fn a_region_that_does_not_answer_keeps_what_it_answered_before() {
    let function = after_a_night(|function| {
        hold(function, old());
        let denied = json!({"listed": {"Err": {"action": "bedrock:ListInferenceProfiles", "cause": "no"}}});
        let place = ("eu-west-1".to_owned(), Area::Profiles);
        function.ports.world.settings.insert(place, denied);
    })
    .await;
    assert_eq!(kept(&function), pairs(&[BOTH[0], ("eu-west-1", BEFORE)]));
}

#[tokio::test]
async fn what_another_run_keeps_at_the_same_time_is_not_lost() {
    let elsewhere = json!({"regions": {"us-east-1": {"observed_at": BEFORE, "profiles": {}}}});
    let function = after_a_night(|function| {
        *function.ports.reports.lists_meanwhile.borrow_mut() = Some(elsewhere);
    })
    .await;
    assert_eq!(kept(&function), pairs(&[BOTH[0], BOTH[1], ("us-east-1", BEFORE)]));
}

#[tokio::test]
async fn lists_that_cannot_be_read_or_understood_are_written_anew() {
    let damaged = after_a_night(|function| hold(function, json!({"regions": 7}))).await;
    assert_eq!(kept(&damaged), pairs(&BOTH));
    let unreadable = after_a_night(|function| {
        hold(function, old());
        function.ports.reports.unreadable = true;
    })
    .await;
    assert_eq!(kept(&unreadable), pairs(&BOTH));
}

#[tokio::test]
async fn a_look_at_other_areas_keeps_no_lists() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    answered(&function, RULES, now(), Vec::new()).await.unwrap();
    assert!(!function.ports.reports.kept.borrow().contains_key(PROFILES));
}
