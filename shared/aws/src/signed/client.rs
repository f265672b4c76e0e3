//! A service in one place: requests in, answers out, whatever their protocol.

use std::fmt;

use aws_config::SdkConfig;
use aws_runtime::auth::SigningOptions;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::context::{Error, Output},
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        result::SdkError,
        ser_de::DeserializeResponse,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag, error::ErrorMetadata};
use aws_types::region::Region;
use http_body_util::Limited;

use super::{Service, endpoint::Host};
use crate::Failure;

/// The most bytes of an answer: some times as many as any of the lists asked for have on a page.
pub(crate) const LARGEST_ANSWER: usize = 16 << 20;
/// In which Region S3 says a bucket is.
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// Reads an error's code and message.
pub(crate) type ReadError = fn(&HttpResponse, &[u8]) -> ErrorMetadata;

/// A request, without what all have in common.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    /// The path and query, encoded.
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &'static str, path: impl Into<String>, body: Vec<u8>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            body,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path, Vec::new())
    }

    pub(crate) fn post(path: impl Into<String>, body: Vec<u8>) -> Self {
        Self::new("POST", path, body)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// An answer that is no error.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) bucket_region: Option<String>,
}

/// A service in one place.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    ask: Operation<Request, Answer, ErrorMetadata>,
}

impl Client {
    /// Names the service and its place.
    pub(crate) fn new(
        service: Service,
        endpoint: &str,
        region: &str,
        signing: SigningOptions,
        error: ReadError,
        configuration: &SdkConfig,
    ) -> Self {
        Self::up_to(LARGEST_ANSWER, service, endpoint, region, signing, error, configuration)
    }

    /// Names the service and its place, and how many bytes an answer may have.
    pub(crate) fn up_to(
        largest: usize,
        service: Service,
        endpoint: &str,
        region: &str,
        signing: SigningOptions,
        error: ReadError,
        configuration: &SdkConfig,
    ) -> Self {
        let region = Region::new(region.to_owned());
        Self {
            ask: service
                .at("any", endpoint, region, signing, configuration)
                .serializer(write)
                .deserializer_impl(Read { error, largest })
                .build(),
        }
    }

    /// Names a Region's server of a service that has one in every Region.
    pub(crate) fn regional(
        service: Service,
        host: Host,
        region: &str,
        error: ReadError,
        configuration: &SdkConfig,
    ) -> Self {
        let endpoint = service.endpoint_given(configuration);
        let endpoint = endpoint.unwrap_or_else(|| host.endpoint(region, configuration));
        Self::new(
            service,
            &endpoint,
            region,
            SigningOptions::default(),
            error,
            configuration,
        )
    }

    /// Names a place that whoever knows a request's address may send it to.
    pub(crate) fn unsigned(service: Service, endpoint: &str, error: ReadError, configuration: &SdkConfig) -> Self {
        Self {
            ask: service
                .unsigned("any", endpoint, configuration)
                .no_auth()
                .serializer(write)
                .deserializer_impl(Read {
                    error,
                    largest: LARGEST_ANSWER,
                })
                .build(),
        }
    }

    /// Sends a request, as often as retries allow, and returns what is answered in the end.
    pub(crate) async fn send(&self, action: &'static str, resource: &str, request: Request) -> Result<Answer, Refused> {
        let sent = self.ask.invoke(request).await;
        sent.map_err(|error| Refused::new(action, resource, &error))
    }
}

/// Why there is no answer, and what tells one reason from another.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) failure: Failure,
    /// The status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    /// The error's code, if it had one.
    code: Option<String>,
    pub(crate) bucket_region: Option<String>,
}

impl Refused {
    fn new(action: &'static str, resource: &str, error: &SdkError<ErrorMetadata, HttpResponse>) -> Self {
        let response = error.raw_response();
        let code = error.as_service_error().and_then(ErrorMetadata::code);
        Self {
            failure: Failure::of(action, resource, error),
            status: response.map(|response| response.status().as_u16()),
            code: code.map(str::to_owned),
            bucket_region: response.and_then(|response| response.headers().get(BUCKET_REGION).map(str::to_owned)),
        }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            status: None,
            code: None,
            bucket_region: None,
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        refused.failure
    }
}

/// Tells what is not there, which a service says by an error with one of the codes, from what
/// could not be asked.
pub(crate) fn absent<A>(answer: Result<A, Refused>, codes: &[&str]) -> Result<Option<A>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(refused) if refused.code.as_deref().is_some_and(|code| codes.contains(&code)) => Ok(None),
        Err(refused) => Err(refused.failure),
    }
}

fn write(request: Request) -> Result<HttpRequest, BoxError> {
    let length = request.body.len();
    let mut http = HttpRequest::new(SdkBody::from(request.body));
    http.set_method(request.method)?;
    http.set_uri(request.path)?;
    let headers = http.headers_mut();
    if request.method != "GET" && request.method != "HEAD" {
        headers.insert("content-length", length.to_string());
    }
    for (name, value) in request.headers {
        headers.try_insert(name, value)?;
    }
    Ok(http)
}

/// Reads answers up to a size.
struct Read {
    error: ReadError,
    largest: usize,
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Read")
    }
}

impl DeserializeResponse for Read {
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        // Before the body is read: whoever answers cannot fill the memory.
        let body = Limited::new(response.take_body(), self.largest);
        *response.body_mut() = SdkBody::from_body_1_x(body);
        None
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        // A body that was not read is not an empty one.
        let bytes = response.body().bytes();
        let bytes = bytes.ok_or_else(|| OrchestratorError::response("the answer's body was not read".into()))?;
        if !response.status().is_success() {
            let error = (self.error)(response, bytes);
            return Err(OrchestratorError::operation(Error::erase(error)));
        }
        Ok(Output::erase(Answer {
            bytes: bytes.to_vec(),
            bucket_region: response.headers().get(BUCKET_REGION).map(str::to_owned),
        }))
    }
}
