//! A bucket that Bedrock writes to, and a key that encrypts.

use serde::{Deserialize, Serialize};

use super::Observed;
use crate::region::Region;

/// A bucket, as far as its existence and owner are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bucket {
    /// No bucket has this name.
    Missing,
    /// It is another account's, as far as can be told.
    Foreign,
    /// It is the account's own.
    Own(Box<BucketSettings>),
}

/// The settings of one of the account's own buckets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSettings {
    /// Where it is.
    pub region: Region,
    /// How objects are encrypted that are put without saying how; `None` if they are not.
    pub encryption: Observed<Option<Encryption>>,
    /// Which of the four ways to make objects public are blocked; `None` without a configuration.
    pub public_access: Observed<Option<PublicAccessBlock>>,
    /// Who owns objects; `None` without a setting, as buckets from before April 2023 can be.
    pub ownership: Observed<Option<String>>,
    /// The bucket's policy, as JSON; `None` without one.
    pub policy: Observed<Option<String>>,
    /// The lifecycle rules that are enabled and delete something.
    pub lifecycle: Observed<Vec<Expiry>>,
}

/// How a bucket encrypts
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionByDefault.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Encryption {
    /// With keys that S3 manages (SSE-S3).
    S3Managed,
    /// With a key of KMS: the one that is named, or the account's `aws/s3` if none is.
    Kms(Option<String>),
}

/// Which ways to make objects public are blocked
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, clippy::struct_excessive_bools, reason = "the names are AWS's own")]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// Returns what is blocked where both hold: S3 applies the most restrictive combination, setting by
    /// setting
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>).
    ///
    /// ```
    /// use crisguard_core::posture::PublicAccessBlock;
    /// let acls = PublicAccessBlock {
    ///     block_public_acls: true, ignore_public_acls: true, block_public_policy: false, restrict_public_buckets: false,
    /// };
    /// let policies = PublicAccessBlock {
    ///     block_public_acls: false, ignore_public_acls: false, block_public_policy: true, restrict_public_buckets: true,
    /// };
    /// assert!(!acls.is_complete() && acls.and(policies).is_complete());
    /// ```
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }

    /// Tells whether all four are blocked.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        self.block_public_acls && self.ignore_public_acls && self.block_public_policy && self.restrict_public_buckets
    }
}

/// What a lifecycle rule deletes, of all objects under its prefix or of those with some tag or size
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// How the keys begin that it is about.
    #[serde(default)]
    pub prefix: String,
    /// When.
    pub when: ExpiresWhen,
}

/// When a lifecycle rule deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExpiresWhen {
    /// So many days after an object was written; in a versioned bucket it then ceases to be current.
    AfterDays(u32),
    /// So many days after a version has ceased to be current.
    NoncurrentAfterDays(u32),
    /// On a fixed day, everything at once.
    OnADay,
}

/// A key of KMS (<https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Whether the customer manages it, rather than AWS.
    pub customer_managed: bool,
    /// Its state, such as `Enabled` or `PendingDeletion`.
    pub state: String,
}

impl Key {
    /// The usual state of a key that encrypts.
    pub const ENABLED: &'static str = "Enabled";

    /// Tells whether the key encrypts in its state
    /// (<https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>).
    #[must_use]
    pub fn works(&self) -> bool {
        matches!(self.state.as_str(), Self::ENABLED | "Updating")
    }
}
