//! Runs the cases that stand beside this file: what differs from a Region where all is well, and
//! what must be decided.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::{
    catalog::Catalogue,
    change,
    controls::{
        ControlId,
        cases::{self, merge},
    },
    pattern,
    policy::PolicyDocument,
    posture::{Bus, Home, MemberHome, NotObserved, OwnHome, names},
};

const POLICY: &str =
    "version: 1\nregions: { source: [eu-west-1], destination: [eu-west-1] }\nprofiles: { global: deny }\n";
const BUS: &str = "arn:aws:events:eu-central-1:111122223333:event-bus/crisguard";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    observed: Value,
    decision: String,
    /// The kinds of the problems, or the actions that were not observed.
    because: Vec<String>,
}

fn rule(pattern: &str, description: &str, target: Option<&str>) -> Value {
    let targets: Vec<Value> = target
        .into_iter()
        .map(|arn| json!({ "arn": arn, "rewrites": false }))
        .collect();
    json!({ "state": names::STATE, "pattern": pattern, "description": description, "targets": { "Ok": targets } })
}

fn compiled() -> &'static Compiled {
    static COMPILED: LazyLock<Compiled> = LazyLock::new(compile);
    &COMPILED
}

fn compile() -> Compiled {
    let policy = PolicyDocument::parse(POLICY.as_bytes()).unwrap();
    let account = "111122223333".parse().unwrap();
    let policy = policy.for_account(&account, None).unwrap();
    pattern::compile(&policy, &Catalogue::embedded().unwrap(), Some(&account)).unwrap()
}

/// The home Region as it is after a deployment: the canary every hour, two calls and their events.
fn all_is_well(compiled: &Compiled) -> Value {
    let sha256 = &compiled.policy_sha256;
    let mut rules = json!({
        "crisguard-seen-calls": rule(&pattern::seen_calls(), "Counts", None),
        "crisguard-seen-completions": rule(&pattern::seen_completions(), "Counts", None),
        "crisguard-forward-alarm": rule("{}", "Alarms", Some("arn:another")),
    });
    for (pattern, number) in compiled.patterns.iter().zip(1..) {
        let description = format!("Compiled from the policy with sha256 {sha256}");
        rules[names::forward(number)] = rule(&pattern.json, &description, Some(BUS));
    }
    for change::Forwarded { rule: name, pattern } in change::patterns("eu-central-1") {
        rules[name] = rule(&pattern, "Changes", Some(BUS));
    }
    let queue = "arn:aws:sqs:eu-central-1:111122223333:crisguard-events";
    let changes = "arn:aws:sqs:eu-central-1:111122223333:crisguard-changes";
    let policy = json!({
        "Statement": [{
            "Sid": "ForwardersOfThisAccount", "Effect": "Allow", "Principal": { "AWS": ["111122223333"] },
            "Action": ["events:PutEvents"], "Resource": BUS,
            "Condition": {
                "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/crisguard-forward-*" },
                "StringEquals": { "aws:PrincipalAccount": "111122223333" }
            }
        }],
        "Version": "2012-10-17"
    });
    json!({
        "region": "eu-central-1",
        "rules": { "Ok": rules },
        "home": {
            "regions": { "Ok": null },
            "bus": { "Ok": { "standing": { "policy": policy.to_string() } } },
            "rules": { "Ok": {
                "crisguard-inference": rule(&pattern::unfiltered(), "Events", Some(queue)),
                "crisguard-changes": rule(&change::bus_pattern(), "Changes", Some(changes))
            } }
        },
        "traffic": {
            "calls": { "Ok": [0, 2, 0, 1] },
            "seen_calls": { "Ok": [0, 2, 0, 0] },
            "seen_completions": { "Ok": [0, 0, 0, 0] },
            "forwarded": { "Ok": [1, 1, 1, 1] }
        }
    })
}

fn observed_with(changes: &Value) -> RegionRules {
    let compiled = compiled();
    let changes = changes
        .to_string()
        .replace("$UNFILTERED", &pattern::unfiltered().replace('"', "\\\""))
        .replace("$SHA256", &compiled.policy_sha256);
    let mut observed = all_is_well(compiled);
    merge(&mut observed, &serde_json::from_str(&changes).unwrap());
    serde_json::from_value(observed).unwrap()
}

fn hub(organization: Option<&str>) -> Hub {
    Hub {
        account: "111122223333".parse().unwrap(),
        home: "eu-central-1".parse().unwrap(),
        organization: organization.map(|id| id.parse().unwrap()),
    }
}

fn decided(observed: &RegionRules) -> PostureDecision {
    decided_of("111122223333", observed, &hub(None))
}

fn decided_of(account: &str, observed: &RegionRules, hub: &Hub) -> PostureDecision {
    let compiled = compiled();
    let intended = Intended {
        account: &account.parse().unwrap(),
        hub,
        policy_sha256: &compiled.policy_sha256,
        compiled: Ok(compiled),
    };
    decide(observed, &intended)
}

fn cases() -> Vec<Case> {
    cases::of(ControlId::RuleReceivesInference)
}

#[test]
fn every_case_holds() {
    for Case {
        name,
        observed,
        decision,
        because,
    } in cases()
    {
        let decided = decided(&observed_with(&observed));
        assert_eq!(decided.name(), decision, "{name}: {decided:?}");
        let json = serde_json::to_value(&decided).unwrap();
        let texts = |list: &str, member: &str| -> Vec<String> {
            let items = json["reason"][list].as_array().into_iter().flatten();
            items.map(|item| item[member].as_str().unwrap().to_owned()).collect()
        };
        let reasons = [texts("problems", "kind"), texts("not_observed", "action")].concat();
        assert_eq!(reasons, because, "{name}: {decided:?}");
        assert_eq!(
            serde_json::from_value::<PostureDecision>(json).unwrap(),
            decided,
            "{name}"
        );
    }
}

#[test]
fn every_sentence_reads_well() {
    let sentences: Vec<String> = cases()
        .iter()
        .map(|case| format!("{}\n    {}", case.name, decided(&observed_with(&case.observed))))
        .collect();
    insta::assert_snapshot!(sentences.join("\n"));
}

/// Whatever is taken away of what was observed, it never becomes compliant where it was not.
#[test]
fn what_was_not_observed_makes_nothing_compliant() {
    let hidden: [fn(&mut RegionRules); 7] = [
        |observed| observed.rules = Err(unseen()),
        |observed| observed.traffic.calls = Err(unseen()),
        |observed| observed.traffic.seen_calls = Err(unseen()),
        |observed| observed.traffic.forwarded = Err(unseen()),
        |observed| {
            if let Some(Home::Own(home)) = &mut observed.home {
                home.regions = Err(unseen());
            }
        },
        |observed| {
            if let Some(Home::Own(home)) = &mut observed.home {
                home.bus = Err(unseen());
            }
        },
        |observed| {
            if let Some(Home::Own(home)) = &mut observed.home {
                home.rules = Err(unseen());
            }
        },
    ];
    for case in cases().iter().filter(|case| case.decision != "compliant") {
        for hide in hidden {
            let mut observed = observed_with(&case.observed);
            hide(&mut observed);
            let decided = decided(&observed);
            assert_ne!(decided.name(), "compliant", "{}: {decided:?}", case.name);
        }
    }
}

fn unseen() -> NotObserved {
    NotObserved::new("x:Y", "no")
}

/// A Region has room for 300 rules of five targets each on its default bus. An item of the memory has at most
/// 400 KB, and the decision stands in it up to twice, each time as reason and as sentence.
#[test]
fn however_many_rules_somebody_writes_the_finding_can_be_remembered() {
    let mut observed = observed_with(&json!({}));
    let rules = observed.rules.as_mut().unwrap();
    let names: Vec<String> = (100..400).map(|n| format!("crisguard-forward-{n:046}")).collect();
    for (name, n) in names.iter().zip(0..) {
        let mut rule = rules.get("crisguard-forward-1").unwrap().clone();
        rule.state = Some("ENABLED".to_owned());
        rule.description = Some(format!("{n:064}"));
        rule.targets = if n % 2 == 0 {
            let target = |t| json!({"arn": format!("arn:aws:sqs:eu-central-1:111122223333:{n}-{t}{}", "x".repeat(170)), "rewrites": false});
            Ok((0..5).map(|t| serde_json::from_value(target(t)).unwrap()).collect())
        } else {
            Err(NotObserved::new(
                "events:ListTargetsByRule",
                &format!("{n}{}", "x".repeat(300)),
            ))
        };
        rules.insert(name.clone(), rule);
    }
    rules.remove("crisguard-forward-1");
    let decided = decided(&observed);
    let size = serde_json::to_string(&decided).unwrap().len() + decided.to_string().len();
    assert!(size < 100_000, "{size}");
    let text = decided.to_string();
    assert!(text.contains("crisguard-forward-1: missing"), "{text}");
    assert!(text.contains(", …: in the state ENABLED"), "{text}");
}

#[test]
fn a_policy_that_cannot_be_compiled_needs_everything_forwarded() {
    let compiled = compiled();
    let regions: Vec<String> = (1..300).map(|number| format!("eu-west-{number}")).collect();
    let regions = regions.join(", ");
    let policy = format!(
        "version: 1\nregions: {{ source: [eu-west-1], destination: [{regions}] }}\nprofiles: {{ global: deny }}\n"
    );
    let account = "111122223333".parse().unwrap();
    let policy = PolicyDocument::parse(policy.as_bytes())
        .unwrap()
        .for_account(&account, None)
        .unwrap();
    let error = pattern::compile(&policy, &Catalogue::embedded().unwrap(), Some(&account)).unwrap_err();
    let intended = Intended {
        account: &account,
        hub: &hub(None),
        policy_sha256: &compiled.policy_sha256,
        compiled: Err(&error),
    };
    let mut observed = observed_with(&json!({}));
    let violation = decide(&observed, &intended).to_string();
    assert!(violation.contains("crisguard-forward-all: missing"), "{violation}");

    let rules = observed.rules.as_mut().unwrap();
    let mut all = rules.get("crisguard-forward-1").unwrap().clone();
    all.pattern = Some(pattern::unfiltered());
    rules.insert(names::FORWARD_ALL.to_owned(), all);
    assert_eq!(decide(&observed, &intended).name(), "compliant");
}

const MEMBER: &str = "222233334444";
const ORGANIZATION: &str = "o-a1b2c3d4e5";

fn at_home(observed: &mut RegionRules) -> &mut OwnHome {
    match &mut observed.home {
        Some(Home::Own(home)) => home,
        other => panic!("{other:?}"),
    }
}

/// The statement that lets an organization's forwarders in, with changes.
fn with_organization(observed: &mut RegionRules, changes: &Value) {
    let mut statement = json!({
        "Sid": "ForwardersOfTheOrganization", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
        "Resource": BUS,
        "Condition": {
            "StringEquals": { "aws:PrincipalOrgID": ORGANIZATION },
            "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/crisguard-forward-*" }
        }
    });
    merge(&mut statement, changes);
    let Ok(Bus::Standing { policy: Some(policy) }) = &mut at_home(observed).bus else {
        panic!()
    };
    let mut document: Value = serde_json::from_str(policy).unwrap();
    // EventBridge may answer in another order.
    document["Statement"].as_array_mut().unwrap().insert(0, statement);
    *policy = document.to_string();
}

#[test]
fn the_organization_may_put_events_on_the_bus_where_it_is_named_and_nobody_else() {
    let problem = |observed: &RegionRules, organization| {
        let decided = decided_of("111122223333", observed, &hub(organization));
        (decided.name() != "compliant").then(|| decided.to_string())
    };
    let mut both = observed_with(&json!({}));
    with_organization(&mut both, &json!({}));
    let own = observed_with(&json!({}));
    assert_eq!(problem(&own, None), None);
    assert_eq!(problem(&both, Some(ORGANIZATION)), None);
    let mut written_otherwise = observed_with(&json!({}));
    with_organization(&mut written_otherwise, &json!({ "Principal": { "AWS": "*" } }));
    assert_eq!(problem(&written_otherwise, Some(ORGANIZATION)), None);
    let mut anybody = observed_with(&json!({}));
    with_organization(&mut anybody, &json!({ "Condition": { "StringEquals": null } }));
    for (observed, organization) in [
        (&own, Some(ORGANIZATION)),
        (&both, None),
        (&both, Some("o-z9y8x7w6v5")),
        (&anybody, Some(ORGANIZATION)),
    ] {
        let problem = problem(observed, organization).unwrap();
        assert!(problem.contains("the resource policy of the event bus"), "{problem}");
    }
}

#[test]
fn a_member_forwards_to_the_bus_of_the_account_in_which_crisguard_stands() {
    let mut observed = observed_with(&json!({}));
    observed.home = Some(Home::Member(MemberHome { regions: Ok(()) }));
    let decided = decided_of(MEMBER, &observed, &hub(Some(ORGANIZATION)));
    assert_eq!(decided.name(), "compliant", "{decided}");

    let rules = observed.rules.as_mut().unwrap();
    let forward = rules.get_mut("crisguard-forward-1").unwrap();
    let own_bus = BUS.replace("111122223333", MEMBER);
    forward.targets.as_mut().unwrap()[0].arn.clone_from(&own_bus);
    let decided = decided_of(MEMBER, &observed, &hub(Some(ORGANIZATION))).to_string();
    assert!(decided.contains(&format!("not sending to {BUS}")), "{decided}");
    assert!(
        decided.contains(&format!("sending to {own_bus}, which is not")),
        "{decided}"
    );
}

#[test]
fn what_was_seen_as_a_member_s_leaves_the_bus_of_the_account_itself_undecided() {
    let mut observed = observed_with(&json!({}));
    observed.home = Some(Home::Member(MemberHome { regions: Ok(()) }));
    assert_eq!(decided(&observed).name(), "undecided");
    let regions = Err(NotObserved::new("sts:AssumeRole", "no"));
    observed.home = Some(Home::Member(MemberHome { regions }));
    let member = decided_of(MEMBER, &observed, &hub(None));
    assert!(
        matches!(member, PostureDecision::Undecided(PostureGap::RegionsNotListed { .. })),
        "{member}"
    );
}
