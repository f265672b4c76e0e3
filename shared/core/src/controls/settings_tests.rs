//! Runs the cases of the controls on settings: what differs from a Region where all is well, and
//! what must be decided.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path, sync::LazyLock};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ControlId, assess_settings,
    cases::{self, merge},
};
use crate::{
    catalog::Catalogue,
    pattern,
    policy::PolicyDocument,
    posture::{Area, NotObserved, Observed, Place, PostureDecision, Seen, Use},
};

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// What differs from the base policy.
    #[serde(default = "no_change")]
    policy: Value,
    /// Whether Bedrock is in use; it is, by the metrics, where the case does not say.
    #[serde(default = "counted")]
    in_use: Observed<Use>,
    /// What differs from a Region where all is well.
    #[serde(default = "no_change")]
    seen: Value,
    decision: String,
    /// The kinds of the problems and of what is unknown, or of the basis.
    because: Vec<String>,
}

fn no_change() -> Value {
    json!({})
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for a member of this type")]
const fn counted() -> Observed<Use> {
    Ok(Use::Counted)
}

/// A policy that asks for everything that can be asked for.
fn base_policy() -> Value {
    json!({
        "version": 1,
        "regions": {"source": ["eu-west-1"], "destination": ["eu-west-1", "eu-central-1"]},
        "profiles": {"global": "deny"},
        "posture": {
            "invocation_logging": {
                "modalities": ["text", "image", "embedding"], "retention_days": 365, "customer_managed_key": true
            },
            "data_retention": ["none", "default"],
            "customer_managed_key": true,
            "guardrail": {"enforced": true, "agents": true},
            "vpc_endpoint": true,
            "iam": {"least_privilege": true, "separate_duties": true}
        }
    })
}

/// Returns what is seen where all is well: `src/controls/all_is_well/<area>.json`.
fn all_is_well(area: Area) -> Value {
    let name = serde_json::to_value(area).unwrap();
    let name = name.as_str().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/controls/all_is_well/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    json!({ name: serde_json::from_str::<Value>(&text).unwrap() })
}

/// Puts what differs over what is well.
fn seen(area: Area, changes: &Value) -> Value {
    let mut seen = all_is_well(area);
    let name = serde_json::to_value(area).unwrap();
    put(&mut seen[name.as_str().unwrap()], changes);
    as_texts(&mut seen);
    seen
}

/// Puts `changes` over `base`, member by member; null removes a member, except that nothing can have
/// been seen: `{"Ok": null}`. What was not to be seen takes the place of what was.
fn put(base: &mut Value, changes: &Value) {
    match (base, changes) {
        (base, Value::Object(changes))
            if base.is_object() && !changes.contains_key("Err") && changes.get("Ok") != Some(&Value::Null) =>
        {
            for (name, change) in changes {
                if change.is_null() {
                    drop(base.as_object_mut().unwrap().remove(name));
                } else {
                    put(&mut base[name.as_str()], change);
                }
            }
        }
        (base, changes) => *base = changes.clone(),
    }
}

/// Writes every `{"json": …}` as the text that AWS returns.
fn as_texts(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(as_texts);
            if members.len() == 1 && members.contains_key("json") {
                *value = Value::String(members["json"].to_string());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_texts),
        _ => {}
    }
}

/// Read once: it is large.
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

/// What the base policy compiles to, which only the control on crisguard's own rules asks for.
static COMPILED: LazyLock<pattern::Compiled> = LazyLock::new(|| {
    let account = "111122223333".parse().unwrap();
    let policy = PolicyDocument::parse(base_policy().to_string().as_bytes()).unwrap();
    pattern::compile(&policy.for_account(&account, None).unwrap(), &CATALOGUE, Some(&account)).unwrap()
});

fn decided(control: ControlId, case: &Case, seen: &Value) -> PostureDecision {
    let mut policy = base_policy();
    merge(&mut policy, &case.policy);
    let account = "111122223333".parse().unwrap();
    let policy =
        PolicyDocument::parse(policy.to_string().as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let seen: Seen = serde_json::from_value(seen.clone()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let ireland: crate::region::Region = "eu-west-1".parse().unwrap();
    let policy = policy.for_account(&account, None).unwrap();
    let hub = crate::posture::Hub {
        account: account.clone(),
        home: ireland.clone(),
        organization: None,
    };
    let place = Place {
        account: &account,
        region: &ireland,
        in_use: &case.in_use,
        policy: &policy,
        catalogue: &CATALOGUE,
        hub: &hub,
        compiled: Ok(&COMPILED),
        now: "2026-11-22T03:00:00Z".parse().unwrap(),
    };
    let decisions = assess_settings(&seen, &place);
    let decision = decisions.into_iter().find(|(decided, _)| *decided == control);
    decision.unwrap_or_else(|| panic!("{control} is not decided")).1
}

fn reasons(decision: &PostureDecision) -> Vec<String> {
    let json = serde_json::to_value(decision).unwrap();
    let reason = &json["reason"];
    if json["decision"] == "compliant" {
        return vec![reason["kind"].as_str().unwrap().to_owned()];
    }
    ["problems", "unknown"]
        .into_iter()
        .flat_map(|list| reason[list].as_array().into_iter().flatten())
        .map(|item| item["kind"].as_str().unwrap().to_owned())
        .collect()
}

fn about_settings() -> impl Iterator<Item = (ControlId, Area)> {
    ControlId::ALL
        .into_iter()
        .filter_map(|control| Some((control, control.area()?)))
        // Its cases are of a form of their own.
        .filter(|(_, area)| *area != Area::Rules)
}

#[test]
fn every_case_holds() {
    for (control, area) in about_settings() {
        let mut decisions = BTreeSet::new();
        for case in cases::of::<Case>(control) {
            let decided = decided(control, &case, &seen(area, &case.seen));
            assert_eq!(decided.name(), case.decision, "{control}: {}: {decided}", case.name);
            assert_eq!(reasons(&decided), case.because, "{control}: {}: {decided}", case.name);
            let json = serde_json::to_string(&decided).unwrap();
            assert_eq!(
                serde_json::from_str::<PostureDecision>(&json).unwrap(),
                decided,
                "{json}"
            );
            decisions.insert(case.decision);
        }
        assert_eq!(
            decisions.len(),
            3,
            "{control} needs cases of all three decisions: {decisions:?}"
        );
    }
}

#[test]
fn every_sentence_reads_well() {
    let mut sentences = String::new();
    for (control, area) in about_settings() {
        for case in cases::of::<Case>(control) {
            let decided = decided(control, &case, &seen(area, &case.seen));
            writeln!(sentences, "{control}: {}\n    {decided}", case.name).unwrap();
        }
    }
    insta::assert_snapshot!(sentences);
}

/// Returns every way of hiding one thing that was observed, at any depth.
fn each_hidden(seen: &Value) -> Vec<Value> {
    fn paths(value: &Value, at: &str, into: &mut Vec<String>) {
        if let Value::Object(members) = value {
            if members.len() == 1 && members.contains_key("Ok") {
                into.push(at.to_owned());
            }
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                paths(member, &format!("{at}/{name}"), into);
            }
        }
    }
    let mut into = Vec::new();
    paths(seen, "", &mut into);
    into.iter()
        .map(|path| {
            let mut hidden = seen.clone();
            let unseen = NotObserved::new("x:Y", "no");
            *hidden.pointer_mut(path).unwrap() = json!({ "Err": unseen });
            hidden
        })
        .collect()
}

/// Whatever was not observed, nothing becomes compliant that was not, and nothing that was is
/// called wrong.
#[test]
fn what_was_not_observed_decides_nothing() {
    for (control, area) in about_settings() {
        let mut undecided = 0;
        for case in cases::of::<Case>(control) {
            let seen = seen(area, &case.seen);
            for hidden in each_hidden(&seen) {
                let decided = decided(control, &case, &hidden);
                if case.decision == "compliant" {
                    assert_ne!(decided.name(), "non-compliant", "{control}: {}: {decided}", case.name);
                } else {
                    assert_ne!(decided.name(), "compliant", "{control}: {}: {decided}", case.name);
                }
                undecided += usize::from(decided.name() == "undecided");
            }
        }
        assert!(undecided > 0, "{control}: nothing that is hidden leaves it undecided");
    }
}
