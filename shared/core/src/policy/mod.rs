//! What a company permits, read strictly from the document that it wrote.
//!
//! [`PolicyDocument`] is the whole document; [`Policy`] is what it comes to for one account, and
//! the only form that decisions see.

mod document;
mod exception;
mod overrides;
mod parts;
mod posture;
mod warnings;

use std::collections::BTreeSet;

use document::DocumentWire;
pub use document::{LARGEST, PolicyError};
pub use exception::{Coverage, Exception, FilledText};
use overrides::AccountSelector;
pub use parts::{
    AlertRules, DigestRhythm, GlobalProfiles, Language, ProfilePattern, ProfileRules, RegionSet, RemindAfter,
};
pub use posture::{DataRetentionMode, GuardrailRules, IamRules, InvocationLoggingRules, Modality, PostureRules};
pub use warnings::Warning;

use crate::{
    account::{AccountId, OrganizationPath},
    catalog::{Catalogue, Destinations},
    inference_profile::InferenceProfile,
    region::{DestinationRegion, Region, SourceRegion},
};

/// A policy document that has been read and found sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument {
    document: DocumentWire,
    sha256: String,
}

/// Tells why a document does not come to one policy for an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the policy has an override for `{unit}`, but the account's place in the organization was not given; \
     give the parameter OrganizationPath (`--organization-path` on the command line)"
)]
pub struct Unresolved {
    unit: String,
}

impl PolicyDocument {
    /// Reads a policy from YAML or JSON.
    ///
    /// ```
    /// use crisguard_core::policy::PolicyDocument;
    /// let error = PolicyDocument::parse(b"version: 1\nregions:\n  source: [Tokyo]\n").unwrap_err();
    /// assert!(error.to_string().starts_with("line 3, column 12, at `regions.source[0]`: `Tokyo` is not the name"));
    /// ```
    ///
    /// # Errors
    ///
    /// Fails at the first part that is unknown, missing or malformed, naming its path and line.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        document::parse(bytes).map(|(document, sha256)| Self { document, sha256 })
    }

    /// Returns the JSON Schema of the document (draft 2020-12).
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(DocumentWire).to_value()
    }

    /// Returns the SHA-256 of the document's bytes, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Returns every exception of the document, those that have expired too.
    #[must_use]
    pub fn exceptions(&self) -> &[Exception] {
        &self.document.exceptions.0
    }

    /// Returns how people are to be told, where the document says so.
    #[must_use]
    pub fn alerts(&self) -> Option<&AlertRules> {
        self.document.alerts.as_ref()
    }

    /// Returns what the nightly check asks for, where the document says so.
    #[must_use]
    pub fn posture(&self) -> Option<&PostureRules> {
        self.document.posture.as_ref()
    }

    /// Returns what the document comes to for one account: its units' overrides, outermost first,
    /// then its own, each replacing field by field.
    ///
    /// # Errors
    ///
    /// Fails if the document has an override for a unit and the account's path is not given.
    pub fn for_account(&self, account: &AccountId, path: Option<&OrganizationPath>) -> Result<Policy, Unresolved> {
        let DocumentWire {
            regions,
            profiles,
            accounts,
            exceptions,
            ..
        } = &self.document;
        let mut policy = Policy {
            source: regions.source.clone(),
            destination: regions.destination.clone(),
            profiles: profiles.clone(),
            exceptions: exceptions.0.clone(),
            posture: self.document.posture.clone(),
            sha256: self.sha256.clone(),
        };
        for (selector, differs) in &accounts.0 {
            let applies = match (selector, path) {
                (AccountSelector::Account(id), _) => id == account,
                (AccountSelector::Unit(unit), Some(path)) => unit.contains(path),
                (AccountSelector::Unit(unit), None) => {
                    return Err(Unresolved { unit: unit.to_string() });
                }
            };
            if applies {
                policy.replace(differs);
            }
        }
        Ok(policy)
    }

    /// Returns whom the document has overrides for: accounts and organizational units, as written.
    #[must_use]
    pub fn overridden(&self) -> Vec<String> {
        self.document.accounts.0.keys().cloned().map(String::from).collect()
    }

    /// Returns what is contradictory, ineffective or about to run out, for people to look at.
    #[must_use]
    pub fn warnings(&self, catalogue: &Catalogue, today: jiff::civil::Date) -> Vec<Warning> {
        warnings::of(&self.document, catalogue, today)
    }
}

/// What is permitted in one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    source: RegionSet,
    destination: RegionSet,
    profiles: ProfileRules,
    exceptions: Vec<Exception>,
    posture: Option<PostureRules>,
    sha256: String,
}

impl Policy {
    fn replace(&mut self, differs: &overrides::Override) {
        if let Some(regions) = &differs.regions {
            if let Some(source) = &regions.source {
                self.source.clone_from(source);
            }
            if let Some(destination) = &regions.destination {
                self.destination.clone_from(destination);
            }
        }
        if let Some(profiles) = &differs.profiles {
            if let Some(global) = profiles.global {
                self.profiles.global = global;
            }
            if let Some(allow) = &profiles.allow {
                self.profiles.allow = Some(allow.clone());
            }
        }
    }

    /// Returns the Regions that may be called.
    #[must_use]
    pub fn source_regions(&self) -> &RegionSet {
        &self.source
    }

    /// Returns the Regions that may process prompts.
    #[must_use]
    pub fn destination_regions(&self) -> &RegionSet {
        &self.destination
    }

    /// Tells whether Bedrock may be called in `source`.
    #[must_use]
    pub fn permits_source(&self, source: &SourceRegion) -> bool {
        self.source.contains(&source.0)
    }

    /// Tells whether prompts may be processed in `destination`.
    #[must_use]
    pub fn permits_destination(&self, destination: &DestinationRegion) -> bool {
        self.destination.contains(&destination.0)
    }

    /// Tells whether `global.` profiles may be used.
    #[must_use]
    pub fn permits_global_profiles(&self) -> bool {
        self.profiles.global == GlobalProfiles::Allow
    }

    /// Returns the allow-list of profiles, where there is one.
    #[must_use]
    pub fn allow_list(&self) -> Option<&[ProfilePattern]> {
        self.profiles.allow.as_deref()
    }

    /// Tells whether the profile may be called at all, wherever it goes.
    #[must_use]
    pub fn permits_profile(&self, profile: &InferenceProfile) -> bool {
        let listed = self
            .allow_list()
            .is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(profile.id())));
        listed && (!profile.is_global() || self.permits_global_profiles())
    }

    /// Returns the Regions that a profile can reach from `source` and that are not allowed.
    ///
    /// The source itself is left out: a call that is processed where it was made is judged by
    /// source-region-allowed alone.
    #[must_use]
    pub fn reach_of(&self, profile: &InferenceProfile, source: &SourceRegion, catalogue: &Catalogue) -> Reach {
        self.reach_into(catalogue.destinations(profile.id(), source), source)
    }

    /// Returns which of the Regions are not allowed to which a profile goes from `source`, wherever
    /// that is known from; the source itself is left out.
    #[must_use]
    pub fn reach_into(&self, destinations: Option<&Destinations>, source: &SourceRegion) -> Reach {
        match (destinations, &self.destination) {
            (_, RegionSet::Every) => Reach::Inside(BTreeSet::new()),
            (None, RegionSet::Only(_)) => Reach::Unknown,
            (Some(Destinations::EveryCommercialRegion), RegionSet::Only(_)) => Reach::EveryCommercialRegion,
            (Some(Destinations::Regions(regions)), RegionSet::Only(allowed)) => {
                let outside: BTreeSet<Region> = regions
                    .iter()
                    .filter(|region| **region != source.0 && !allowed.contains(region))
                    .cloned()
                    .collect();
                if outside.is_empty() {
                    Reach::Inside(regions.clone())
                } else {
                    Reach::Outside(outside)
                }
            }
        }
    }

    /// Returns the exceptions, as they stand in the document.
    #[must_use]
    pub fn exceptions(&self) -> &[Exception] {
        &self.exceptions
    }

    /// Returns what is asked of settings, where the document says so.
    #[must_use]
    pub fn posture(&self) -> Option<&PostureRules> {
        self.posture.as_ref()
    }

    /// Returns what is asked of model invocation logging, where the document says so.
    #[must_use]
    pub fn invocation_logging(&self) -> Option<&InvocationLoggingRules> {
        self.posture.as_ref()?.invocation_logging.as_ref()
    }

    /// Returns the SHA-256 of the document that this comes from.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// How far a profile can go, measured against the allowed destination Regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It can reach only allowed Regions (these; none are listed where every Region is allowed).
    Inside(BTreeSet<Region>),
    /// It can reach these Regions, which are not allowed.
    Outside(BTreeSet<Region>),
    /// It can reach any commercial Region, and not all are allowed.
    EveryCommercialRegion,
    /// The catalogue does not list it for this source Region.
    Unknown,
}

#[cfg(test)]
mod tests;
