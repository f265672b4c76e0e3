//! Addresses in S3 as people write them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A bucket, and what keys in it begin with: `s3://bucket/prefix`.
///
/// ```
/// use crisguard_scan::plan::Address;
/// let address: Address = "s3://trail-logs/AWSLogs/".parse()?;
/// assert_eq!((address.bucket.as_str(), address.key.as_str()), ("trail-logs", "AWSLogs/"));
/// assert_eq!("s3://trail-logs".parse::<Address>()?.key, "");
/// assert!("trail-logs/AWSLogs".parse::<Address>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// The bucket's name.
    pub bucket: String,
    /// A key, or what keys begin with.
    pub key: String,
}

/// Tells why a text is no address in S3.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address in S3; write it as s3://BUCKET/PREFIX")]
pub struct NotAnAddress(String);

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |rest: &str| {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
            ((3..=63).contains(&bucket.len()) && bucket.bytes().all(plain)).then(|| Self {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            })
        };
        text.strip_prefix("s3://")
            .and_then(named)
            .ok_or_else(|| NotAnAddress(text.chars().take(128).collect()))
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_bucket() {
        for text in [
            "",
            "s3://",
            "s3:///key",
            "s3://ab",
            "S3://bucket/",
            "s3://Bucket/",
            "/bucket",
            "s3://b ucket/x",
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains("s3://BUCKET/PREFIX"), "{error}");
        }
        let address: Address = "s3://bucket/a b/日.json".parse().unwrap();
        assert_eq!(address.to_string(), "s3://bucket/a b/日.json");
    }
}
