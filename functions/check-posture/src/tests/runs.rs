//! Many accounts, as the state machine has them planned, looked at line by line, and put together.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    across::{MEMBER, OTHER, RUN, asked, explanations, member, organization, refused, sent},
    *,
};

async fn planned(function: &Function, plan: Value) -> (Value, Vec<Value>) {
    let answer = asked(function, &json!({ "plan": plan })).await.unwrap();
    let kept = function.ports.reports.kept.borrow();
    let lines = kept[answer["key"].as_str().unwrap()].as_str().unwrap().lines();
    (
        answer.clone(),
        lines.map(|line| serde_json::from_str(line).unwrap()).collect(),
    )
}

#[tokio::test]
async fn a_plan_has_a_line_for_each_region_of_each_account_region_by_region() {
    let mut function = organization(POLICY, Some(OTHER)).await;
    let regions = [("me-south-1", false), ("eu-west-1", true), ("eu-central-1", true)];
    let members = function.ports.members.as_mut().unwrap();
    members.insert(MEMBER.parse().unwrap(), Ok(member(&regions)));
    let (answer, lines) = planned(&function, json!({"organization": true})).await;
    assert_eq!(
        answer,
        json!({
            "run": RUN, "bucket": "reports", "key": format!("posture/organization/{RUN}/plan.jsonl"),
            "items": 5, "accounts": 3, "regions": 2
        })
    );
    let line = |account: &str, region: &str| json!({"run": RUN, "account": account, "region": region});
    let mut unlisted = line(OTHER, "eu-central-1");
    unlisted["unlisted"] = json!({"action": "sts:AssumeRole", "cause": "AccessDenied (HTTP 403): no"});
    assert_eq!(
        lines,
        [
            line(ACCOUNT, "eu-central-1"),
            line(MEMBER, "eu-central-1"),
            unlisted,
            line(ACCOUNT, "eu-west-1"),
            line(MEMBER, "eu-west-1"),
        ]
    );
    let kept = function.ports.reports.kept.borrow();
    let organization = &kept[&format!("posture/organization/{RUN}/organization.json")];
    assert_eq!(organization["accounts"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_plan_of_named_accounts_and_regions_asks_nobody_which_there_are() {
    let mut function = organization(POLICY, Some(OTHER)).await;
    function.ports.organization.attached = Err(refused("organizations:ListPoliciesForTarget"));
    let plan = json!({"accounts": [OTHER, OTHER, ACCOUNT], "regions": ["eu-west-1"]});
    let (answer, lines) = planned(&function, plan).await;
    assert_eq!((&answer["items"], &answer["accounts"]), (&json!(2), &json!(2)));
    assert!(
        lines
            .iter()
            .all(|line| line["named"] == true && line["region"] == "eu-west-1"),
        "{lines:?}"
    );
    assert!(function.ports.entered.borrow().is_empty());
    let key = format!("posture/organization/{RUN}/organization.json");
    assert!(!function.ports.reports.kept.borrow().contains_key(&key));

    function.ports.organization.accounts = Err(refused("organizations:ListRoots"));
    let error = asked(&function, &json!({"plan": {"organization": true}}))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("organizations:ListRoots"), "{error}");
}

/// Runs are named by the second: a plan for one account must not take the place of one for all.
#[tokio::test]
async fn a_plan_does_not_replace_another_of_the_same_second() {
    let function = organization(POLICY, None).await;
    let (answer, lines) = planned(&function, json!({"organization": true})).await;
    let of_one = json!({"plan": {"accounts": [MEMBER], "regions": ["eu-west-1"]}});
    let error = asked(&function, &of_one).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("Plan: another run was planned as {RUN}, in the same second: try again")
    );
    let kept = function.ports.reports.kept.borrow();
    let kept = kept[answer["key"].as_str().unwrap()].as_str().unwrap();
    assert_eq!(kept.lines().count(), lines.len());
}

/// Looks at every line of a plan of the organization, and puts the results together.
async fn run(function: &Function) -> (Vec<Value>, Vec<Value>) {
    let (_, lines) = planned(function, json!({"organization": true})).await;
    let mut looked = Vec::new();
    for line in &lines {
        looked.push(asked(function, &json!({ "look": line })).await.unwrap());
    }
    (lines, looked)
}

async fn merged(function: &Function) -> (Value, Value) {
    let summary = asked(function, &json!({"merge": {"run": RUN}})).await.unwrap();
    let kept = function.ports.reports.kept.borrow();
    (
        summary,
        kept[&format!("posture/organization/{RUN}/report.json")].clone(),
    )
}

#[tokio::test]
async fn what_is_looked_at_line_by_line_is_what_is_looked_at_at_once() {
    let regions = [("me-south-1", false), ("eu-west-1", true), ("eu-central-1", true)];
    let mut function = organization(POLICY, Some(OTHER)).await;
    let members = function.ports.members.as_mut().unwrap();
    members.insert(MEMBER.parse().unwrap(), Ok(member(&regions)));
    let (_, looked) = run(&function).await;
    let keys: BTreeSet<&str> = looked[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(["run", "account", "region", "coverage"]));
    let (summary, report) = merged(&function).await;
    let by_hand = asked(&function, &json!({"organization": true})).await.unwrap();
    assert_eq!(summary["coverage"], by_hand["coverage"], "{summary}");
    assert!(summary["coverage"]["region_not_enabled"].as_u64().unwrap() > 0);
    assert_eq!(summary["gaps"], json!([]));
    assert_eq!(
        summary["report"],
        format!("s3://reports/posture/organization/{RUN}/report.json")
    );
    let accounts = summary["accounts"].as_array().unwrap();
    let unseen = accounts.iter().find(|of| of["account"] == OTHER).unwrap();
    assert_eq!((&unseen["regions"], &unseen["compliant"]), (&json!(2), &json!(0)));
    let listed = report["undecided"].as_array().unwrap().len();
    assert_eq!(report["coverage"]["undecided"], listed);
    assert_eq!(report["undecided_not_listed"], 0);
}

#[tokio::test]
async fn where_accounts_stand_is_asked_once_for_all() {
    let function = organization(UNITS_OF_MEMBER, None).await;
    let (_, looked) = run(&function).await;
    assert_eq!(looked.len(), 6);
    let asked = function.ports.organization.asked.borrow();
    assert_eq!(*asked, BTreeMap::from([("structure", 1), ("whole", 1)]));
    let kept = function.ports.reports.kept.borrow();
    let result = &kept[&format!("posture/organization/{RUN}/{MEMBER}/eu-central-1.json")];
    assert!(result["assessments"].to_string().contains("compliant"));
}

/// Overrides of an account need no place.
const UNITS_OF_MEMBER: &str = "version: 1\nregions: { source: [eu-west-1], destination: [eu-west-1] }\n\
    profiles: { global: deny }\naccounts:\n  \"222233334444\":\n    regions: { source: [eu-central-1] }\n";

#[tokio::test]
async fn what_the_plan_could_not_list_stays_undecided_even_if_it_can_be_by_now() {
    let function = organization(POLICY, None).await;
    let unlisted = json!({"action": "sts:AssumeRole", "cause": "no"});
    let line = json!({"run": RUN, "account": MEMBER, "region": "eu-central-1", "unlisted": unlisted});
    asked(&function, &json!({ "look": line })).await.unwrap();
    let kept = function.ports.reports.kept.borrow();
    let result = &kept[&format!("posture/organization/{RUN}/{MEMBER}/eu-central-1.json")];
    let told = explanations(result, MEMBER);
    assert!(
        told.iter()
            .any(|told| told.starts_with("not every Region that the account can use is known")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|told| told.contains("in eu-west-1")),
        "what the policy names is looked at: {told:?}"
    );
}

/// Loses a result, damages one, and takes a decision out of a third; adds to the plan the first line again, one that is
/// damaged, one of which something can be told, and one of another run.
fn spoil(kept: &mut BTreeMap<String, Value>) {
    let key = |account: &str, region: &str| format!("posture/organization/{RUN}/{account}/{region}.json");
    kept.remove(&key(MEMBER, "eu-west-1"));
    kept.insert(key(OTHER, "eu-west-1"), json!("half"));
    let mut result = kept[&key(OTHER, "eu-central-1")].clone();
    result["assessments"].as_array_mut().unwrap().pop();
    kept.insert(key(OTHER, "eu-central-1"), result);
    let plan = format!("posture/organization/{RUN}/plan.jsonl");
    let lines = kept[&plan].as_str().unwrap();
    let (again, _) = lines.split_once('\n').unwrap();
    let told = json!({"run": RUN, "account": MEMBER, "region": "eu-south-1", "x": 1});
    let elsewhere = json!({"run": "20261121T000000Z", "account": OTHER, "region": "eu-south-2"});
    let lines = format!("{lines}{again}\n{{\"run\":\n{told}\n{elsewhere}\n");
    kept.insert(plan, json!(lines));
}

#[tokio::test]
async fn a_line_without_a_readable_result_is_undecided_and_handed_on() {
    let function = organization(POLICY, None).await;
    let (_, looked) = run(&function).await;
    let whole: u64 = looked
        .iter()
        .map(|looked| looked["coverage"]["undecided"].as_u64().unwrap())
        .sum();
    assert_eq!(whole, 0);
    spoil(&mut function.ports.reports.kept.borrow_mut());
    function.ports.queue.accepted.borrow_mut().clear();

    let (summary, report) = merged(&function).await;
    let gaps: Vec<String> = summary["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(gaps.join("\n"));
    let regional = Area::ALL.into_iter().filter(|area| !area.is_global());
    let regional: usize = regional.map(|area| ControlId::about_settings(area).count()).sum();
    let all: usize = Area::ALL
        .into_iter()
        .map(|area| ControlId::about_settings(area).count())
        .sum();
    let undecided = 4 * regional + all + 1;
    assert_eq!(summary["coverage"]["undecided"], undecided, "{summary}");
    let coverage = &summary["coverage"];
    let sum: u64 = ["compliant", "non_compliant", "undecided"]
        .iter()
        .map(|name| coverage[name].as_u64().unwrap())
        .sum();
    // Three accounts in two Regions, and two Regions more, of which nothing is known.
    assert_eq!(sum, (3 * (regional + all) + 2 * regional) as u64);
    let sent = sent(&function);
    assert_eq!(sent.len(), undecided);
    assert!(sent.iter().all(|finding| finding.decision.name() == "undecided"));
    let of_plan: Vec<&PostureFinding> = sent
        .iter()
        .filter(|finding| finding.account.as_str() == ACCOUNT)
        .collect();
    assert_eq!((of_plan.len(), of_plan[0].region.as_str()), (1, "eu-central-1"));
    let kept = function.ports.reports.kept.borrow();
    let open = kept["posture/222233334444/known.json"]["open"].as_object().unwrap();
    assert_eq!(open.len(), 2 * regional, "what is open is known");
    assert_eq!(report["gaps"], summary["gaps"]);
}

#[tokio::test]
async fn a_run_without_a_plan_is_no_run_without_findings() {
    let function = organization(POLICY, None).await;
    let error = asked(&function, &json!({"merge": {"run": RUN}})).await.unwrap_err();
    assert!(error.to_string().contains("has no plan"), "{error}");
}

/// Runs that meet at an account wait for each other a little.
#[tokio::test(start_paused = true)]
async fn neighbours_that_write_the_same_account_wait_and_both_are_kept() {
    let function = organization(POLICY, None).await;
    let known = json!({"evidence": {"regions": {}}, "non_compliant": {}, "open": {"other": "2026-11-22T17:00:00Z"}});
    *function.ports.reports.meanwhile.borrow_mut() = Some(known);
    let begun = Instant::now();
    let line = json!({"run": RUN, "account": ACCOUNT, "region": "eu-west-1"});
    asked(&function, &json!({ "look": line })).await.unwrap();
    assert!(!begun.elapsed().is_zero());
    let known = function.ports.reports.known();
    assert!(known["open"]["other"].is_string() && known["evidence"]["regions"]["eu-west-1"].is_object());
}

/// What was read for all and is of no use leaves undecided what rests on it, and Organizations is not asked by each look.
#[tokio::test]
async fn an_organization_that_is_damaged_is_not_asked_for_again() {
    let function = organization(POLICY, None).await;
    let (_, lines) = planned(&function, json!({"organization": true})).await;
    let key = format!("posture/organization/{RUN}/organization.json");
    function
        .ports
        .reports
        .kept
        .borrow_mut()
        .insert(key.clone(), json!({"version": 2}));
    function.ports.organization.asked.borrow_mut().clear();
    for line in &lines {
        asked(&function, &json!({ "look": line })).await.unwrap();
    }
    assert!(function.ports.organization.asked.borrow().is_empty());
    let kept = function.ports.reports.kept.borrow();
    let result = &kept[&format!("posture/organization/{RUN}/{MEMBER}/eu-west-1.json")];
    let assessed = result["assessments"].as_array().unwrap().iter();
    let undecided: Vec<&Value> = assessed.filter(|each| each["decision"] == "undecided").collect();
    assert_eq!(undecided.len(), 1);
    assert_eq!(undecided[0]["control"], "profile-reach-allowed");
    let why = undecided[0]["explanation"].as_str().unwrap();
    assert!(why.contains("organizations:DescribePolicy failed"), "{why}");
}

/// A member's look keeps where it stands for watch-inference: itself and what is above it, no other account.
#[tokio::test]
async fn what_is_kept_of_where_a_member_stands_names_no_other_account() {
    let function = organization(POLICY, None).await;
    run(&function).await;
    let kept = function.ports.reports.kept.borrow();
    let scps = &kept[&format!("posture/{MEMBER}/scps.json")];
    let accounts = &scps["membership"]["member"]["Ok"]["accounts"];
    assert_eq!(accounts[0]["id"], MEMBER);
    assert_eq!(accounts.as_array().unwrap().len(), 1, "{scps}");
}

/// Time that is up leaves results unread, and says so.
#[tokio::test(start_paused = true)]
async fn a_plan_ends_in_time() {
    let mut function = organization(POLICY, None).await;
    function.ports.hangs = true;
    let begun = Instant::now();
    let (answer, lines) = planned(&function, json!({"organization": true})).await;
    assert_eq!(begun.elapsed().as_secs(), 270);
    assert_eq!(
        answer["items"], 4,
        "two Regions of the account itself, and what stands for those of the others"
    );
    let unlisted = lines
        .iter()
        .filter(|line| line["unlisted"]["cause"] == "there was no time left");
    assert_eq!(unlisted.count(), 2, "{lines:?}");
}
