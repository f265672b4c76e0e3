//! The call against a bucket that answers from a list, and what is sent to it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpResponse,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};

use super::*;

type Reply = (u16, &'static str);

#[derive(Clone, Debug, Default)]
struct Bucket {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Bucket {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name: &str| request.headers().get(name).unwrap_or("-").to_owned();
        let authorization = header("authorization");
        let signed = authorization
            .split("SignedHeaders=")
            .nth(1)
            .unwrap()
            .split(',')
            .next()
            .unwrap();
        assert!(
            signed.contains("if-none-match") || header("if-none-match") == "-",
            "{signed}"
        );
        assert!(signed.contains("x-amz-content-sha256"), "{signed}");
        assert!(authorization.contains("/eu-west-1/s3/aws4_request"), "{authorization}");
        self.requests.lock().unwrap().push(format!(
            "{} {} {} {}",
            request.method(),
            request.uri(),
            header("range"),
            header("if-none-match")
        ));
        let (status, body) = self.replies.lock().unwrap().pop_front().expect("no reply is left");
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        response.headers_mut().insert("etag", "\"new\"");
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// Reads an object of at most ten bytes, and returns what came of it and the requests that were made.
async fn fetch(replies: &[Reply], known: Option<&str>) -> (Result<Fetched, Failure>, Vec<String>) {
    let bucket = Bucket::default();
    bucket.replies.lock().unwrap().extend(replies);
    let connector = SharedHttpConnector::new(bucket.clone());
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
    let configuration = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(Duration::from_secs(5))
                .build(),
        )
        .build();
    let object = Object::new(&configuration, "policies", "policy.yaml", 10);
    let fetched = object.fetch(known).await;
    let requests = bucket.requests.lock().unwrap().clone();
    (fetched, requests)
}

fn content(bytes: &[u8]) -> Fetched {
    Fetched::Content {
        bytes: bytes.to_vec(),
        etag: Some("\"new\"".to_owned()),
    }
}

#[tokio::test]
async fn reads_content_with_its_tag() {
    let (fetched, requests) = fetch(&[(206, "version: 1")], Some("\"old\"")).await;
    assert_eq!(fetched.unwrap(), content(b"version: 1"));
    assert_eq!(
        requests,
        ["GET https://policies.s3.eu-west-1.amazonaws.com/policy.yaml bytes=0-10 \"old\""]
    );
}

#[tokio::test]
async fn an_unchanged_object_is_not_read_again() {
    let (fetched, _) = fetch(&[(304, "")], Some("\"new\"")).await;
    assert_eq!(fetched.unwrap(), Fetched::Unchanged);
}

#[tokio::test]
async fn an_empty_object_has_no_range() {
    let (fetched, _) = fetch(&[(416, "<Error><Code>InvalidRange</Code></Error>")], None).await;
    assert_eq!(fetched.unwrap(), content(b""));
}

#[tokio::test]
async fn a_larger_object_is_refused() {
    for status in [200, 206] {
        let (fetched, _) = fetch(&[(status, "version: 11")], None).await;
        assert_eq!(
            fetched.unwrap_err().to_string(),
            "s3:GetObject on s3://policies/policy.yaml failed: the object has more than 10 bytes"
        );
    }
}

#[tokio::test]
async fn a_refusal_says_what_and_why() {
    for (status, body, told) in [
        (
            404,
            "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>The key &lt;p&gt; does not exist.</Message></Error>",
            "NoSuchKey (HTTP 404): The key <p> does not exist.",
        ),
        (
            403,
            "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
            "AccessDenied (HTTP 403): Access Denied (S3 answers so, too, if the object does not exist)",
        ),
        (404, "", "an error without a code (HTTP 404): no message"),
    ] {
        let (fetched, requests) = fetch(&[(status, body)], None).await;
        let failure = fetched.unwrap_err();
        assert_eq!(
            failure.to_string(),
            format!("s3:GetObject on s3://policies/policy.yaml failed: {told}")
        );
        assert_eq!((failure.disposition, requests.len()), (Disposition::WillNotPass, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again() {
    const SLOW_DOWN: &str = "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>";
    let (fetched, requests) = fetch(&[(503, SLOW_DOWN), (500, ""), (200, "version: 1")], None).await;
    assert_eq!(fetched.unwrap(), content(b"version: 1"));
    assert_eq!(requests.len(), 3);

    let (fetched, requests) = fetch(&[(503, SLOW_DOWN); 3], None).await;
    let failure = fetched.unwrap_err();
    assert_eq!((failure.disposition, requests.len()), (Disposition::MayPass, 3));
    assert!(failure.cause.starts_with("SlowDown (HTTP 503)"), "{failure}");
}
