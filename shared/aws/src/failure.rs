//! Why an AWS action failed, on what, and whether it may pass by itself.

use std::error::Error;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

/// Whether the same action may succeed later without anybody's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Throttling, a time-out, a lost connection, an error of the service.
    MayPass,
    /// Access denied, a missing resource, an invalid request: somebody must mend it.
    WillNotPass,
}

/// An AWS action that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{action} on {resource} failed: {cause}")]
pub struct Failure {
    /// The action as an IAM policy names it, such as `sns:Publish`.
    pub action: &'static str,
    /// What it was done to: an ARN, a URL or a name.
    pub resource: String,
    /// The service's code and message, or what the connection met with.
    pub cause: String,
    /// Whether it may pass by itself.
    pub disposition: Disposition,
}

impl Failure {
    /// Describes an answer that does not say what it should: the next one may.
    pub(crate) fn unclear(action: &'static str, resource: &str, cause: impl Into<String>) -> Self {
        Self {
            action,
            resource: resource.to_owned(),
            cause: cause.into(),
            disposition: Disposition::MayPass,
        }
    }

    /// Describes an error of the SDK.
    pub(crate) fn of<E>(action: &'static str, resource: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (cause, disposition) = match error {
            // What was no error, but could not be read, the SDKs tell as an error of the service.
            SdkError::ServiceError(service) if service.raw().status().is_success() => {
                (chain(service.err()), Disposition::MayPass)
            }
            SdkError::ServiceError(service) => {
                let metadata = service.err().meta();
                let status = service.raw().status().as_u16();
                let code = metadata.code().unwrap_or("an error without a code");
                let message = metadata.message().unwrap_or("no message");
                (
                    format!("{code} (HTTP {status}): {message}"),
                    disposition_of(code, status),
                )
            }
            SdkError::ConstructionFailure(_) => (chain(error), Disposition::WillNotPass),
            _ => (chain(error), Disposition::MayPass),
        };
        Self {
            action,
            resource: resource.to_owned(),
            cause,
            disposition,
        }
    }
}

fn disposition_of(code: &str, status: u16) -> Disposition {
    const PASSING: [&str; 5] = [
        "Throttl",
        "ThroughputExceeded",
        "RequestLimit",
        "TooManyRequests",
        "TransactionInProgress",
    ];
    if status >= 500 || status == 429 || PASSING.iter().any(|part| code.contains(part)) {
        Disposition::MayPass
    } else {
        Disposition::WillNotPass
    }
}

/// Writes the error and its causes: the SDK's own text for them is only the outermost.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
