//! The call against a hub that answers from a list, and what is sent to it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig, timeout::TimeoutConfig};
use std::time::Duration;

use super::*;

/// What is answered: a status and a body, or nothing at all.
type Reply = Option<(u16, &'static str)>;

#[derive(Clone, Debug, Default)]
struct Hub {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    requests: Arc<Mutex<Vec<Sent>>>,
}

#[derive(Clone, Debug)]
struct Sent {
    to: String,
    authorization: String,
    agent: String,
    body: serde_json::Value,
}

impl HttpConnector for Hub {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        self.requests.lock().unwrap().push(Sent {
            to: format!("{} {}", request.method(), request.uri()),
            authorization: header("authorization"),
            agent: header("x-amz-user-agent"),
            body: serde_json::from_slice(request.body().bytes().unwrap()).unwrap(),
        });
        let reply = self.replies.lock().unwrap().pop_front().expect("no reply is left");
        HttpConnectorFuture::new(async move {
            match reply {
                Some((status, body)) => Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))),
                None => std::future::pending().await,
            }
        })
    }
}

fn hub(replies: &[Reply]) -> (Hub, SecurityHub) {
    let hub = Hub::default();
    hub.replies.lock().unwrap().extend(replies);
    let connector = SharedHttpConnector::new(hub.clone());
    let configuration = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIDEXAMPLE",
            "secret",
            Some("token".to_owned()),
            None,
            "test",
        )))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(Duration::from_secs(5))
                .build(),
        )
        .build();
    let product = "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default";
    (hub, SecurityHub::new(&configuration, &product.parse().unwrap()))
}

fn findings(number: usize) -> Vec<Finding> {
    (0..number)
        .map(|n| Finding {
            id: format!("f-{n}"),
            document: format!(r#"{{"Id":"f-{n}"}}"#),
        })
        .collect()
}

/// Imports some findings and returns the requests and what was not taken.
async fn import(number: usize, replies: &[Reply]) -> (Hub, Vec<(usize, String, Disposition)>) {
    let (hub, securityhub) = hub(replies);
    let not_imported = securityhub.import(&findings(number)).await;
    let not_imported = not_imported
        .into_iter()
        .map(|finding| {
            (
                finding.position,
                finding.failure.to_string(),
                finding.failure.disposition,
            )
        })
        .collect();
    (hub, not_imported)
}

const TWO: Reply = Some((200, r#"{"FailedCount":0,"SuccessCount":2,"FailedFindings":[]}"#));

#[tokio::test]
async fn a_batch_is_one_signed_post_to_the_products_region() {
    let (hub, not_imported) = import(2, &[TWO]).await;
    assert_eq!(not_imported, []);
    let requests = hub.requests.lock().unwrap();
    let [sent] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let Sent {
        to,
        authorization,
        agent,
        body,
    } = sent;
    assert_eq!(to, "POST https://securityhub.eu-west-1.amazonaws.com/findings/import");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
    assert!(
        authorization.contains("/eu-west-1/securityhub/aws4_request, SignedHeaders=")
            && authorization.contains("host")
            && authorization.contains("x-amz-security-token"),
        "{authorization}"
    );
    assert!(agent.contains("api/securityhub/2018-10-26"), "{agent}");
    assert_eq!(body, &serde_json::json!({"Findings": [{"Id": "f-0"}, {"Id": "f-1"}]}));
}

#[tokio::test]
async fn a_hundred_go_into_one_request_and_the_rest_into_another() {
    let hundred = Some((200, r#"{"FailedCount":0,"SuccessCount":100,"FailedFindings":[]}"#));
    let (hub, not_imported) = import(102, &[hundred, TWO]).await;
    assert_eq!(not_imported, []);
    let sizes: Vec<usize> = hub
        .requests
        .lock()
        .unwrap()
        .iter()
        .map(|sent| sent.body["Findings"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 2]);
}

#[tokio::test]
async fn each_refused_finding_is_returned_by_its_position() {
    let answer = r#"{"FailedCount":2,"SuccessCount":1,"FailedFindings":[
        {"Id":"f-2","ErrorCode":"InvalidAccess","ErrorMessage":"not enabled"},
        {"Id":"f-0","ErrorCode":"InternalError","ErrorMessage":"later"}]}"#;
    let (_, not_imported) = import(3, &[Some((200, answer))]).await;
    let product = "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default";
    let expected = |rest: &str| format!("securityhub:BatchImportFindings on {product} failed: {rest}");
    assert_eq!(
        not_imported,
        [
            (0, expected("InternalError: later (finding f-0)"), Disposition::MayPass),
            (
                2,
                expected("InvalidAccess: not enabled (finding f-2)"),
                Disposition::WillNotPass
            ),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_account_for_each_finding_takes_nothing() {
    for answer in [
        r#"{"FailedCount":0,"SuccessCount":1,"FailedFindings":[]}"#,
        r#"{"FailedCount":1,"SuccessCount":1,"FailedFindings":[]}"#,
        r#"{"FailedCount":0,"SuccessCount":2,"FailedFindings":[{"Id":"f-0","ErrorCode":"x","ErrorMessage":"y"}]}"#,
        r#"{"FailedCount":1,"SuccessCount":1,"FailedFindings":[{"Id":"f-9","ErrorCode":"x","ErrorMessage":"y"}]}"#,
    ] {
        let (_, not_imported) = import(2, &[Some((200, answer))]).await;
        let positions: Vec<usize> = not_imported.iter().map(|(position, ..)| *position).collect();
        assert_eq!(positions, [0, 1], "{answer}");
    }
    // What cannot be read at all, or says nothing, is asked for again.
    for unreadable in ["", "{}", "<html>", r#"{"FailedCount":0,"Succ"#] {
        let (hub, not_imported) = import(2, &[Some((200, unreadable)); 3]).await;
        assert_eq!(hub.requests.lock().unwrap().len(), 3);
        assert!(
            not_imported.len() == 2
                && not_imported
                    .iter()
                    .all(|(_, _, disposition)| *disposition == Disposition::MayPass),
            "{unreadable}: {not_imported:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again() {
    let throttled = Some((
        429,
        r#"{"__type":"com.amazonaws.securityhub#ThrottlingException","message":"slow"}"#,
    ));
    let (hub, not_imported) = import(2, &[Some((503, "")), throttled, TWO]).await;
    assert_eq!(not_imported, []);
    assert_eq!(hub.requests.lock().unwrap().len(), 3);

    let (hub, not_imported) = import(2, &[None, TWO]).await;
    assert_eq!(
        not_imported,
        [],
        "an answer that does not come is waited for five seconds only"
    );
    assert_eq!(hub.requests.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_fails_each_of_its_findings() {
    let refused = Some((
        401,
        r#"{"Code":"InvalidAccessException","Message":"Account 111122223333 is not subscribed to AWS Security Hub"}"#,
    ));
    let (hub, not_imported) = import(2, &[refused]).await;
    assert_eq!(hub.requests.lock().unwrap().len(), 1);
    let causes: Vec<&str> = not_imported.iter().map(|(_, cause, _)| cause.as_str()).collect();
    assert_eq!(causes.len(), 2);
    assert!(
        causes.iter().all(|cause| cause.ends_with(
            "InvalidAccessException (HTTP 401): Account 111122223333 is not subscribed to AWS Security Hub"
        )),
        "{causes:?}"
    );

    let (_, not_imported) = import(1, &[Some((500, "not JSON")); 3]).await;
    let (_, cause, disposition) = &not_imported[0];
    assert!(
        cause.ends_with("an error without a code (HTTP 500): no message"),
        "{cause}"
    );
    assert_eq!(*disposition, Disposition::MayPass);
}

#[tokio::test]
async fn a_finding_that_is_too_large_is_not_sent() {
    let (hub, securityhub) = hub(&[TWO]);
    let mut findings = findings(3);
    findings[1].document = "x".repeat(240_001);
    let not_imported = securityhub.import(&findings).await;
    assert_eq!(not_imported.len(), 1);
    assert_eq!(not_imported[0].position, 1);
    assert_eq!(
        not_imported[0].failure.cause,
        "the finding f-1 has 240001 bytes, and Security Hub takes 240000"
    );
    assert_eq!(hub.requests.lock().unwrap().len(), 1);
}
