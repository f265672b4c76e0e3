//! What is asked about reach, whoever asks: the command or the function.

use std::{borrow::Cow, collections::BTreeSet};

use crisguard_core::{
    account::AccountId,
    arn::Arn,
    catalog::{Catalogue, CatalogueError, Live},
    inference_profile::InferenceProfile,
    policy::{Policy, PolicyDocument, RegionSet, Unresolved},
    region::SourceRegion,
    scp::{
        self, NotAnAction, PolicyError,
        mend::{MendError, Wish},
        organization::{Chain, Organization, OrganizationError, Scp},
        reach::{Caller, Principal, Target},
    },
};

/// What is asked about reach.
#[derive(Debug)]
pub struct Question {
    /// The policies above the accounts.
    pub under: Policies,
    /// Whose calls are meant.
    pub accounts: Accounts,
    /// What is permitted.
    pub policy: Option<PolicyDocument>,
    /// The Regions that are called; none for the policy's.
    pub sources: Vec<SourceRegion>,
    /// Patterns of inference profiles; none for those of the policy, or all.
    pub profiles: Vec<String>,
    /// Foundation models that are called without a profile.
    pub models: Vec<String>,
    /// Whether guardrails' own profiles are meant, too.
    pub guardrails: bool,
    /// Whether batch jobs are meant, too.
    pub batch: bool,
    /// What the account itself was answered about its profiles.
    pub live: Live,
    /// Who calls.
    pub principal: Principal,
    /// How many characters a policy may have.
    pub quota: usize,
    /// What would be otherwise, where only the difference is asked for.
    pub what_if: Option<WhatIf>,
}

/// Whose calls are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// Of every account; where no organization is given, of an account that stands for all.
    Every,
    /// Of one, with all there is to say about it.
    One(AccountId),
    /// Of these.
    These(BTreeSet<AccountId>),
}

/// The policies above accounts.
#[derive(Clone, Debug)]
pub enum Policies {
    /// Files, each with the level that it is attached to.
    Files(Vec<(String, Scp)>),
    /// A whole organization.
    Organization(Box<Organization>),
}

/// What would be otherwise.
#[derive(Clone, Debug)]
pub enum WhatIf {
    /// A policy's text.
    Policy {
        /// Its level, file or id; none where there is only one.
        name: Option<String>,
        /// The new text.
        policy: Box<scp::Policy>,
    },
    /// The whole organization.
    Organization(Box<Organization>),
}

/// Tells why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// No source Region is named.
    #[error("no source Region is named, and the policy does not name them either")]
    NoSource,
    /// Nothing that is known is asked about.
    #[error("no inference profile that is known in {sources} matches {asked}")]
    Nothing {
        /// The patterns.
        asked: String,
        /// The source Regions.
        sources: String,
    },
    /// What is asked for as a model is a profile.
    #[error("`{0}` is an inference profile, not a model: a call through it is evaluated in other Regions, too")]
    NotAModel(String),
    /// Who calls is of another account than the one that is asked about.
    #[error("the principal is of account {principal}, and {account} is asked about")]
    PrincipalOfAnother {
        /// The account in its ARN.
        principal: AccountId,
        /// The other one.
        account: AccountId,
    },
    /// Who calls is of one account, and every one is asked about.
    #[error("the principal is of account {0} alone, and others are asked about")]
    PrincipalOfOne(AccountId),
    /// Accounts are not in the organization.
    #[error("{} not in the organization", no_such(.0))]
    NoSuchAccounts(Vec<AccountId>),
    /// Several accounts are named, and nothing tells them apart.
    #[error("several accounts are told apart by a whole organization alone: give one, or name one account")]
    AccountsOfNoOrganization,
    /// The organization cannot be read.
    #[error(transparent)]
    Organization(#[from] OrganizationError),
    /// A policy cannot be read.
    #[error("a service control policy cannot be read")]
    Scp(#[from] PolicyError),
    /// The policy differs by unit.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// It is not told which policy is to be another.
    #[error("{what}; name one of: {names}")]
    WhichPolicy {
        /// What is wrong.
        what: String,
        /// The policies that there are.
        names: String,
    },
    /// A list of inference profiles cannot be read.
    #[error("the list of inference profiles cannot be read")]
    Listed(#[source] serde_json::Error),
    /// A Region of the list of inference profiles is none.
    #[error("`{0}` in the list of inference profiles has no Region")]
    ListedRegion(String),
    /// The catalogue is damaged.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// An action cannot be read.
    #[error(transparent)]
    Action(#[from] NotAnAction),
    /// No change can be proposed.
    #[error(transparent)]
    Mend(#[from] MendError),
}

impl Question {
    /// Returns the snapshot, with the account's own lists over it.
    pub(crate) fn catalogue(&self) -> Result<Catalogue, ReachError> {
        Ok(Catalogue::embedded()?.with_live(self.live.clone()))
    }

    /// Returns the account that stands for all where none is named: the caller's, or one that AWS never issues.
    pub(crate) fn stand_in(&self) -> Option<AccountId> {
        match &self.accounts {
            Accounts::One(account) => Some(account.clone()),
            Accounts::Every | Accounts::These(_) => self.of_principal().or_else(|| "000000000000".parse().ok()),
        }
    }

    /// Returns the account of who calls, where that is told.
    fn of_principal(&self) -> Option<AccountId> {
        match &self.principal {
            Principal::Arn(arn) => Arn::parse(arn)?.account.parse().ok(),
            Principal::Ordinary | Principal::Unknown => None,
        }
    }

    /// Refuses a caller that is not of the accounts that are asked about.
    pub(crate) fn refuse_another_accounts_principal(&self) -> Result<(), ReachError> {
        let Some(principal) = self.of_principal() else {
            return Ok(());
        };
        match (&self.accounts, &self.under) {
            (Accounts::One(account), _) if *account != principal => {
                let account = account.clone();
                Err(ReachError::PrincipalOfAnother { principal, account })
            }
            (Accounts::Every | Accounts::These(_), Policies::Organization(_)) => {
                Err(ReachError::PrincipalOfOne(principal))
            }
            _ => Ok(()),
        }
    }

    /// Returns the source Regions: those that are named, or else the policy's.
    pub(crate) fn sources(&self, policy: Option<&Policy>) -> Result<Vec<SourceRegion>, ReachError> {
        if !self.sources.is_empty() {
            let mut sources = self.sources.clone();
            sources.sort_unstable();
            sources.dedup();
            return Ok(sources);
        }
        match policy.map(Policy::source_regions) {
            Some(RegionSet::Only(regions)) if !regions.is_empty() => {
                Ok(regions.iter().cloned().map(SourceRegion).collect())
            }
            _ => Err(ReachError::NoSource),
        }
    }

    /// Returns the source Regions of all accounts: those that are named, or else the policy's without its overrides.
    pub(crate) fn common_sources(&self) -> Result<Vec<SourceRegion>, ReachError> {
        let base = match (&self.policy, self.stand_in()) {
            (Some(document), Some(account)) => {
                let nowhere = "o-none/r-none".parse().ok();
                Some(document.for_account(&account, nowhere.as_ref())?)
            }
            _ => None,
        };
        self.sources(base.as_ref())
    }

    /// Returns every call that is asked about.
    pub(crate) fn targets(&self, sources: &[SourceRegion], catalogue: &Catalogue) -> Result<Vec<Target>, ReachError> {
        let is_profile =
            |model: &&String| InferenceProfile::parse(model).is_some() || model.contains("inference-profile/");
        if let Some(profile) = self.models.iter().find(is_profile) {
            return Err(ReachError::NotAModel(profile.chars().take(256).collect()));
        }
        let mut targets: Vec<Target> = Vec::new();
        let mut globs: Vec<&str> = self.profiles.iter().map(String::as_str).collect();
        if globs.is_empty() && self.models.is_empty() {
            globs.push("*");
        }
        for glob in &globs {
            targets.extend(Target::profiles(glob, sources, catalogue));
            if self.guardrails {
                targets.extend(Target::guardrails(glob, sources, catalogue));
            }
        }
        if self.batch {
            let batch: Vec<Target> = targets.iter().filter_map(Target::in_batch).collect();
            targets.extend(batch);
        }
        for model in &self.models {
            targets.extend(sources.iter().map(|source| Target::model(model, source)));
        }
        let mut known: Vec<Target> = Vec::with_capacity(targets.len());
        for target in targets {
            let elsewhere = matches!(&self.accounts, Accounts::One(account) if !target.is_in(account));
            if !elsewhere && (globs.len() < 2 || !known.contains(&target)) {
                known.push(target);
            }
        }
        if known.is_empty() {
            let sources: Vec<&str> = sources.iter().map(|source| source.0.as_str()).collect();
            return Err(ReachError::Nothing {
                asked: globs.join(", "),
                sources: sources.join(", "),
            });
        }
        Ok(known)
    }

    /// Returns what should work.
    pub(crate) fn wish<'a>(
        &self,
        target: &'a Target,
        chain: &'a Chain,
        caller: &'a Caller,
        catalogue: &'a Catalogue,
    ) -> Wish<'a> {
        Wish {
            target,
            chain,
            caller,
            catalogue,
            // A profile's ARN holds for one source Region; what all changes together open is tried from every one.
            sources: std::slice::from_ref(&target.source),
            on_demand: None,
            quota: self.quota,
        }
    }

    /// Returns what is permitted to an account.
    pub(crate) fn policy_of(&self, account: &AccountId) -> Result<Option<Policy>, ReachError> {
        let path = match &self.under {
            Policies::Organization(organization) => organization.path(account),
            // A place that AWS never issues, so that no unit's override applies.
            Policies::Files(_) => "o-none/r-none".parse().ok(),
        };
        let policy = self.policy.as_ref();
        Ok(policy
            .map(|policy| policy.for_account(account, path.as_ref()))
            .transpose()?)
    }
}

impl Policies {
    /// Returns what stands above an account, with the caller in it.
    pub(crate) fn above(&self, account: &AccountId, principal: &Principal) -> Result<(Chain, Caller), ReachError> {
        let caller = Caller::new(account.clone(), principal);
        match self {
            Self::Files(files) => Ok((Chain::of_files(files.iter().cloned())?, caller)),
            Self::Organization(organization) => {
                let chain = organization.chain(account);
                let chain = chain.ok_or_else(|| ReachError::NoSuchAccounts(vec![account.clone()]))?;
                let path = organization.path(account);
                Ok(match organization.id() {
                    Some(id) => (chain, caller.in_organization(id, path.as_ref())),
                    None => (chain, caller),
                })
            }
        }
    }

    /// Leaves the accounts out that are not meant.
    pub(crate) fn of(&self, accounts: &Accounts) -> Result<Cow<'_, Self>, ReachError> {
        let (organization, these) = match (self, accounts) {
            (_, Accounts::Every | Accounts::One(_)) => return Ok(Cow::Borrowed(self)),
            (Self::Files(_), Accounts::These(_)) => return Err(ReachError::AccountsOfNoOrganization),
            (Self::Organization(organization), Accounts::These(these)) => (organization, these),
        };
        let mut missing = these.clone();
        let mut document = organization.document().clone();
        document.accounts.retain(|account| {
            missing.remove(&account.id);
            these.contains(&account.id)
        });
        if !missing.is_empty() {
            return Err(ReachError::NoSuchAccounts(missing.into_iter().collect()));
        }
        Ok(Cow::Owned(Self::Organization(Box::new(Organization::new(document)?))))
    }

    /// Returns the policies as they would be.
    pub(crate) fn with(&self, what_if: &WhatIf) -> Result<Self, ReachError> {
        match (self, what_if) {
            (_, WhatIf::Organization(organization)) => Ok(Self::Organization(organization.clone())),
            (Self::Organization(organization), WhatIf::Policy { name, policy }) => {
                let ids = || organization.document().policies.iter().map(|policy| policy.id.as_str());
                let id = one_of(name.as_deref(), ids().map(|id| (id, id)))?;
                let changed = organization.with_policy(id, policy.document().clone())?;
                Ok(Self::Organization(Box::new(changed)))
            }
            (Self::Files(files), WhatIf::Policy { name, policy }) => {
                let names = || files.iter().map(|(level, scp)| (scp.name(), level.as_str()));
                let found = one_of(name.as_deref(), names())?;
                let changed = files.iter().map(|(level, scp)| {
                    let is_meant = scp.name() == found;
                    let changed = || Scp::new(scp.name(), (**policy).clone());
                    (level.clone(), if is_meant { changed() } else { scp.clone() })
                });
                Ok(Self::Files(changed.collect()))
            }
        }
    }
}

fn no_such(accounts: &[AccountId]) -> String {
    let names: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
    match names.as_slice() {
        [one] => format!("the account {one} is"),
        _ => format!("the accounts {} are", names.join(", ")),
    }
}

/// Returns the only name, or the one that is asked for by itself or by its other name.
fn one_of<'n>(asked: Option<&str>, names: impl Iterator<Item = (&'n str, &'n str)>) -> Result<&'n str, ReachError> {
    let names: Vec<(&str, &str)> = names.collect();
    let meant = |(name, other): &&(&str, &str)| asked.is_none_or(|asked| asked == *name || asked == *other);
    let mut found: Vec<&str> = names.iter().filter(meant).map(|(name, _)| *name).collect();
    // The same policy can be attached at several levels.
    found.sort_unstable();
    found.dedup();
    let what = match (found.as_slice(), asked) {
        ([one], _) => return Ok(one),
        ([], Some(asked)) => format!("there is no policy `{asked}`"),
        (_, Some(asked)) => format!("several policies are called `{asked}`"),
        (_, None) => "there are several policies, and it is not told which one would be another".to_owned(),
    };
    let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    Err(ReachError::WhichPolicy { what, names })
}
