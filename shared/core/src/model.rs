//! What a request was addressed to: `modelId` in its many forms, parsed once.
//!
//! Forms: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html>.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{arn::Arn, inference_profile::InferenceProfile};

/// Providers whose foundation models Bedrock serves, as the first segment of a model id.
///
/// A closed list: a first segment that is neither here nor a profile prefix stays unknown,
/// so that a new geography can never pass for a base model.
pub const PROVIDERS: [&str; 20] = [
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "xai",
    "zai",
];

/// What an inference request was addressed to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum ModelReference {
    /// A base model by id or ARN: processed in the source Region.
    FoundationModel(String),
    /// A system-defined inference profile, by id or ARN.
    Profile(InferenceProfile),
    /// An application inference profile's ARN; what it was made from is not in the record.
    ApplicationProfile(String),
    /// A resource of the account that lives in one Region: provisioned throughput, a custom or
    /// imported model, or a custom model's deployment.
    OwnedModel(String),
    /// A prompt, prompt router or Marketplace endpoint: it may stand for any model or profile.
    Indirect(String),
    /// An id whose first segment is neither a known provider nor a known geography.
    Unknown(String),
    /// The record names no model.
    Absent,
}

impl ModelReference {
    /// Parses what a caller sent as `modelId`.
    ///
    /// ```
    /// use crisguard_core::model::ModelReference;
    /// assert!(matches!(ModelReference::parse("deepseek.v3.2"), ModelReference::FoundationModel(_)));
    /// assert!(matches!(ModelReference::parse("eu.amazon.nova-lite-v1:0"), ModelReference::Profile(_)));
    /// assert!(matches!(ModelReference::parse("uk.amazon.nova-lite-v1:0"), ModelReference::Unknown(_)));
    /// ```
    #[must_use]
    pub fn parse(model_id: &str) -> Self {
        if let Some(arn) = Arn::parse(model_id) {
            return Self::from_arn(model_id, arn);
        }
        if let Some(profile) = InferenceProfile::parse(model_id) {
            return Self::Profile(profile);
        }
        match model_id.split_once('.') {
            Some((provider, _)) if PROVIDERS.contains(&provider) => Self::FoundationModel(model_id.to_owned()),
            _ => Self::Unknown(model_id.to_owned()),
        }
    }

    fn from_arn(text: &str, arn: Arn<'_>) -> Self {
        if arn.service == "sagemaker" {
            return Self::Indirect(text.to_owned());
        }
        let Some((kind, id)) = arn.typed_resource().filter(|_| arn.service == "bedrock") else {
            return Self::Unknown(text.to_owned());
        };
        match kind {
            "foundation-model" => Self::FoundationModel(id.to_owned()),
            "inference-profile" => {
                InferenceProfile::parse(id).map_or_else(|| Self::Unknown(text.to_owned()), Self::Profile)
            }
            "application-inference-profile" => Self::ApplicationProfile(text.to_owned()),
            "provisioned-model" | "custom-model" | "custom-model-deployment" | "imported-model" => {
                Self::OwnedModel(text.to_owned())
            }
            "prompt" | "prompt-router" | "default-prompt-router" => Self::Indirect(text.to_owned()),
            _ => Self::Unknown(text.to_owned()),
        }
    }

    /// Returns the system-defined inference profile, if the request named one.
    #[must_use]
    pub fn profile(&self) -> Option<&InferenceProfile> {
        match self {
            Self::Profile(profile) => Some(profile),
            _ => None,
        }
    }

    /// Tells whether a request to this target is processed in the Region that was called.
    #[must_use]
    pub fn stays_in_source(&self) -> bool {
        matches!(self, Self::FoundationModel(_) | Self::OwnedModel(_))
    }

    /// Returns the profile's id or ARN where the target is one, for display and identity.
    #[must_use]
    pub fn profile_label(&self) -> Option<&str> {
        match self {
            Self::Profile(profile) => Some(profile.id()),
            Self::ApplicationProfile(arn) => Some(arn),
            _ => None,
        }
    }

    /// Returns the model's id where it is known, or the text that stands for one.
    #[must_use]
    pub fn model_label(&self) -> Option<&str> {
        match self {
            Self::Profile(profile) => Some(profile.model()),
            Self::FoundationModel(id) | Self::OwnedModel(id) | Self::Indirect(id) | Self::Unknown(id) => Some(id),
            Self::ApplicationProfile(_) | Self::Absent => None,
        }
    }
}

impl fmt::Display for ModelReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(profile) => profile.fmt(f),
            Self::ApplicationProfile(id)
            | Self::FoundationModel(id)
            | Self::OwnedModel(id)
            | Self::Indirect(id)
            | Self::Unknown(id) => f.write_str(id),
            Self::Absent => f.write_str("(no model named)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(model_id: &str) -> &'static str {
        match ModelReference::parse(model_id) {
            ModelReference::FoundationModel(_) => "foundation",
            ModelReference::Profile(_) => "profile",
            ModelReference::ApplicationProfile(_) => "application",
            ModelReference::OwnedModel(_) => "owned",
            ModelReference::Indirect(_) => "indirect",
            ModelReference::Unknown(_) => "unknown",
            ModelReference::Absent => "absent",
        }
    }

    #[test]
    fn every_documented_form_has_its_kind() {
        for (model_id, expected) in [
            ("anthropic.claude-3-sonnet-20240229-v1:0", "foundation"),
            ("moonshotai.kimi-k2.5", "foundation"),
            ("us-gov.anthropic.claude-3-haiku-20240307-v1:0", "profile"),
            ("global.anthropic.claude-sonnet-4-6", "profile"),
            (
                "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
                "foundation",
            ),
            (
                "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.amazon.nova-lite-v1:0",
                "profile",
            ),
            (
                "arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:application-inference-profile/a1b2",
                "application",
            ),
            (
                "arn:aws:bedrock:us-east-1:111122223333:provisioned-model/abcdefabcdef",
                "owned",
            ),
            (
                "arn:aws:bedrock:us-east-1:111122223333:custom-model/amazon.titan/abcdefabcdef",
                "owned",
            ),
            (
                "arn:aws:bedrock:us-east-1:111122223333:custom-model-deployment/abcdefabcdef",
                "owned",
            ),
            (
                "arn:aws:bedrock:us-east-1:111122223333:imported-model/abcdefabcdef",
                "owned",
            ),
            ("arn:aws:bedrock:us-east-1:111122223333:prompt/ABCDEFGHIJ:1", "indirect"),
            (
                "arn:aws:bedrock:us-east-1:111122223333:default-prompt-router/anthropic.claude:1",
                "indirect",
            ),
            ("arn:aws:sagemaker:us-east-1:111122223333:endpoint/mine", "indirect"),
            (
                "arn:aws:bedrock:us-east-1:111122223333:inference-profile/uk.amazon.nova-lite-v1:0",
                "unknown",
            ),
            ("uk.anthropic.claude-sonnet-4-6", "unknown"),
            ("claude", "unknown"),
            ("global.", "profile"),
            ("", "unknown"),
        ] {
            assert_eq!(kind(model_id), expected, "{model_id}");
        }
    }
}
