//! What every client shares: one HTTP client, credentials, retries and time-outs.

use std::{str::ParseBoolError, time::Duration};

use aws_config::{
    BehaviorVersion, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    meta::region::ProvideRegion,
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::{EnvConfigError, EnvConfigValue};
use aws_smithy_async::{
    rt::sleep::{SharedAsyncSleep, TokioSleep},
    time::SystemTimeSource,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_types::{
    os_shim_internal::Env,
    service_config::{LoadServiceConfig, ServiceConfigKey},
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

/// The same where objects of many megabytes are read and written.
const PATIENT_ATTEMPTS: u32 = 7;
const PATIENT_ATTEMPT: Duration = Duration::from_mins(1);
const PATIENT_OPERATION: Duration = Duration::from_mins(4);

/// Tells which variable of the environment cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{variable} is neither true nor false")]
pub struct NotUnderstood {
    variable: &'static str,
    source: EnvConfigError<ParseBoolError>,
}

/// Loads the configuration that all clients of a function are made from.
///
/// Lambda gives a function its credentials and Region as environment variables, so only those
/// are asked: the SDK's default loader would bring its chain of credential providers, with a
/// client for STS and a reader of profiles that never apply, into every program (0.9 MB). Read
/// as the SDK reads them are `AWS_ENDPOINT_URL`, also for a single service, `AWS_USE_FIPS_ENDPOINT`
/// and `AWS_USE_DUALSTACK_ENDPOINT`
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>). TLS is rustls on
/// ring, in one client for all services: the other provider spends tens of milliseconds of every
/// cold start on seeding its random generator.
///
/// # Errors
///
/// Fails if a variable has another value than those it can have: a function that was told to use
/// FIPS endpoints must not quietly use others.
pub async fn configuration() -> Result<SdkConfig, NotUnderstood> {
    let env = Env::real();
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut configuration = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .identity_cache(IdentityCache::lazy().build())
        .region(EnvironmentVariableRegionProvider::new().region().await)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SystemTimeSource::new())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        );
    configuration
        .set_use_fips(switch(&env, "AWS_USE_FIPS_ENDPOINT")?)
        .set_use_dual_stack(switch(&env, "AWS_USE_DUALSTACK_ENDPOINT")?)
        .set_endpoint_url(env.get("AWS_ENDPOINT_URL").ok());
    Ok(configuration.service_config(Environment(env)).build())
}

/// Loads the configuration of a person's machine, as the AWS CLI finds it: from the environment, profiles, IAM Identity
/// Center, processes and metadata services
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>).
///
/// # Errors
///
/// Fails if there are no credentials, and says of each place why not; and if a profile is named that is in no file.
#[cfg(feature = "default-chain")]
pub async fn by_default_chain() -> Result<SdkConfig, NoCredentials> {
    use aws_credential_types::provider::ProvideCredentials as _;
    use aws_types::os_shim_internal::Fs;

    if let Some(profile) = undefined_profile(&Env::real(), &Fs::real()).await {
        return Err(NoCredentials::UndefinedProfile(profile));
    }
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let configuration = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .load()
        .await;
    match configuration.credentials_provider() {
        None => Err(NoCredentials::Nowhere(None)),
        Some(provider) => match provider.provide_credentials().await {
            Ok(_) => Ok(patient(&configuration)),
            Err(error) => Err(NoCredentials::Nowhere(Some(error))),
        },
    }
}

/// Tells why there are no credentials.
#[cfg(feature = "default-chain")]
#[derive(Debug, thiserror::Error)]
pub enum NoCredentials {
    /// The profile that `AWS_PROFILE` names is in neither of the files where profiles are defined.
    #[error("AWS_PROFILE names the profile {0}, which is defined in no file")]
    UndefinedProfile(String),
    /// No place has any.
    #[error("there are no AWS credentials")]
    Nowhere(#[source] Option<aws_credential_types::provider::error::CredentialsError>),
}

/// Returns the profile that is named and defined nowhere.
///
/// The SDK would pass it over and take what credentials it finds elsewhere: an instance's, of another account, or none,
/// with a word of the place that it looked at last. Keys in the environment go before any profile, whatever is named.
#[cfg(feature = "default-chain")]
async fn undefined_profile(env: &Env, fs: &aws_types::os_shim_internal::Fs) -> Option<String> {
    use aws_runtime::env_config::{file::EnvConfigFiles, section::EnvConfigSections, source};

    let set = |variable| env.get(variable).ok().filter(|value| !value.trim().is_empty());
    // `default` need not be defined.
    let profile = set("AWS_PROFILE").filter(|profile| profile != "default")?;
    if ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        .iter()
        .all(|key| set(key).is_some())
    {
        return None;
    }
    // What of a file cannot be read or understood, the SDK says when it looks there.
    let source = source::load(env, fs, &EnvConfigFiles::default()).await.ok()?;
    let sections = EnvConfigSections::parse(source).ok()?;
    sections.get_profile(&profile).is_none().then_some(profile)
}

/// Returns the configuration for who reads and writes many objects of many megabytes: an attempt has a minute, and there
/// are more of them, for whatever is not read is missing from a report.
#[must_use]
pub fn patient(configuration: &SdkConfig) -> SdkConfig {
    let retry = configuration.retry_config().cloned();
    let retry = retry
        .unwrap_or_else(RetryConfig::standard)
        .with_max_attempts(PATIENT_ATTEMPTS);
    let timeouts = configuration.timeout_config().map(TimeoutConfig::to_builder);
    let timeouts = timeouts.unwrap_or_else(TimeoutConfig::builder);
    configuration
        .to_builder()
        .retry_config(retry)
        .timeout_config(
            timeouts
                .operation_attempt_timeout(PATIENT_ATTEMPT)
                .operation_timeout(PATIENT_OPERATION)
                .build(),
        )
        .build()
}

/// Reads a variable that is `true`, `false` or not set.
fn switch(env: &Env, variable: &'static str) -> Result<Option<bool>, NotUnderstood> {
    EnvConfigValue::new()
        .env(variable)
        .validate(env, None, |text| text.to_ascii_lowercase().parse())
        .map_err(|source| NotUnderstood { variable, source })
}

/// Settings of a single service, as variables: `AWS_ENDPOINT_URL_SQS`.
#[derive(Debug)]
struct Environment(Env);

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        EnvConfigValue::new()
            .env(key.env())
            .service_id(key.service_id())
            .load(&self.0, None)
            .map(|(value, _)| value.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_on_off_or_not_set() {
        let env = Env::from_slice(&[("ON", "True"), ("OFF", "false"), ("OTHER", "yes")]);
        assert_eq!(switch(&env, "ON").unwrap(), Some(true));
        assert_eq!(switch(&env, "OFF").unwrap(), Some(false));
        assert_eq!(switch(&env, "ABSENT").unwrap(), None);
        assert_eq!(
            switch(&env, "OTHER").unwrap_err().to_string(),
            "OTHER is neither true nor false"
        );
    }

    #[cfg(feature = "default-chain")]
    #[tokio::test]
    async fn a_profile_that_is_named_must_be_defined() {
        use aws_types::os_shim_internal::Fs;

        let files = Fs::from_slice(&[
            ("/home/.aws/config", "[profile audit]\nregion = eu-west-1\n[default]\n"),
            (
                "/home/.aws/credentials",
                "[keys]\naws_access_key_id = A\naws_secret_access_key = B\n",
            ),
        ]);
        let none = Fs::from_slice(&[]);
        let undefined = async |profile: &str, fs: &Fs, others: &[(&str, &str)]| {
            let named = [("HOME", "/home"), ("AWS_PROFILE", profile)];
            undefined_profile(&Env::from_slice(&[&named, others].concat()), fs).await
        };
        for defined in ["audit", "keys", "default", ""] {
            assert_eq!(undefined(defined, &files, &[]).await, None, "{defined}");
        }
        assert_eq!(undefined("audti", &files, &[]).await.as_deref(), Some("audti"));
        assert_eq!(undefined("audit", &none, &[]).await.as_deref(), Some("audit"));
        assert_eq!(undefined("default", &none, &[]).await, None);
        let keys = [("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "B")];
        assert_eq!(undefined("audti", &files, &keys).await, None, "keys go before profiles");
        assert!(undefined("audti", &files, &keys[..1]).await.is_some());
        let elsewhere = [("AWS_CONFIG_FILE", "/home/.aws/credentials")];
        assert!(undefined("audit", &files, &elsewhere).await.is_some());
        assert_eq!(undefined_profile(&Env::from_slice(&[]), &none).await, None);
    }

    #[test]
    fn who_is_patient_keeps_what_else_is_configured() {
        let configuration = crate::replay::Replay::new([]).configuration();
        let patient = patient(&configuration);
        let timeouts = patient.timeout_config().unwrap();
        assert_eq!(
            (timeouts.operation_timeout(), timeouts.operation_attempt_timeout()),
            (Some(PATIENT_OPERATION), Some(PATIENT_ATTEMPT))
        );
        assert_eq!(patient.retry_config().unwrap().max_attempts(), PATIENT_ATTEMPTS);
        assert_eq!(patient.region(), configuration.region());
    }

    #[test]
    fn an_endpoint_of_one_service_goes_before_that_of_all() {
        let env = Env::from_slice(&[
            ("AWS_ENDPOINT_URL", "http://all"),
            ("AWS_ENDPOINT_URL_API_GATEWAY", "http://one"),
        ]);
        let endpoint = |service| {
            let key = ServiceConfigKey::builder()
                .service_id(service)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url")
                .build();
            Environment(env.clone()).load_config(key.unwrap())
        };
        assert_eq!(endpoint("API Gateway").as_deref(), Some("http://one"));
        assert_eq!(endpoint("SQS").as_deref(), Some("http://all"));
    }
}
