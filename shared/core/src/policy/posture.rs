//! What a policy asks of the settings that prove where prompts are processed.

use std::{collections::BTreeSet, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::written;
use crate::arn::ArnPattern;

/// What the nightly check asks of settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostureRules {
    /// What model invocation logging must hold.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InvocationLoggingRules")]
    pub invocation_logging: Option<InvocationLoggingRules>,
    /// The data-retention modes that are allowed.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeSet<DataRetentionMode>")]
    pub data_retention: Option<BTreeSet<DataRetentionMode>>,
    /// Whether custom and imported models, agents and knowledge bases must be encrypted with a
    /// customer-managed key.
    #[serde(default)]
    pub customer_managed_key: bool,
    /// What must be checked by a guardrail.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GuardrailRules")]
    pub guardrail: Option<GuardrailRules>,
    /// Whether there must be a VPC endpoint for bedrock-runtime.
    #[serde(default)]
    pub vpc_endpoint: bool,
    /// What IAM may allow.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "IamRules")]
    pub iam: Option<IamRules>,
}

/// What must be checked by a guardrail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardrailRules {
    /// Whether a guardrail must be enforced for all calls, by the account or the organization.
    #[serde(default)]
    pub enforced: bool,
    /// Whether every agent must have a guardrail.
    #[serde(default)]
    pub agents: bool,
}

/// What IAM may allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IamRules {
    /// Whether policies that allow invoking must name models and profiles.
    #[serde(default)]
    pub least_privilege: bool,
    /// Whether nobody may both invoke models and change what proves it.
    #[serde(default)]
    pub separate_duties: bool,
    /// Users and roles of which none of that is asked, as ARNs with `*` and `?`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<ArnPattern>,
}

/// What model invocation logging must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvocationLoggingRules {
    /// The kinds of data that must be logged.
    pub modalities: BTreeSet<Modality>,
    /// For how many days the logs must be kept at least.
    pub retention_days: u32,
    /// Whether the logs must be encrypted with a customer-managed key.
    pub customer_managed_key: bool,
}

/// A kind of data that model invocation logging can deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Modality {
    Text,
    Image,
    Embedding,
    Video,
    Audio,
}

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Embedding => "embedding",
            Self::Video => "video",
            Self::Audio => "audio",
        })
    }
}

/// A data-retention mode of an account
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are AWS's own")]
pub enum DataRetentionMode {
    None,
    Default,
    AwsReview,
    ProviderDataShare,
}

impl fmt::Display for DataRetentionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Default => "default",
            Self::AwsReview => "aws_review",
            Self::ProviderDataShare => "provider_data_share",
        })
    }
}
