//! AWS Key Management Service: whose a key is, and whether it can be used.

use aws_config::SdkConfig;
use serde::{Deserialize, Serialize};

use crate::{
    Failure,
    signed::{
        Client, Service, absent,
        endpoint::{FipsInGov, Host},
        json::{self, Json},
    },
};

const DESCRIBE: &str = "kms:DescribeKey";
const SERVICE: Service = Service {
    id: "KMS",
    signs_as: "kms",
    version: "2014-11-01",
};
const HOST: Host = Host {
    name: "kms",
    fips_in_gov: FipsInGov::Named,
};
const TARGET: &str = "TrentService";

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Key {
    /// Its id.
    #[serde(rename = "KeyId")]
    pub id: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// The account it belongs to.
    #[serde(rename = "AWSAccountId")]
    pub account: Option<String>,
    /// Whose it is to manage: `CUSTOMER` or `AWS`.
    #[serde(rename = "KeyManager")]
    pub manager: Option<String>,
    /// Its state, such as `Enabled` or `PendingDeletion`.
    #[serde(rename = "KeyState")]
    pub state: Option<String>,
}

/// The keys of one Region.
#[derive(Clone, Debug)]
pub struct Keys(Json);

impl Keys {
    /// Names a Region.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let client = Client::regional(SERVICE, HOST, region, json::error, configuration);
        Self(Json::new(client, TARGET))
    }

    /// Describes the key with an id, ARN or alias; `None` if there is none
    /// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>).
    ///
    /// The alias of an AWS service must not be asked for here: KMS makes the AWS-managed key of one
    /// that has none yet.
    ///
    /// # Errors
    ///
    /// Fails if KMS refuses or cannot be reached.
    pub async fn describe(&self, key: &str) -> Result<Option<Key>, Failure> {
        let answer = self.0.ask::<Described>(DESCRIBE, key, &Question { key_id: key }).await;
        let answer = absent(answer, &["NotFoundException"])?;
        Ok(answer.map(|answer| answer.key))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Question<'a> {
    key_id: &'a str,
}

#[derive(Deserialize)]
struct Described {
    #[serde(rename = "KeyMetadata")]
    key: Key,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Disposition,
        replay::{Replay, Reply, ok},
    };

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k";

    fn keys(replies: impl IntoIterator<Item = Reply>) -> (Replay, Keys) {
        let replay = Replay::new(replies);
        let keys = Keys::new(&replay.configuration(), "eu-west-1");
        (replay, keys)
    }

    #[tokio::test]
    async fn a_key_is_described_by_one_signed_question() {
        let (replay, keys) = keys([ok(r#"{"KeyMetadata":{"AWSAccountId":"111122223333","KeyId":"k",
            "Arn":"arn:k","CreationDate":1.7e9,"Enabled":false,"KeyState":"PendingDeletion",
            "KeyManager":"CUSTOMER","Origin":"AWS_KMS"}}"#)]);
        let expected = Key {
            id: "k".to_owned(),
            arn: Some("arn:k".to_owned()),
            account: Some("111122223333".to_owned()),
            manager: Some("CUSTOMER".to_owned()),
            state: Some("PendingDeletion".to_owned()),
        };
        assert_eq!(keys.describe(KEY).await.unwrap(), Some(expected));
        assert_eq!(replay.lines(), ["POST https://kms.eu-west-1.amazonaws.com/"]);
        assert_eq!(replay.headers("x-amz-target"), ["TrentService.DescribeKey"]);
        assert_eq!(replay.headers("content-type"), ["application/x-amz-json-1.1"]);
        assert_eq!(replay.bodies(), [format!(r#"{{"KeyId":"{KEY}"}}"#)]);
        let authorization = &replay.headers("authorization")[0];
        assert!(authorization.contains("/eu-west-1/kms/aws4_request"), "{authorization}");
        assert!(authorization.contains("x-amz-target"), "{authorization}");
    }

    #[tokio::test]
    async fn a_key_that_is_not_there_is_told_from_one_that_may_not_be_described() {
        let (_, gone) = keys([Reply::new(
            400,
            r#"{"__type":"NotFoundException","message":"Key 'k' does not exist"}"#,
        )]);
        assert_eq!(gone.describe(KEY).await.unwrap(), None);

        let (_, denied) = keys([Reply::new(
            400,
            r#"{"__type":"AccessDeniedException","Message":"no resource-based policy allows it"}"#,
        )]);
        let failure = denied.describe(KEY).await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            format!(
                "kms:DescribeKey on {KEY} failed: AccessDeniedException (HTTP 400): no resource-based policy allows it"
            )
        );
        assert_eq!(failure.disposition, Disposition::WillNotPass);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_throttled_is_asked_again_and_what_cannot_be_read_fails() {
        let throttled = Reply::new(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
        let (replay, again) = keys([throttled.clone(), ok(r#"{"KeyMetadata":{"KeyId":"k"}}"#)]);
        assert_eq!(again.describe(KEY).await.unwrap().unwrap().manager, None);
        assert_eq!(replay.lines().len(), 2);

        let (_, never) = keys([throttled.clone(), throttled.clone(), throttled]);
        assert_eq!(never.describe(KEY).await.unwrap_err().disposition, Disposition::MayPass);

        for answer in [
            "",
            "{}",
            "<html>",
            r#"{"KeyMetadata":{}}"#,
            r#"{"KeyMetadata":{"KeyId":"k""#,
        ] {
            let (_, unclear) = keys([ok(answer)]);
            let failure = unclear.describe(KEY).await.unwrap_err();
            assert!(failure.cause.starts_with("the answer cannot be read"), "{failure}");
        }
    }
}
