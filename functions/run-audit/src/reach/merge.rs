//! One change of each policy for all profiles together, out of the changes for each.

use std::{collections::BTreeMap, sync::Arc};

use crisguard_core::scp::{
    self,
    mend::{Remedy, RemedyKind},
    organization::{Chain, Scp},
    reach::{Caller, Reach, Target},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::question::ReachError;

/// A policy that was changed for all wanted profiles together.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Mended {
    /// The policy's id, or the file that it is in.
    pub policy: String,
    /// The profiles that fail as it is, and work with all that is changed here.
    pub profiles: Vec<String>,
    /// Other profiles that fail as it is, and work with it too.
    pub also: Vec<String>,
    /// The document as it is.
    pub before: Value,
    /// The document as it would be.
    pub document: Value,
    /// How many characters that has without white space.
    pub size: usize,
    /// How many a policy may have.
    pub quota: usize,
}

/// Puts the least changes of all profiles into one of each policy, and evaluates `every` profile again with it.
/// Profiles whose change has another shape than the first one's are left to their own.
pub(super) fn mended(
    failing: &[(&Target, &[Remedy])],
    every: &[Target],
    chain: &Chain,
    caller: &Caller,
) -> Result<Vec<Mended>, ReachError> {
    let mut merged: BTreeMap<&str, Value> = BTreeMap::new();
    let mut wanted: Vec<&Target> = Vec::new();
    let mut quota = 0;
    for (target, remedies) in failing {
        let exact = |remedy: &&Remedy| remedy.remedy == RemedyKind::ExemptProfile && remedy.works == Some(true);
        let Some(remedy) = remedies.iter().find(exact) else {
            continue;
        };
        let mut tried = merged.clone();
        let fits = remedy.changes.iter().all(|change| {
            quota = change.quota;
            let known = tried.remove(change.policy.as_str());
            let both = known.map_or_else(
                || Some(change.document.clone()),
                |known| union(&known, &change.document),
            );
            both.is_some_and(|both| {
                tried.insert(&change.policy, both);
                true
            })
        });
        if fits {
            merged = tried;
            wanted.push(target);
        }
    }
    if merged.is_empty() {
        return Ok(Vec::new());
    }
    let mut changed = chain.clone();
    for (name, document) in &merged {
        let policy = scp::Policy::from_document(document.clone())?;
        changed = changed.with(name, &Arc::new(Scp::new(name, policy)));
    }
    let works_now = working(&changed, caller, every)?;
    let worked = working(chain, caller, every)?;
    let label = |target: &Target| format!("{} from {}", target.call.name(), target.source);
    let new = || works_now.iter().filter(|target| !worked.contains(target));
    let profiles: Vec<String> = new().filter(|target| wanted.contains(target)).map(&label).collect();
    let also: Vec<String> = new().filter(|target| !wanted.contains(target)).map(&label).collect();
    let mut all = Vec::new();
    for (name, document) in merged {
        let policy = scp::Policy::from_document(document.clone())?;
        let before = chain.policies().find(|(_, scp)| scp.name() == name);
        all.push(Mended {
            policy: name.to_owned(),
            profiles: profiles.clone(),
            also: also.clone(),
            before: before
                .map(|(_, scp)| scp.policy().document().clone())
                .unwrap_or_default(),
            size: policy.size().minified,
            document,
            quota,
        });
    }
    Ok(all)
}

fn working(chain: &Chain, caller: &Caller, targets: &[Target]) -> Result<Vec<Target>, ReachError> {
    let reach = Reach::of_account(chain, caller, targets.to_vec())?;
    let verdicts = reach.verdicts(caller.account());
    let works = verdicts.filter(|(_, verdict)| verdict.works());
    Ok(works.map(|(target, _)| target.clone()).collect())
}

/// Returns a document that lists what either lists, if both are alike but for what their lists of texts hold.
fn union(one: &Value, other: &Value) -> Option<Value> {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            let members = a
                .iter()
                .map(|(name, value)| Some((name.clone(), union(value, b.get(name)?)?)));
            members.collect::<Option<_>>().map(Value::Object)
        }
        (Value::Array(a), Value::Array(b)) if texts(a) && texts(b) => {
            let more = b.iter().filter(|text| !a.contains(text));
            Some(Value::Array(a.iter().chain(more).cloned().collect()))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let items = a.iter().zip(b).map(|(a, b)| union(a, b));
            items.collect::<Option<_>>().map(Value::Array)
        }
        (a, b) if a == b => Some(a.clone()),
        _ => None,
    }
}

fn texts(items: &[Value]) -> bool {
    items.iter().all(Value::is_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_of_one_shape_become_one() {
        let of = |arn: &str, regions: &[&str]| json!({"S": [{"Sid": "a", "C": {"Arn": [arn], "Region": regions}}]});
        assert_eq!(
            union(&of("x", &["t"]), &of("y", &["t", "o"])),
            Some(json!({"S": [{"Sid": "a", "C": {"Arn": ["x", "y"], "Region": ["t", "o"]}}]}))
        );
        assert_eq!(union(&json!({"Sid": "a"}), &json!({"Sid": "b"})), None);
        assert_eq!(union(&json!([{"a": 1}]), &json!([{"a": 1}, {"b": 1}])), None);
    }
}
