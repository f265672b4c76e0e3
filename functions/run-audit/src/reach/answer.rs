//! The answer to a question about reach, in the form of docs/reach.md.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{
    account::AccountId,
    catalog::Catalogue,
    policy::Policy,
    region::SourceRegion,
    scp::{
        mend::{Closing, close, remedies},
        organization::{Chain, Exemption, Organization},
        reach::{
            AccountsReport, Call, Caller, Change, ProfileReport, Reach, Target, Verdict, compare, depends_by, leaves,
        },
    },
};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    asked::Asked,
    merge::{self, Mended},
    question::{Accounts, Policies, Question, ReachError},
};

/// What an account, or each of an organization, can call.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "crisguard reach", extend("$id" = "urn:crisguard:reach:1"))]
pub enum Answer {
    /// Of one account.
    Account(AccountAnswer),
    /// Of every account of an organization.
    Organization(OrganizationAnswer),
    /// What would be otherwise.
    Changes(ChangesAnswer),
}

/// What one account can call.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct AccountAnswer {
    /// The day of the snapshot that says where profiles go.
    #[schemars(with = "String")]
    pub catalogue_as_of: Date,
    /// What was asked.
    pub asked: Asked,
    /// Why no service control policy applies, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exempt: Option<Exemption>,
    /// Each profile from each source Region that was asked about.
    pub profiles: Vec<ProfileReport>,
    /// The policies as they would let every wanted profile work that can be made to, each with what it was.
    pub mend: Vec<Mended>,
    /// A policy that closes what works and leaves the allowed Regions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
}

/// What the accounts of an organization can call.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct OrganizationAnswer {
    /// The day of the snapshot that says where profiles go.
    #[schemars(with = "String")]
    pub catalogue_as_of: Date,
    /// What was asked.
    pub asked: Asked,
    /// Accounts of which the same holds, together. Remedies are those of one account alone.
    pub accounts: Vec<AccountsReport>,
    /// The policies as they would let every wanted profile work that can be made to, each with what it was.
    pub mend: Vec<Mended>,
}

/// Which verdicts would be otherwise.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChangesAnswer {
    /// The day of the snapshot that says where profiles go.
    #[schemars(with = "String")]
    pub catalogue_as_of: Date,
    /// What was asked.
    pub asked: Asked,
    /// Each verdict that would be another.
    pub changes: Vec<Change>,
}

impl Answer {
    /// Answers a question.
    ///
    /// # Errors
    ///
    /// Fails if the question names something that is not there.
    pub fn to(question: &Question) -> Result<Self, ReachError> {
        question.refuse_another_accounts_principal()?;
        let catalogue = question.catalogue()?;
        let under = question.under.of(&question.accounts)?;
        if let Some(what_if) = &question.what_if {
            let after = question.under.with(what_if)?;
            let after = after.of(&question.accounts)?;
            return changes(question, &under, &after, &catalogue).map(Self::Changes);
        }
        match (&*under, &question.accounts) {
            (Policies::Organization(under), Accounts::Every | Accounts::These(_)) => {
                organization(question, under, &catalogue).map(Self::Organization)
            }
            _ => account(question, &catalogue).map(Self::Account),
        }
    }

    /// Tells whether there is anything to look at.
    #[must_use]
    pub fn calls_for_attention(&self) -> bool {
        let any = |profiles: &[ProfileReport]| {
            profiles
                .iter()
                .any(|row| row.verdict != "works" || !row.leaves.is_empty())
        };
        match self {
            Self::Account(answer) => any(&answer.profiles),
            Self::Organization(answer) => answer.accounts.iter().any(|accounts| any(&accounts.profiles)),
            Self::Changes(answer) => !answer.changes.is_empty(),
        }
    }

    /// Returns the JSON Schema of an answer (draft 2020-12).
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        // As it is written: what can be left out is not required.
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<Self>().to_value()
    }
}

fn account(question: &Question, catalogue: &Catalogue) -> Result<AccountAnswer, ReachError> {
    let Some(account) = question.stand_in() else {
        return Err(ReachError::NoSource);
    };
    let policy = question.policy_of(&account)?;
    let sources = question.sources(policy.as_ref())?;
    let targets = question.targets(&sources, catalogue)?;
    let (chain, caller) = question.under.above(&account, &question.principal)?;
    let reach = Reach::of_account(&chain, &caller, targets)?;
    let exempt = exempt(&chain, &caller);
    let reports = reach.report(&account, policy.as_ref()).profiles;
    let mut profiles = Vec::new();
    let mut asked = Vec::new();
    for ((target, verdict), mut report) in reach.verdicts(&account).zip(reports) {
        if !is_asked(question, policy.as_ref(), target, &report) {
            continue;
        }
        if matches!(verdict, Verdict::Undecided { .. }) {
            report.depends_by(depends_by(target, &chain, &caller)?);
        }
        asked.push(target.clone());
        if matches!(verdict, Verdict::Fails(_)) && is_wanted(question, policy.as_ref(), target) {
            report.remedies = remedies(&question.wish(target, &chain, &caller, catalogue))?;
        }
        profiles.push(report);
    }
    let closing = match &policy {
        Some(policy) => close(&asked, &chain, &caller, policy)?,
        None => None,
    };
    let exact = asked
        .iter()
        .zip(&profiles)
        .filter_map(|(target, report)| Some((target, report.remedies.iter().find(|remedy| merge::is_exact(remedy))?)));
    let every = Target::profiles("*", &sources, catalogue);
    let mend = merge::of_account(exact, &every, &chain, &caller, catalogue)?;
    Ok(AccountAnswer {
        catalogue_as_of: catalogue.as_of(),
        asked: Asked::of(question, &sources, &every_source(catalogue)),
        exempt,
        profiles,
        mend,
        closing,
    })
}

fn exempt(chain: &Chain, caller: &Caller) -> Option<Exemption> {
    let service_linked = caller.is_service_linked().then_some(Exemption::ServiceLinkedRole);
    chain.exempt().or(service_linked)
}

/// Tells whether a row is shown. Where the policy alone says what is asked about, those are the profiles that it
/// permits and that stay in its Regions; another is of interest only if it works and leaves, or could.
fn is_asked(question: &Question, policy: Option<&Policy>, target: &Target, report: &ProfileReport) -> bool {
    let named = !question.profiles.is_empty() || !question.models.is_empty();
    named
        || policy.is_none_or(|policy| {
            is_meant(policy, target) || !report.leaves.is_empty() || !report.could_leave.is_empty()
        })
}

/// Tells whether somebody asked for it: a change of a policy is proposed for nothing else.
fn is_wanted(question: &Question, policy: Option<&Policy>, target: &Target) -> bool {
    match policy {
        Some(policy) => is_meant(policy, target),
        None => !question.profiles.is_empty(),
    }
}

/// Tells whether the policy permits a call, and all of its Regions.
fn is_meant(policy: &Policy, target: &Target) -> bool {
    let permitted = match &target.call {
        Call::Profile(profile) | Call::Batch(profile) => {
            policy.permits_profile(profile) && policy.permits_source(&target.source)
        }
        Call::Application { .. } | Call::Model(_) | Call::Guardrail(_) => policy.permits_source(&target.source),
    };
    permitted && leaves(target, policy).is_empty()
}

fn organization(
    question: &Question,
    under: &Organization,
    catalogue: &Catalogue,
) -> Result<OrganizationAnswer, ReachError> {
    let sources = question.common_sources()?;
    let targets = question.targets(&sources, catalogue)?;
    let reach = Reach::of_organization(under, &question.principal, targets)?;
    let policies: BTreeMap<AccountId, Option<Policy>> = reach
        .accounts()
        .map(|account| Ok((account.clone(), question.policy_of(account)?)))
        .collect::<Result<_, ReachError>>()?;
    let policy_of = |account: &AccountId| policies.get(account).cloned().flatten();
    let mut accounts = by_own_profiles(reach.organization_report(policy_of).accounts, reach.targets());
    let is_meant = |account: &AccountId, target: &Target| {
        target.is_in(account) && is_wanted(question, policy_of(account).as_ref(), target)
    };
    let mend = merge::of_organization(question, under, &reach, &accounts, catalogue, is_meant)?;
    for together in &mut accounts {
        let Some(account) = together.accounts.first() else {
            continue;
        };
        let policy = policy_of(account);
        let (chain, caller) = question.under.above(account, &question.principal)?;
        let reports = std::mem::take(&mut together.profiles);
        for (target, mut report) in reach.targets().iter().zip(reports) {
            if !target.is_in(account) || !is_asked(question, policy.as_ref(), target, &report) {
                continue;
            }
            if report.verdict == "undecided" {
                report.depends_by(depends_by(target, &chain, &caller)?);
            }
            together.profiles.push(report);
        }
    }
    let nodes = under.document().accounts.iter();
    let known: BTreeMap<&AccountId, &String> = nodes.filter_map(|node| Some((&node.id, node.name.as_ref()?))).collect();
    for together in &mut accounts {
        let names = together.accounts.iter();
        let names = names.filter_map(|account| Some((account.clone(), (*known.get(account)?).clone())));
        together.names = names.collect();
    }
    Ok(OrganizationAnswer {
        catalogue_as_of: catalogue.as_of(),
        asked: Asked::of(question, &sources, &every_source(catalogue)),
        accounts,
        mend,
    })
}

/// Sets the accounts apart of which application profiles are listed.
fn by_own_profiles(all: Vec<AccountsReport>, targets: &[Target]) -> Vec<AccountsReport> {
    let own = |account: &AccountId| -> Vec<bool> { targets.iter().map(|target| target.is_in(account)).collect() };
    let mut apart = Vec::new();
    for together in all {
        let mut by_own: BTreeMap<Vec<bool>, Vec<AccountId>> = BTreeMap::new();
        for account in &together.accounts {
            by_own.entry(own(account)).or_default().push(account.clone());
        }
        let each = by_own.into_values().map(|accounts| AccountsReport {
            accounts,
            ..together.clone()
        });
        apart.extend(each);
    }
    apart
}

/// Returns the source Regions of all commercial profiles.
pub(crate) fn every_source(catalogue: &Catalogue) -> Vec<SourceRegion> {
    let sources = catalogue.profiles().flat_map(|(_, sources)| sources.keys());
    let commercial = sources.filter(|source| source.partition() == "aws");
    let every: BTreeSet<SourceRegion> = commercial.cloned().map(SourceRegion).collect();
    every.into_iter().collect()
}

fn changes(
    question: &Question,
    before: &Policies,
    after: &Policies,
    catalogue: &Catalogue,
) -> Result<ChangesAnswer, ReachError> {
    let before_it = whole(question, before, catalogue)?;
    let mut changes = Vec::new();
    for change in compare(&before_it, &whole(question, after, catalogue)?) {
        let is_it = |target: &&Target| {
            target.call.name() == change.profile
                && target.call.kind() == change.call
                && target.source.0 == change.source
        };
        let Some(target) = before_it.targets().iter().find(is_it) else {
            continue;
        };
        let mut by_outside: BTreeMap<Vec<String>, Vec<AccountId>> = BTreeMap::new();
        for account in change.accounts.iter().filter(|account| target.is_in(account)) {
            let policy = question.policy_of(account)?;
            let outside = policy.map(|policy| leaves(target, &policy)).unwrap_or_default();
            by_outside.entry(outside).or_default().push(account.clone());
        }
        for (outside, accounts) in by_outside {
            let mut change = Change {
                accounts,
                ..change.clone()
            };
            match change.after {
                "works" => change.leaves = outside,
                "undecided" => change.could_leave = outside,
                _ => {}
            }
            changes.push(change);
        }
    }
    if question.accounts == Accounts::Every && matches!(before, Policies::Files(_)) {
        for change in &mut changes {
            change.accounts.clear();
        }
    }
    Ok(ChangesAnswer {
        catalogue_as_of: catalogue.as_of(),
        asked: Asked::of(question, &question.common_sources()?, &every_source(catalogue)),
        changes,
    })
}

/// Evaluates everything that is asked about, for the account or for every one.
fn whole(question: &Question, under: &Policies, catalogue: &Catalogue) -> Result<Reach, ReachError> {
    let targets = question.targets(&question.common_sources()?, catalogue)?;
    match (under, &question.accounts, question.stand_in()) {
        (Policies::Organization(organization), Accounts::Every | Accounts::These(_), _) => {
            Ok(Reach::of_organization(organization, &question.principal, targets)?)
        }
        (_, _, Some(account)) => {
            let (chain, caller) = under.above(&account, &question.principal)?;
            Ok(Reach::of_account(&chain, &caller, targets)?)
        }
        (_, _, None) => Err(ReachError::NoSource),
    }
}
