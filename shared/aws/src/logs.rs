//! Amazon CloudWatch Logs: how long a log group keeps what it is sent, and with which key.

use aws_config::SdkConfig;
use serde::{Deserialize, Serialize};

use crate::{
    Failure,
    pages::every_page,
    signed::{
        Client, Service,
        endpoint::{FipsInGov, Host},
        json::{self, Json},
    },
};

const DESCRIBE: &str = "logs:DescribeLogGroups";
const SERVICE: Service = Service {
    id: "CloudWatch Logs",
    signs_as: "logs",
    version: "2014-03-28",
};
const HOST: Host = Host {
    name: "logs",
    fips_in_gov: FipsInGov::Plain,
};
const TARGET: &str = "Logs_20140328";
/// The most groups of one page.
const LARGEST_PAGE: u32 = 50;

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogGroup {
    /// Its name.
    #[serde(rename = "logGroupName")]
    pub name: String,
    /// Its ARN, which ends in `:*`.
    pub arn: Option<String>,
    /// For how many days it keeps events; `None` is for ever.
    pub retention_in_days: Option<u32>,
    /// The key it is encrypted with, if it is with a customer-managed one.
    #[serde(rename = "kmsKeyId")]
    pub key: Option<String>,
    /// Its class, such as `STANDARD` or `DELIVERY`.
    #[serde(rename = "logGroupClass")]
    pub class: Option<String>,
}

/// The log groups of one Region.
#[derive(Clone, Debug)]
pub struct LogGroups(Json);

impl LogGroups {
    /// Names a Region.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let client = Client::regional(SERVICE, HOST, region, json::error, configuration);
        Self(Json::new(client, TARGET))
    }

    /// Describes the log group of exactly this name; `None` if there is none
    /// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>).
    ///
    /// # Errors
    ///
    /// Fails if CloudWatch Logs refuses or cannot be reached.
    pub async fn describe(&self, name: &str) -> Result<Option<LogGroup>, Failure> {
        let found = every_page(DESCRIBE, name, async |next| {
            let question = Question {
                log_group_name_prefix: name,
                limit: LARGEST_PAGE,
                next_token: next,
            };
            let page: Page = self.0.ask(DESCRIBE, name, &question).await?;
            let found = page.log_groups.into_iter().find(|group| group.name == name);
            // What follows the one that is looked for is not.
            let next = page.next_token.filter(|_| found.is_none());
            Ok((found.into_iter().collect(), next))
        });
        Ok(found.await?.into_iter().next())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    log_group_name_prefix: &'a str,
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    log_groups: Vec<LogGroup>,
    next_token: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::{Replay, Reply, ok};

    const NAME: &str = "/aws/bedrock/invocations";

    fn groups(replies: impl IntoIterator<Item = Reply>) -> (Replay, LogGroups) {
        let replay = Replay::new(replies);
        let groups = LogGroups::new(&replay.configuration(), "eu-west-1");
        (replay, groups)
    }

    #[tokio::test]
    async fn the_group_of_exactly_this_name_is_looked_for_on_every_page() {
        let (replay, groups) = groups([
            ok(r#"{"logGroups":[{"logGroupName":"/aws/bedrock/invocations-2","retentionInDays":1}],"nextToken":"2"}"#),
            ok(
                r#"{"logGroups":[{"logGroupName":"/aws/bedrock/invocations","arn":"arn:g:*","retentionInDays":365,
                "kmsKeyId":"arn:k","logGroupClass":"STANDARD","storedBytes":0}],"nextToken":"3"}"#,
            ),
        ]);
        let expected = LogGroup {
            name: NAME.to_owned(),
            arn: Some("arn:g:*".to_owned()),
            retention_in_days: Some(365),
            key: Some("arn:k".to_owned()),
            class: Some("STANDARD".to_owned()),
        };
        assert_eq!(groups.describe(NAME).await.unwrap(), Some(expected));
        assert_eq!(replay.lines(), ["POST https://logs.eu-west-1.amazonaws.com/"; 2]);
        assert_eq!(replay.headers("x-amz-target"), ["Logs_20140328.DescribeLogGroups"; 2]);
        let question = |rest: &str| format!(r#"{{"logGroupNamePrefix":"{NAME}","limit":50{rest}}}"#);
        assert_eq!(replay.bodies(), [question(""), question(r#","nextToken":"2""#)]);
    }

    #[tokio::test]
    async fn a_group_that_is_not_there_is_told_from_one_that_may_not_be_described() {
        let (_, gone) = groups([ok(r#"{"logGroups":[{"logGroupName":"/aws/bedrock/invocations-2"}]}"#)]);
        assert_eq!(gone.describe(NAME).await.unwrap(), None);
        let (_, denied) = groups([Reply::new(
            400,
            r#"{"__type":"AccessDeniedException","Message":"not authorized to perform: logs:DescribeLogGroups"}"#,
        )]);
        assert_eq!(
            denied.describe(NAME).await.unwrap_err().to_string(),
            "logs:DescribeLogGroups on /aws/bedrock/invocations failed: AccessDeniedException (HTTP 400): not \
             authorized to perform: logs:DescribeLogGroups"
        );
        for answer in ["{}", r#"{"logGroups":[{}]}"#, r#"{"logGroups":"#] {
            let (_, unclear) = groups([ok(answer)]);
            let failure = unclear.describe(NAME).await.unwrap_err();
            assert!(failure.cause.starts_with("the answer cannot be read"), "{failure}");
        }
    }

    #[tokio::test]
    async fn a_list_without_an_end_is_no_missing_group() {
        let page = ok(r#"{"logGroups":[],"nextToken":"again"}"#);
        let (replay, endless) = groups(std::iter::repeat_n(page, 100));
        assert_eq!(
            endless.describe(NAME).await.unwrap_err().cause,
            "the list has more than 100 pages"
        );
        assert_eq!(replay.lines().len(), 100);
    }
}
