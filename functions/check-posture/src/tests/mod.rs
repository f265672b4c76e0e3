//! The function with fakes for its ports.

mod across;
mod changes;
mod membership;
mod organization;
mod profiles;
mod reports;
mod runs;
mod sweeps;
mod world;

use std::{cell::RefCell, collections::BTreeMap};

use crisguard_core::posture::{PostureGap, PostureViolation, RuleProblem, names};
use crisguard_lambda::{
    config::Variables,
    policy_in_force::REREAD_AFTER,
    report::Report,
    test_support::{FindingsQueue, PolicyObject, failure},
};
use jiff::Timestamp;
use organization::Organization;
use reports::Reports;
use world::{ACCOUNT, Fakes, POLICY, World};

use super::*;
use crate::config::Config;

type Function = CheckPosture<PolicyObject, Fakes>;

const NIGHTLY: &str = r#"{"crisguard":"nightly"}"#;
const TWO_REGIONS: [(&str, bool); 2] = [("eu-west-1", true), ("eu-central-1", true)];

fn now() -> Timestamp {
    "2026-11-22T17:12:34Z".parse().unwrap()
}

async fn function(regions: &[(&'static str, bool)], world: World, refused: &[usize]) -> Function {
    under(PolicyObject::holding(POLICY), regions, world, refused).await
}

async fn under(policy: PolicyObject, regions: &[(&'static str, bool)], world: World, refused: &[usize]) -> Function {
    let mut function = at_path(policy, "").await;
    function.ports.world = world;
    function.ports.world.listed = Ok(regions.to_vec());
    function.ports.queue = FindingsQueue::refusing(refused);
    function
}

/// The function of an account that is told its place in the organization.
async fn at_path(policy: PolicyObject, path: &str) -> Function {
    let variables = Variables::new(|name: &str| {
        Some(match name {
            "CRISGUARD_ACCOUNT" => ACCOUNT.to_owned(),
            "AWS_REGION" => "eu-central-1".to_owned(),
            "CRISGUARD_LOG_LEVEL" => String::new(),
            "CRISGUARD_ORGANIZATION_PATH" => path.to_owned(),
            name if name.starts_with("CRISGUARD_ORGANIZATION") => String::new(),
            name => name.to_lowercase(),
        })
    });
    let ports = Fakes {
        world: World::as_deployed(),
        members: None,
        hangs: false,
        entered: RefCell::default(),
        organization: Organization {
            accounts: Ok(vec![(ACCOUNT, false)]),
            attached: Ok(()),
            asked: RefCell::default(),
        },
        queue: FindingsQueue::refusing(&[]),
        reports: Reports::default(),
    };
    let config = Config::read(variables).unwrap();
    CheckPosture::start(config, policy, ports, now()).await.unwrap()
}

/// When the Lambda service would end the invocation.
fn deadline(now: Timestamp) -> Timestamp {
    now + std::time::Duration::from_mins(5)
}

async fn answered(
    function: &Function,
    request: &str,
    at: Timestamp,
    out: impl std::io::Write,
) -> Result<Answer, Report> {
    match function.handle(request, at, deadline(at), out).await? {
        Reply::Report(answer) => Ok(answer),
        other => panic!("{other:?}"),
    }
}

/// Asks for the control on the rules alone, as most of these tests do.
const RULES: &str = r#"{"controls":["rule-receives-inference"]}"#;

async fn decisions(world: World) -> BTreeMap<String, PostureDecision> {
    let function = function(&TWO_REGIONS, world, &[]).await;
    let answer = answered(&function, RULES, now(), Vec::new()).await.unwrap();
    let assessed = answer.assessments.into_iter();
    assessed
        .map(|assessed| (assessed.finding.region.to_string(), assessed.finding.decision))
        .collect()
}

#[tokio::test]
async fn every_region_is_decided_and_handed_on_and_the_metrics_add_up() {
    let mut world = World::as_deployed();
    world.removed = vec![("eu-west-1", names::forward(1))];
    let regions = [TWO_REGIONS[0], ("me-south-1", false), TWO_REGIONS[1]];
    let function = function(&regions, world, &[]).await;
    let mut metrics = Vec::new();
    let answer = answered(&function, RULES, now(), &mut metrics).await.unwrap();
    insta::assert_snapshot!("answer", serde_json::to_string_pretty(&answer).unwrap());
    insta::assert_snapshot!("metrics", String::from_utf8(metrics).unwrap());

    let accepted = function.ports.queue.accepted.borrow();
    let sent: Vec<Message> = accepted
        .iter()
        .map(|message| Message::from_json(&message.body).unwrap())
        .collect();
    let answered = ["eu-west-1", "eu-central-1", "me-south-1"].map(|region| {
        let mut assessed = answer.assessments.iter();
        let assessed = assessed.find(|assessed| assessed.finding.region.as_str() == region);
        Message::Posture(Box::new(assessed.unwrap().finding.clone()))
    });
    assert_eq!(
        sent, answered,
        "the worst first, for one alert is told of what comes together"
    );
    let group = &accepted[0].group;
    assert!(
        accepted
            .iter()
            .all(|message| message.group == *group && message.deduplication_id.len() == 64)
    );
}

#[tokio::test]
async fn all_is_well_after_a_deployment() {
    for (region, decision) in decisions(World::as_deployed()).await {
        assert_eq!(decision.name(), "compliant", "{region}: {decision}");
    }
}

#[tokio::test]
async fn every_refused_call_leaves_its_permission_and_never_compliance() {
    for (action, only_home) in [
        ("events:ListRules", false),
        ("events:ListTargetsByRule", false),
        ("events:DescribeEventBus", true),
        ("cloudwatch:GetMetricData", false),
    ] {
        let mut world = World::as_deployed();
        world.denied = Some(action);
        for (region, decision) in decisions(world).await {
            let named = match &decision {
                PostureDecision::Undecided(PostureGap::NotObserved { not_observed, .. }) => {
                    not_observed.iter().all(|unseen| unseen.action == action)
                }
                PostureDecision::Compliant(_) => only_home && region != "eu-central-1",
                PostureDecision::NonCompliant(_) | PostureDecision::Undecided(_) => false,
            };
            assert!(named, "{action}: {region}: {decision}");
        }
    }
}

#[tokio::test]
async fn calls_without_events_are_a_violation_whatever_they_are_counted_by() {
    let by = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let sets = [
        vec![by(&[])],
        vec![by(&[("ModelId", "a")]), by(&[("ModelId", "b")])],
        vec![
            by(&[]),
            by(&[("ModelId", "a")]),
            by(&[("ModelId", "a"), ("ServiceTier", "flex")]),
        ],
    ];
    for (counted_by, calls) in sets.into_iter().zip([69, 2 * 69, 69]) {
        let mut world = World::as_deployed();
        world.sums.remove(&("TriggeredRules", names::SEEN_CALLS.to_owned()));
        world.counted_by = counted_by;
        let decision = decisions(world).await.remove("eu-west-1").unwrap();
        // Of 24 whole hours the first is left out: the rules may have begun to stand within it.
        let PostureDecision::NonCompliant(PostureViolation::RulesDoNotReceive { problems, .. }) = decision else {
            panic!("{decision}")
        };
        assert_eq!(problems, [RuleProblem::NothingArrived { calls, hours: 23 }]);
    }
}

#[tokio::test]
async fn either_metric_of_a_rule_shows_that_events_arrive() {
    let mut world = World::as_deployed();
    world.sums.remove(&("TriggeredRules", names::SEEN_CALLS.to_owned()));
    world.sums.insert(("MatchedEvents", names::SEEN_CALLS.to_owned()), 1.0);
    assert_eq!(decisions(world).await["eu-west-1"].name(), "compliant");
}

#[tokio::test]
async fn where_bedrock_never_counted_a_call_nothing_need_arrive() {
    let mut world = World::as_deployed();
    world.sums.clear();
    world.counted_by.clear();
    assert_eq!(decisions(world).await["eu-west-1"].name(), "compliant");
}

#[tokio::test]
async fn whole_hours_of_a_day_are_read_and_the_one_that_has_begun() {
    let function = function(&[("eu-west-1", true)], World::as_deployed(), &[]).await;
    answered(&function, RULES, now(), Vec::new()).await.unwrap();
    let spans = function.ports.world.spans.borrow();
    let at = |time: &str| time.parse::<Timestamp>().unwrap().as_second();
    let (from, until) = (at("2026-11-21T16:00:00Z"), at("2026-11-22T18:00:00Z"));
    assert!(
        !spans.is_empty()
            && spans
                .iter()
                .all(|span| (span.from, span.until, span.period) == (from, until, 3600))
    );
}

#[tokio::test]
async fn a_missing_bus_is_found_in_the_home_region_alone() {
    let mut world = World::as_deployed();
    world.removed = vec![("eu-central-1", "crisguard".to_owned())];
    let decisions = decisions(world).await;
    assert_eq!(decisions["eu-west-1"].name(), "compliant");
    assert!(
        decisions["eu-central-1"]
            .to_string()
            .contains("the event bus crisguard is missing")
    );
}

#[tokio::test]
async fn the_policy_object_changed_behind_the_rules() {
    let policy = PolicyObject::holding(POLICY);
    let function = under(policy.clone(), &TWO_REGIONS, World::as_deployed(), &[]).await;
    policy.put(&POLICY.replace("deny", "allow"));
    let answer = answered(&function, RULES, now() + REREAD_AFTER, Vec::new())
        .await
        .unwrap();
    for assessed in answer.assessments {
        let explanation = assessed.finding.explanation;
        assert!(explanation.contains("not from the one in force"), "{explanation}");
    }
}

#[tokio::test]
async fn a_rejected_policy_is_counted_and_the_old_one_stays() {
    let policy = PolicyObject::holding(POLICY);
    let function = under(policy.clone(), &TWO_REGIONS, World::as_deployed(), &[]).await;
    policy.put("version: 2");
    let mut metrics = Vec::new();
    let answer = answered(&function, RULES, now() + REREAD_AFTER, &mut metrics)
        .await
        .unwrap();
    assert!(
        answer
            .assessments
            .iter()
            .all(|assessed| assessed.finding.decision.name() == "compliant")
    );
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).unwrap();
    assert_eq!(metrics["PolicyRejected"], 1);
}

#[tokio::test]
async fn what_was_not_handed_on_fails_the_invocation_after_the_rest_was() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[0]).await;
    let mut metrics = Vec::new();
    let error = answered(&function, RULES, now(), &mut metrics).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("Finding: 1 decisions could not be handed on"),
        "{error}"
    );
    assert_eq!(function.ports.queue.accepted.borrow().len(), 1);
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).unwrap();
    assert_eq!((&metrics["FindingsSent"], &metrics["Retried"]), (&1.into(), &1.into()));
}

#[tokio::test]
async fn regions_are_looked_at_at_once_but_not_all() {
    let names: Vec<String> = (1..=40).map(|number| format!("eu-north-{number}")).collect();
    let request = serde_json::json!({ "regions": names, "controls": ["rule-receives-inference"] }).to_string();
    let function = function(&[], World::as_deployed(), &[]).await;
    let answer = answered(&function, &request, now(), Vec::new()).await.unwrap();
    assert_eq!(answer.assessments.len(), 40);
    assert_eq!(function.ports.world.most_looks.get(), 40, "at most {LOOKS_AT_ONCE}");
}

#[tokio::test]
async fn a_request_by_hand_names_its_regions_and_asks_for_no_list() {
    let function = function(&[], World::as_deployed(), &[]).await;
    let request = r#"{"regions":["eu-west-1","eu-west-1"],"controls":["rule-receives-inference"]}"#;
    let answer = answered(&function, request, now(), Vec::new()).await.unwrap();
    assert_eq!(answer.assessments.len(), 1);
    let mut errors = Vec::new();
    for request in [
        r#"{"regions":[]}"#,
        r#"{"regions":["Tokyo"]}"#,
        r#"{"crisguard":"daily"}"#,
        r#"{"controls":[]}"#,
        r#"{"controls":["rule-receives-everything"]}"#,
        r#"{"controls":["destination-region-allowed"]}"#,
        r#"{"regions":"eu-west-1"}"#,
        r#"{"regions":["eu-west-1"],"secret":1}"#,
        "{}",
        "secret",
    ] {
        errors.push(
            answered(&function, request, now(), Vec::new())
                .await
                .unwrap_err()
                .to_string(),
        );
    }
    insta::assert_snapshot!(errors.join("\n"));
}

/// Without the list, what the policy and the function's own place name is looked at, and the home
/// Region is undecided for the rest.
#[tokio::test]
async fn without_a_list_of_regions_nothing_is_said_to_be_well() {
    let mut function = function(&[], World::as_deployed(), &[]).await;
    function.ports.world.listed = Err(failure("account:ListRegions", "AccessDeniedException (HTTP 403): no"));
    let mut told = Vec::new();
    for request in [
        RULES,
        r#"{"regions":["eu-central-1"],"controls":["rule-receives-inference"]}"#,
        r#"{"regions":["eu-west-1"],"controls":["rule-receives-inference"]}"#,
    ] {
        let answer = answered(&function, request, now(), Vec::new()).await.unwrap();
        let assessed = answer.assessments.iter();
        told.extend(assessed.map(|Assessed { finding, .. }| format!("{}: {}", finding.region, finding.explanation)));
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    eu-central-1: not every Region that the account can use is known, so crisguard's own rules were looked for only in those that are, eu-central-1 among them (account:ListRegions failed: AccessDeniedException (HTTP 403): no)
    eu-west-1: crisguard's rules in eu-west-1 stand as the policy in force asks
    eu-central-1: not every Region that the account can use is known, so crisguard's own rules were looked for only in those that are, eu-central-1 among them (account:ListRegions failed: AccessDeniedException (HTTP 403): no)
    eu-west-1: crisguard's rules in eu-west-1 stand as the policy in force asks
    ");
    assert_eq!(function.ports.queue.accepted.borrow().len(), 4, "each is handed on");
}

#[tokio::test]
async fn a_list_that_is_not_whole_is_no_list() {
    for (list, cause) in [
        (vec![("eu-west-1", true)], "eu-central-1 is not in the list"),
        (vec![], "eu-central-1 is not in the list"),
        (
            vec![("eu-central-1", true), ("Tokyo", true)],
            "`Tokyo` in the list is not the name of a Region",
        ),
    ] {
        let function = function(&list, World::as_deployed(), &[]).await;
        let answer = answered(&function, RULES, now(), Vec::new()).await.unwrap();
        let decided: Vec<_> = answer
            .assessments
            .iter()
            .map(|Assessed { finding, .. }| (finding.region.as_str(), finding.decision.name()))
            .collect();
        assert_eq!(
            decided,
            [("eu-central-1", "undecided"), ("eu-west-1", "compliant")],
            "{list:?}"
        );
        let explanation = &answer.assessments[0].finding.explanation;
        assert!(
            explanation.ends_with(&format!("(account:ListRegions failed: {cause})")),
            "{explanation}"
        );
    }
}
