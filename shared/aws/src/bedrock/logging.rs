//! Where model invocations are logged, and for how long AWS keeps what is sent to models.

use aws_sdk_bedrock::types;

use super::Bedrock;
use crate::Failure;

const LOGGING: &str = "bedrock:GetModelInvocationLoggingConfiguration";
const RETENTION: &str = "bedrock:GetAccountDataRetention";
/// What the SDK puts where the mode is missing.
const NO_MODE: &str = "no value was set";

/// What is logged of invocations, and where. A flag that is not sent is none: what Bedrock does then
/// is not documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// The log group that receives records.
    pub log_group: Option<LogGroup>,
    /// Where in S3 records are written.
    pub bucket: Option<Prefix>,
    /// Whether text is logged.
    pub text: Option<bool>,
    /// Whether images are logged.
    pub image: Option<bool>,
    /// Whether embeddings are logged.
    pub embedding: Option<bool>,
    /// Whether video is logged.
    pub video: Option<bool>,
    /// Whether audio is logged.
    pub audio: Option<bool>,
}

/// A log group as a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// The role with which Bedrock writes.
    pub role: String,
    /// Where in S3 bodies are written that a log group does not take.
    pub large_bodies: Option<Prefix>,
}

/// A bucket and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The bucket's name.
    pub bucket: String,
    /// What keys begin with.
    pub prefix: Option<String>,
}

impl Bedrock {
    /// Returns how invocations are logged; `None` if they are not
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetModelInvocationLoggingConfiguration.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or names a destination that has no name.
    pub async fn logging(&self) -> Result<Option<Logging>, Failure> {
        let answer = self.client.get_model_invocation_logging_configuration().send().await;
        let answer = answer.map_err(|error| Failure::of(LOGGING, &self.region, &error))?;
        answer
            .logging_config()
            .map(|config| self.read_logging(config))
            .transpose()
    }

    /// Returns the mode of data retention, such as `default` or `inherit`
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or names no mode.
    pub async fn data_retention(&self) -> Result<String, Failure> {
        let answer = self.client.get_account_data_retention().send().await;
        let answer = answer.map_err(|error| Failure::of(RETENTION, &self.region, &error))?;
        let mode = answer.mode().as_str();
        self.sent(RETENTION, "mode", if mode == NO_MODE { "" } else { mode })
    }

    fn read_logging(&self, config: &types::LoggingConfig) -> Result<Logging, Failure> {
        let log_group = config.cloud_watch_config().map(|group| self.log_group(group));
        let bucket = config.s3_config().map(|place| self.prefix(place));
        Ok(Logging {
            log_group: log_group.transpose()?,
            bucket: bucket.transpose()?,
            text: config.text_data_delivery_enabled(),
            image: config.image_data_delivery_enabled(),
            embedding: config.embedding_data_delivery_enabled(),
            video: config.video_data_delivery_enabled(),
            audio: config.audio_data_delivery_enabled(),
        })
    }

    fn log_group(&self, group: &types::CloudWatchConfig) -> Result<LogGroup, Failure> {
        let large_bodies = group.large_data_delivery_s3_config().map(|place| self.prefix(place));
        Ok(LogGroup {
            name: self.sent(LOGGING, "log group's name", group.log_group_name())?,
            role: group.role_arn().to_owned(),
            large_bodies: large_bodies.transpose()?,
        })
    }

    fn prefix(&self, place: &types::S3Config) -> Result<Prefix, Failure> {
        Ok(Prefix {
            bucket: self.sent(LOGGING, "bucket's name", place.bucket_name())?,
            prefix: place.key_prefix().map(str::to_owned),
        })
    }
}
