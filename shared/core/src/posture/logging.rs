//! Model invocation logging of one Region: what is configured, and where it delivers to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Bucket, Key, Observed, PublicAccessBlock};
use crate::policy::Modality;

/// Everything about model invocation logging of one Region.
///
/// Buckets, log groups and keys stand by their names, for several destinations, and several
/// Regions, can share them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggingPosture {
    /// The configuration; `None` if logging is off.
    pub configuration: Observed<Option<InvocationLogging>>,
    /// The buckets that the configuration names.
    pub buckets: BTreeMap<String, Observed<Bucket>>,
    /// Which ways to make objects public are blocked for the whole account; `None` without a
    /// configuration. Not looked at where logs go to no bucket.
    pub public_access: Observed<Option<PublicAccessBlock>>,
    /// The log groups that the configuration names; `None` for one that does not exist.
    pub log_groups: BTreeMap<String, Observed<Option<LogGroup>>>,
    /// The keys that encrypt them, by the id, alias or ARN with which they are named; `None` for one
    /// that does not exist.
    pub keys: BTreeMap<String, Observed<Option<Key>>>,
    /// How many deliveries failed within a day, by CloudWatch's metrics.
    pub failed_deliveries: Observed<u64>,
}

/// The configuration of model invocation logging
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_LoggingConfig.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvocationLogging {
    /// Where in S3 it delivers, if it does.
    #[serde(default)]
    pub s3: Option<Delivery>,
    /// The log group to which it delivers, if it does.
    #[serde(default)]
    pub log_group: Option<String>,
    /// Where it puts what is too large for a log event, if it does.
    #[serde(default)]
    pub large_data: Option<Delivery>,
    /// Whether each kind of data is delivered, where the configuration says.
    pub delivers: BTreeMap<Modality, bool>,
}

impl InvocationLogging {
    /// Returns each place in a bucket to which it delivers.
    pub fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.s3.iter().chain(&self.large_data)
    }
}

/// A place in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The bucket's name.
    pub bucket: String,
    /// How the keys of what is delivered begin.
    #[serde(default)]
    pub prefix: String,
}

/// The settings of a log group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// For how many days events are kept; `None` for ever. Two days for a group of the class `DELIVERY`,
    /// whatever is set
    /// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html>).
    #[serde(default)]
    pub retention_days: Option<u32>,
    /// The key that encrypts it; `None` for CloudWatch Logs' own encryption.
    #[serde(default)]
    pub key: Option<String>,
}
