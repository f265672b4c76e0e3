//! AWS Organizations: what the organization says about an account.

use aws_config::SdkConfig;
use serde::{Deserialize, Serialize};

use crate::{
    Failure,
    signed::{
        Client, Service, absent,
        endpoint::{FipsInGov, Host, Partition},
        json::{self, Json},
    },
};

const EFFECTIVE: &str = "organizations:DescribeEffectivePolicy";
const SERVICE: Service = Service {
    id: "Organizations",
    signs_as: "organizations",
    version: "2016-11-28",
};
const HOST: Host = Host {
    name: "organizations",
    fips_in_gov: FipsInGov::AllPlain,
};
const TARGET: &str = "AWSOrganizationsV20161128";
const BEDROCK: &str = "BEDROCK_POLICY";
const NOTHING_SET: [&str; 2] = ["EffectivePolicyNotFoundException", "AWSOrganizationsNotInUseException"];

/// The organization of the account, if it is in one.
#[derive(Clone, Debug)]
pub struct Organization(Json);

impl Organization {
    /// Takes the organization in the partition of a Region; each partition has one place for it
    /// (<https://docs.aws.amazon.com/general/latest/gr/ao.html>).
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let place = match Partition::of(region).name {
            "aws" => "us-east-1",
            "aws-cn" => "cn-northwest-1",
            "aws-us-gov" => "us-gov-west-1",
            _ => region,
        };
        let client = Client::regional(SERVICE, HOST, place, json::error, configuration);
        Self(Json::new(client, TARGET))
    }

    /// Returns the policy about Bedrock that holds for the account of the credentials, as JSON;
    /// `None` if there is none, or the account is in no organization
    /// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeEffectivePolicy.html>).
    ///
    /// # Errors
    ///
    /// Fails if Organizations refuses, cannot be reached, or answers without the policy.
    pub async fn bedrock_policy(&self) -> Result<Option<String>, Failure> {
        let question = Question { policy_type: BEDROCK };
        let answer = self.0.ask::<Effective>(EFFECTIVE, BEDROCK, &question).await;
        let answer = absent(answer, &NOTHING_SET)?;
        Ok(answer.map(|answer| answer.effective_policy.policy_content))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Question {
    policy_type: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Effective {
    effective_policy: Policy,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    policy_content: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Disposition,
        replay::{Replay, Reply, ok},
    };

    fn organization(region: &str, replies: impl IntoIterator<Item = Reply>) -> (Replay, Organization) {
        let replay = Replay::new(replies);
        let organization = Organization::new(&replay.configuration(), region);
        (replay, organization)
    }

    #[tokio::test]
    async fn the_effective_policy_is_asked_for_in_the_one_place_of_the_partition() {
        let answer = r#"{"EffectivePolicy":{"PolicyContent":"{\"bedrock\":{}}","TargetId":"111122223333",
            "PolicyType":"BEDROCK_POLICY","LastUpdatedTimestamp":1.7e9}}"#;
        for (region, host) in [
            ("eu-west-1", "us-east-1.amazonaws.com"),
            ("us-gov-east-1", "us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "cn-northwest-1.amazonaws.com.cn"),
        ] {
            let (replay, organization) = organization(region, [ok(answer)]);
            let policy = organization.bedrock_policy().await.unwrap();
            assert_eq!(policy.as_deref(), Some(r#"{"bedrock":{}}"#));
            assert_eq!(replay.lines(), [format!("POST https://organizations.{host}/")]);
            assert_eq!(replay.bodies(), [r#"{"PolicyType":"BEDROCK_POLICY"}"#]);
            assert_eq!(
                replay.headers("x-amz-target"),
                ["AWSOrganizationsV20161128.DescribeEffectivePolicy"]
            );
            let (signed_for, _) = host.split_once('.').unwrap();
            let authorization = &replay.headers("authorization")[0];
            assert!(
                authorization.contains(&format!("/{signed_for}/organizations/aws4_request")),
                "{authorization}"
            );
        }
    }

    #[tokio::test]
    async fn no_policy_is_told_from_one_that_may_not_be_read() {
        for code in ["EffectivePolicyNotFoundException", "AWSOrganizationsNotInUseException"] {
            let error = Reply::new(400, format!(r#"{{"__type":"{code}","Message":"m"}}"#));
            let (_, none) = organization("eu-west-1", [error]);
            assert_eq!(none.bedrock_policy().await.unwrap(), None);
        }
        let denied = Reply::new(400, r#"{"__type":"AccessDeniedException","Message":"m"}"#);
        let (_, denied) = organization("eu-west-1", [denied]);
        assert_eq!(
            denied.bedrock_policy().await.unwrap_err().to_string(),
            "organizations:DescribeEffectivePolicy on BEDROCK_POLICY failed: AccessDeniedException (HTTP 400): m"
        );
        let (_, unclear) = organization("eu-west-1", [ok("{}")]);
        assert!(unclear.bedrock_policy().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_throttled_is_asked_again() {
        let throttled = Reply::new(400, r#"{"__type":"TooManyRequestsException","Message":"m"}"#);
        let answer = ok(r#"{"EffectivePolicy":{"PolicyContent":"{}"}}"#);
        let (_, never) = organization("eu-west-1", [throttled.clone(), throttled.clone(), throttled.clone()]);
        let failure = never.bedrock_policy().await.unwrap_err();
        assert_eq!(failure.disposition, Disposition::MayPass);
        let (replay, slow) = organization("eu-west-1", [throttled, answer]);
        assert_eq!(slow.bedrock_policy().await.unwrap().as_deref(), Some("{}"));
        assert_eq!(replay.lines().len(), 2);
    }
}
