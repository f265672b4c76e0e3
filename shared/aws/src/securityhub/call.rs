//! `POST /findings/import`, signed, retried and timed as every other call is.

use aws_config::SdkConfig;
use aws_runtime::auth::SigningOptions;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
};
use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};
use aws_types::region::Region;
use serde::Deserialize;

use super::ProductArn;
use crate::signed::{Service, json};

const SERVICE: Service = Service {
    id: "SecurityHub",
    signs_as: "securityhub",
    version: "2018-10-26",
};

/// The call: a request's body in, its answer out.
pub(super) type Import = Operation<String, Answer, ErrorMetadata>;

/// What Security Hub says to a batch
/// (<https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>).
/// The counts are not optional: an answer without them says nothing that could be relied on.
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
    let endpoint = SERVICE
        .endpoint_given(configuration)
        .unwrap_or_else(|| product.endpoint(configuration.use_fips() == Some(true)));
    let region = Region::new(product.region().to_owned());
    let signing = SigningOptions::default();
    SERVICE
        .at("BatchImportFindings", &endpoint, region, signing, configuration)
        .serializer(request)
        .deserializer(answer)
        .build()
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
    // A body that was not read is not an empty one.
    let bytes = response.body().bytes();
    let bytes = bytes.ok_or_else(|| OrchestratorError::response("the answer's body was not read".into()))?;
    if response.status().is_success() {
        return serde_json::from_slice(bytes).map_err(|error| OrchestratorError::response(error.into()));
    }
    Err(OrchestratorError::operation(json::error(response, bytes)))
}
