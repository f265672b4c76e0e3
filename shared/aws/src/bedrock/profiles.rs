//! Inference profiles: which models in which Regions they route to.

use aws_sdk_bedrock::types;

use super::{Bedrock, LARGEST_PAGE};
use crate::{Failure, pages::every_page};

const LIST: &str = "bedrock:ListInferenceProfiles";

/// Who made an inference profile. Bedrock lists the two kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileType {
    /// AWS.
    SystemDefined,
    /// Somebody in the account.
    Application,
}

/// An inference profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferenceProfile {
    /// Its id, such as `eu.anthropic.claude-sonnet-4-20250514-v1:0`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its type: `SYSTEM_DEFINED` or `APPLICATION`.
    pub profile_type: String,
    /// Its status, such as `ACTIVE`.
    pub status: String,
    /// The ARNs of the models it routes to, at least one; those of a global profile include one
    /// without a Region.
    pub models: Vec<String>,
}

impl Bedrock {
    /// Lists the inference profiles of a type
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or lists a profile without saying what it
    /// routes to.
    pub async fn inference_profiles(&self, profile_type: ProfileType) -> Result<Vec<InferenceProfile>, Failure> {
        let profile_type = match profile_type {
            ProfileType::SystemDefined => types::InferenceProfileType::SystemDefined,
            ProfileType::Application => types::InferenceProfileType::Application,
        };
        every_page(LIST, &self.region, async |next| {
            let request = self.client.list_inference_profiles().type_equals(profile_type.clone());
            let page = request.max_results(LARGEST_PAGE).set_next_token(next).send().await;
            let page = page.map_err(|error| Failure::of(LIST, &self.region, &error))?;
            let profiles = page.inference_profile_summaries().iter();
            let profiles: Result<_, Failure> = profiles.map(|profile| self.profile(profile)).collect();
            Ok((profiles?, page.next_token))
        })
        .await
    }

    fn profile(&self, profile: &types::InferenceProfileSummary) -> Result<InferenceProfile, Failure> {
        let arn = self.sent(LIST, "profile's ARN", profile.inference_profile_arn())?;
        let models = profile.models().iter();
        let models: Vec<String> = models
            .filter_map(|model| model.model_arn().map(str::to_owned))
            .collect();
        // What is left out of the list may be the Region that is not allowed.
        if models.is_empty() || models.len() < profile.models().len() {
            let cause = format!("the answer does not name each model of the profile {arn}");
            return Err(Failure::unclear(LIST, &self.region, cause));
        }
        Ok(InferenceProfile {
            id: self.sent(LIST, "profile's id", profile.inference_profile_id())?,
            arn,
            name: profile.inference_profile_name().to_owned(),
            profile_type: profile.r#type().as_str().to_owned(),
            status: profile.status().as_str().to_owned(),
            models,
        })
    }
}
