//! Who of an account may use Bedrock, and with what credentials.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Observed;

/// The identities of an account, which are the same in every Region; judged in the home Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityPosture {
    /// The long-term API keys of Bedrock, as `USER/KEY_ID`.
    pub api_keys: Observed<BTreeMap<String, ApiKey>>,
    /// Users and roles, by ARN.
    pub principals: Observed<BTreeMap<String, Principal>>,
    /// The text of each policy that is named there, boundaries included, as JSON, by its ARN or, for one
    /// that stands in a user, group or role, as the owner's ARN with `/NAME`.
    pub policies: BTreeMap<String, String>,
}

/// A long-term API key
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServiceSpecificCredentialMetadata.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Whether it can be used.
    pub active: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it expires, if it ever does.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

/// A user or role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// The names of its policies, those of its groups too, as they stand in
    /// [`IdentityPosture::policies`].
    pub policies: BTreeSet<String>,
    /// The ARN of its permissions boundary, if it has one.
    #[serde(default)]
    pub boundary: Option<String>,
}
