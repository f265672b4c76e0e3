//! The guardrails of one Region, and those that are enforced there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Observed;

/// The guardrails of one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardrailPosture {
    /// Every version that can be used of each guardrail, as `ID:VERSION`.
    pub guardrails: Observed<BTreeMap<String, Observed<Guardrail>>>,
    /// The guardrails that the account enforces for all calls, as `ID:VERSION`.
    pub enforced: Observed<Vec<String>>,
    /// The organization's effective Bedrock policy for the account, as JSON; `None` without one.
    pub organization: Observed<Option<String>>,
}

/// A guardrail (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetGuardrail.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    /// The id of its own cross-Region profile, such as `eu.guardrail.v1:0`, if it has one.
    #[serde(default)]
    pub profile: Option<String>,
}
