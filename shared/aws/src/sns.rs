//! Amazon SNS: one publication to a topic, with a body for each protocol.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_sns::{Client, types::MessageAttributeValue};

use crate::{Disposition, Failure};

const ACTION: &str = "sns:Publish";

/// A message attribute, which subscriptions filter by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// One text.
    Text(String),
    /// Several texts, as a JSON array: SNS calls it `String.Array`.
    Texts(String),
}

/// What is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The e-mail's subject: ASCII, one line, below 100 characters.
    pub subject: String,
    /// A JSON object with a body for `default` and for each protocol that has its own.
    pub bodies: String,
    /// The attributes that subscriptions filter by.
    pub attributes: BTreeMap<&'static str, Attribute>,
}

/// A topic to publish to.
#[derive(Clone, Debug)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// Names a topic by its ARN.
    #[must_use]
    pub fn new(configuration: &SdkConfig, arn: &str) -> Self {
        Self {
            client: Client::new(configuration),
            arn: arn.to_owned(),
        }
    }

    /// Publishes once. Only an `Ok` means that SNS has taken it.
    ///
    /// # Errors
    ///
    /// Fails if SNS refuses or cannot be reached; it may still have taken it then.
    pub async fn publish(&self, publication: &Publication) -> Result<(), Failure> {
        let mut request = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(&publication.subject)
            .message_structure("json")
            .message(&publication.bodies);
        for (name, attribute) in &publication.attributes {
            request = request.message_attributes(*name, self.attribute(attribute)?);
        }
        request
            .send()
            .await
            .map_err(|error| Failure::of(ACTION, &self.arn, &error))?;
        Ok(())
    }

    fn attribute(&self, attribute: &Attribute) -> Result<MessageAttributeValue, Failure> {
        let (kind, text) = match attribute {
            Attribute::Text(text) => ("String", text),
            Attribute::Texts(json) => ("String.Array", json),
        };
        MessageAttributeValue::builder()
            .data_type(kind)
            .string_value(text)
            .build()
            .map_err(|error| Failure {
                action: ACTION,
                resource: self.arn.clone(),
                cause: error.to_string(),
                disposition: Disposition::WillNotPass,
            })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sns::{
        operation::publish::{PublishError, PublishOutput},
        types::error::InternalErrorException,
    };
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn publication() -> Publication {
        Publication {
            subject: "s".to_owned(),
            bodies: r#"{"default":"d"}"#.to_owned(),
            attributes: BTreeMap::from([("control", Attribute::Texts(r#"["a","b"]"#.to_owned()))]),
        }
    }

    #[tokio::test]
    async fn publishes_bodies_by_protocol_with_array_attributes() {
        let rule = mock!(Client::publish)
            .match_requests(|request| {
                let attribute = request
                    .message_attributes()
                    .and_then(|attributes| attributes.get("control"));
                request.message_structure() == Some("json")
                    && attribute.map(MessageAttributeValue::data_type) == Some("String.Array")
            })
            .then_output(|| PublishOutput::builder().message_id("m").build());
        let client = mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&rule]);
        let topic = Topic {
            client,
            arn: "arn:aws:sns:eu-west-1:111122223333:alerts".to_owned(),
        };
        topic.publish(&publication()).await.unwrap();
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_refusal_says_what_and_why() {
        let rule = mock!(Client::publish).then_error(|| {
            let metadata = aws_sdk_sns::error::ErrorMetadata::builder()
                .code("InternalError")
                .message("try later")
                .build();
            PublishError::InternalErrorException(InternalErrorException::builder().meta(metadata).build())
        });
        let client = mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&rule]);
        let topic = Topic {
            client,
            arn: "arn:x".to_owned(),
        };
        let failure = topic.publish(&publication()).await.unwrap_err();
        assert!(
            failure
                .to_string()
                .starts_with("sns:Publish on arn:x failed: InternalError"),
            "{failure}"
        );
    }
}
