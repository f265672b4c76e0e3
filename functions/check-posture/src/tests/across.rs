//! Several accounts: by hand at once, and as the state machine has them planned, looked at and put together.

use std::collections::BTreeSet;

use crisguard_core::posture::{NotObserved, Observed};
use serde_json::{Value, json};

use super::*;

pub(super) const MEMBER: &str = "222233334444";
pub(super) const OTHER: &str = "333344445555";
pub(super) const RUN: &str = "20261122T171234Z";

pub(super) fn refused(action: &str) -> NotObserved {
    NotObserved::new(action, "AccessDenied (HTTP 403): no")
}

pub(super) fn member(regions: &[(&'static str, bool)]) -> World {
    let mut world = World::of_a_member();
    world.listed = Ok(regions.to_vec());
    world
}

/// Two Regions in the account itself and in each member; one member cannot be looked at if `refuses` names it.
pub(super) async fn organization(policy: &str, refuses: Option<&str>) -> Function {
    let mut function = under(PolicyObject::holding(policy), &TWO_REGIONS, World::as_deployed(), &[]).await;
    let members = [MEMBER, OTHER].map(|account| {
        let world = if refuses == Some(account) {
            Err(refused("sts:AssumeRole"))
        } else {
            Ok(member(&TWO_REGIONS))
        };
        (account.parse().unwrap(), world)
    });
    function.ports.members = Some(BTreeMap::from(members));
    function.ports.organization.accounts = Ok(vec![(ACCOUNT, false), (MEMBER, false), (OTHER, false)]);
    function
}

/// Returns an answer as JSON, as whoever asked reads it.
pub(super) async fn asked(function: &Function, request: &Value) -> Result<Value, Report> {
    let request = request.to_string();
    let reply = function.handle(&request, now(), deadline(now()), Vec::new());
    reply.await.map(|reply| serde_json::to_value(reply).unwrap())
}

/// Returns how many decisions of each kind there are of each account.
fn by_account(answer: &Value) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut accounts: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for assessed in answer["assessments"].as_array().unwrap() {
        let text = |name: &str| assessed[name].as_str().unwrap().to_owned();
        *accounts
            .entry(text("account"))
            .or_default()
            .entry(text("decision"))
            .or_insert(0) += 1;
    }
    accounts
}

pub(super) fn explanations(answer: &Value, account: &str) -> BTreeSet<String> {
    let all = answer["assessments"].as_array().unwrap().iter();
    let of = all.filter(|assessed| assessed["account"] == account);
    of.map(|assessed| assessed["explanation"].as_str().unwrap().to_owned())
        .collect()
}

pub(super) fn sent(function: &Function) -> Vec<PostureFinding> {
    let accepted = function.ports.queue.accepted.borrow();
    let findings = accepted
        .iter()
        .map(|message| Message::from_json(&message.body).unwrap());
    findings
        .map(|message| match message {
            Message::Posture(finding) => *finding,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn one_failing_account_leaves_the_others_as_they_are() {
    let function = organization(POLICY, Some(MEMBER)).await;
    let request = json!({"accounts": [OTHER, MEMBER, ACCOUNT, MEMBER], "controls": ["rule-receives-inference"]});
    let answer = asked(&function, &request).await.unwrap();
    let all = |decision: &str| BTreeMap::from([(decision.to_owned(), 2)]);
    assert_eq!(
        by_account(&answer),
        BTreeMap::from([
            (ACCOUNT.to_owned(), all("compliant")),
            (MEMBER.to_owned(), all("undecided")),
            (OTHER.to_owned(), all("compliant")),
        ])
    );
    assert_eq!(
        explanations(&answer, MEMBER),
        ["eu-central-1", "eu-west-1"]
            .map(|region| format!(
                "whether the settings in {region} are as they must be cannot be told \
             (sts:AssumeRole failed: AccessDenied (HTTP 403): no)"
            ))
            .into()
    );
    assert_eq!(
        (&answer["coverage"]["accounts"], &answer["coverage"]["regions"]),
        (&json!(3), &json!(6))
    );
    assert_eq!(sent(&function).len(), 6, "each is handed on once");
    let entered: Vec<String> = function
        .ports
        .entered
        .borrow()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        entered,
        [MEMBER, OTHER],
        "each once, and the account itself needs no role"
    );
    let kept = function.ports.reports.kept.borrow();
    let keys: Vec<&str> = kept.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "posture/111122223333/known.json",
            "posture/222233334444/known.json",
            "posture/333344445555/known.json",
            "posture/organization/2026-11-22/by-hand.json",
        ]
    );
    assert_eq!(
        kept["posture/222233334444/known.json"]["open"]
            .as_object()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(kept["posture/organization/2026-11-22/by-hand.json"], answer);
}

/// What one account sends is not accepted, or cannot be kept: the others are reported all the same.
#[tokio::test]
async fn what_was_not_kept_of_one_account_fails_at_the_end() {
    let function = organization(POLICY, None).await;
    function
        .ports
        .reports
        .unread
        .borrow_mut()
        .push("222233334444/known.json");
    let request = json!({"accounts": [OTHER, MEMBER], "controls": ["rule-receives-inference"]});
    let error = asked(&function, &request).await.unwrap_err().to_string();
    assert!(
        error.starts_with("Report: 222233334444 was not done with (and 0 accounts more): Report: s3:GetObject"),
        "{error}"
    );
    assert_eq!(sent(&function).len(), 4);
    let kept = function.ports.reports.kept.borrow();
    let report = &kept["posture/organization/2026-11-22/by-hand.json"];
    assert_eq!(report["assessments"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn without_a_role_only_the_account_itself_is_looked_at() {
    let mut function = organization(POLICY, None).await;
    function.ports.members = None;
    let request = json!({"organization": true, "controls": ["rule-receives-inference"], "regions": ["eu-west-1"]});
    let answer = asked(&function, &request).await.unwrap();
    let decisions = by_account(&answer);
    assert_eq!(decisions[ACCOUNT], BTreeMap::from([("compliant".to_owned(), 1)]));
    assert_eq!(decisions[MEMBER], BTreeMap::from([("undecided".to_owned(), 1)]));
}

#[tokio::test]
async fn an_organization_is_looked_at_where_it_is_in_use_and_too_large_a_one_is_refused() {
    let mut function = organization(POLICY, None).await;
    function.ports.organization.accounts = Ok(vec![(ACCOUNT, false), (MEMBER, true), (OTHER, false)]);
    let request = json!({"organization": true, "controls": ["rule-receives-inference"]});
    let answer = asked(&function, &request).await.unwrap();
    assert_eq!(by_account(&answer).into_keys().collect::<Vec<_>>(), [ACCOUNT, OTHER]);

    let many: Vec<String> = (0..26)
        .map(|number| format!("{:012}", 400_000_000_000_u64 + number))
        .collect();
    let error = asked(&function, &json!({"accounts": many}))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("26 accounts are more than the 25") && error.contains("crisguard-organization"),
        "{error}"
    );
    let leaked: Vec<(&'static str, bool)> = many.into_iter().map(|id| (&*id.leak(), false)).collect();
    function.ports.organization.accounts = Ok(leaked);
    function.ports.organization.asked.borrow_mut().clear();
    assert!(asked(&function, &request).await.is_err());
    assert!(
        !function.ports.organization.asked.borrow().contains_key("whole"),
        "nothing else is asked then"
    );

    function.ports.organization.accounts = Err(refused("organizations:ListRoots"));
    let error = asked(&function, &request).await.unwrap_err().to_string();
    assert!(
        error.contains("cannot be listed: organizations:ListRoots failed"),
        "{error}"
    );
}

const UNITS: &str = "version: 1\nregions: { source: [eu-west-1], destination: [eu-west-1] }\nprofiles: { global: deny }\n\
    accounts:\n  o-a1b2c3d4e5/r-ab12/ou-ab12-222233334444:\n    regions: { source: [eu-central-1] }\n";

/// A policy with overrides for units says nothing of an account whose place is not known.
#[tokio::test]
async fn a_member_is_judged_by_the_policy_of_its_unit_or_not_at_all() {
    let policy = |function: &mut Function| {
        let (settings, off) = (Area::Logging, json!({"configuration": {"Ok": null}}));
        let members = function.ports.members.as_mut().unwrap();
        for world in members.values_mut().flatten() {
            world
                .settings
                .insert(("eu-central-1".to_owned(), settings), off.clone());
        }
    };
    // The account itself has its place from the configuration.
    let mut function = organization_with_path(UNITS).await;
    policy(&mut function);
    let request = json!({"accounts": [MEMBER, OTHER], "controls": ["invocation-logging-enabled"]});
    let answer = asked(&function, &request).await.unwrap();
    // Only its unit's policy names the Region in which Bedrock was never used.
    assert_eq!(by_account(&answer)[MEMBER].get("non-compliant"), Some(&1), "{answer}");
    assert_eq!(by_account(&answer)[OTHER].get("non-compliant"), None, "{answer}");

    function.ports.organization.accounts = Err(refused("organizations:ListParents"));
    let answer = asked(&function, &request).await.unwrap();
    for account in [MEMBER, OTHER] {
        assert_eq!(
            by_account(&answer)[account],
            BTreeMap::from([("undecided".to_owned(), 2)])
        );
        let told = explanations(&answer, account);
        assert!(
            told.iter()
                .all(|told| told.contains("organizations:ListParents failed") && told.contains("differs between units")),
            "{told:?}"
        );
    }
}

async fn organization_with_path(policy: &str) -> Function {
    let function = organization(POLICY, None).await;
    let Fakes {
        members, organization, ..
    } = function.ports;
    let mut function = at_path(PolicyObject::holding(policy), "o-a1b2c3d4e5/r-ab12").await;
    function.ports.members = members;
    function.ports.organization = organization;
    function
}

#[tokio::test]
async fn requests_across_accounts_are_read_strictly() {
    let function = organization(POLICY, None).await;
    let mut errors = Vec::new();
    for request in [
        json!({"accounts": []}),
        json!({"accounts": ["1111"]}),
        json!({"accounts": [MEMBER], "organization": true}),
        json!({"organization": false}),
        json!({"organization": true, "secret": 1}),
        json!({"plan": {"organization": true, "controls": ["rule-receives-inference"]}}),
        json!({"plan": {"regions": ["eu-west-1"]}}),
        json!({"plan": {"organization": true}, "merge": {"run": RUN}}),
        json!({"look": {"run": "../..", "account": MEMBER, "region": "eu-west-1"}}),
        json!({"look": {"run": RUN, "account": MEMBER, "region": "eu-west-1", "secret": 1}}),
        json!({"merge": {"run": RUN, "secret": 1}}),
        json!({"merge": RUN}),
    ] {
        errors.push(asked(&function, &request).await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(errors.join("\n"));
}

/// A member's message is looked at in the member, and what it cannot be looked at for is undecided.
#[tokio::test]
async fn a_change_of_a_member_is_looked_at_there() {
    let change = |account: &str, id: &str| {
        let body = changes::logging_off(id)["body"]
            .as_str()
            .unwrap()
            .replace(ACCOUNT, account);
        json!({"messageId": id, "body": body})
    };
    let mut function = organization(POLICY, Some(OTHER)).await;
    let batch = [change(ACCOUNT, "e-1"), change(MEMBER, "e-2"), change(OTHER, "e-3")];
    let (failed, metrics) = changes::handed_over(&function, &batch).await;
    assert_eq!((failed, &metrics["ChangesLookedAt"]), (Vec::new(), &json!(3)));
    let sent = sent(&function);
    let of = |account: &str| {
        sent.iter()
            .filter(|finding| finding.account.as_str() == account)
            .collect::<Vec<_>>()
    };
    for account in [ACCOUNT, MEMBER, OTHER] {
        assert_eq!(
            of(account).len(),
            ControlId::about_settings(Area::Logging).count(),
            "{account}"
        );
        let undecided = of(account).iter().all(|finding| finding.decision.name() == "undecided");
        assert_eq!(undecided, account == OTHER, "{account}");
        assert!(of(account).iter().all(|finding| finding.changes.len() == 1));
    }
    let kept = function.ports.reports.kept.borrow().keys().cloned().collect::<Vec<_>>();
    assert!(
        kept.contains(&format!("posture/{MEMBER}/2026-11-22/change.json")),
        "{kept:?}"
    );

    function
        .ports
        .reports
        .unread
        .borrow_mut()
        .push("222233334444/known.json");
    let (failed, _) = changes::handed_over(&function, &batch).await;
    assert_eq!(
        failed,
        ["e-2"],
        "only the account that could not be done with is tried again"
    );

    function.ports.members = None;
    let (failed, metrics) = changes::handed_over(&function, &batch).await;
    assert_eq!((failed, &metrics["ChangesNotApplicable"]), (Vec::new(), &json!(2)));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_reached_in_time_is_undecided_in_every_account() {
    let mut function = organization(POLICY, None).await;
    let members = function.ports.members.as_mut().unwrap();
    for world in members.values_mut().flatten() {
        world.slow = Some(Area::Logging);
    }
    let request = json!({"organization": true, "controls": ["invocation-logging-enabled"]});
    let answer = asked(&function, &request).await.unwrap();
    assert_eq!(
        by_account(&answer)[ACCOUNT],
        BTreeMap::from([("compliant".to_owned(), 2)])
    );
    for account in [MEMBER, OTHER] {
        assert_eq!(
            by_account(&answer)[account],
            BTreeMap::from([("undecided".to_owned(), 2)])
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_says_where_the_report_lies() {
    let names: Vec<String> = (1..=250).map(|number| format!("eu-north-{number}")).collect();
    let function = organization(POLICY, None).await;
    let request = json!({"accounts": [MEMBER, OTHER], "regions": names});
    let answer = asked(&function, &request).await.unwrap();
    assert_eq!(answer.get("assessments"), None);
    assert_eq!(
        answer["report"],
        "s3://reports/posture/organization/2026-11-22/by-hand.json"
    );
    assert_eq!(answer["coverage"]["regions"], 500);
    let kept = function.ports.reports.kept.borrow();
    let report = &kept["posture/organization/2026-11-22/by-hand.json"];
    assert!(report["assessments"].as_array().unwrap().len() > 5000);
}

/// What is seen of a member by its own role is what the member is judged by, its bus being elsewhere.
#[tokio::test]
async fn a_member_has_no_bus_and_patterns_without_its_number() {
    let mut function = organization(POLICY, None).await;
    let request = json!({"accounts": [MEMBER], "controls": ["rule-receives-inference"]});
    let answer = asked(&function, &request).await.unwrap();
    assert_eq!(
        by_account(&answer)[MEMBER],
        BTreeMap::from([("compliant".to_owned(), 2)]),
        "{answer}"
    );
    let members = function.ports.members.as_mut().unwrap();
    let own: Observed<World> = Ok(World::as_deployed());
    members.insert(MEMBER.parse().unwrap(), own);
    let answer = asked(&function, &request).await.unwrap();
    let told = explanations(&answer, MEMBER);
    assert!(
        told.iter()
            .any(|told| told.contains("another pattern than crisguard's")),
        "{told:?}"
    );
}
