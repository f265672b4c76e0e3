//! AWS Regions, and the two roles a Region plays in one inference request.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The longest Region name accepted, in bytes; the longest that AWS has issued so far is 16.
const LONGEST: usize = 32;

/// The name of an AWS Region in any partition, such as `ap-northeast-1` or `us-gov-west-1`.
///
/// A name is judged by its form alone: AWS opens Regions faster than any list follows, and
/// cross-Region inference may use Regions that the account never enabled.
///
/// ```
/// use crisguard_core::region::Region;
/// let region: Region = "ap-northeast-3".parse()?;
/// assert_eq!(region.as_str(), "ap-northeast-3");
/// assert!("Tokyo".parse::<Region>().is_err());
/// # Ok::<(), crisguard_core::region::NotARegion>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// Returns the Region's name as AWS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition that the Region belongs to, by its name, as the SDKs' table of partitions
    /// has it (<https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>).
    #[must_use]
    pub fn partition(&self) -> &'static str {
        match self.as_str() {
            name if name.starts_with("us-gov-") => "aws-us-gov",
            name if name.starts_with("cn-") => "aws-cn",
            name if name.starts_with("us-isob-") => "aws-iso-b",
            name if name.starts_with("us-isof-") => "aws-iso-f",
            name if name.starts_with("us-iso-") => "aws-iso",
            name if name.starts_with("eu-isoe-") => "aws-iso-e",
            name if name.starts_with("eusc-") => "aws-eusc",
            _ => "aws",
        }
    }
}

/// Tells why a text is not a Region name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of an AWS Region; write it as AWS does, for example `ap-northeast-1`")]
pub struct NotARegion(String);

impl FromStr for Region {
    type Err = NotARegion;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if is_well_formed(name) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NotARegion::shortened(name))
        }
    }
}

impl TryFrom<String> for Region {
    type Error = NotARegion;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if is_well_formed(&name) {
            Ok(Self(name))
        } else {
            Err(NotARegion::shortened(&name))
        }
    }
}

impl NotARegion {
    fn shortened(name: &str) -> Self {
        Self(name.chars().take(64).collect())
    }
}

/// Tells whether a text is letters, then at least two more parts, the last of which begins with a digit.
fn is_well_formed(name: &str) -> bool {
    let mut parts = name.split('-');
    let letters = |part: &str| part.len() >= 2 && part.bytes().all(|b| b.is_ascii_lowercase());
    if name.len() > LONGEST || !parts.next().is_some_and(letters) {
        return false;
    }
    let (mut more, mut last) = (0, "");
    for part in parts {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return false;
        }
        (more, last) = (more + 1, part);
    }
    more >= 2 && last.starts_with(|c: char| c.is_ascii_digit())
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Region {
    fn schema_name() -> Cow<'static, str> {
        "Region".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An AWS Region, for example ap-northeast-1.",
            "pattern": "^[a-z]{2,}(-[a-z0-9]+)*-[0-9][a-z0-9]*$",
            "maxLength": LONGEST
        })
    }
}

/// The Region whose endpoint was called, where CloudTrail records the request (`awsRegion`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SourceRegion(pub Region);

/// The Region that processed the request, as reported in `inferenceRegion`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DestinationRegion(pub Region);

impl fmt::Display for SourceRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for DestinationRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_every_partition_and_anonymised_names() {
        for name in [
            "us-east-1",
            "us-gov-west-1",
            "cn-north-1",
            "us-iso-east-1",
            "eusc-de-east-1",
            "megov-northeast-1r",
        ] {
            assert!(name.parse::<Region>().is_ok(), "{name}");
        }
    }

    #[test]
    fn every_partition_is_told_by_its_regions() {
        for (name, partition) in [
            ("us-east-1", "aws"),
            ("eu-west-1", "aws"),
            ("us-gov-west-1", "aws-us-gov"),
            ("cn-northwest-1", "aws-cn"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
        ] {
            assert_eq!(name.parse::<Region>().unwrap().partition(), partition, "{name}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_region() {
        for name in [
            "",
            "*",
            "tokyo",
            "us-east",
            "US-EAST-1",
            "us-east-1 ",
            "us--1",
            "1-2-3",
            "unspecified",
            "global",
            "-a-1",
        ] {
            assert!(name.parse::<Region>().is_err(), "{name}");
        }
    }
}
