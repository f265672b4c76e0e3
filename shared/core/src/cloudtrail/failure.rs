//! How a request failed, and whether a model may have seen the prompt before it did.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{arn::Arn, region::Region};

/// A failed request, by its `errorCode` and `errorMessage`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Failure {
    /// Authorization refused it.
    Denied(Denial),
    /// It was throttled.
    Throttled,
    /// It was malformed.
    Invalid,
    /// The model or profile does not exist, or is closed to the account.
    NotFound,
    /// A service quota was exceeded.
    QuotaExceeded,
    /// It failed in a way that does not tell whether a model saw the prompt: a model's time-out or
    /// error, a broken stream, an internal error, or a code that is not known.
    MayHaveBeenProcessed {
        /// The error code, shortened.
        code: String,
    },
}

impl Failure {
    /// Classifies a failure.
    ///
    /// Codes: the errors of `InvokeModel` and `Converse`
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>).
    /// CloudTrail has been seen to write a denial with and without `Exception`. Matching is exact:
    /// the compiled content filter drops by the same list.
    #[must_use]
    pub fn classify(code: &str, message: Option<&str>) -> Self {
        match code {
            "AccessDenied" | "AccessDeniedException" => {
                Self::Denied(message.map_or(Denial::Unexplained, Denial::parse))
            }
            "ThrottlingException" => Self::Throttled,
            "ValidationException" => Self::Invalid,
            "ResourceNotFoundException" => Self::NotFound,
            "ServiceQuotaExceededException" => Self::QuotaExceeded,
            _ => Self::MayHaveBeenProcessed {
                code: code.chars().filter(|c| !c.is_control()).take(64).collect(),
            },
        }
    }

    /// The error codes after which no model has seen the prompt.
    pub const PROCESSED_NOWHERE: [&'static str; 6] = [
        "AccessDenied",
        "AccessDeniedException",
        "ThrottlingException",
        "ValidationException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
    ];
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(Denial::ServiceControlPolicy(_)) => f.write_str("a service control policy denied it"),
            Self::Denied(Denial::Other | Denial::Unexplained) => f.write_str("it was denied"),
            Self::Throttled => f.write_str("it was throttled"),
            Self::Invalid => f.write_str("it was malformed"),
            Self::NotFound => f.write_str("its model or profile was not found"),
            Self::QuotaExceeded => f.write_str("a quota was exceeded"),
            Self::MayHaveBeenProcessed { code } => write!(f, "it failed with {code}"),
        }
    }
}

/// The kind of policy that refused a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Denial {
    /// A service control policy.
    ServiceControlPolicy(ScpDenial),
    /// Anything else that the message tells of.
    Other,
    /// The record has no message, so it may have been any of them.
    Unexplained,
}

/// What a denial by a service control policy says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScpDenial {
    /// The Region of the foundation model that was refused.
    pub blocked: BlockedRegion,
    /// The policy's ARN or id, which newer messages have.
    pub policy: Option<String>,
    /// Whether a statement denies it (`true`), or no policy allows it (`false`).
    pub explicit: bool,
}

/// The Region that a service control policy refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum BlockedRegion {
    /// A Region by its name.
    Region(Region),
    /// The Region-less ARN of a global profile's model, whose `aws:RequestedRegion` is `unspecified`
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html>).
    Unspecified,
    /// The message does not name one.
    NotNamed,
}

impl fmt::Display for BlockedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(region) => region.fmt(f),
            Self::Unspecified => f.write_str("`unspecified` (the global destination)"),
            Self::NotNamed => f.write_str("a Region that the message does not name"),
        }
    }
}

impl Denial {
    /// Reads a denial's message, which CloudTrail cuts at 1 KB.
    ///
    /// The forms are those of
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>:
    /// `… with an explicit deny in a service control policy[: ARN]` and
    /// `… because no service control policy allows the ACTION action`.
    #[must_use]
    pub fn parse(message: &str) -> Self {
        let Some((before, after)) = message.split_once("service control policy") else {
            return Self::Other;
        };
        let policy = after
            .strip_prefix(':')
            .and_then(|rest| rest.split_whitespace().next())
            .map(|policy| {
                policy
                    .trim_end_matches(['.', ',', ';', '"', '\''])
                    .chars()
                    .take(256)
                    .collect()
            });
        Self::ServiceControlPolicy(ScpDenial {
            blocked: BlockedRegion::named_in(before),
            policy,
            explicit: !before.trim_end().ends_with("because no"),
        })
    }
}

impl BlockedRegion {
    /// Finds `on resource: ARN` and reads the Bedrock ARN's Region.
    fn named_in(message: &str) -> Self {
        let resource = message.split_once("on resource:").and_then(|(_, rest)| {
            rest.split_whitespace()
                .next()
                .map(|word| word.trim_matches(['"', '\'']))
        });
        match resource.and_then(Arn::parse) {
            Some(arn) if arn.service == "bedrock" && arn.region.is_empty() => Self::Unspecified,
            Some(arn) if arn.service == "bedrock" => arn.region.parse().map_or(Self::NotNamed, Self::Region),
            _ => Self::NotNamed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scp(message: &str) -> ScpDenial {
        match Denial::parse(message) {
            Denial::ServiceControlPolicy(denial) => denial,
            Denial::Other | Denial::Unexplained => panic!("not a denial by a service control policy: {message}"),
        }
    }

    #[test]
    fn explicit_denials_name_the_region_and_newer_ones_the_policy() {
        let older = scp(
            "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: \
            bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-sonnet-4-6 \
            with an explicit deny in a service control policy",
        );
        assert_eq!(older.blocked, BlockedRegion::Region("us-east-2".parse().unwrap()));
        assert_eq!((older.policy, older.explicit), (None, true));

        let newer = scp(
            "User: x is not authorized to perform: bedrock:InvokeModel on resource: \
            \"arn:aws:bedrock:::foundation-model/amazon.nova-2-lite-v1:0\" with an explicit deny in a service control \
            policy: arn:aws:organizations::444455556666:policy/o-a1b2c3d4e5/service_control_policy/p-abcd1234",
        );
        assert_eq!(newer.blocked, BlockedRegion::Unspecified);
        assert_eq!(
            newer.policy.as_deref(),
            Some("arn:aws:organizations::444455556666:policy/o-a1b2c3d4e5/service_control_policy/p-abcd1234")
        );
    }

    #[test]
    fn an_implicit_denial_is_told_apart() {
        let denial = scp(
            "User: x is not authorized to perform: bedrock:InvokeModel on resource: \
            arn:aws:bedrock:eu-north-1::foundation-model/m because no service control policy allows the \
            bedrock:InvokeModel action",
        );
        assert!(!denial.explicit);
        assert_eq!(denial.blocked, BlockedRegion::Region("eu-north-1".parse().unwrap()));
        assert_eq!(denial.policy, None);
    }

    #[test]
    fn a_message_without_a_bedrock_resource_names_no_region() {
        for message in [
            "User: x is not authorized to perform: bedrock:InvokeModel with an explicit deny in a service control policy: p-1",
            "x on resource: arn:aws:s3:::bucket with an explicit deny in a service control policy",
            "is not authorized ... on resource: ... service control policy",
        ] {
            assert_eq!(scp(message).blocked, BlockedRegion::NotNamed, "{message}");
        }
    }

    #[test]
    fn other_denials_are_not_scp_denials() {
        for message in [
            "",
            "because no identity-based policy allows the action",
            "You don't have access to the model",
        ] {
            assert_eq!(Denial::parse(message), Denial::Other);
        }
    }

    #[test]
    fn the_list_of_codes_agrees_with_the_classification() {
        for code in Failure::PROCESSED_NOWHERE {
            assert!(
                !matches!(Failure::classify(code, None), Failure::MayHaveBeenProcessed { .. }),
                "{code}"
            );
        }
        for code in [
            "ModelTimeoutException",
            "ModelErrorException",
            "InternalServerException",
            "accessdenied",
            "",
        ] {
            assert!(
                matches!(Failure::classify(code, None), Failure::MayHaveBeenProcessed { .. }),
                "{code}"
            );
        }
    }
}
