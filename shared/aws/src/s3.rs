//! Amazon S3: one object that is read again only when it has changed.

use aws_config::SdkConfig;
use aws_sdk_s3::{Client, error::SdkError, operation::get_object::GetObjectOutput};

use crate::{Disposition, Failure};

const ACTION: &str = "s3:GetObject";
/// The status by which S3 says that the object is still the version that is known.
const NOT_MODIFIED: u16 = 304;

/// One object of one bucket, up to a size.
#[derive(Clone, Debug)]
pub struct Object {
    client: Client,
    bucket: String,
    key: String,
    largest: usize,
}

/// What a read found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The object is still the version that was named.
    Unchanged,
    /// The object's content and the tag of its version.
    Content {
        /// The content.
        bytes: Vec<u8>,
        /// The version's entity tag, where S3 sent one.
        etag: Option<String>,
    },
}

impl Object {
    /// Names an object; content of more than `largest` bytes is refused.
    #[must_use]
    pub fn new(configuration: &SdkConfig, bucket: &str, key: &str, largest: usize) -> Self {
        Self::with_client(Client::new(configuration), bucket, key, largest)
    }

    fn with_client(client: Client, bucket: &str, key: &str, largest: usize) -> Self {
        Self {
            client,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            largest,
        }
    }

    /// Returns the object's address, for people.
    #[must_use]
    pub fn address(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// Reads the object unless it is still the version with the tag `known`.
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses, cannot be reached, or the object is too large.
    pub async fn fetch(&self, known: Option<&str>) -> Result<Fetched, Failure> {
        let request = self.client.get_object().bucket(&self.bucket).key(&self.key);
        match request.set_if_none_match(known.map(str::to_owned)).send().await {
            Ok(output) => self.content(output).await,
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == NOT_MODIFIED => {
                Ok(Fetched::Unchanged)
            }
            Err(error) => {
                let mut failure = Failure::of(ACTION, &self.address(), &error);
                if failure.cause.starts_with("AccessDenied") {
                    failure
                        .cause
                        .push_str(" (S3 answers so, too, if the object does not exist)");
                }
                Err(failure)
            }
        }
    }

    async fn content(&self, output: GetObjectOutput) -> Result<Fetched, Failure> {
        let etag = output.e_tag().map(str::to_owned);
        let mut body = output.body;
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| self.failure(error.to_string(), Disposition::MayPass))?;
            if bytes.len() + chunk.len() > self.largest {
                let cause = format!("the object has more than {} bytes", self.largest);
                return Err(self.failure(cause, Disposition::WillNotPass));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Fetched::Content { bytes, etag })
    }

    fn failure(&self, cause: String, disposition: Disposition) -> Failure {
        Failure {
            action: ACTION,
            resource: self.address(),
            cause,
            disposition,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::{operation::get_object::GetObjectError, primitives::ByteStream, types::error::NoSuchKey};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn object(rule: &aws_smithy_mocks::Rule, largest: usize) -> Object {
        let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [rule]);
        Object::with_client(client, "policies", "policy.yaml", largest)
    }

    #[tokio::test]
    async fn reads_content_with_its_tag() {
        let rule = mock!(Client::get_object)
            .match_requests(|request| request.if_none_match() == Some("\"old\""))
            .then_output(|| {
                GetObjectOutput::builder()
                    .body(ByteStream::from_static(b"version: 1"))
                    .e_tag("\"new\"")
                    .build()
            });
        let fetched = object(&rule, 10).fetch(Some("\"old\"")).await.unwrap();
        assert_eq!(
            fetched,
            Fetched::Content {
                bytes: b"version: 1".to_vec(),
                etag: Some("\"new\"".to_owned())
            }
        );
    }

    #[tokio::test]
    async fn a_larger_object_is_refused() {
        let rule = mock!(Client::get_object).then_output(|| {
            GetObjectOutput::builder()
                .body(ByteStream::from_static(b"version: 1"))
                .build()
        });
        let failure = object(&rule, 9).fetch(None).await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            "s3:GetObject on s3://policies/policy.yaml failed: the object has more than 9 bytes"
        );
    }

    #[tokio::test]
    async fn a_missing_object_is_named() {
        let rule = mock!(Client::get_object).then_error(|| GetObjectError::NoSuchKey(NoSuchKey::builder().build()));
        let failure = object(&rule, 9).fetch(None).await.unwrap_err();
        assert_eq!(failure.disposition, Disposition::WillNotPass);
        assert!(
            failure
                .to_string()
                .starts_with("s3:GetObject on s3://policies/policy.yaml failed: "),
            "{failure}"
        );
    }
}
