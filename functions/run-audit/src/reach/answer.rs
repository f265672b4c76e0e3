//! The answer to a question about reach, in the form of docs/reach.md.

use std::collections::BTreeMap;

use crisguard_core::{
    account::AccountId,
    catalog::Catalogue,
    policy::Policy,
    scp::{
        mend::{Closing, close, remedies},
        organization::{Chain, Exemption, Organization},
        reach::{AccountsReport, Call, Caller, Change, ProfileReport, Reach, Target, Verdict, compare, leaves},
    },
};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
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
    let mend = merge::of_account(exact, &every, &chain, &caller)?;
    Ok(AccountAnswer {
        catalogue_as_of: catalogue.as_of(),
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
/// permits and that stay in its Regions; another is of interest only if it works and leaves.
fn is_asked(question: &Question, policy: Option<&Policy>, target: &Target, report: &ProfileReport) -> bool {
    let named = !question.profiles.is_empty() || !question.models.is_empty();
    named || policy.is_none_or(|policy| is_meant(policy, target) || !report.leaves.is_empty())
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
    let targets = question.targets(&question.common_sources()?, catalogue)?;
    let reach = Reach::of_organization(under, &question.principal, targets)?;
    let policies: BTreeMap<AccountId, Option<Policy>> = reach
        .accounts()
        .map(|account| Ok((account.clone(), question.policy_of(account)?)))
        .collect::<Result<_, ReachError>>()?;
    let policy_of = |account: &AccountId| policies.get(account).cloned().flatten();
    let mut accounts = reach.organization_report(policy_of).accounts;
    let is_meant = |account: &AccountId, target: &Target| is_wanted(question, policy_of(account).as_ref(), target);
    let mend = merge::of_organization(question, under, &reach, &accounts, catalogue, is_meant)?;
    for together in &mut accounts {
        let policy = together.accounts.first().and_then(policy_of);
        let mut targets = reach.targets().iter();
        together.profiles.retain(|report| {
            let target = targets.next();
            target.is_some_and(|target| is_asked(question, policy.as_ref(), target, report))
        });
    }
    Ok(OrganizationAnswer {
        catalogue_as_of: catalogue.as_of(),
        accounts,
        mend,
    })
}

fn changes(
    question: &Question,
    before: &Policies,
    after: &Policies,
    catalogue: &Catalogue,
) -> Result<ChangesAnswer, ReachError> {
    let mut changes = compare(
        &whole(question, before, catalogue)?,
        &whole(question, after, catalogue)?,
    );
    if question.accounts == Accounts::Every && matches!(before, Policies::Files(_)) {
        for change in &mut changes {
            change.accounts.clear();
        }
    }
    Ok(ChangesAnswer {
        catalogue_as_of: catalogue.as_of(),
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
