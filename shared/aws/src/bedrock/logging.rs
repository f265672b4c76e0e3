//! Where model invocations are logged, and for how long AWS keeps what is sent to models.

use aws_sdk_bedrock::{error::BuildError, types};

use super::Bedrock;
use crate::{Disposition, Failure};

const LOGGING: &str = "bedrock:GetModelInvocationLoggingConfiguration";
const PUT: &str = "bedrock:PutModelInvocationLoggingConfiguration";
const DELETE: &str = "bedrock:DeleteModelInvocationLoggingConfiguration";
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

    /// Has invocations logged so, whatever stood before. Bedrock first writes a line to every
    /// destination, to see whether it may
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_PutModelInvocationLoggingConfiguration.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, may not write to a destination, or cannot be reached.
    pub async fn put_logging(&self, logging: &Logging) -> Result<(), Failure> {
        let config = written(logging).map_err(|error| Failure {
            action: PUT,
            resource: self.region.clone(),
            cause: error.to_string(),
            disposition: Disposition::WillNotPass,
        })?;
        let put = self.client.put_model_invocation_logging_configuration();
        let answer = put.logging_config(config).send().await;
        answer.map(drop).map_err(|error| Failure::of(PUT, &self.region, &error))
    }

    /// Has invocations logged no more; nothing changes where they are not
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_DeleteModelInvocationLoggingConfiguration.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses or cannot be reached.
    pub async fn delete_logging(&self) -> Result<(), Failure> {
        let answer = self.client.delete_model_invocation_logging_configuration().send().await;
        answer
            .map(drop)
            .map_err(|error| Failure::of(DELETE, &self.region, &error))
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

fn written(logging: &Logging) -> Result<types::LoggingConfig, BuildError> {
    let Logging {
        log_group,
        bucket,
        text,
        image,
        embedding,
        video,
        audio,
    } = logging;
    let log_group = log_group.as_ref().map(written_log_group).transpose()?;
    let bucket = bucket.as_ref().map(written_prefix).transpose()?;
    Ok(types::LoggingConfig::builder()
        .set_cloud_watch_config(log_group)
        .set_s3_config(bucket)
        .set_text_data_delivery_enabled(*text)
        .set_image_data_delivery_enabled(*image)
        .set_embedding_data_delivery_enabled(*embedding)
        .set_video_data_delivery_enabled(*video)
        .set_audio_data_delivery_enabled(*audio)
        .build())
}

fn written_log_group(group: &LogGroup) -> Result<types::CloudWatchConfig, BuildError> {
    let large_bodies = group.large_bodies.as_ref().map(written_prefix).transpose()?;
    types::CloudWatchConfig::builder()
        .log_group_name(&group.name)
        .role_arn(&group.role)
        .set_large_data_delivery_s3_config(large_bodies)
        .build()
}

fn written_prefix(place: &Prefix) -> Result<types::S3Config, BuildError> {
    types::S3Config::builder()
        .bucket_name(&place.bucket)
        .set_key_prefix(place.prefix.clone())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::{Replay, Reply, ok};

    #[tokio::test]
    async fn logging_is_put_with_every_destination_and_flag_and_deleted() {
        let replay = Replay::new([ok("{}"), ok("{}"), ok("{}")]);
        let bedrock = Bedrock::new(&replay.configuration(), "eu-west-1");
        let mut logging = Logging {
            log_group: Some(LogGroup {
                name: "g".to_owned(),
                role: "arn:role".to_owned(),
                large_bodies: Some(Prefix {
                    bucket: "large".to_owned(),
                    prefix: Some("p".to_owned()),
                }),
            }),
            bucket: Some(Prefix {
                bucket: "b".to_owned(),
                prefix: None,
            }),
            text: Some(true),
            image: Some(true),
            embedding: Some(false),
            video: Some(true),
            audio: Some(false),
        };
        bedrock.put_logging(&logging).await.unwrap();
        logging.log_group = None;
        logging.audio = None;
        bedrock.put_logging(&logging).await.unwrap();
        bedrock.delete_logging().await.unwrap();
        let address = "https://bedrock.eu-west-1.amazonaws.com/logging/modelinvocations";
        let (put, delete) = (format!("PUT {address}"), format!("DELETE {address}"));
        assert_eq!(replay.lines(), [put.clone(), put, delete]);
        let bodies = replay.bodies();
        let sent = |position: usize| serde_json::from_str::<serde_json::Value>(&bodies[position]).unwrap();
        let flags = |audio: &str| {
            format!(
                r#""textDataDeliveryEnabled":true,"imageDataDeliveryEnabled":true,
                "embeddingDataDeliveryEnabled":false,"videoDataDeliveryEnabled":true{audio}"#
            )
        };
        let both = format!(
            r#"{{"loggingConfig":{{"cloudWatchConfig":{{"logGroupName":"g","roleArn":"arn:role",
                "largeDataDeliveryS3Config":{{"bucketName":"large","keyPrefix":"p"}}}},
                "s3Config":{{"bucketName":"b"}},{}}}}}"#,
            flags(r#","audioDataDeliveryEnabled":false"#)
        );
        assert_eq!(sent(0), serde_json::from_str::<serde_json::Value>(&both).unwrap());
        let one = format!(
            r#"{{"loggingConfig":{{"s3Config":{{"bucketName":"b"}},{}}}}}"#,
            flags("")
        );
        assert_eq!(sent(1), serde_json::from_str::<serde_json::Value>(&one).unwrap());
    }

    #[tokio::test]
    async fn logging_that_may_not_be_put_or_deleted_is_told_by_its_action() {
        let group = "Failed to validate permissions for log group: g, with role: arn:role";
        let reply = Reply::new(400, format!(r#"{{"message":"{group}"}}"#));
        let refused = Replay::new([reply.header("x-amzn-errortype", "ValidationException")]);
        let invalid = Bedrock::new(&refused.configuration(), "eu-west-1");
        let nothing = Logging {
            log_group: None,
            bucket: None,
            text: None,
            image: None,
            embedding: None,
            video: None,
            audio: None,
        };
        assert_eq!(
            invalid.put_logging(&nothing).await.unwrap_err().to_string(),
            format!(
                "bedrock:PutModelInvocationLoggingConfiguration on eu-west-1 failed: ValidationException (HTTP 400): {group}"
            )
        );
        let action = "bedrock:DeleteModelInvocationLoggingConfiguration";
        let refused = Replay::new([Reply::new(403, "{}").header("x-amzn-errortype", "AccessDeniedException")]);
        let denied = Bedrock::new(&refused.configuration(), "eu-west-1");
        let failure = denied.delete_logging().await.unwrap_err();
        assert_eq!((failure.action, failure.resource.as_str()), (action, "eu-west-1"));
    }
}
