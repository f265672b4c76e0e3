//! Amazon Resource Names, split once, and the patterns that policies write for them.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

/// The six components of an ARN, borrowed from the text.
///
/// ```
/// use crisguard_core::arn::Arn;
/// let arn = Arn::parse("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0").unwrap();
/// assert_eq!((arn.service, arn.region, arn.account), ("bedrock", "us-east-1", ""));
/// assert_eq!(arn.resource, "foundation-model/amazon.nova-lite-v1:0");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-us-gov`, `aws-cn`, …
    pub partition: &'a str,
    /// The service's namespace, such as `bedrock`.
    pub service: &'a str,
    /// The Region, empty where the resource has none.
    pub region: &'a str,
    /// The account id, empty where the resource has none.
    pub account: &'a str,
    /// Everything after the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits `text` into its components, or returns `None` if it is not an ARN.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// Splits the resource into its type and its id at the first slash.
    #[must_use]
    pub fn typed_resource(&self) -> Option<(&'a str, &'a str)> {
        self.resource.split_once('/')
    }
}

/// A pattern for ARNs, matched as IAM's `ArnLike` does: each of the six components by itself,
/// `*` for any run of characters and `?` for any one
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).
///
/// ```
/// use crisguard_core::arn::ArnPattern;
/// let pattern: ArnPattern = "arn:aws:iam::111122223333:role/research-*".parse()?;
/// assert!(pattern.matches("arn:aws:iam::111122223333:role/research-7"));
/// assert!(!pattern.matches("arn:aws:iam::111122223333:user/research-7"));
/// # Ok::<(), crisguard_core::arn::NotAnArnPattern>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArnPattern(String);

impl ArnPattern {
    /// Tells whether `arn` is an ARN each of whose components matches.
    #[must_use]
    pub fn matches(&self, arn: &str) -> bool {
        let (Some(pattern), Some(arn)) = (Arn::parse(&self.0), Arn::parse(arn)) else {
            return false;
        };
        let component = |pattern: &str, text: &str| WildMatch::new(pattern).matches(text);
        component(pattern.partition, arn.partition)
            && component(pattern.service, arn.service)
            && component(pattern.region, arn.region)
            && component(pattern.account, arn.account)
            && component(pattern.resource, arn.resource)
    }

    /// Returns the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Tells why a text is not an ARN pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an ARN pattern; write all six parts, for example `arn:aws:iam::111122223333:role/research-*` \
     (a bare `*` would match every principal: leave the field out instead)"
)]
pub struct NotAnArnPattern(String);

impl FromStr for ArnPattern {
    type Err = NotAnArnPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let complete = Arn::parse(text).is_some_and(|arn| !arn.service.is_empty() && !arn.resource.is_empty());
        if complete {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnArnPattern(text.chars().take(256).collect()))
        }
    }
}

impl TryFrom<String> for ArnPattern {
    type Error = NotAnArnPattern;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ArnPattern> for String {
    fn from(pattern: ArnPattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for ArnPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for ArnPattern {
    fn schema_name() -> Cow<'static, str> {
        "ArnPattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A pattern for principal ARNs, matched component by component; * and ? are wildcards.",
            "pattern": "^arn:[^:]*:[^:]+:[^:]*:[^:]*:.+$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_does_not_cross_components() {
        let pattern: ArnPattern = "arn:aws:iam::*:role/app".parse().unwrap();
        assert!(pattern.matches("arn:aws:iam::111122223333:role/app"));
        assert!(!pattern.matches("arn:aws:iam::1:x:role/app"));
    }

    #[test]
    fn incomplete_patterns_are_refused() {
        for text in ["*", "research-*", "arn:aws:iam::111122223333", "arn:aws:::1:role/x", ""] {
            assert!(text.parse::<ArnPattern>().is_err(), "{text}");
        }
    }
}
