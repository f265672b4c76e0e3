//! `POST /findings/import`, signed, retried and timed as every other call is.

use aws_config::SdkConfig;
use aws_runtime::{
    auth::{SigV4OperationSigningConfig, sigv4},
    retries::classifiers::AwsErrorCodeClassifier,
    user_agent::{ApiMetadata, UserAgentInterceptor},
};
use aws_smithy_runtime::client::{
    orchestrator::operation::Operation,
    retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        auth::{
            AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
            static_resolver::StaticAuthSchemeOptionResolver,
        },
        interceptors::SharedInterceptor,
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::StaticRuntimePlugin,
    },
};
use aws_smithy_types::{
    body::SdkBody, config_bag::Layer, error::ErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_types::{
    SigningName,
    region::{Region, SigningRegion},
    service_config::ServiceConfigKey,
};
use serde::Deserialize;

use super::ProductArn;

const SERVICE: &str = "securityhub";
/// The service's id in the names of settings: `AWS_ENDPOINT_URL_SECURITYHUB`.
const SERVICE_ID: &str = "SecurityHub";
const API_VERSION: &str = "2018-10-26";

/// The call: a request's body in, its answer out.
pub(super) type Import = Operation<String, Answer, ErrorMetadata>;

/// What Security Hub says to a batch
/// (<https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>).
/// No member is optional: an answer without one says nothing that could be relied on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Answer {
    #[serde(rename = "FailedCount")]
    pub(super) failed_count: usize,
    #[serde(rename = "SuccessCount")]
    pub(super) success_count: usize,
    /// Left out by some servers where nothing failed; the counts tell.
    #[serde(rename = "FailedFindings", default)]
    pub(super) failed: Vec<FailedFinding>,
}

/// A finding that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FailedFinding {
    pub(super) id: String,
    pub(super) error_code: String,
    pub(super) error_message: String,
}

/// Writes a request's body from findings that are JSON already.
pub(super) fn body(documents: &[&str]) -> String {
    format!(r#"{{"Findings":[{}]}}"#, documents.join(","))
}

/// Makes the call from what all clients are made from.
pub(super) fn import(configuration: &SdkConfig, product: &ProductArn) -> Import {
    let mut operation = Operation::builder()
        .service_name(SERVICE_ID)
        .operation_name("BatchImportFindings")
        .endpoint_url(&endpoint(configuration, product))
        .standard_retry(
            &configuration
                .retry_config()
                .cloned()
                .unwrap_or_else(RetryConfig::standard),
        )
        .timeout_config(
            configuration
                .timeout_config()
                .cloned()
                .unwrap_or_else(|| TimeoutConfig::builder().build()),
        )
        .retry_classifier(HttpStatusCodeClassifier::default())
        .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
        .retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
        .with_connection_poisoning()
        .runtime_plugin(signing(configuration, product));
    if let Some(version) = configuration.behavior_version() {
        operation = operation.behavior_version(version);
    }
    if let Some(client) = configuration.http_client() {
        operation = operation.http_client(client);
    }
    if let Some(sleep) = configuration.sleep_impl() {
        operation = operation.sleep_impl(sleep);
    }
    if let Some(time) = configuration.time_source() {
        operation = operation.time_source(time);
    }
    operation.serializer(request).deserializer(answer).build()
}

/// Returns where to call: what `AWS_ENDPOINT_URL_SECURITYHUB` or `AWS_ENDPOINT_URL` says, else the
/// Region's own endpoint
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
fn endpoint(configuration: &SdkConfig, product: &ProductArn) -> String {
    let key = ServiceConfigKey::builder()
        .service_id(SERVICE_ID)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    configuration
        .service_config()
        .zip(key)
        .and_then(|(settings, key)| settings.load_config(key))
        .or_else(|| configuration.endpoint_url().map(str::to_owned))
        .unwrap_or_else(|| product.endpoint(configuration.use_fips() == Some(true)))
}

/// Says how requests are signed, with whose credentials, and who is asking.
fn signing(configuration: &SdkConfig, product: &ProductArn) -> StaticRuntimePlugin {
    let region = Region::new(product.region().to_owned());
    let mut settings = Layer::new("BatchImportFindings");
    settings
        .store_put(SigV4OperationSigningConfig::default())
        .store_put(SigningName::from_static(SERVICE))
        .store_put(SigningRegion::from(region))
        .store_put(AuthSchemeOptionResolverParams::new(()))
        .store_put(ApiMetadata::new(SERVICE, API_VERSION));
    let mut components = RuntimeComponentsBuilder::new("BatchImportFindings")
        .with_auth_scheme(SharedAuthScheme::new(sigv4::SigV4AuthScheme::new()))
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![sigv4::SCHEME_ID]),
        )))
        .with_interceptor(SharedInterceptor::new(UserAgentInterceptor::new()));
    if let Some(cache) = configuration.identity_cache() {
        components.set_identity_cache(Some(cache));
    }
    if let Some(credentials) = configuration.credentials_provider() {
        components.set_identity_resolver(sigv4::SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new()
        .with_config(settings.freeze())
        .with_runtime_components(components)
}

#[expect(clippy::needless_pass_by_value, reason = "the operation hands its input over")]
fn request(body: String) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(body.as_str()));
    request.set_method("POST")?;
    request.set_uri("/findings/import")?;
    request.headers_mut().insert("content-type", "application/json");
    request.headers_mut().insert("content-length", body.len().to_string());
    Ok(request)
}

/// Reads an answer; one that is neither a success nor an error that can be read is unknown, and
/// asked for again.
fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<ErrorMetadata>> {
    let bytes = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return serde_json::from_slice(bytes).map_err(|error| OrchestratorError::response(error.into()));
    }
    Err(OrchestratorError::operation(error(response, bytes)))
}

/// The body of an error; which of the members are there differs from server to server
/// (<https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>).
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(alias = "Code", alias = "__type")]
    code: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

fn error(response: &HttpResponse, bytes: &[u8]) -> ErrorMetadata {
    let body: ErrorBody = serde_json::from_slice(bytes).unwrap_or_default();
    let code = response
        .headers()
        .get("x-amzn-errortype")
        .map(str::to_owned)
        .or(body.code);
    let mut error = ErrorMetadata::builder();
    if let Some(code) = code {
        error = error.code(bare(&code));
    }
    if let Some(message) = body.message {
        error = error.message(message);
    }
    error.build()
}

/// Leaves the name of an error without its namespace and address.
fn bare(code: &str) -> &str {
    let name = code.split_once('#').map_or(code, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}
