//! What decides an audit: the policy and where accounts stand, as they are when it begins.

use std::collections::BTreeMap;

use crisguard_aws::Failure;
use crisguard_core::{
    account::{AccountId, NotAnOrganizationPath, OrganizationPath},
    catalog::Catalogue,
    policy::{LARGEST, Language, PolicyDocument},
    scp::organization::Organization,
    tally::{Audit, Question},
};
use crisguard_lambda::report::Report;
use crisguard_scan::{Scanned, plan::Address};
use serde::{Deserialize, Serialize};

use run_audit::s3::Store;

use super::{Asked, World, request::PolicyAsked};
use crate::ReadOrganization;

/// What an audit is decided by.
#[derive(Clone, Debug)]
pub(super) struct Grounds {
    pub(super) policy: Option<PolicyText>,
    places: BTreeMap<AccountId, OrganizationPath>,
}

/// A policy, and its bytes.
#[derive(Clone, Debug)]
pub(super) struct PolicyText {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) document: PolicyDocument,
}

/// What a run keeps of its question, so that its last step decides as its first was asked to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) asked: Asked,
    /// Where the policy was read, if there is one.
    pub(super) policy: Option<String>,
    /// The SHA-256 of the plan: how many batches there must be is known by no tally.
    pub(super) plan_sha256: String,
    /// Where accounts stood: their paths in the organization.
    places: BTreeMap<AccountId, String>,
}

/// Tells why there are no grounds.
#[derive(Debug, thiserror::Error)]
enum NoGrounds {
    #[error("the policy {0} cannot be used")]
    NotRead(String, #[source] Failure),
    #[error("the policy {0} cannot be used: it is no text in UTF-8")]
    NotText(String),
}

impl Grounds {
    /// Reads what was asked for.
    pub(super) async fn read<Objects: Store, Organizations: ReadOrganization>(
        asked: &Asked,
        world: &World<'_, Objects, Organizations>,
    ) -> Result<Self, Report> {
        let address = match &asked.policy {
            PolicyAsked::At(address) => Some(address),
            PolicyAsked::Deployed => world.places.policy.as_ref(),
            PolicyAsked::None => None,
        };
        let policy = match address {
            Some(address) => Some(PolicyText::read(world.store, address, &address.to_string()).await?),
            None => None,
        };
        let places = if asked.organization {
            let document = world.organizations.whole().await;
            let document = document.map_err(|error| Report::of("Organization", &error))?;
            let organization = Organization::new(document);
            organization
                .map_err(|error| Report::of("Organization", &error))?
                .places()
        } else {
            BTreeMap::new()
        };
        Ok(Self { policy, places })
    }

    /// Takes those that a run has kept.
    pub(super) async fn kept(kept: &Kept, store: &impl Store, at: &Address) -> Result<Self, Report> {
        let policy = match &kept.policy {
            Some(name) => Some(PolicyText::read(store, at, name).await?),
            None => None,
        };
        Ok(Self {
            policy,
            places: kept.places()?,
        })
    }

    /// Returns what a run keeps.
    pub(super) fn keep(&self, asked: &Asked, plan_sha256: String) -> Kept {
        Kept {
            plan_sha256,
            asked: asked.clone(),
            policy: self.policy.as_ref().map(|policy| policy.name.clone()),
            places: self
                .places
                .iter()
                .map(|(account, path)| (account.clone(), path.to_string()))
                .collect(),
        }
    }

    /// Decides what was read.
    pub(super) fn conclude(&self, scanned: Scanned, asked: &Asked) -> Result<Audit, Report> {
        let catalogue = Catalogue::embedded().map_err(|error| Report::of("Catalogue", &error))?;
        let question = Question {
            policy: self.policy.as_ref().map(|policy| &policy.document),
            places: &self.places,
            catalogue: &catalogue,
            scope: asked.scope(),
        };
        scanned.conclude(&question).map_err(|error| Report::of("Scan", &error))
    }

    /// Returns the language in which the audit is reported: the one asked for, else that of the alerts.
    pub(super) fn language(&self, asked: Option<Language>) -> Language {
        let of_alerts = || self.policy.as_ref()?.document.alerts()?.language;
        asked.or_else(of_alerts).unwrap_or(Language::En)
    }
}

impl Kept {
    fn places(&self) -> Result<BTreeMap<AccountId, OrganizationPath>, Report> {
        let place = |(account, path): (&AccountId, &String)| Ok((account.clone(), path.parse()?));
        let places: Result<_, NotAnOrganizationPath> = self.places.iter().map(place).collect();
        places.map_err(|error| Report::of("Run", &error))
    }
}

impl PolicyText {
    async fn read(store: &impl Store, at: &Address, name: &str) -> Result<Self, Report> {
        let failed = |error: &(dyn std::error::Error + 'static)| Report::of("Policy", error);
        let bytes = store.read(&at.bucket, &at.key, LARGEST).await;
        let bytes = bytes.map_err(|failure| failed(&NoGrounds::NotRead(name.to_owned(), failure)))?;
        let document = PolicyDocument::parse(&bytes).map_err(|error| failed(&error))?;
        let text = String::from_utf8(bytes).map_err(|_| failed(&NoGrounds::NotText(name.to_owned())))?;
        Ok(Self {
            name: name.to_owned(),
            text,
            document,
        })
    }
}
