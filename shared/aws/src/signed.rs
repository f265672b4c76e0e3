//! Signed calls, on the parts that the SDKs are made of.
//!
//! For services of which crisguard needs a few operations and whose SDK costs too much: in compile
//! time (Security Hub) or in the size of every function (S3). Retries, time-outs, credentials,
//! endpoint overrides and the HTTP client are the SDK's own here, too; what a request and an answer
//! look like is the caller's, or that of a protocol: `json` or `xml`.

mod client;
pub(crate) mod endpoint;
pub(crate) mod json;
pub(crate) mod text;
pub(crate) mod xml;

pub(crate) use client::{Client, LARGEST_ANSWER, Refused, Request, absent};

use aws_config::SdkConfig;
use aws_runtime::{
    auth::{SigV4OperationSigningConfig, SigningOptions, sigv4},
    retries::classifiers::AwsErrorCodeClassifier,
    user_agent::{ApiMetadata, UserAgentInterceptor},
};
use aws_smithy_runtime::client::{
    orchestrator::operation::{Operation, OperationBuilder},
    retries::{
        RetryPartition,
        classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier},
    },
};
use aws_smithy_runtime_api::client::{
    auth::{
        AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
        static_resolver::StaticAuthSchemeOptionResolver,
    },
    identity::ResolveIdentity,
    interceptors::SharedInterceptor,
    runtime_components::RuntimeComponentsBuilder,
    runtime_plugin::StaticRuntimePlugin,
};
use aws_smithy_types::{config_bag::Layer, error::ErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{
    SigningName,
    region::{Region, SigningRegion},
    service_config::ServiceConfigKey,
};

/// Returns with which other clients one shares what it knows of being throttled.
///
/// What one Region refuses for its load says nothing of another; nor does what is refused to one account say anything of
/// another, which is known by where its credentials come from.
pub(crate) fn partition(service: &str, region: &str, configuration: &SdkConfig) -> RetryPartition {
    let credentials = configuration.credentials_provider();
    let whose = credentials.as_ref().and_then(ResolveIdentity::cache_partition);
    RetryPartition::new(format!("{service}-{region}-{whose:?}"))
}

/// A service, as requests, signatures and settings name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// The service's id in the names of settings: `AWS_ENDPOINT_URL_SECURITYHUB`.
    pub(crate) id: &'static str,
    /// The service's name in signatures.
    pub(crate) signs_as: &'static str,
    /// The version of its API.
    pub(crate) version: &'static str,
}

impl Service {
    /// Starts an operation at `endpoint` from what all clients are made from; it lacks only how its
    /// request is written and its answer is read.
    pub(crate) fn at(
        self,
        operation: &'static str,
        endpoint: &str,
        region: Region,
        signing: SigningOptions,
        configuration: &SdkConfig,
    ) -> OperationBuilder {
        self.unsigned(operation, endpoint, configuration)
            .runtime_plugin(self.signed(region, signing, configuration))
    }

    /// Starts an operation that says neither who is asking nor that it may.
    pub(crate) fn unsigned(
        self,
        operation: &'static str,
        endpoint: &str,
        configuration: &SdkConfig,
    ) -> OperationBuilder {
        let mut operation = Operation::builder()
            .service_name(self.id)
            .operation_name(operation)
            .endpoint_url(endpoint)
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
            .with_connection_poisoning();
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
        operation
    }

    /// Returns the address that the environment names instead of the service's own:
    /// `AWS_ENDPOINT_URL_<service>`, else `AWS_ENDPOINT_URL`
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
    pub(crate) fn endpoint_given(self, configuration: &SdkConfig) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id(self.id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok();
        configuration
            .service_config()
            .zip(key)
            .and_then(|(settings, key)| settings.load_config(key))
            .or_else(|| configuration.endpoint_url().map(str::to_owned))
    }

    /// Says how requests are signed, with whose credentials, and who is asking.
    fn signed(self, region: Region, signing_options: SigningOptions, configuration: &SdkConfig) -> StaticRuntimePlugin {
        let mut settings = Layer::new(self.id);
        let partition = partition(self.id, region.as_ref(), configuration);
        settings
            .store_put(SigV4OperationSigningConfig {
                signing_options,
                ..SigV4OperationSigningConfig::default()
            })
            .store_put(partition)
            .store_put(SigningName::from_static(self.signs_as))
            .store_put(SigningRegion::from(region))
            .store_put(AuthSchemeOptionResolverParams::new(()))
            .store_put(ApiMetadata::new(self.signs_as, self.version));
        let mut components = RuntimeComponentsBuilder::new(self.id)
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
}
