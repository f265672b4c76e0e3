//! AWS CloudTrail: which trails there are, what they record, and what was recorded without them.

mod history;

use aws_config::SdkConfig;
use serde::{Deserialize, Serialize};

use crate::{
    Failure,
    signed::{
        Client, Service, absent,
        endpoint::{FipsInGov, Host},
        json::{self, Json},
    },
};

pub use history::{History, PACE};

const DESCRIBE: &str = "cloudtrail:DescribeTrails";
const STATUS: &str = "cloudtrail:GetTrailStatus";
const SELECTORS: &str = "cloudtrail:GetEventSelectors";
const SERVICE: Service = Service {
    id: "CloudTrail",
    signs_as: "cloudtrail",
    version: "2013-11-01",
};
const HOST: Host = Host {
    name: "cloudtrail",
    fips_in_gov: FipsInGov::Plain,
};
const TARGET: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";
const NO_TRAIL: &str = "TrailNotFoundException";

/// A trail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// Its ARN.
    #[serde(rename = "TrailARN")]
    pub arn: String,
    /// The Region it was made in, where its status and selectors are asked for.
    pub home_region: Option<String>,
    /// Whether it records every Region.
    #[serde(rename = "IsMultiRegionTrail")]
    pub multi_region: Option<bool>,
    /// Whether it belongs to an organization.
    #[serde(rename = "IsOrganizationTrail")]
    pub organization: Option<bool>,
}

/// Whether a trail records at all.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TrailStatus {
    /// Whether it is switched on.
    #[serde(rename = "IsLogging")]
    pub logging: bool,
    /// What the last delivery to its bucket failed with, if it failed.
    pub latest_delivery_error: Option<String>,
}

/// What a trail records. It has selectors of one kind: basic or advanced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selectors {
    /// The basic selectors: an event that any of them selects is recorded.
    pub basic: Vec<BasicSelector>,
    /// The advanced selectors: an event that any of them selects is recorded.
    pub advanced: Vec<AdvancedSelector>,
}

/// A basic selector. A member that is not known here makes the whole answer one that cannot be
/// read: it may say that less is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct BasicSelector {
    /// `ReadOnly`, `WriteOnly` or `All`, which is also what an absent one means.
    pub read_write_type: Option<String>,
    /// Whether management events are recorded; they are if nothing is said.
    pub include_management_events: Option<bool>,
    /// The services whose management events are left out, such as `kms.amazonaws.com`.
    #[serde(default, deserialize_with = "json::list")]
    pub exclude_management_event_sources: Vec<String>,
    /// The data events that are recorded.
    #[serde(default, deserialize_with = "json::list")]
    pub data_resources: Vec<DataResource>,
}

/// Data events that a basic selector selects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DataResource {
    /// The type of the resources, such as `AWS::S3::Object`.
    #[serde(rename = "Type")]
    pub resource_type: Option<String>,
    /// What the resources' ARNs begin with.
    #[serde(default, deserialize_with = "json::list")]
    pub values: Vec<String>,
}

/// An advanced selector: it selects an event that all its fields select.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AdvancedSelector {
    /// Its name.
    pub name: Option<String>,
    /// Its fields.
    pub field_selectors: Vec<FieldSelector>,
}

/// What one field of an event must be
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>).
/// An operator that is not known here makes the whole answer one that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct FieldSelector {
    /// The field, such as `eventCategory` or `readOnly`.
    pub field: String,
    /// It is one of these.
    #[serde(default, deserialize_with = "json::list")]
    pub equals: Vec<String>,
    /// It begins with one of these.
    #[serde(default, deserialize_with = "json::list")]
    pub starts_with: Vec<String>,
    /// It ends with one of these.
    #[serde(default, deserialize_with = "json::list")]
    pub ends_with: Vec<String>,
    /// It is none of these.
    #[serde(default, deserialize_with = "json::list")]
    pub not_equals: Vec<String>,
    /// It begins with none of these.
    #[serde(default, deserialize_with = "json::list")]
    pub not_starts_with: Vec<String>,
    /// It ends with none of these.
    #[serde(default, deserialize_with = "json::list")]
    pub not_ends_with: Vec<String>,
}

/// CloudTrail in one Region.
#[derive(Clone, Debug)]
pub struct Trails {
    json: Json,
    configuration: SdkConfig,
    region: String,
}

impl Trails {
    /// Names a Region.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let client = Client::regional(SERVICE, HOST, region, json::error, configuration);
        Self {
            json: Json::new(client, TARGET),
            configuration: configuration.clone(),
            region: region.to_owned(),
        }
    }

    /// Lists the trails that record this Region, those made in other Regions and those of the
    /// organization included
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html>).
    ///
    /// # Errors
    ///
    /// Fails if CloudTrail refuses, cannot be reached, or lists a trail without its ARN.
    pub async fn list(&self) -> Result<Vec<Trail>, Failure> {
        let question = Every {
            include_shadow_trails: true,
        };
        let answer: Listed = self.json.ask(DESCRIBE, &self.region, &question).await?;
        Ok(answer.trail_list)
    }

    /// Tells whether a trail, by its ARN, records; `None` if there is none
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>).
    ///
    /// # Errors
    ///
    /// Fails if CloudTrail refuses, cannot be reached, or does not say.
    pub async fn status(&self, trail: &str) -> Result<Option<TrailStatus>, Failure> {
        let answer = self.json.ask(STATUS, trail, &Named { name: trail }).await;
        absent(answer, &[NO_TRAIL])
    }

    /// Returns what a trail, by its ARN, records; `None` if there is none
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html>).
    ///
    /// # Errors
    ///
    /// Fails if CloudTrail refuses, cannot be reached, or selects by what is not known here.
    pub async fn selectors(&self, trail: &str) -> Result<Option<Selectors>, Failure> {
        let question = Selecting { trail_name: trail };
        let answer = self.json.ask::<Selected>(SELECTORS, trail, &question).await;
        let Some(answer) = absent(answer, &[NO_TRAIL])? else {
            return Ok(None);
        };
        if answer.event_selectors.is_none() && answer.advanced_event_selectors.is_none() {
            return Err(Failure::unclear(
                SELECTORS,
                trail,
                "the answer has no selectors of either kind",
            ));
        }
        Ok(Some(Selectors {
            basic: answer.event_selectors.unwrap_or_default(),
            advanced: answer.advanced_event_selectors.unwrap_or_default(),
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Every {
    include_shadow_trails: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    trail_list: Vec<Trail>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Selecting<'a> {
    trail_name: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Selected {
    event_selectors: Option<Vec<BasicSelector>>,
    advanced_event_selectors: Option<Vec<AdvancedSelector>>,
}

#[cfg(test)]
mod tests;
