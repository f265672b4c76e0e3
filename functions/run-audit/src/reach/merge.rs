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
        mend::{Note, Permit, Remedy, RemedyKind, differences, is_managed, narrowest},
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
    /// The profiles that fail without this change, and work with all that is changed here.
    pub profiles: Vec<String>,
    /// Other profiles of which that holds, too.
    pub also: Vec<String>,
    /// Other policies without whose change one of them does not work: they deny it, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub together_with: Vec<String>,
    /// Wanted profiles that are not let through by this change, for the policy would be longer than it may be, or
    /// they need a change of another shape: ask for them alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
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
    /// What the document lets through that is denied without it, as tried from the profiles' source Regions.
    pub newly_permits: Vec<Permit>,
    /// What it denies that is let through without it.
    pub newly_denies: Vec<Permit>,
    /// What else is to be known of them.
    #[schemars(with = "Vec<String>")]
    pub notes: Vec<Note>,
}

/// What one policy's change makes work, beside all others.
#[derive(Default)]
struct Gained {
    profiles: Vec<String>,
    also: Vec<String>,
    accounts: BTreeSet<AccountId>,
    /// Each call with the account that makes it.
    calls: BTreeSet<(AccountId, String)>,
    newly_permits: Vec<Permit>,
    newly_denies: Vec<Permit>,
}

/// The changes of some remedies, as one document of each policy.
#[derive(Default)]
struct Merge<'r> {
    documents: BTreeMap<&'r str, (Value, usize)>,
    remedies: Vec<&'r Remedy>,
    /// What there was no room for, by policy.
    left_out: BTreeMap<&'r str, Vec<String>>,
}

/// Tells whether it is the least change, and does, and is not too long.
pub(super) fn is_exact(remedy: &Remedy) -> bool {
    remedy.remedy == RemedyKind::ExemptProfile && remedy.works == Some(true) && remedy.cannot.is_none()
}

/// Puts the least changes of all profiles into one of each policy, and evaluates `every` profile again with it.
/// Profiles whose change has another shape than the first one's, or for which there is no room, are left out.
pub(super) fn of_account<'r>(
    exact: impl Iterator<Item = (&'r Target, &'r Remedy)>,
    every: &[Target],
    chain: &Chain,
    caller: &Caller,
    catalogue: &Catalogue,
) -> Result<Vec<Mended>, ReachError> {
    let mut merge = Merge::default();
    let mut wanted: Vec<&Target> = Vec::new();
    for (target, remedy) in exact {
        merge.add(target, remedy)?;
        wanted.push(target);
    }
    let all = merge.applied(chain, None)?;
    let after = Reach::of_account(&all, caller, every.to_vec())?;
    let mut gained: BTreeMap<&str, Gained> = BTreeMap::new();
    for name in merge.documents.keys() {
        let without = merge.applied(chain, Some(name))?;
        let before = Reach::of_account(&without, caller, every.to_vec())?;
        let mut one = Gained::between(&before, &after, |_, target| wanted.contains(&target));
        one.tell(&wanted, &without, &all, caller, catalogue)?;
        gained.insert(name, one);
    }
    let known = chain
        .policies()
        .map(|(_, scp)| (scp.name(), scp.policy().document().clone()));
    merge.into_mended(&known.collect(), gained, false)
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
    // Of each account that stands for others, what is to work there.
    let mut examples: BTreeMap<&AccountId, Vec<&Target>> = BTreeMap::new();
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
                examples.entry(account).or_default().push(target);
                exact.extend(remedy.filter(is_exact).map(|remedy| (target, remedy)));
            }
        }
    }
    let mut merge = Merge::default();
    for (target, remedy) in &exact {
        merge.add(target, remedy)?;
    }
    if merge.documents.is_empty() {
        return Ok(Vec::new());
    }
    let changed = |but: Option<&str>| {
        let mut changed = organization.clone();
        for (name, (document, _)) in merge.documents.iter().filter(|(name, _)| Some(**name) != but) {
            changed = changed.with_policy(name, document.clone())?;
        }
        Ok::<_, ReachError>(changed)
    };
    let mut every = Target::profiles("*", &question.common_sources()?, catalogue);
    let more = reach.targets().iter().filter(|target| !every.contains(target));
    let more: Vec<Target> = more.cloned().collect();
    every.extend(more);
    let after = Reach::of_organization(&changed(None)?, &question.principal, every.clone())?;
    let mut gained: BTreeMap<&str, Gained> = BTreeMap::new();
    for name in merge.documents.keys() {
        let before = Reach::of_organization(&changed(Some(name))?, &question.principal, every.clone())?;
        let mut one = Gained::between(&before, &after, &is_wanted);
        for (account, targets) in &examples {
            let (chain, caller) = question.under.above(account, &question.principal)?;
            let (without, all) = (merge.applied(&chain, Some(name))?, merge.applied(&chain, None)?);
            one.tell(targets, &without, &all, &caller, catalogue)?;
        }
        gained.insert(name, one);
    }
    let known = organization.document().policies.iter().map(|policy| {
        let read = scp::Policy::parse(policy.content.json().as_bytes())?;
        Ok((policy.id.as_str(), read.document().clone()))
    });
    merge.into_mended(&known.collect::<Result<_, ReachError>>()?, gained, true)
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

impl Gained {
    /// Takes what works after and did not before.
    fn between(before: &Reach, after: &Reach, is_wanted: impl Fn(&AccountId, &Target) -> bool) -> Self {
        let mut gained = Self::default();
        for change in compare(before, after) {
            let is_it = |target: &&Target| {
                target.call.name() == change.profile
                    && target.call.kind() == change.call
                    && target.source.0 == change.source
            };
            let Some(target) = before.targets().iter().find(is_it) else {
                continue;
            };
            if change.after != "works" {
                continue;
            }
            let accounts = change.accounts.into_iter().filter(|account| target.is_in(account));
            let (wanted, others): (Vec<_>, Vec<_>) = accounts.partition(|account| is_wanted(account, target));
            let label = label(target);
            for (accounts, list) in [(&wanted, &mut gained.profiles), (&others, &mut gained.also)] {
                if !accounts.is_empty() && !list.contains(&label) {
                    list.push(label.clone());
                }
            }
            let calls = wanted.iter().chain(&others);
            gained
                .calls
                .extend(calls.map(|account| (account.clone(), label.clone())));
            gained.accounts.extend(wanted);
        }
        gained
    }

    /// Tries what else the change lets through or denies, with all that is changed besides.
    fn tell(
        &mut self,
        targets: &[&Target],
        without: &Chain,
        all: &Chain,
        caller: &Caller,
        catalogue: &Catalogue,
    ) -> Result<(), ReachError> {
        let (permits, denies) = differences(targets, without, all, caller, catalogue)?;
        for (list, more) in [(&mut self.newly_permits, permits), (&mut self.newly_denies, denies)] {
            for permit in more {
                if !list.contains(&permit) {
                    list.push(permit);
                }
            }
        }
        Ok(())
    }

    /// Tells whether a note on one remedy holds of the documents as they are shown.
    fn holds(&self, note: &Note, document: &Value) -> bool {
        match note {
            Note::ManagedByControlTower => is_managed(document),
            Note::CallableToo { source } => {
                let mut permits = self.newly_permits.iter().filter(|permit| permit.resource == "profile");
                permits.any(|permit| permit.regions.iter().any(|region| region == source.0.as_str()))
            }
            _ => true,
        }
    }
}

impl<'r> Merge<'r> {
    /// Takes a remedy's changes, if they go together with those that are there, and there is room for them.
    fn add(&mut self, target: &Target, remedy: &'r Remedy) -> Result<(), ReachError> {
        let mut documents = self.documents.clone();
        for change in &remedy.changes {
            let both = match documents.get(change.policy.as_str()) {
                None => Some(change.document.clone()),
                Some((known, _)) => union(known, &change.document),
            };
            let fits = both.map(|both| {
                let size = scp::Policy::from_document(both.clone())?.size().minified;
                Ok::<_, ReachError>((size <= change.quota).then_some(both))
            });
            let Some(document) = fits.transpose()?.flatten() else {
                self.left_out.entry(&change.policy).or_default().push(label(target));
                return Ok(());
            };
            documents.insert(&change.policy, (document, change.quota));
        }
        self.documents = documents;
        self.remedies.push(remedy);
        Ok(())
    }

    /// Returns a chain with the documents in it, but for one.
    fn applied(&self, chain: &Chain, but: Option<&str>) -> Result<Chain, ReachError> {
        let mut changed = chain.clone();
        for (name, (document, _)) in self.documents.iter().filter(|(name, _)| Some(**name) != but) {
            let policy = scp::Policy::from_document(document.clone())?;
            changed = changed.with(name, &Arc::new(Scp::new(name, policy)));
        }
        Ok(changed)
    }

    fn into_mended(
        self,
        known: &BTreeMap<&str, Value>,
        gained: BTreeMap<&str, Gained>,
        of_organization: bool,
    ) -> Result<Vec<Mended>, ReachError> {
        let mut together: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, one) in &gained {
            let others = gained.iter().filter(|(other, _)| *other != name);
            let needed = others.filter(|(_, other)| !one.calls.is_disjoint(&other.calls));
            together.insert(name, needed.map(|(other, _)| (*other).to_owned()).collect());
        }
        let mut all = Vec::new();
        for (name, gained) in gained {
            // What is not above anybody is nobody's to change.
            let Some((before, (document, quota))) = known.get(name).zip(self.documents.get(name)) else {
                continue;
            };
            let remedies = self.remedies.iter();
            let remedies = remedies.filter(|remedy| remedy.changes.iter().any(|change| change.policy == name));
            let mut notes = each_once(remedies.flat_map(|remedy| &remedy.notes));
            notes.retain(|note| gained.holds(note, document));
            all.push(Mended {
                policy: name.to_owned(),
                profiles: gained.profiles,
                also: gained.also,
                together_with: together.remove(name).unwrap_or_default(),
                left_out: self.left_out.get(name).cloned().unwrap_or_default(),
                accounts: of_organization.then_some(gained.accounts),
                before: before.clone(),
                document: document.clone(),
                size: scp::Policy::from_document(document.clone())?.size().minified,
                quota: *quota,
                newly_permits: gained.newly_permits,
                newly_denies: gained.newly_denies,
                notes,
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

/// Names a call and where it is made.
pub(super) fn label(target: &Target) -> String {
    format!("{} from {}", target.call.name(), target.source)
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
