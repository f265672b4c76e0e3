//! Traps that service control policies fall into where Bedrock's cross-Region inference is concerned.

mod keys;
mod names;
mod regions;
mod shape;
#[cfg(test)]
mod tests;
mod texts;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Effect, Names, Policy, Statement, reach::INVOKE, templates::Template};
use crate::policy::Language;

/// A trap that a policy falls into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// Which trap it is.
    pub trap: Trap,
    /// The statement's Sid, or its index from 0; `null` where it is about the policy as a whole.
    pub statement: Option<String>,
    /// The part of the statement that it is about, as it is written.
    pub part: String,
}

/// The traps, by the facts of AWS's documentation. Their ids are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trap {
    /// A negated operator on the profile's key also holds where there is no such key.
    ProfileKeyWithoutNullGuard,
    /// `NotResource` names models, but not the profiles through which they are called.
    NotResourceWithoutProfiles,
    /// A list of denied Regions never sees the global destination.
    DeniedRegionsMissGlobal,
    /// A list of allowed Regions has the global destination on it.
    AllowsGlobal,
    /// Global profiles are denied by name: an application profile made from one has another.
    GlobalDeniedByName,
    /// A Region is called `global`, and there is none.
    RegionNamedGlobal,
    /// An exemption lets every profile through.
    ExemptsEveryProfile,
    /// A principal exemption lets everybody through.
    ExemptsEveryPrincipal,
    /// Calls of models are exempt from a Region deny, and nothing else denies them.
    BedrockExemptFromRegions,
    /// A pattern of actions stands for more than calls of models.
    InvokeWildcard,
    /// The action does not exist.
    NoSuchAction,
    /// The condition key does not exist.
    NoSuchKey,
    /// The actions named do not have the profile's key.
    KeyNotOnAction,
    /// An Allow is meant to lift a Deny.
    AllowBesideDeny,
    /// Mantle's actions are not Bedrock's.
    MantleNotCovered,
    /// What AWS does with it is not documented.
    Undocumented,
    /// Control Tower manages the policy.
    ManagedByControlTower,
    /// The policy is longer than the quota that was named.
    OverQuota,
    /// The policy is longer than the lower of AWS's quotas, and none was named.
    OverAssumedQuota,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// To be known.
    Note,
    /// The policy does not do what it looks like.
    Trap,
}

/// What is said about a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What happens.
    pub happens: &'static str,
    /// What to do.
    pub mend: &'static str,
    /// The AWS documentation behind it.
    pub source: &'static str,
}

impl Trap {
    /// Every trap.
    pub const ALL: [Self; 19] = [
        Self::ProfileKeyWithoutNullGuard,
        Self::NotResourceWithoutProfiles,
        Self::DeniedRegionsMissGlobal,
        Self::AllowsGlobal,
        Self::GlobalDeniedByName,
        Self::RegionNamedGlobal,
        Self::ExemptsEveryProfile,
        Self::ExemptsEveryPrincipal,
        Self::BedrockExemptFromRegions,
        Self::InvokeWildcard,
        Self::NoSuchAction,
        Self::NoSuchKey,
        Self::KeyNotOnAction,
        Self::AllowBesideDeny,
        Self::MantleNotCovered,
        Self::Undocumented,
        Self::ManagedByControlTower,
        Self::OverQuota,
        Self::OverAssumedQuota,
    ];

    /// Returns its id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ProfileKeyWithoutNullGuard => "profile-key-without-null-guard",
            Self::NotResourceWithoutProfiles => "not-resource-without-profiles",
            Self::DeniedRegionsMissGlobal => "denied-regions-miss-global",
            Self::AllowsGlobal => "allows-global",
            Self::GlobalDeniedByName => "global-denied-by-name",
            Self::RegionNamedGlobal => "region-named-global",
            Self::ExemptsEveryProfile => "exempts-every-profile",
            Self::ExemptsEveryPrincipal => "exempts-every-principal",
            Self::BedrockExemptFromRegions => "bedrock-exempt-from-regions",
            Self::InvokeWildcard => "invoke-wildcard",
            Self::NoSuchAction => "no-such-action",
            Self::NoSuchKey => "no-such-key",
            Self::KeyNotOnAction => "key-not-on-action",
            Self::AllowBesideDeny => "allow-beside-deny",
            Self::MantleNotCovered => "mantle-not-covered",
            Self::Undocumented => "undocumented",
            Self::ManagedByControlTower => "managed-by-control-tower",
            Self::OverQuota => "over-quota",
            Self::OverAssumedQuota => "over-assumed-quota",
        }
    }

    /// Returns how much it matters.
    #[must_use]
    pub const fn weight(self) -> Weight {
        match self {
            Self::AllowsGlobal
            | Self::MantleNotCovered
            | Self::Undocumented
            | Self::ManagedByControlTower
            | Self::OverAssumedQuota => Weight::Note,
            _ => Weight::Trap,
        }
    }

    /// Returns what is said about it.
    #[must_use]
    pub const fn about(self, language: Language) -> About {
        texts::about(self, language)
    }
}

/// Returns the traps that a policy falls into, statement by statement. `quota` is how many characters a policy
/// may have, where it is known; else [`Template::QUOTA`] is assumed, and what is longer is noted alone: AWS may
/// have raised the quota.
///
/// ```
/// use crisguard_core::scp::{Policy, lint::{Trap, lint}};
/// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Sid": "Guardrail", "Effect": "Deny",
///     "Action": "bedrock:InvokeModel", "Resource": "*",
///     "Condition": {"StringNotEquals": {"bedrock:GuardrailArn": "arn:aws:bedrock:us-east-1:111122223333:guardrail/g"}}}}"#)?;
/// let found = lint(&policy, None);
/// assert_eq!((found[0].trap, found[0].part.as_str()), (Trap::NoSuchKey, "bedrock:GuardrailArn"));
/// # Ok::<(), crisguard_core::scp::PolicyError>(())
/// ```
#[must_use]
pub fn lint(policy: &Policy, quota: Option<usize>) -> Vec<Finding> {
    let mut found = Vec::new();
    for statement in policy.statements() {
        let mut look = Look {
            policy,
            statement,
            found: &mut found,
        };
        keys::look(&mut look);
        names::look(&mut look);
        regions::look(&mut look);
        shape::look(&mut look);
    }
    let size = policy.size().minified;
    let (trap, most) = match quota {
        Some(quota) => (Trap::OverQuota, quota),
        None => (Trap::OverAssumedQuota, Template::QUOTA),
    };
    if size > most {
        found.push(Finding {
            trap,
            statement: None,
            part: format!("{size} > {most}"),
        });
    }
    found
}

/// One statement that is looked at.
struct Look<'l> {
    policy: &'l Policy,
    statement: &'l Statement,
    found: &'l mut Vec<Finding>,
}

impl Look<'_> {
    fn add(&mut self, trap: Trap, part: &str) {
        let index = self.statement.index().to_string();
        let finding = Finding {
            trap,
            statement: Some(self.statement.sid().map_or(index, str::to_owned)),
            part: part.to_owned(),
        };
        if !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }

    fn denies(&self) -> bool {
        self.statement.effect() == Effect::Deny
    }
}

/// Tells whether a statement is about calling a model.
fn is_about_calls(statement: &Statement) -> bool {
    INVOKE.iter().any(|action| match statement.actions() {
        Names::Only(named) => named.iter().any(|pattern| covers(pattern, action)),
        Names::AllBut(excepted) => !excepted.iter().any(|pattern| covers(pattern, action)),
    })
}

/// Tells whether a pattern matches a text, both without regard to case.
fn covers(pattern: &str, text: &str) -> bool {
    wildmatch::WildMatch::new(&pattern.to_ascii_lowercase()).matches(&text.to_ascii_lowercase())
}
