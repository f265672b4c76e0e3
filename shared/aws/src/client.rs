//! What every client shares: one HTTP client, credentials, retries and time-outs.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

/// What clients are made from.
pub use aws_config::SdkConfig as Configuration;

/// Attempts for one operation, the first included. What still fails then is delivered again by SQS.
const ATTEMPTS: u32 = 4;
/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(2);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long an operation may take with all its attempts; well below a function's own time-out.
const OPERATION: Duration = Duration::from_secs(15);

/// Loads the configuration that all clients of a function are made from.
///
/// Lambda gives a function its credentials and Region as environment variables, so only those
/// are asked: the SDK's default chain would build an STS client and load the TLS roots for
/// providers that never apply. TLS is rustls on ring, in one client for all services: the other
/// provider spends tens of milliseconds of every cold start on seeding its random generator.
pub async fn configuration() -> SdkConfig {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .region(EnvironmentVariableRegionProvider::new())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        )
        .load()
        .await
}
