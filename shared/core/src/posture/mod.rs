//! What is decided about the settings of one account in one Region.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of one control for one account and Region.
///
/// There is no default: what could not be looked at is [`PostureDecision::Undecided`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "decision", content = "reason")]
pub enum PostureDecision {
    /// The settings are as they must be.
    Compliant(PostureBasis),
    /// At least one setting is not as it must be.
    NonCompliant(PostureViolation),
    /// What was looked at does not suffice to decide.
    Undecided(PostureGap),
}

impl PostureDecision {
    /// Returns the outcome's name as it stands in reports and messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Compliant(_) => "compliant",
            Self::NonCompliant(_) => "non-compliant",
            Self::Undecided(_) => "undecided",
        }
    }
}

impl fmt::Display for PostureDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compliant(basis) => basis.fmt(f),
            Self::NonCompliant(violation) => violation.fmt(f),
            Self::Undecided(gap) => gap.fmt(f),
        }
    }
}

/// Why settings are as they must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PostureBasis {
    /// crisguard's rules stand as the policy in force asks.
    #[error("crisguard's rules in {region} stand as the policy in force asks")]
    RulesStand {
        /// The Region.
        region: crate::region::Region,
    },
}

/// How settings are not as they must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PostureViolation {
    /// crisguard's own rules do not receive what they must.
    #[error("crisguard does not receive what it must from {region}: {problems}", problems = problems.join("; "))]
    RulesDoNotReceive {
        /// The Region.
        region: crate::region::Region,
        /// Each thing that is wrong, in a few words.
        problems: Vec<String>,
    },
}

/// What is missing to decide on settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PostureGap {
    /// Something could not be looked at.
    #[error("{region} could not be looked at: {reason}")]
    NotObserved {
        /// The Region.
        region: crate::region::Region,
        /// What was refused, with the permission.
        reason: String,
    },
}
