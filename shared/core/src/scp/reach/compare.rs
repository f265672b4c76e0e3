//! What-if: which verdicts another set of policies would change.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{CallKind, Reach, verdict::Denied};
use crate::{account::AccountId, region::Region};

/// A verdict that changes, for the accounts for which it does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Change {
    /// The accounts.
    #[schemars(with = "Vec<String>")]
    pub accounts: Vec<AccountId>,
    /// The profile's id; an application profile's ARN; a model's id.
    pub profile: String,
    /// What is called, and how.
    pub call: CallKind,
    /// The Region that is called.
    pub source: Region,
    /// The verdict before: `works`, `fails` or `undecided`.
    pub before: &'static str,
    /// The verdict after.
    pub after: &'static str,
    /// What is denied after, and was not before, or was denied by another statement.
    pub denied: Vec<Denied>,
    /// Of a call that works after: the Regions outside the policy that can process it, `*` for every commercial
    /// Region. Nothing where no policy was given.
    pub leaves: Vec<String>,
    /// Of a call that is undecided after: the same Regions, should what it depends on let it through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub could_leave: Vec<String>,
}

/// Returns the verdicts that differ, in the order of the accounts and profiles of `before`. What is only in
/// one of both is left out.
///
/// ```
/// use crisguard_core::{catalog::Catalogue, scp::{organization::Chain, reach::{Caller, Principal, Reach, Target, compare}}};
/// let caller = Caller::new("111122223333".parse()?, &Principal::Ordinary);
/// let tokyo = crisguard_core::region::SourceRegion("ap-northeast-1".parse()?);
/// let targets = Target::profiles("jp.*", &[tokyo], &Catalogue::embedded()?);
/// let reach = Reach::of_account(&Chain::of_files([])?, &caller, targets)?;
/// assert_eq!(compare(&reach, &reach), []);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn compare(before: &Reach, after: &Reach) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    // By what changes, without the accounts.
    let mut known: HashMap<Change, usize> = HashMap::new();
    for account in before.accounts() {
        let after: Vec<_> = after.verdicts(account).collect();
        for (place, (target, verdict)) in before.verdicts(account).enumerate() {
            // Mostly the same targets in the same order.
            let same = |(other, _): &&(&super::Target, _)| *other == target;
            let found = after.get(place).filter(same).or_else(|| after.iter().find(same));
            let Some((_, later)) = found.filter(|(_, other)| other.name() != verdict.name()) else {
                continue;
            };
            let new = later
                .denied()
                .iter()
                .filter(|denied| !verdict.denied().contains(denied));
            let change = Change {
                accounts: Vec::new(),
                profile: target.call.name().to_owned(),
                call: target.call.kind(),
                source: target.source.0.clone(),
                before: verdict.name(),
                after: later.name(),
                denied: new.cloned().collect(),
                leaves: Vec::new(),
                could_leave: Vec::new(),
            };
            let place = *known.entry(change.clone()).or_insert_with(|| {
                changes.push(change);
                changes.len() - 1
            });
            if let Some(change) = changes.get_mut(place) {
                change.accounts.push(account.clone());
            }
        }
    }
    changes
}
