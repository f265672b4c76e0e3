//! The guardrails of one Region, and those that are enforced there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Observed;

/// The guardrails of one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardrailPosture {
    /// Every version that can be used of each guardrail, as `ID:VERSION`.
    pub guardrails: Observed<BTreeMap<String, Observed<Guardrail>>>,
    /// The guardrails that the account enforces.
    pub enforced: Observed<Vec<EnforcedGuardrail>>,
    /// The organization's effective Bedrock policy for the account, as JSON; `None` without one.
    pub organization: Observed<Option<String>>,
}

/// A guardrail that is enforced for calls of models
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-enforcements.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnforcedGuardrail {
    /// The guardrail, as `ID:VERSION` or by its ARN.
    pub guardrail: String,
    /// The models for which it is enforced: by id, or `ALL`; none stand for all, too.
    #[serde(default)]
    pub included_models: BTreeSet<String>,
    /// The models for which it is not, even if they are included.
    #[serde(default)]
    pub excluded_models: BTreeSet<String>,
}

/// A guardrail (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetGuardrail.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    /// The id or ARN of its own cross-Region profile, such as `eu.guardrail.v1:0`, if it has one; empty
    /// where it has one that the answer does not name.
    #[serde(default)]
    pub profile: Option<String>,
}
