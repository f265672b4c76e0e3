//! The trails that could record calls of Bedrock in one Region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Observed;
use crate::region::Region;

/// The trails of one Region, those of other Regions and of the organization that cover it too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrailPosture {
    /// The trails, by ARN.
    pub trails: Observed<BTreeMap<String, Trail>>,
}

/// A trail (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// The Region in which it was made, and the one that it records if it is not for all.
    pub home: Region,
    /// Whether it records every Region.
    pub multi_region: bool,
    /// Whether it is on, and what it delivers comes through.
    pub status: Observed<TrailStatus>,
    /// What it records.
    pub selectors: Observed<Selectors>,
}

/// How a trail fares
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrailStatus {
    /// Whether it is on.
    pub logging: bool,
    /// What S3 answered when its latest delivery failed (`LatestDeliveryError`); `None` if it did not
    /// fail.
    #[serde(default)]
    pub delivery_error: Option<String>,
}

/// What a trail records: by basic or by advanced event selectors, never by both
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Selectors {
    /// Basic selectors: an event is recorded if one of them takes it.
    Basic(Vec<BasicSelector>),
    /// Advanced selectors: an event is recorded if all fields of one of them take it.
    Advanced(Vec<AdvancedSelector>),
}

/// A basic selector
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicSelector {
    /// `All`, `ReadOnly` or `WriteOnly`; `All` if it is not said.
    #[serde(default)]
    pub read_write_type: Option<String>,
    /// Whether management events are recorded; they are if it is not said.
    #[serde(default)]
    pub management_events: Option<bool>,
    /// The event sources whose management events are left out.
    #[serde(default)]
    pub excluded_sources: Vec<String>,
}

/// An advanced selector
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdvancedSelector {
    /// What each field of an event must be.
    pub fields: Vec<FieldSelector>,
}

/// What one field must be: one value of one of the operators that select, if any is given, and no
/// value of those that begin with `not`
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the operators' names are AWS's own")]
pub struct FieldSelector {
    /// The field, such as `eventCategory` or `readOnly`.
    pub field: String,
    #[serde(default)]
    pub equals: Vec<String>,
    #[serde(default)]
    pub starts_with: Vec<String>,
    #[serde(default)]
    pub ends_with: Vec<String>,
    #[serde(default)]
    pub not_equals: Vec<String>,
    #[serde(default)]
    pub not_starts_with: Vec<String>,
    #[serde(default)]
    pub not_ends_with: Vec<String>,
}
