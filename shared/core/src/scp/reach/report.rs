//! The verdicts as they are written: for one account, or for a whole organization.

use std::{collections::BTreeMap, sync::Arc};

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;

use super::{
    Reach,
    depends::Depends,
    target::{CallKind, Target},
    verdict::{Denied, Verdict},
};
use crate::{
    account::AccountId,
    catalog::Destinations,
    policy::{Policy, RegionSet},
    region::Region,
    scp::{mend::Remedy, organization::Exemption},
};

/// What one account can call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "crisguard reach", extend("$id" = "urn:crisguard:reach:1"))]
pub struct ReachReport {
    /// Each profile from each source Region that was asked about.
    pub profiles: Vec<ProfileReport>,
}

/// What the accounts of an organization can call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "crisguard reach of an organization", extend("$id" = "urn:crisguard:reach-organization:1"))]
pub struct OrganizationReport {
    /// Accounts of which the same holds, together.
    pub accounts: Vec<AccountsReport>,
}

/// What some accounts can call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AccountsReport {
    /// The accounts.
    #[schemars(with = "Vec<String>")]
    pub accounts: Vec<AccountId>,
    /// The names of those that have one, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub names: BTreeMap<AccountId, String>,
    /// Why no service control policy applies to them, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exempt: Option<Exemption>,
    /// Each profile from each source Region that was asked about.
    pub profiles: Vec<ProfileReport>,
}

/// What is said of one profile from one source Region.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ProfileReport {
    /// The profile's id; an application profile's ARN; a model's id.
    pub profile: String,
    /// What is called, and how.
    pub call: CallKind,
    /// The Region that is called.
    pub source: Region,
    /// The Regions that can process the call; `*` for every commercial Region.
    pub destinations: Vec<String>,
    /// `works`, `fails` or `undecided`.
    #[schemars(extend("enum" = ["works", "fails", "undecided"]))]
    pub verdict: &'static str,
    /// What is denied; nothing unless it fails.
    pub denied: Vec<Denied>,
    /// Of a call that works: the Regions outside the policy that can process it, `*` for every commercial
    /// Region. Nothing where no policy was given.
    pub leaves: Vec<String>,
    /// Of a call that is undecided: the same Regions, should what it depends on let it through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub could_leave: Vec<String>,
    /// Whether AWS documents what is evaluated only in part, so that the verdict is inferred.
    pub inferred: bool,
    /// The condition keys on which an undecided verdict depends, as the policies write them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Arc<str>>,
    /// The statements that ask for those keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_by: Vec<Depends>,
    /// What AWS does not document, where that leaves it undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undocumented: Option<&'static str>,
    /// What could be done about it, where that was asked for.
    pub remedies: Vec<Remedy>,
}

impl Reach {
    /// Writes what one account can call, measured against `policy` where there is one.
    #[must_use]
    pub fn report(&self, account: &AccountId, policy: Option<&Policy>) -> ReachReport {
        let verdicts = self.verdicts(account);
        ReachReport {
            profiles: verdicts
                .map(|(target, verdict)| ProfileReport::new(target, verdict, policy))
                .collect(),
        }
    }

    /// Writes what each account can call, measured against the policy of that account. Accounts of which the
    /// same verdicts hold and that have the same policy are written together.
    pub fn organization_report(&self, policy: impl Fn(&AccountId) -> Option<Policy>) -> OrganizationReport {
        let mut accounts = Vec::new();
        for group in &self.groups {
            let mut by_policy: Vec<(Option<Policy>, Vec<AccountId>)> = Vec::new();
            for account in &group.accounts {
                let policy = policy(account);
                match by_policy.iter_mut().find(|(known, _)| *known == policy) {
                    Some((_, same)) => same.push(account.clone()),
                    None => by_policy.push((policy, vec![account.clone()])),
                }
            }
            accounts.extend(by_policy.into_iter().map(|(policy, accounts)| {
                AccountsReport {
                    accounts,
                    names: BTreeMap::new(),
                    exempt: group.exempt,
                    profiles: self
                        .of_group(group)
                        .map(|(target, verdict)| ProfileReport::new(target, verdict, policy.as_ref()))
                        .collect(),
                }
            }));
        }
        OrganizationReport { accounts }
    }
}

impl ReachReport {
    /// Returns the JSON Schema of the report (draft 2020-12).
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schema::<Self>()
    }
}

impl OrganizationReport {
    /// Returns the JSON Schema of the report (draft 2020-12).
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schema::<Self>()
    }
}

impl ProfileReport {
    fn new(target: &Target, verdict: &Verdict, policy: Option<&Policy>) -> Self {
        let (depends_on, undocumented) = match verdict {
            Verdict::Works | Verdict::Fails(_) => (Vec::new(), None),
            Verdict::Undecided { keys, undocumented } => (keys.to_vec(), *undocumented),
        };
        let outside = policy.map(|policy| leaves(target, policy)).unwrap_or_default();
        let (leaves, could_leave) = match verdict {
            Verdict::Works => (outside, Vec::new()),
            Verdict::Undecided { .. } => (Vec::new(), outside),
            Verdict::Fails(_) => (Vec::new(), Vec::new()),
        };
        Self {
            profile: target.call.name().to_owned(),
            call: target.call.kind(),
            source: target.source.0.clone(),
            destinations: target.destination_names(),
            verdict: verdict.name(),
            denied: verdict.denied().to_vec(),
            leaves,
            could_leave,
            inferred: target.call.is_inferred(),
            depends_on,
            depends_by: Vec::new(),
            undocumented,
            remedies: Vec::new(),
        }
    }
}

impl ProfileReport {
    /// Names the statements on which an undecided verdict depends, and the keys as those write them.
    pub fn depends_by(&mut self, by: Vec<Depends>) {
        for key in &mut self.depends_on {
            let mut written = by.iter().flat_map(|one| &one.keys);
            if let Some(written) = written.find(|written| written.eq_ignore_ascii_case(key)) {
                *key = Arc::clone(written);
            }
        }
        self.depends_by = by;
    }
}

/// Returns the Regions that can process a call and that the policy does not allow; `*` where it can be any
/// commercial Region and not all are allowed.
#[must_use]
pub fn leaves(target: &Target, policy: &Policy) -> Vec<String> {
    match (&target.destinations, policy.destination_regions()) {
        (_, RegionSet::Every) => Vec::new(),
        (Destinations::EveryCommercialRegion, RegionSet::Only(_)) => vec!["*".to_owned()],
        (Destinations::Regions(regions), RegionSet::Only(allowed)) => {
            let outside = regions.iter().filter(|region| !allowed.contains(region));
            outside.map(ToString::to_string).collect()
        }
    }
}

/// The schema of what is written, not of what could be read.
fn schema<T: JsonSchema>() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
