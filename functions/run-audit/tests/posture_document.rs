//! docs/posture.md says what check-posture does, by its code and its templates.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crisguard_core::{
    account::AccountId,
    catalog::Catalogue,
    change,
    controls::{ControlId, assess_settings, binds_where_in_use},
    finding::PostureFinding,
    pattern,
    policy::PolicyDocument,
    posture::{Hub, Place, PostureDecision, Seen, Use},
};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// In every language.
fn documents() -> [String; 2] {
    ["docs/posture.md", "docs/posture.ja.md"].map(read)
}

/// Returns the code blocks of a language.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let blocks = document.split(fence.as_str()).skip(1);
    blocks.filter_map(|rest| rest.split("```").next()).collect()
}

/// Returns what stands in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn about_settings() -> impl Iterator<Item = ControlId> {
    ControlId::ALL.into_iter().filter(|control| control.area().is_some())
}

fn control(name: &str) -> Option<ControlId> {
    about_settings().find(|control| control.name() == name)
}

const MINIMAL: &str =
    "version: 1\nregions: {source: [ap-northeast-3], destination: [ap-northeast-3]}\nprofiles: {global: deny}\n";

#[test]
fn the_report_is_one_that_is_answered() {
    let expected = report();
    for document in documents() {
        let [shown] = blocks(&document, "json")[..] else {
            panic!("one report is shown");
        };
        let shown: Value = serde_json::from_str(shown).unwrap();
        assert_eq!(
            shown,
            expected,
            "write instead:\n{}",
            serde_json::to_string_pretty(&expected).unwrap()
        );
    }
}

/// Answers the request of the document, where the bucket of logs has SSE-S3 and the only trail is the organization's.
fn report() -> Value {
    let asked =
        "posture: {invocation_logging: {modalities: [text], retention_days: 365, customer_managed_key: true}}\n";
    let document = PolicyDocument::parse(format!("{MINIMAL}{asked}").as_bytes()).unwrap();
    let account: AccountId = "111122223333".parse().unwrap();
    let policy = document.for_account(&account, None).unwrap();
    let catalogue = Catalogue::embedded().unwrap();
    let compiled = pattern::compile(&policy, &catalogue, Some(&account));
    let region = "ap-northeast-3".parse().unwrap();
    let hub = Hub {
        account: account.clone(),
        home: "ap-northeast-1".parse().unwrap(),
        organization: None,
    };
    let now = "2026-11-22T03:00:00Z".parse().unwrap();
    let place = Place {
        account: &account,
        region: &region,
        in_use: &Ok(Use::Named),
        policy: &policy,
        catalogue: &catalogue,
        hub: &hub,
        compiled: compiled.as_ref(),
        now,
    };
    let refused = "AccessDeniedException: User is not authorized to perform: cloudtrail:GetEventSelectors";
    let seen = [
        json!({"logging": {
            "configuration": {"Ok": {
                "s3": {"bucket": "bedrock-logs", "prefix": ""}, "log_group": null, "large_data": null,
                "delivers": {"text": true}
            }},
            "buckets": {"bedrock-logs": {"Ok": {"own": {
                "region": "ap-northeast-3", "encryption": {"Ok": "s3_managed"}, "public_access": {"Ok": null},
                "ownership": {"Ok": null}, "policy": {"Ok": null}, "lifecycle": {"Ok": []}
            }}}},
            "public_access": {"Ok": null}, "log_groups": {}, "keys": {}, "failed_deliveries": {"Ok": 0}
        }}),
        json!({"trails": {"trails": {"Ok": {"arn:aws:cloudtrail:us-east-1:444455556666:trail/organization": {
            "home": "us-east-1", "multi_region": true, "status": {"Ok": {"logging": true}},
            "selectors": {"Err": {"action": "cloudtrail:GetEventSelectors", "cause": refused}}
        }}}}}),
        json!({"data_retention": {"Ok": "none"}}),
    ];
    let asked = requests(&documents()[0]).remove(0);
    let asked: BTreeSet<&str> = asked["controls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let mut findings: Vec<PostureFinding> = Vec::new();
    for seen in seen {
        let seen: Seen = serde_json::from_value(seen).unwrap();
        let decided = assess_settings(&seen, &place).into_iter();
        let decided = decided.filter(|(control, _)| asked.contains(control.name()));
        findings.extend(decided.map(|(control, decision)| {
            let (account, region) = (account.clone(), region.clone());
            PostureFinding::new(control, account, region, now, decision, document.sha256())
        }));
    }
    let count = |is: fn(&PostureDecision) -> bool| findings.iter().filter(|finding| is(&finding.decision)).count();
    json!({
        "observed_at": now,
        "policy_sha256": document.sha256(),
        "coverage": {
            "accounts": 1, "regions": 1, "controls": findings.len(),
            "compliant": count(|decision| matches!(decision, PostureDecision::Compliant(_))),
            "region_not_enabled": 0,
            "non_compliant": count(|decision| matches!(decision, PostureDecision::NonCompliant(_))),
            "undecided": count(|decision| matches!(decision, PostureDecision::Undecided(_))),
        },
        "assessments": findings,
    })
}

#[test]
fn every_control_is_counted_and_led_to() {
    let count = about_settings().count();
    for (document, readme, said) in [
        ("docs/posture.md", "README.md", format!("{count} controls on settings")),
        (
            "docs/posture.ja.md",
            "README.ja.md",
            format!("設定に関する {count} の統制"),
        ),
    ] {
        let document = read(document);
        for control in about_settings() {
            let links = document.matches(&format!("#{control})")).count();
            assert_eq!(links, 1, "{control}");
        }
        for text in [document, read(readme)] {
            assert!(text.contains(&said), "{said}");
        }
    }
}

/// Returns the requests that the document says to make.
fn requests(document: &str) -> Vec<Value> {
    let requests = document.split("<<'JSON'\n").skip(1);
    let requests = requests.filter_map(|rest| rest.split("\nJSON\n").next());
    requests.map(|request| serde_json::from_str(request).unwrap()).collect()
}

#[test]
fn requests_name_regions_and_controls_that_there_are() {
    for document in documents() {
        let requests = requests(&document);
        assert_eq!(requests.len(), 2);
        for request in requests {
            for name in request["controls"].as_array().unwrap() {
                assert!(control(name.as_str().unwrap()).is_some(), "{name}");
            }
        }
    }
}

#[test]
fn what_is_shown_of_policies_is_sound_and_asks_for_everything() {
    for document in documents() {
        let parts = blocks(&document, "yaml");
        let policy = PolicyDocument::parse(format!("{MINIMAL}{}", parts.concat()).as_bytes()).unwrap();
        assert_eq!(policy.exceptions().len(), 1);
        let today = jiff::civil::date(2026, 11, 22);
        assert_eq!(policy.warnings(&Catalogue::embedded().unwrap(), today), []);
        let schema = PolicyDocument::json_schema();
        for rules in ["PostureRules", "InvocationLoggingRules", "GuardrailRules", "IamRules"] {
            for option in schema["$defs"][rules]["properties"].as_object().unwrap().keys() {
                assert!(parts.concat().contains(&format!("{option}:")), "{option} is not shown");
            }
        }
    }
}

#[test]
fn every_change_that_is_forwarded_is_listed() {
    let mut forwarded = BTreeSet::new();
    let patterns = change::patterns("us-east-1");
    for rule in &patterns {
        names(&serde_json::from_str(&rule.pattern).unwrap(), &mut forwarded);
    }
    assert!(forwarded.len() > 50, "{forwarded:?}");
    for document in documents() {
        let rows = document
            .lines()
            .filter(|line| line.starts_with('|') && line.contains("| `"));
        let (mut rules, mut listed) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            let Some((first, second)) = cells(row) else { continue };
            rules.extend(code(first).filter(|name| name.starts_with("crisguard-change-")));
            listed.extend(code(second).filter(|name| forwarded.contains(*name)).map(str::to_owned));
        }
        assert_eq!(rules, patterns.iter().map(|rule| rule.rule.as_str()).collect());
        let missing: Vec<_> = forwarded.difference(&listed).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

/// Adds the event names of a pattern.
fn names(pattern: &Value, to: &mut BTreeSet<String>) {
    match pattern {
        Value::Object(members) => {
            for (member, value) in members {
                if member == "eventName" {
                    to.extend(
                        value
                            .as_array()
                            .unwrap()
                            .iter()
                            .map(|name| name.as_str().unwrap().to_owned()),
                    );
                } else {
                    names(value, to);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, to)),
        _ => {}
    }
}

/// Returns the first two cells of a row.
fn cells(row: &str) -> Option<(&str, &str)> {
    let mut cells = row.trim_matches('|').split(" | ");
    Some((cells.next()?, cells.next()?))
}

#[test]
fn each_control_has_its_permissions_listed_and_each_permission_its_control() {
    for document in documents() {
        let listed = permissions(&document);
        let controls: BTreeSet<ControlId> = listed.keys().copied().collect();
        assert_eq!(controls, about_settings().collect());

        let all: BTreeSet<&str> = listed.values().flatten().copied().collect();
        let granted = granted();
        let granted: BTreeSet<&str> = granted.iter().map(String::as_str).collect();
        assert_eq!(
            all.difference(&granted).copied().collect::<Vec<&str>>(),
            [""; 0],
            "not granted"
        );
        let unlisted: Vec<&str> = granted.difference(&all).copied().collect();
        assert_eq!(unlisted, [""; 0], "granted for no control");

        for (control, actions) in listed {
            for action in without(control) {
                // What nobody needs to grant: S3 says where others' buckets are all the same.
                if action == "s3:ListBucket" {
                    continue;
                }
                let to_know_of_use = binds_where_in_use(control.area().unwrap()) && action.starts_with("cloudwatch:");
                assert!(
                    to_know_of_use || actions.contains(action.as_str()),
                    "{control} has a case without {action}"
                );
            }
        }
    }
}

/// Returns the actions of each control's row.
fn permissions(document: &str) -> BTreeMap<ControlId, BTreeSet<&str>> {
    let mut listed = BTreeMap::new();
    for row in document.lines().filter(|line| line.starts_with('|')) {
        let Some((first, second)) = cells(row) else { continue };
        let actions: BTreeSet<&str> = code(second).filter(|name| is_action(name)).collect();
        for control in code(first).filter_map(control).filter(|_| !actions.is_empty()) {
            assert_eq!(listed.insert(control, actions.clone()), None, "{control} has two rows");
        }
    }
    listed
}

fn is_action(name: &str) -> bool {
    let Some((service, action)) = name.split_once(':') else {
        return false;
    };
    service
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && action.starts_with(|c: char| c.is_ascii_uppercase())
        && action.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Returns the actions with which check-posture observes, as the templates grant them.
fn granted() -> BTreeSet<String> {
    const OBSERVING: [&str; 5] = [
        "SeeTheRegions",
        "ListRules",
        "SeeWhereItsOwnRulesSend",
        "SeeWhoMayPutEventsOnTheBus",
        "CountCallsAndEvents",
    ];
    let mut granted = BTreeSet::new();
    for (template, sids) in [
        ("infra/posture-reads.yaml", None),
        ("infra/check-posture.yaml", Some(OBSERVING)),
    ] {
        let template: Vec<String> = read(template).lines().map(without_comment).collect();
        let template = template.join("\n");
        for statement in template.split("- Sid: ").skip(1) {
            let sid = statement.lines().next().unwrap();
            if sids.is_none_or(|sids| sids.contains(&sid)) {
                let words = statement.split_whitespace().map(|word| word.trim_matches('"'));
                granted.extend(words.filter(|word| is_action(word)).map(str::to_owned));
            }
        }
    }
    granted
}

fn without_comment(line: &str) -> String {
    line.split("# ").next().unwrap_or_default().to_owned()
}

/// Returns the actions that were refused in a case of the control.
fn without(control: ControlId) -> BTreeSet<String> {
    let folder = root()
        .join("shared/core/src/controls")
        .join(control.name().replace('-', "_"))
        .join("cases");
    let mut refused = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        actions(&serde_json::from_str(&text).unwrap(), &mut refused);
    }
    refused
}

/// Adds the action of each `{"Err": {"action": …}}`.
fn actions(value: &Value, to: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(action) = members.get("Err").and_then(|refused| refused["action"].as_str()) {
                to.insert(action.to_owned());
            }
            members.values().for_each(|member| actions(member, to));
        }
        Value::Array(items) => items.iter().for_each(|item| actions(item, to)),
        _ => {}
    }
}
