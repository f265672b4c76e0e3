//! Every area of every Region, the report of it, and what was not reached.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

/// Returns what is decided, as `REGION CONTROL: DECISION`.
fn decided(answer: &Answer) -> Vec<String> {
    let each = answer.assessments.iter().map(|each| &each.finding);
    each.map(|finding| format!("{} {}: {}", finding.region, finding.control, finding.decision.name()))
        .collect()
}

/// How many decisions there are about Regions, of which `home` is looked at for all.
fn expected(regions: usize) -> usize {
    let of = |area: Area| ControlId::about_settings(area).count();
    let areas = Area::ALL.into_iter();
    areas
        .map(|area| of(area) * if area.is_global() { 1 } else { regions })
        .sum()
}

#[tokio::test]
async fn every_control_decides_about_every_region_and_the_coverage_adds_up() {
    let regions = [TWO_REGIONS[0], ("me-south-1", false), TWO_REGIONS[1]];
    let function = function(&regions, World::as_deployed(), &[]).await;
    let answer = answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    assert_eq!(answer.assessments.len(), expected(3));
    let Coverage {
        accounts,
        regions,
        controls,
        compliant,
        region_not_enabled,
        non_compliant,
        undecided,
    } = answer.coverage;
    assert_eq!((accounts, regions), (1, 3));
    assert_eq!(
        controls,
        ControlId::ALL
            .into_iter()
            .filter(|control| control.area().is_some())
            .count()
    );
    assert_eq!(compliant + non_compliant + undecided, answer.assessments.len());
    let distinct: BTreeSet<String> = decided(&answer).into_iter().collect();
    assert_eq!(distinct.len(), answer.assessments.len());
    let accepted = function.ports.queue.accepted.borrow().len();
    assert_eq!(accepted, answer.assessments.len(), "at first, all is told");
    let disabled: Vec<&Assessed> = answer
        .assessments
        .iter()
        .filter(|each| each.finding.region.as_str() == "me-south-1")
        .collect();
    assert!(
        disabled
            .iter()
            .all(|each| each.finding.explanation.contains("not enabled"))
    );
    assert_eq!(region_not_enabled, disabled.len());
}

/// One line for all, and one for each control, of the nightly look alone.
#[tokio::test]
async fn what_each_control_decided_is_counted_once_a_night() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    let mut metrics = Vec::new();
    answered(&function, NIGHTLY, now(), &mut metrics).await.unwrap();
    let lines: Vec<Value> = String::from_utf8(metrics)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sum = |line: &Value| -> u64 {
        let counts = ["Compliant", "Violation", "Undecided"];
        counts.iter().map(|name| line[name].as_u64().unwrap()).sum()
    };
    let (all, by_control) = lines.split_first().unwrap();
    assert_eq!(
        (&all["NightlyLooks"], sum(all)),
        (&1.into(), all["Assessments"].as_u64().unwrap())
    );
    assert_eq!(by_control.iter().map(sum).sum::<u64>(), sum(all));
    let logging = by_control
        .iter()
        .find(|line| line["Control"] == "invocation-logging-enabled");
    assert_eq!(
        logging.unwrap()["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([["FunctionName", "Control"]])
    );

    let mut metrics = Vec::new();
    answered(&function, r#"{"regions":["eu-west-1"]}"#, now(), &mut metrics)
        .await
        .unwrap();
    let line: Value = serde_json::from_slice(&metrics).unwrap();
    assert_eq!(line["NightlyLooks"], 0);
}

#[tokio::test]
async fn nothing_is_looked_at_twice() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    let looked = function.ports.world.looked.borrow();
    let distinct: BTreeSet<&(String, Area)> = looked.iter().collect();
    assert_eq!(distinct.len(), looked.len(), "{looked:?}");
}

#[tokio::test]
async fn the_report_is_kept_by_day_and_is_what_was_answered() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    let answer = answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    let by_hand = r#"{"regions":["eu-west-1"]}"#;
    answered(&function, by_hand, now(), Vec::new()).await.unwrap();
    let kept = function.ports.reports.kept.borrow();
    let keys: Vec<&String> = kept.keys().collect();
    assert_eq!(
        keys,
        [
            "posture/111122223333/2026-11-22/by-hand.json",
            "posture/111122223333/2026-11-22/nightly.json",
            "posture/111122223333/known.json",
            "posture/111122223333/profiles.json",
            "posture/111122223333/scps.json"
        ]
    );
    assert_eq!(kept[keys[1]], serde_json::to_value(&answer).unwrap());
}

#[tokio::test]
async fn a_report_that_cannot_be_kept_fails_the_run_after_everything_was_handed_on() {
    let mut function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    function.ports.reports.refused = true;
    let error = answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("s3:PutObject"), "{error}");
    assert_eq!(function.ports.queue.accepted.borrow().len(), expected(2));
}

#[tokio::test]
async fn where_bedrock_is_not_used_logging_need_not_be_on_but_where_the_policy_names_it() {
    for (used, west, central) in [
        (Some(&[][..]), "non-compliant", "compliant"),
        (Some(&["eu-central-1"][..]), "non-compliant", "non-compliant"),
        (None, "non-compliant", "undecided"),
    ] {
        let mut world = World::as_deployed();
        for region in ["eu-west-1", "eu-central-1"] {
            let off = json!({"configuration": {"Ok": null}});
            world.settings.insert((region.to_owned(), Area::Logging), off);
        }
        world.used = used;
        let function = function(&TWO_REGIONS, world, &[]).await;
        let request = r#"{"controls":["invocation-logging-enabled"]}"#;
        let answer = answered(&function, request, now(), Vec::new()).await.unwrap();
        let control = "invocation-logging-enabled";
        assert_eq!(
            decided(&answer),
            [
                format!("eu-central-1 {control}: {central}"),
                format!("eu-west-1 {control}: {west}")
            ],
            "{used:?}"
        );
    }
}

#[tokio::test]
async fn a_region_that_is_named_by_hand_is_in_use() {
    let mut world = World::as_deployed();
    let off = json!({"configuration": {"Ok": null}});
    world.settings.insert(("eu-central-1".to_owned(), Area::Logging), off);
    let function = function(&TWO_REGIONS, world, &[]).await;
    let request = r#"{"regions":["eu-central-1"],"controls":["invocation-logging-enabled"]}"#;
    let answer = answered(&function, request, now(), Vec::new()).await.unwrap();
    assert_eq!(
        decided(&answer),
        ["eu-central-1 invocation-logging-enabled: non-compliant"]
    );
}

/// Whoever names a Region that the account cannot use gets no gaps, but for what cannot be listed.
#[tokio::test]
async fn a_region_that_is_named_by_hand_and_not_enabled_is_not_looked_at() {
    let mut function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    let request = r#"{"regions":["me-south-1"],"controls":["invocation-logging-enabled"]}"#;
    function.ports.world.listed = Ok(vec![("eu-central-1", true), ("me-south-1", false)]);
    let answer = answered(&function, request, now(), Vec::new()).await.unwrap();
    let told = serde_json::to_string(&answer.assessments).unwrap();
    assert!(told.contains("region_not_enabled"), "{told}");
    function.ports.world.listed = Ok(vec![("eu-central-1", true)]);
    let answer = answered(&function, request, now(), Vec::new()).await.unwrap();
    let told = serde_json::to_string(&answer.assessments).unwrap();
    assert!(
        !told.contains("region_not_enabled"),
        "what is not in the list is looked at: {told}"
    );
}

/// What is wrong was so when it was seen, and what is right when the look began.
#[tokio::test(start_paused = true)]
async fn what_was_seen_late_is_not_outdone_by_what_was_seen_meanwhile() {
    let mut world = World::as_deployed();
    world.slow = Some(Area::Logging);
    let function = function(&[], world, &[]).await;
    let request = json!({ "regions": ["eu-central-1"] }).to_string();
    let answer = answered(&function, &request, now(), Vec::new()).await.unwrap();
    for Assessed { finding, .. } in &answer.assessments {
        let late = finding.observed_at.duration_since(now()).as_secs();
        let about_logging = finding.control.area() == Some(Area::Logging);
        assert_eq!(late, if about_logging { 270 } else { 0 }, "{}", finding.control);
    }
}

/// Looks that wait for others do not get time of their own: all end together.
#[tokio::test(start_paused = true)]
async fn however_many_looks_there_are_they_end_in_time() {
    let names: Vec<String> = (1..=99).map(|number| format!("eu-north-{number}")).collect();
    let mut world = World::as_deployed();
    world.slow = Some(Area::Logging);
    let function = function(&[], world, &[]).await;
    let request = json!({ "regions": names, "controls": ["invocation-logging-enabled"] }).to_string();
    let begun = Instant::now();
    let answer = answered(&function, &request, now(), Vec::new()).await.unwrap();
    assert_eq!(answer.coverage.undecided, 99);
    assert_eq!(begun.elapsed().as_secs(), 270, "half a minute is left for handing on");
}

/// Of a Region that is not enabled there is nothing to tell, but where something was found before.
#[tokio::test]
async fn a_region_that_is_not_enabled_is_told_of_only_to_end_what_was_found() {
    let mut world = World::as_deployed();
    world.removed = vec![("eu-west-1", names::forward(1))];
    let mut function = function(&TWO_REGIONS, world, &[]).await;
    answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    function.ports.queue.accepted.borrow_mut().clear();
    function.ports.world.listed = Ok(vec![
        ("eu-west-1", false),
        ("me-south-1", false),
        ("eu-central-1", true),
    ]);
    let answer = answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    assert_eq!(answer.assessments.len(), expected(3), "the report has all");
    let accepted = function.ports.queue.accepted.borrow();
    let told: Vec<String> = accepted
        .iter()
        .filter(|message| message.body.contains("region_not_enabled"))
        .map(|message| match Message::from_json(&message.body).unwrap() {
            Message::Posture(finding) => format!("{} {}", finding.region, finding.control),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(
        told.contains(&"eu-west-1 rule-receives-inference".to_owned()),
        "{told:?}"
    );
    assert!(told.iter().all(|told| told.starts_with("eu-west-1")), "{told:?}");
}

/// What another run learns meanwhile is not written over.
#[tokio::test]
async fn two_runs_at_once_learn_both() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    let west = r#"{"regions":["eu-west-1"],"controls":["invocation-logging-enabled"]}"#;
    answered(&function, west, now(), Vec::new()).await.unwrap();
    let other = function.ports.reports.known();
    function.ports.reports.kept.borrow_mut().clear();
    *function.ports.reports.meanwhile.borrow_mut() = Some(other);
    let central = r#"{"regions":["eu-central-1"],"controls":["invocation-logging-enabled"]}"#;
    answered(&function, central, now(), Vec::new()).await.unwrap();
    let known = function.ports.reports.known();
    let regions: Vec<&String> = known["evidence"]["regions"].as_object().unwrap().keys().collect();
    assert_eq!(regions, ["eu-central-1", "eu-west-1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_reached_in_time_is_undecided_and_the_rest_is_handed_on() {
    let mut world = World::as_deployed();
    world.slow = Some(Area::Logging);
    let function = function(&TWO_REGIONS, world, &[]).await;
    let answer = answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    assert_eq!(answer.assessments.len(), expected(2));
    for each in &answer.assessments {
        let slow = each.finding.control.area() == Some(Area::Logging);
        let explanation = &each.finding.explanation;
        assert_eq!(
            explanation.contains("there was no time left to look at it"),
            slow,
            "{explanation}"
        );
        assert_eq!(each.finding.decision.name() == "undecided", slow, "{explanation}");
    }
    let accepted = function.ports.queue.accepted.borrow().len();
    assert_eq!(accepted, expected(2));
}

/// Six controls that are broken for the first time are told together; the next night they are known,
/// and a seventh is told by itself.
#[tokio::test]
async fn many_that_are_found_at_once_are_told_together() {
    let one_of_many = |function: &Function| {
        let accepted = function.ports.queue.accepted.borrow();
        let findings = accepted
            .iter()
            .map(|message| Message::from_json(&message.body).unwrap());
        let mut marked = BTreeSet::new();
        for finding in findings {
            let Message::Posture(finding) = finding else { panic!() };
            if finding.one_of_many {
                assert_eq!(finding.decision.name(), "non-compliant");
                marked.insert(finding.control);
            }
        }
        marked
    };
    let mut world = World::as_deployed();
    world.removed = vec![("eu-west-1", names::forward(1))];
    let off = |member: &str| json!({ member: { "Ok": null } });
    let mut break_it = |area, change: Value| {
        drop(world.settings.insert(("eu-west-1".to_owned(), area), change));
    };
    break_it(Area::Logging, off("configuration"));
    let few = function(&TWO_REGIONS, world, &[]).await;
    answered(&few, NIGHTLY, now(), Vec::new()).await.unwrap();
    assert_eq!(one_of_many(&few), BTreeSet::new(), "two are a handful");

    let mut world = World::as_deployed();
    world.removed = vec![("eu-west-1", names::forward(1))];
    let bucket = json!({"logs": {"Ok": {"own": {
        "region": "eu-west-1", "encryption": {"Ok": "s3_managed"}, "public_access": {"Ok": null},
        "ownership": {"Ok": null}, "policy": {"Ok": null},
        "lifecycle": {"Ok": [{"prefix": "", "when": {"after_days": 1}}]}
    }}}});
    let groups = json!({"/crisguard/invocations": {"Ok": null}});
    let logging = json!({"buckets": bucket, "log_groups": groups, "failed_deliveries": {"Ok": 7}});
    world.settings.insert(("eu-west-1".to_owned(), Area::Logging), logging);
    let stopped = json!({"trails": {"Ok": {}}});
    world.settings.insert(("eu-west-1".to_owned(), Area::Trails), stopped);
    let policy = PolicyObject::holding(&format!(
        "{POLICY}posture: {{ invocation_logging: {{ modalities: [text], retention_days: 365, customer_managed_key: true }} }}\n"
    ));
    let many = under(policy, &TWO_REGIONS, world, &[]).await;
    answered(&many, NIGHTLY, now(), Vec::new()).await.unwrap();
    let told_together = one_of_many(&many);
    assert!(told_together.len() > HANDFUL, "{told_together:?}");
    many.ports.queue.accepted.borrow_mut().clear();
    answered(&many, NIGHTLY, now(), Vec::new()).await.unwrap();
    assert_eq!(one_of_many(&many), BTreeSet::new(), "they are known by now");
}
