//! The account's buckets, and what it blocks of public access for all of them.

use aws_config::SdkConfig;
use serde::Deserialize;

use super::{Bucket, PublicAccessBlock, SERVICE, address::server, as_s3_signs};
use crate::{
    Failure,
    pages::every_page,
    signed::{Client, Request, Service, absent, text, xml},
};

const LIST: &str = "s3:ListAllMyBuckets";
const PUBLIC_ACCESS: &str = "s3:GetAccountPublicAccessBlock";
/// S3's other service, for what an account sets for all its buckets.
const CONTROL: Service = Service {
    id: "S3 Control",
    signs_as: "s3",
    version: "2018-08-20",
};

/// A bucket, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBucket {
    /// Its name.
    pub name: String,
    /// The Region it is in, where S3 says so.
    pub region: Option<String>,
}

/// The account's S3, asked in one Region.
#[derive(Clone, Debug)]
pub struct Buckets {
    client: Client,
    configuration: SdkConfig,
    region: String,
}

impl Buckets {
    /// Names a Region.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let endpoint = SERVICE.endpoint_given(configuration);
        let endpoint = endpoint.unwrap_or_else(|| format!("https://{}", server("s3", configuration, region)));
        Self {
            client: Client::new(SERVICE, &endpoint, region, as_s3_signs(), xml::error, configuration),
            configuration: configuration.clone(),
            region: region.to_owned(),
        }
    }

    /// Returns a bucket, to be asked for in this Region.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Bucket {
        Bucket::new(&self.configuration, &self.region, name)
    }

    /// Lists the account's buckets of all Regions
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses, cannot be reached, or lists a bucket without its name.
    pub async fn list(&self) -> Result<Vec<ListedBucket>, Failure> {
        every_page(LIST, "the account", async |next| {
            // Regions are told, and pages made, only where a page's size is asked for.
            let token = next.map(|next| format!("&continuation-token={}", text::value(&next)));
            let request = Request::get(format!("/?max-buckets=1000{}", token.unwrap_or_default()));
            let answer = self.client.send(LIST, "the account", request).await?;
            let page: Page = xml::read(LIST, "the account", &answer.bytes)?;
            let listed = page.buckets.buckets.into_iter().map(|bucket| ListedBucket {
                name: bucket.name,
                region: bucket.region,
            });
            Ok((listed.collect(), page.token))
        })
        .await
    }

    /// Returns what an account blocks of public access for all its buckets; `None` if nothing is set
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses or cannot be reached.
    pub async fn public_access_block(&self, account: &str) -> Result<Option<PublicAccessBlock>, Failure> {
        let endpoint = CONTROL.endpoint_given(&self.configuration);
        let server = || server("s3-control", &self.configuration, &self.region);
        let endpoint = endpoint.unwrap_or_else(|| format!("https://{account}.{}", server()));
        let client = Client::new(
            CONTROL,
            &endpoint,
            &self.region,
            as_s3_signs(),
            xml::error,
            &self.configuration,
        );
        let request = Request::get("/v20180820/configuration/publicAccessBlock").header("x-amz-account-id", account);
        let answer = client.send(PUBLIC_ACCESS, account, request).await;
        let answer = absent(answer, &["NoSuchPublicAccessBlockConfiguration"])?;
        let block = answer.map(|answer| xml::read(PUBLIC_ACCESS, account, &answer.bytes));
        block.transpose()
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(rename = "Buckets")]
    buckets: Listed,
    #[serde(rename = "ContinuationToken")]
    token: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Bucket", default)]
    buckets: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "BucketRegion")]
    region: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::{Replay, Reply, ok};

    fn buckets(replies: impl IntoIterator<Item = Reply>) -> (Replay, Buckets) {
        let replay = Replay::new(replies);
        let buckets = Buckets::new(&replay.configuration(), "eu-west-1");
        (replay, buckets)
    }

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
          <Owner><ID>o</ID></Owner>
          <Buckets>
            <Bucket><CreationDate>2026-10-01T00:00:00.000Z</CreationDate><BucketRegion>eu-west-1</BucketRegion>
              <Name>a</Name></Bucket>
            <Bucket><Name>b</Name></Bucket>
          </Buckets>
          <ContinuationToken>x/+y=</ContinuationToken>
        </ListAllMyBucketsResult>"#;

    #[tokio::test]
    async fn every_page_of_buckets_is_read() {
        let (replay, listed) = buckets([
            ok(PAGE),
            ok("<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"),
        ]);
        let bucket = |name: &str, region: Option<&str>| ListedBucket {
            name: name.to_owned(),
            region: region.map(str::to_owned),
        };
        assert_eq!(
            listed.list().await.unwrap(),
            [bucket("a", Some("eu-west-1")), bucket("b", None)]
        );
        assert_eq!(
            replay.lines(),
            [
                "GET https://s3.eu-west-1.amazonaws.com/?max-buckets=1000",
                "GET https://s3.eu-west-1.amazonaws.com/?max-buckets=1000&continuation-token=x%2F%2By%3D"
            ]
        );
    }

    #[tokio::test]
    async fn a_list_that_cannot_be_read_is_no_empty_list() {
        for answer in [
            "",
            "{}",
            "<ListAllMyBucketsResult/>",
            PAGE.replace("<Name>b</Name>", "").as_str(),
        ] {
            let (_, listed) = buckets([ok(answer)]);
            let failure = listed.list().await.unwrap_err();
            assert!(failure.cause.starts_with("the answer cannot be read"), "{failure}");
        }
        let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
        let (_, listed) = buckets([Reply::new(403, denied)]);
        assert_eq!(
            listed.list().await.unwrap_err().to_string(),
            "s3:ListAllMyBuckets on the account failed: AccessDenied (HTTP 403): Access Denied"
        );
    }

    #[tokio::test]
    async fn the_accounts_block_is_read_or_absent() {
        let block = r#"<PublicAccessBlockConfiguration xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">
            <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>
            <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets>
            </PublicAccessBlockConfiguration>"#;
        let (replay, set) = buckets([ok(block)]);
        let expected = PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: false,
        };
        assert_eq!(set.public_access_block("111122223333").await.unwrap(), Some(expected));
        assert_eq!(
            replay.lines(),
            ["GET https://111122223333.s3-control.eu-west-1.amazonaws.com/v20180820/configuration/publicAccessBlock"]
        );
        assert_eq!(replay.headers("x-amz-account-id"), ["111122223333"]);

        let absent = "<ErrorResponse><Error><Code>NoSuchPublicAccessBlockConfiguration</Code>\
            <Message>none</Message></Error></ErrorResponse>";
        let (_, unset) = buckets([Reply::new(404, absent)]);
        assert_eq!(unset.public_access_block("111122223333").await.unwrap(), None);
        let (_, denied) = buckets([Reply::new(403, "<Error><Code>AccessDenied</Code></Error>")]);
        let failure = denied.public_access_block("111122223333").await.unwrap_err();
        assert_eq!(failure.action, "s3:GetAccountPublicAccessBlock");
    }
}
