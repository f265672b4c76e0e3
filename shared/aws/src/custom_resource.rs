//! CloudFormation's custom resources: where a function answers what it was asked.
//!
//! The address that CloudFormation sends with each request is presigned: whoever knows it may answer.
//! So it is written nowhere, and nothing is sent to an address that is not S3's.

use std::fmt;

use aws_config::SdkConfig;

use crate::{
    Failure,
    s3::SERVICE,
    signed::{Client, Request, endpoint::Partition, xml},
};

const ACTION: &str = "s3:PutObject";
/// Stands for the address in errors.
const RESOURCE: &str = "the custom resource's ResponseURL";

/// Where answers to CloudFormation go.
#[derive(Clone, Debug)]
pub struct Responses {
    configuration: SdkConfig,
    region: String,
}

/// An address that one answer may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseUrl {
    /// Scheme, host and port.
    endpoint: String,
    /// The path and query, encoded and signed.
    path: String,
}

/// Tells that an answer would go to somebody else than CloudFormation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ResponseURL is no address of S3 in {region} over https")]
pub struct NotAResponseUrl {
    region: String,
}

impl Responses {
    /// Names the Region, which is that of the function and of the stack.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        Self {
            configuration: configuration.clone(),
            region: region.to_owned(),
        }
    }

    /// Returns where an answer goes: to S3, or to the server that the environment names instead of S3
    /// (`AWS_ENDPOINT_URL`), where CloudFormation's is, too.
    ///
    /// # Errors
    ///
    /// Fails if it would go anywhere else.
    pub fn address(&self, url: &str) -> Result<ResponseUrl, NotAResponseUrl> {
        let given = SERVICE.endpoint_given(&self.configuration);
        ResponseUrl::read(url, &self.region, given.as_deref())
    }

    /// Answers
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses or cannot be reached.
    pub async fn send(&self, to: &ResponseUrl, body: Vec<u8>) -> Result<(), Failure> {
        let place = Client::unsigned(SERVICE, &to.endpoint, xml::error, &self.configuration);
        // Without a type of content, and without any header whose name begins with `x-amz-`: these
        // would have to be in the signature.
        let request = Request::new("PUT", &to.path, body);
        let sent = place.send(ACTION, RESOURCE, request).await;
        sent.map(drop).map_err(|refused| refused.failure)
    }
}

impl ResponseUrl {
    /// Reads an address that was sent to a function in `region`; `given` is the server that the
    /// environment names instead of S3, on any port.
    ///
    /// # Errors
    ///
    /// Fails if the address is neither S3's in that Region over https nor on the server that is given.
    pub fn read(url: &str, region: &str, given: Option<&str>) -> Result<Self, NotAResponseUrl> {
        let not_one = || NotAResponseUrl {
            region: region.to_owned(),
        };
        let origin = Origin::of(url).ok_or_else(not_one)?;
        let given = given.and_then(Origin::of);
        let there = given.is_some_and(|given| (given.scheme, given.host) == (origin.scheme, origin.host));
        if !there && !origin.is_s3(region) {
            return Err(not_one());
        }
        let Origin { scheme, host, port, .. } = origin;
        Ok(Self {
            endpoint: format!("{scheme}://{host}{port}"),
            path: format!("/{}", origin.rest),
        })
    }
}

impl fmt::Debug for ResponseUrl {
    /// Leaves out what lets somebody answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResponseUrl").field(&self.endpoint).finish()
    }
}

/// A URL, taken apart.
#[derive(Clone, Copy)]
struct Origin<'a> {
    scheme: &'a str,
    host: &'a str,
    /// With its colon; empty if it is the scheme's own.
    port: &'a str,
    /// What follows the first slash.
    rest: &'a str,
}

impl<'a> Origin<'a> {
    /// Reads plain ones only: no user before the host, no letters that have to be encoded.
    fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.find(':') {
            Some(colon) => authority.split_at_checked(colon)?,
            None => (authority, ""),
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
        let digits = port.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        (host.bytes().all(plain) && digits).then_some(Self {
            scheme,
            host,
            port,
            rest,
        })
    }

    /// Tells whether it is a bucket of S3, or S3 itself, in a Region; in the order of
    /// <https://docs.aws.amazon.com/general/latest/gr/s3.html>, and then the older forms.
    fn is_s3(self, region: &str) -> bool {
        let suffix = Partition::of(region).suffix;
        let servers = [
            format!("s3.{region}.{suffix}"),
            format!("s3.dualstack.{region}.{suffix}"),
            format!("s3-fips.{region}.{suffix}"),
            format!("s3-fips.dualstack.{region}.{suffix}"),
            format!("s3-{region}.{suffix}"),
            format!("s3.{suffix}"),
        ];
        let is_in = |server: &String| {
            let bucket = self.host.strip_suffix(server.as_str());
            bucket.is_some_and(|bucket| bucket.is_empty() || bucket.ends_with('.'))
        };
        self.scheme == "https" && self.port.is_empty() && servers.iter().any(is_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Disposition,
        replay::{Replay, Reply, ok},
    };

    const BUCKET: &str = "cloudformation-custom-resource-response";
    const SIGNED: &str = "/arn%3Aaws%3Acloudformation%3Aeu-west-1%3A111122223333%3Astack/s/1%7CLogging%7C2\
                          ?X-Amz-Date=20261121T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=5ec7e7";

    fn responses(replies: impl IntoIterator<Item = Reply>) -> (Replay, Responses) {
        let replay = Replay::new(replies);
        let responses = Responses::new(&replay.configuration(), "eu-west-1");
        (replay, responses)
    }

    fn url() -> String {
        format!("https://{BUCKET}-euwest1.s3.eu-west-1.amazonaws.com{SIGNED}")
    }

    #[tokio::test]
    async fn an_answer_is_put_to_the_address_as_it_is_with_nothing_that_is_not_signed() {
        let (replay, responses) = responses([ok("")]);
        let to = responses.address(&url()).unwrap();
        responses.send(&to, br#"{"Status":"SUCCESS"}"#.to_vec()).await.unwrap();
        assert_eq!(replay.lines(), [format!("PUT {}", url())]);
        assert_eq!(replay.bodies(), [r#"{"Status":"SUCCESS"}"#]);
        assert_eq!(replay.headers("content-length"), ["20"]);
        assert_eq!(replay.headers("content-type"), [""]);
        assert_eq!(replay.headers("authorization"), [""]);
        let names = replay.header_names();
        assert!(!names.iter().any(|name| name.starts_with("x-amz-")), "{names:?}");
    }

    #[tokio::test]
    async fn an_answer_that_did_not_arrive_is_sent_again() {
        let (replay, responses) = responses([Reply::new(503, ""), ok("")]);
        let to = responses.address(&url()).unwrap();
        responses.send(&to, b"{}".to_vec()).await.unwrap();
        assert_eq!(replay.bodies(), ["{}", "{}"]);
    }

    #[tokio::test]
    async fn a_refusal_is_told_without_the_address() {
        let refusal = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
        let (_, responses) = responses([Reply::new(403, refusal)]);
        let to = responses.address(&url()).unwrap();
        let failure = responses.send(&to, b"{}".to_vec()).await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            "s3:PutObject on the custom resource's ResponseURL failed: AccessDenied (HTTP 403): Request has expired"
        );
        assert_eq!(failure.disposition, Disposition::WillNotPass);
        assert!(!format!("{to:?} {responses:?}").contains("X-Amz-Signature"));
    }

    #[test]
    fn answers_go_to_s3_in_the_functions_region() {
        for (region, host) in [
            ("eu-west-1", format!("{BUCKET}-euwest1.s3-eu-west-1.amazonaws.com")),
            ("us-east-1", format!("{BUCKET}-useast1.s3.amazonaws.com")),
            ("us-east-1", format!("s3.us-east-1.amazonaws.com/{BUCKET}-useast1")),
            (
                "us-gov-west-1",
                format!("{BUCKET}-usgovwest1.s3-fips.us-gov-west-1.amazonaws.com"),
            ),
            (
                "cn-north-1",
                format!("{BUCKET}-cnnorth1.s3.cn-north-1.amazonaws.com.cn"),
            ),
        ] {
            let url = format!("https://{host}{SIGNED}");
            let to = ResponseUrl::read(&url, region, None).unwrap();
            assert_eq!(format!("{}{}", to.endpoint, to.path), url);
        }
    }

    #[test]
    fn answers_go_nowhere_else() {
        for url in [
            "",
            "https",
            "https:///b.s3.eu-west-1.amazonaws.com/",
            "http://b.s3.eu-west-1.amazonaws.com/",
            "file://b.s3.eu-west-1.amazonaws.com/",
            "https://b.s3.us-west-2.amazonaws.com/",
            "https://b.s3.eu-west-1.amazonaws.com.cn/",
            "https://b.s3.eu-west-1.amazonaws.com:8443/",
            "https://b.s3.eu-west-1.amazonaws.com.example.com/",
            "https://b.s3.eu-west-1.amazonaws.com@example.com/",
            "https://example.com?b.s3.eu-west-1.amazonaws.com/",
            "https://example.com#b.s3.eu-west-1.amazonaws.com/",
            "https://example.com\\b.s3.eu-west-1.amazonaws.com/",
            "https://example.com/b.s3.eu-west-1.amazonaws.com/",
            "https://not-s3.eu-west-1.amazonaws.com/",
            "https://s3-b-1.eu-west-1.elb.amazonaws.com/",
            "https://169.254.169.254/",
            "http://127.0.0.1:4566/",
        ] {
            let read = ResponseUrl::read(url, "eu-west-1", None);
            let error = read.expect_err(url).to_string();
            assert_eq!(error, "the ResponseURL is no address of S3 in eu-west-1 over https");
        }
    }

    #[test]
    fn a_server_that_the_environment_names_instead_of_s3_takes_answers_too() {
        let read = |url: &str, given| ResponseUrl::read(url, "eu-west-1", given).is_ok();
        let here = Some("http://127.0.0.1:4566");
        assert!(read("http://127.0.0.1:4566/cfn-response/1", here));
        assert!(
            read("http://127.0.0.1:4510/cfn-response/1", here),
            "behind another port"
        );
        assert!(read(&url(), here), "S3 itself is still one");
        assert!(!read("https://127.0.0.1:4566/cfn-response/1", here));
        assert!(!read("http://127.0.0.1.example.com/cfn-response/1", here));
        assert!(!read("http://localhost:4566/cfn-response/1", here));
        assert!(!read("http://127.0.0.1:4566/cfn-response/1", Some("127.0.0.1:4566")));
    }
}
