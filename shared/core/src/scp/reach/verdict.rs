//! What a call comes to under the policies.

use std::{fmt, sync::Arc};

use schemars::JsonSchema;
use serde::Serialize;

use super::evaluations::Resource;

/// Whether a call works.
///
/// "If any destination Region in a cross-Region inference profile is blocked in your SCPs, the request will
/// fail even if other Regions remain allowed"
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Everything that is evaluated is allowed.
    Works,
    /// Something that is evaluated is surely denied.
    Fails(Arc<[Denied]>),
    /// Nothing is surely denied, but something depends on what cannot be known.
    Undecided {
        /// The condition keys that it depends on, in lower case.
        keys: Arc<[Arc<str>]>,
        /// What AWS does not document, if it is that.
        undocumented: Option<&'static str>,
    },
}

/// One evaluation that is denied, and by what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Denied {
    /// What is evaluated.
    pub resource: Resource,
    /// The Region that it is evaluated in, or `unspecified`.
    pub region: Arc<str>,
    /// The policy's id, or the file that it is in; of an implicit deny, every policy of the level.
    pub policy: Arc<str>,
    /// The statement's Sid, or its index from 0; `null` for an implicit deny, for no statement allows it.
    pub statement: Option<Arc<str>>,
    /// Whether a statement denies it, or no statement of the level allows it.
    pub kind: DeniedBy,
    /// The level that the policy is attached to: the root, a unit or the account.
    pub level: Arc<str>,
    /// The action that is denied; left out where all actions of the call are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
}

/// How an evaluation is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeniedBy {
    /// A statement denies it.
    Explicit,
    /// No statement of a level allows it.
    Implicit,
}

impl Verdict {
    /// Returns its name: `works`, `fails` or `undecided`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Fails(_) => "fails",
            Self::Undecided { .. } => "undecided",
        }
    }

    /// Tells whether everything that is evaluated is allowed.
    #[must_use]
    pub const fn works(&self) -> bool {
        matches!(self, Self::Works)
    }

    /// Returns what is denied; nothing where it works or is undecided.
    #[must_use]
    pub fn denied(&self) -> &[Denied] {
        match self {
            Self::Fails(denied) => denied,
            Self::Works | Self::Undecided { .. } => &[],
        }
    }
}

impl Denied {
    /// Tells whether another is the same but for the action.
    pub(super) fn is_but_for_action(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.resource, one.kind);
        of(self) == of(other)
            && self.region == other.region
            && self.policy == other.policy
            && self.statement == other.statement
            && self.level == other.level
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.write_str("works"),
            Self::Fails(denied) => {
                f.write_str("fails: ")?;
                for (index, denied) in denied.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "; " };
                    write!(f, "{separator}{denied}")?;
                }
                Ok(())
            }
            Self::Undecided { keys, undocumented } => {
                f.write_str("undecided: ")?;
                match undocumented {
                    Some(what) => f.write_str(what),
                    None => write!(f, "it depends on {}", keys.join(", ")),
                }
            }
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.resource {
            Resource::Profile => "the inference profile",
            Resource::FoundationModel => "the foundation model",
            Resource::GuardrailProfile => "the guardrail's profile",
        };
        let (region, policy, level) = (&self.region, &self.policy, &self.level);
        match &self.statement {
            Some(statement) => {
                write!(
                    f,
                    "{what} in {region} is denied by the statement {statement} of {policy} at {level}"
                )
            }
            None => write!(
                f,
                "{what} in {region} is allowed by no statement of {policy} at {level}"
            ),
        }
    }
}
