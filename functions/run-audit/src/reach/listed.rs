//! What an account lists of its inference profiles.

use std::collections::BTreeMap;

use crisguard_core::{
    arn::Arn,
    catalog::{Live, LiveList},
    posture::ListedProfile,
    region::Region,
};
use jiff::Timestamp;
use serde::Deserialize;

use super::question::ReachError;

/// Reads what `aws bedrock list-inference-profiles` or `get-inference-profile` printed
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html>).
///
/// # Errors
///
/// Fails if it is neither, or if a profile's ARN has no Region.
pub fn listed(json: &[u8]) -> Result<Live, ReachError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Printed {
        List {
            #[serde(rename = "inferenceProfileSummaries")]
            profiles: Vec<Profile>,
        },
        One(Profile),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Profile {
        inference_profile_arn: String,
        inference_profile_id: String,
        models: Vec<Model>,
        r#type: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Model {
        model_arn: String,
    }
    let profiles = match serde_json::from_slice(json).map_err(ReachError::Listed)? {
        Printed::List { profiles } => profiles,
        Printed::One(profile) => vec![profile],
    };
    let mut by_region: BTreeMap<Region, BTreeMap<String, ListedProfile>> = BTreeMap::new();
    for profile in profiles {
        let arn = profile.inference_profile_arn;
        let region = Arn::parse(&arn).and_then(|arn| arn.region.parse().ok());
        let Some(region) = region else {
            return Err(ReachError::ListedRegion(arn.chars().take(256).collect()));
        };
        let listed = ListedProfile {
            arn,
            application: profile.r#type == "APPLICATION",
            models: profile.models.into_iter().map(|model| model.model_arn).collect(),
        };
        by_region
            .entry(region)
            .or_default()
            .insert(profile.inference_profile_id, listed);
    }
    let mut live = Live::nothing();
    for (region, profiles) in by_region {
        // Nobody knows when it was printed, and reach does not ask.
        let observed_at = Timestamp::UNIX_EPOCH;
        live.learn(region, LiveList { observed_at, profiles });
    }
    Ok(live)
}
