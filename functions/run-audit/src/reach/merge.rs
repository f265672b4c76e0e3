//! One change of each policy for all profiles together, out of the changes for each.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use crisguard_core::{
    account::AccountId,
    catalog::Catalogue,
    scp::{
        self,
        mend::{Note, Permit, Remedy, RemedyKind, narrowest},
        organization::{Chain, Organization, Scp},
        reach::{AccountsReport, Caller, Denied, Reach, Target, compare},
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::question::{Question, ReachError};

/// A policy that was changed for all wanted profiles together.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Mended {
    /// The policy's id, or the file that it is in.
    pub policy: String,
    /// The profiles that fail as it is, and work with all that is changed here.
    pub profiles: Vec<String>,
    /// Other profiles that fail as it is, and work with it too.
    pub also: Vec<String>,
    /// Of an organization: the accounts in which one of the profiles works with it that fails as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    pub accounts: Option<BTreeSet<AccountId>>,
    /// The document as it is.
    pub before: Value,
    /// The document as it would be.
    pub document: Value,
    /// How many characters that has without white space.
    pub size: usize,
    /// How many a policy may have.
    pub quota: usize,
    /// What the changes for each profile let through that is denied as it is, each as tried from the profile's
    /// source Region.
    pub newly_permits: Vec<Permit>,
    /// What they deny that is let through as it is.
    pub newly_denies: Vec<Permit>,
    /// What else is to be known of them.
    #[schemars(with = "Vec<String>")]
    pub notes: Vec<Note>,
}

/// What all changes together make work.
#[derive(Default)]
struct Gained {
    profiles: Vec<String>,
    also: Vec<String>,
    accounts: Option<BTreeSet<AccountId>>,
}

/// The changes of some remedies, as one document of each policy.
#[derive(Default)]
struct Merge<'r> {
    documents: BTreeMap<&'r str, (Value, usize)>,
    remedies: Vec<&'r Remedy>,
}

/// Tells whether it is the least change, and does.
pub(super) fn is_exact(remedy: &Remedy) -> bool {
    remedy.remedy == RemedyKind::ExemptProfile && remedy.works == Some(true)
}

/// Puts the least changes of all profiles into one of each policy, and evaluates `every` profile again with it.
/// Profiles whose change has another shape than the first one's are left to their own.
pub(super) fn of_account<'r>(
    exact: impl Iterator<Item = (&'r Target, &'r Remedy)>,
    every: &[Target],
    chain: &Chain,
    caller: &Caller,
) -> Result<Vec<Mended>, ReachError> {
    let mut merge = Merge::default();
    let wanted: Vec<&Target> = exact
        .filter(|(_, remedy)| merge.add(remedy))
        .map(|(target, _)| target)
        .collect();
    let mut changed = chain.clone();
    for (name, (document, _)) in &merge.documents {
        let policy = scp::Policy::from_document(document.clone())?;
        changed = changed.with(name, &Arc::new(Scp::new(name, policy)));
    }
    let worked = working(chain, caller, every)?;
    let works_now = working(&changed, caller, every)?;
    let mut gained = Gained::default();
    for target in works_now.iter().filter(|target| !worked.contains(target)) {
        let list = if wanted.contains(&target) {
            &mut gained.profiles
        } else {
            &mut gained.also
        };
        list.push(label(target));
    }
    let known = chain
        .policies()
        .map(|(_, scp)| (scp.name(), scp.policy().document().clone()));
    merge.into_mended(&known.collect(), &gained)
}

/// Does the same for the accounts of an organization. The least change is worked out once for each profile and
/// each way in which it is denied, and all of them together are tried in every account.
pub(super) fn of_organization(
    question: &Question,
    organization: &Organization,
    reach: &Reach,
    accounts: &[AccountsReport],
    catalogue: &Catalogue,
    is_wanted: impl Fn(&AccountId, &Target) -> bool,
) -> Result<Vec<Mended>, ReachError> {
    let mut exact = Vec::new();
    let mut denied_so: HashSet<(usize, Vec<Denied>)> = HashSet::new();
    for together in accounts {
        let Some(account) = together.accounts.first() else {
            continue;
        };
        for (place, (target, report)) in reach.targets().iter().zip(&together.profiles).enumerate() {
            let is_new = report.verdict == "fails"
                && is_wanted(account, target)
                && denied_so.insert((place, anywhere(&report.denied)));
            if is_new {
                let (chain, caller) = question.under.above(account, &question.principal)?;
                let remedy = narrowest(&question.wish(target, &chain, &caller, catalogue))?;
                exact.extend(remedy.filter(is_exact));
            }
        }
    }
    let mut merge = Merge::default();
    for remedy in &exact {
        merge.add(remedy);
    }
    if merge.documents.is_empty() {
        return Ok(Vec::new());
    }
    let mut changed = organization.clone();
    for (name, (document, _)) in &merge.documents {
        changed = changed.with_policy(name, document.clone())?;
    }
    let mut every = Target::profiles("*", &question.common_sources()?, catalogue);
    let more = reach.targets().iter().filter(|target| !every.contains(target));
    let more: Vec<Target> = more.cloned().collect();
    every.extend(more);
    let before = Reach::of_organization(organization, &question.principal, every.clone())?;
    let after = Reach::of_organization(&changed, &question.principal, every)?;
    let gained = gained(&before, &after, is_wanted);
    let known = organization.document().policies.iter().map(|policy| {
        let read = scp::Policy::parse(policy.content.json().as_bytes())?;
        Ok((policy.id.as_str(), read.document().clone()))
    });
    merge.into_mended(&known.collect::<Result<_, ReachError>>()?, &gained)
}

/// What denies a call, wherever it is attached.
fn anywhere(denied: &[Denied]) -> Vec<Denied> {
    let nowhere: Arc<str> = "".into();
    let each = denied.iter().map(|denied| Denied {
        level: Arc::clone(&nowhere),
        ..denied.clone()
    });
    each.collect()
}

fn gained(before: &Reach, after: &Reach, is_wanted: impl Fn(&AccountId, &Target) -> bool) -> Gained {
    let mut accounts = BTreeSet::new();
    let mut gained = Gained::default();
    for change in compare(before, after) {
        let is_it = |target: &&Target| target.call.name() == change.profile && target.source.0 == change.source;
        let Some(target) = before.targets().iter().find(is_it) else {
            continue;
        };
        if change.after != "works" {
            continue;
        }
        let (wanted, others): (Vec<_>, Vec<_>) = change
            .accounts
            .into_iter()
            .partition(|account| is_wanted(account, target));
        for (accounts, list) in [(&wanted, &mut gained.profiles), (&others, &mut gained.also)] {
            if !accounts.is_empty() && !list.contains(&label(target)) {
                list.push(label(target));
            }
        }
        accounts.extend(wanted);
    }
    gained.accounts = Some(accounts);
    gained
}

impl<'r> Merge<'r> {
    /// Takes a remedy's changes, if they go together with those that are there.
    fn add(&mut self, remedy: &'r Remedy) -> bool {
        let mut documents = self.documents.clone();
        for change in &remedy.changes {
            let document = match documents.get(change.policy.as_str()) {
                None => change.document.clone(),
                Some((known, _)) => match union(known, &change.document) {
                    Some(both) => both,
                    None => return false,
                },
            };
            documents.insert(&change.policy, (document, change.quota));
        }
        self.documents = documents;
        self.remedies.push(remedy);
        true
    }

    fn into_mended(self, known: &BTreeMap<&str, Value>, gained: &Gained) -> Result<Vec<Mended>, ReachError> {
        let of = |name: &str| {
            let changes = |remedy: &&&Remedy| remedy.changes.iter().any(|change| change.policy == name);
            self.remedies.iter().filter(changes).copied().collect::<Vec<_>>()
        };
        let mut all = Vec::new();
        for (name, (document, quota)) in &self.documents {
            // What is not above anybody is nobody's to change.
            let Some(before) = known.get(name) else { continue };
            let (remedies, policy) = (of(name), scp::Policy::from_document(document.clone())?);
            all.push(Mended {
                policy: (*name).to_owned(),
                profiles: gained.profiles.clone(),
                also: gained.also.clone(),
                accounts: gained.accounts.clone(),
                before: before.clone(),
                document: document.clone(),
                size: policy.size().minified,
                quota: *quota,
                newly_permits: each_once(remedies.iter().flat_map(|remedy| &remedy.newly_permits)),
                newly_denies: each_once(remedies.iter().flat_map(|remedy| &remedy.newly_denies)),
                notes: each_once(remedies.iter().flat_map(|remedy| &remedy.notes)),
            });
        }
        Ok(all)
    }
}

fn each_once<'a, T: PartialEq + Clone + 'a>(items: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut once: Vec<T> = Vec::new();
    for item in items {
        if !once.contains(item) {
            once.push(item.clone());
        }
    }
    once
}

fn label(target: &Target) -> String {
    format!("{} from {}", target.call.name(), target.source)
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
