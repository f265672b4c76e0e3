//! Amazon Bedrock: how one Region is set up. It is read; where invocations are logged is all that is
//! ever changed.
//!
//! What has many details is listed in short and described one by one: how many are asked for at once
//! is the caller's.

mod guardrails;
mod jobs;
mod logging;
mod models;
mod profiles;

use aws_config::{Region, SdkConfig};
use aws_sdk_bedrock::{Client, config};

use crate::{Failure, signed};
pub use guardrails::{CrossRegion, EnforcedGuardrail, Guardrail, ListedGuardrail};
pub use jobs::{InvocationJob, JobOutput};
pub use logging::{LogGroup, Logging, Prefix};
pub use models::{ListedModel, ModelKey};
pub use profiles::{InferenceProfile, ProfileType};

/// The most items of one page that every list of Bedrock allows
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html>).
const LARGEST_PAGE: i32 = 1000;

/// Bedrock in one Region.
#[derive(Clone, Debug)]
pub struct Bedrock {
    client: Client,
    region: String,
}

impl Bedrock {
    /// Names a Region.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let there = config::Builder::from(configuration)
            .region(Region::new(region.to_owned()))
            .retry_partition(signed::partition("Bedrock", region, configuration));
        Self {
            client: Client::from_conf(there.build()),
            region: region.to_owned(),
        }
    }

    /// Returns the text of a member that AWS always sends: the SDK puts an empty one where it is missing.
    fn sent(&self, action: &'static str, member: &str, text: &str) -> Result<String, Failure> {
        if text.is_empty() {
            let cause = format!("the answer has no {member}");
            return Err(Failure::unclear(action, &self.region, cause));
        }
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests;
