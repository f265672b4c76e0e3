//! The inference profiles of one Region: which there are, and which were called.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Observed;

/// The inference profiles of one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfilePosture {
    /// What was called within 24 h, as CloudWatch's dimension `ModelId` names it: ids and ARNs of
    /// models and profiles.
    pub called: Observed<BTreeSet<String>>,
    /// Every profile that the account can call from here, by id; an application profile's is a few
    /// letters and digits.
    pub listed: Observed<BTreeMap<String, ListedProfile>>,
}

/// An inference profile
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_InferenceProfileSummary.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedProfile {
    /// Its ARN.
    pub arn: String,
    /// Whether the account made it, rather than AWS.
    pub application: bool,
    /// The ARNs of the models that it sends to. A Region-less one stands for every commercial Region.
    pub models: Vec<String>,
}
