//! One bucket: whether it is there, how it is set up, and writing to it.

use aws_config::SdkConfig;
use serde::Deserialize;

use super::{SERVICE, address::Address, as_s3_signs, lifecycle};
use crate::{
    Disposition, Failure,
    signed::{Client, LARGEST_ANSWER, Refused, Request, absent, xml},
};

const HEAD: &str = "s3:ListBucket";
const ENCRYPTION: &str = "s3:GetEncryptionConfiguration";
const PUBLIC_ACCESS: &str = "s3:GetBucketPublicAccessBlock";
const OWNERSHIP: &str = "s3:GetBucketOwnershipControls";
const POLICY: &str = "s3:GetBucketPolicy";
const LIFECYCLE: &str = "s3:GetLifecycleConfiguration";
const PUT: &str = "s3:PutObject";
/// The most bytes of an object that whoever asks for it can allow.
const LARGEST_OBJECT: usize = 2 << 30;

/// What is known of a bucket by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// It is there, and its owner lets it be looked at.
    Found {
        /// The Region it is in, where S3 says so. Its settings must be asked for there.
        region: Option<String>,
    },
    /// No account has a bucket of this name.
    Missing,
    /// It is there, but is another account's, or may not be looked at.
    Forbidden {
        /// The Region it is in, where S3 says so.
        region: Option<String>,
        /// What was refused.
        failure: Failure,
    },
}

/// How objects are encrypted that say nothing of it themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// The algorithm: `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key's id, ARN or alias; for KMS without one, the AWS-managed key `aws/s3`.
    pub key: Option<String>,
}

/// What is blocked of public access. What an answer does not mention is not blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "S3 has exactly these four switches")]
pub struct PublicAccessBlock {
    /// Whether access control lists that grant public access are refused.
    #[serde(default)]
    pub block_public_acls: bool,
    /// Whether those that there are have no effect.
    #[serde(default)]
    pub ignore_public_acls: bool,
    /// Whether policies that grant public access are refused.
    #[serde(default)]
    pub block_public_policy: bool,
    /// Whether those that there are let only the account and AWS services in.
    #[serde(default)]
    pub restrict_public_buckets: bool,
}

/// A bucket, asked for in one Region.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub(super) client: Client,
    /// The same for objects, which may be larger than any other answer.
    pub(super) objects: Client,
    configuration: SdkConfig,
    pub(super) address: Address,
    pub(super) region: String,
    name: String,
}

impl Bucket {
    /// Names a bucket and the Region to ask in.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str, name: &str) -> Self {
        let address = Address::of(SERVICE.endpoint_given(configuration), configuration, region, name);
        let endpoint = &address.endpoint;
        let client = |largest| {
            Client::up_to(
                largest,
                SERVICE,
                endpoint,
                region,
                as_s3_signs(),
                xml::error,
                configuration,
            )
        };
        Self {
            client: client(LARGEST_ANSWER),
            objects: client(LARGEST_OBJECT),
            configuration: configuration.clone(),
            address,
            region: region.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Asks whether the bucket is there; if `owner` is given, one of another account is forbidden. If
    /// S3 says that it is in another Region, it is asked for there
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 cannot be reached, or says neither whether it is there nor where.
    pub async fn head(&self, owner: Option<&str>) -> Result<Head, Failure> {
        let (answer, region) = match self.asked_head(owner).await {
            Ok(Head::Forbidden { region, failure }) => (
                Ok(Head::Forbidden {
                    region: region.clone(),
                    failure,
                }),
                region,
            ),
            Ok(answer) => return Ok(answer),
            Err(refused) => (Err(refused.failure), refused.bucket_region),
        };
        match region.filter(|region| *region != self.region) {
            None => answer,
            Some(region) => Ok(self.in_region(&region).asked_head(owner).await?),
        }
    }

    pub(super) fn in_region(&self, region: &str) -> Self {
        Self::new(&self.configuration, region, &self.name)
    }

    async fn asked_head(&self, owner: Option<&str>) -> Result<Head, Refused> {
        let mut request = Request::new("HEAD", self.address.path(""), Vec::new());
        if let Some(owner) = owner {
            request = request.header("x-amz-expected-bucket-owner", owner);
        }
        match self.client.send(HEAD, &self.resource(), request).await {
            Ok(found) => Ok(Head::Found {
                region: found.bucket_region,
            }),
            Err(refused) if refused.status == Some(404) => Ok(Head::Missing),
            Err(mut refused) if refused.status == Some(403) => {
                "AccessDenied (HTTP 403): the bucket is another account's, or may not be looked at"
                    .clone_into(&mut refused.failure.cause);
                Ok(Head::Forbidden {
                    region: refused.bucket_region,
                    failure: refused.failure,
                })
            }
            Err(refused) => Err(refused),
        }
    }

    /// Returns how new objects are encrypted; `None` if nothing is set
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses, cannot be reached, or names no algorithm.
    pub async fn encryption(&self) -> Result<Option<Encryption>, Failure> {
        let answer = self.setting(ENCRYPTION, "?encryption").await;
        let answer = absent(answer, &["ServerSideEncryptionConfigurationNotFoundError"])?;
        let Some(bytes) = answer else { return Ok(None) };
        let rules: Rules<EncryptionRule> = xml::read(ENCRYPTION, &self.resource(), &bytes)?;
        let mut defaults = rules.rules.into_iter().filter_map(|rule| rule.default);
        match (defaults.next(), defaults.next()) {
            (Some(default), None) => Ok(Some(Encryption {
                algorithm: default.algorithm,
                key: default.key.filter(|key| !key.is_empty()),
            })),
            _ => Err(self.unclear(ENCRYPTION, "the answer does not name one algorithm")),
        }
    }

    /// Returns what the bucket blocks of public access; `None` if nothing is set
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses or cannot be reached.
    pub async fn public_access_block(&self) -> Result<Option<PublicAccessBlock>, Failure> {
        let answer = self.setting(PUBLIC_ACCESS, "?publicAccessBlock").await;
        let answer = absent(answer, &["NoSuchPublicAccessBlockConfiguration"])?;
        let block = answer.map(|bytes| xml::read(PUBLIC_ACCESS, &self.resource(), &bytes));
        block.transpose()
    }

    /// Returns who owns new objects, `BucketOwnerEnforced` where access control lists are off; `None`
    /// if nothing is set
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses, cannot be reached, or names no owner.
    pub async fn ownership(&self) -> Result<Option<String>, Failure> {
        let answer = self.setting(OWNERSHIP, "?ownershipControls").await;
        let answer = absent(answer, &["OwnershipControlsNotFoundError"])?;
        let Some(bytes) = answer else { return Ok(None) };
        let rules: Rules<OwnershipRule> = xml::read(OWNERSHIP, &self.resource(), &bytes)?;
        let mut owners = rules.rules.into_iter().map(|rule| rule.owner);
        match (owners.next(), owners.next()) {
            (Some(owner), None) => Ok(Some(owner)),
            _ => Err(self.unclear(OWNERSHIP, "the answer does not name one owner")),
        }
    }

    /// Returns the bucket's policy as JSON; `None` if it has none
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses, cannot be reached, or answers with no text.
    pub async fn policy(&self) -> Result<Option<String>, Failure> {
        let answer = self.setting(POLICY, "?policy").await;
        let Some(bytes) = absent(answer, &["NoSuchBucketPolicy"])? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).ok().filter(|text| !text.is_empty());
        text.map(Some)
            .ok_or_else(|| self.unclear(POLICY, "the answer is no text"))
    }

    /// Lists the lifecycle rules; none if nothing is set
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses, cannot be reached, or limits a rule by what is not known here.
    pub async fn lifecycle(&self) -> Result<Vec<super::LifecycleRule>, Failure> {
        let answer = self.setting(LIFECYCLE, "?lifecycle").await;
        let Some(bytes) = absent(answer, &["NoSuchLifecycleConfiguration"])? else {
            return Ok(Vec::new());
        };
        let rules: Rules<lifecycle::Rule> = xml::read(LIFECYCLE, &self.resource(), &bytes)?;
        Ok(rules.rules.into_iter().map(Into::into).collect())
    }

    /// Writes an object, whole; it is encrypted as the bucket says
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses or cannot be reached.
    pub async fn put(&self, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<(), Failure> {
        let request = Request::new("PUT", self.address.object(key), bytes).header("content-type", content_type);
        let resource = format!("{}/{key}", self.resource());
        self.client.send(PUT, &resource, request).await?;
        Ok(())
    }

    /// Writes an object like [`put`](Self::put), but only over the version with the tag `over` or, if
    /// there is none, where there is no object; tells whether it was written
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses or cannot be reached.
    pub async fn put_over(
        &self,
        key: &str,
        over: Option<&str>,
        bytes: Vec<u8>,
        content_type: &str,
    ) -> Result<bool, Failure> {
        let request = Request::new("PUT", self.address.object(key), bytes).header("content-type", content_type);
        let request = match over {
            Some(tag) => request.header("if-match", tag),
            None => request.header("if-none-match", "*"),
        };
        let resource = format!("{}/{key}", self.resource());
        match self.client.send(PUT, &resource, request).await {
            Ok(_) => Ok(true),
            // Another was there, or is being written at this moment; or the one that was there is gone.
            Err(refused) if matches!(refused.status, Some(404 | 409 | 412)) => Ok(false),
            Err(refused) => Err(refused.failure),
        }
    }

    async fn setting(&self, action: &'static str, query: &str) -> Result<Vec<u8>, Refused> {
        let request = Request::get(self.address.path(query));
        let answer = self.client.send(action, &self.resource(), request).await?;
        Ok(answer.bytes)
    }

    pub(super) fn resource(&self) -> String {
        format!("s3://{}", self.name)
    }

    fn unclear(&self, action: &'static str, cause: &str) -> Failure {
        Failure {
            action,
            resource: self.resource(),
            cause: cause.to_owned(),
            disposition: Disposition::MayPass,
        }
    }
}

#[derive(Deserialize)]
struct Rules<R> {
    #[serde(rename = "Rule", default = "Vec::new")]
    rules: Vec<R>,
}

#[derive(Deserialize)]
struct EncryptionRule {
    #[serde(rename = "ApplyServerSideEncryptionByDefault")]
    default: Option<DefaultEncryption>,
}

#[derive(Deserialize)]
struct DefaultEncryption {
    #[serde(rename = "SSEAlgorithm")]
    algorithm: String,
    #[serde(rename = "KMSMasterKeyID")]
    key: Option<String>,
}

#[derive(Deserialize)]
struct OwnershipRule {
    #[serde(rename = "ObjectOwnership")]
    owner: String,
}

#[cfg(test)]
mod tests;
