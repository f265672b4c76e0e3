//! A server for tests that answers from a list, and keeps what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig, timeout::TimeoutConfig};

/// What is answered: a status, headers and a body.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Answers 200 with a body.
pub(crate) fn ok(body: impl Into<String>) -> Reply {
    Reply::new(200, body)
}

/// The server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replay {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

impl Replay {
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replay = Self::default();
        replay.replies.lock().unwrap().extend(replies);
        replay
    }

    /// Returns what clients are made from, so that they ask this server.
    pub(crate) fn configuration(&self) -> SdkConfig {
        self.configuration_in("eu-west-1")
    }

    pub(crate) fn configuration_in(&self, region: &'static str) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(Duration::from_secs(5))
                    .build(),
            )
            .build()
    }

    /// Returns the method and address of each request.
    pub(crate) fn lines(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let line = |request: &HttpRequest| format!("{} {}", request.method(), request.uri());
        requests.iter().map(line).collect()
    }

    /// Returns a header of each request; one that is missing is empty.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let value = |request: &HttpRequest| request.headers().get(name).unwrap_or_default().to_owned();
        requests.iter().map(value).collect()
    }

    /// Returns the names of all headers of all requests.
    pub(crate) fn header_names(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let headers = requests.iter().flat_map(|request| request.headers().iter());
        headers.map(|(name, _)| name.to_owned()).collect()
    }

    /// Returns the body of each request.
    pub(crate) fn bodies(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let body = |request: &HttpRequest| String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
        requests.iter().map(body).collect()
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.requests.lock().unwrap().push(request);
        let reply = self.replies.lock().unwrap().pop_front().expect("no reply is left");
        let mut response = HttpResponse::new(reply.status.try_into().unwrap(), SdkBody::from(reply.body));
        for (name, value) in reply.headers {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}
