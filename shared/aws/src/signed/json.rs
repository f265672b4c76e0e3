//! The protocols that speak JSON: one address for all operations (AWS JSON 1.1), or one for each
//! (REST).

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use super::{Client, Refused, Request};
use crate::Failure;

/// A service that is asked in AWS JSON 1.1
/// (<https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>).
#[derive(Clone, Debug)]
pub(crate) struct Json {
    client: Client,
    /// What the operation's name follows in the header that names it.
    target: &'static str,
}

impl Json {
    pub(crate) fn new(client: Client, target: &'static str) -> Self {
        Self { client, target }
    }

    /// Asks for what the action's operation answers.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &self,
        action: &'static str,
        resource: &str,
        question: &impl Serialize,
    ) -> Result<A, Refused> {
        let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
        let request = Request::post("/", body(action, resource, question)?)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", &format!("{}.{operation}", self.target));
        let answer = self.client.send(action, resource, request).await?;
        Ok(read(action, resource, &answer.bytes)?)
    }
}

/// A service that is asked in REST and JSON
/// (<https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>).
#[derive(Clone, Debug)]
pub(crate) struct Rest(pub(crate) Client);

impl Rest {
    /// Asks for what is at a path.
    pub(crate) async fn get<A: DeserializeOwned>(
        &self,
        action: &'static str,
        resource: &str,
        path: &str,
    ) -> Result<A, Refused> {
        let answer = self.0.send(action, resource, Request::get(path)).await?;
        Ok(read(action, resource, &answer.bytes)?)
    }

    /// Asks a question at a path.
    pub(crate) async fn post<A: DeserializeOwned>(
        &self,
        action: &'static str,
        resource: &str,
        path: &str,
        question: &impl Serialize,
    ) -> Result<A, Refused> {
        let request = Request::post(path, body(action, resource, question)?);
        let request = request.header("content-type", "application/json");
        let answer = self.0.send(action, resource, request).await?;
        Ok(read(action, resource, &answer.bytes)?)
    }
}

fn body(action: &'static str, resource: &str, question: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(question).map_err(|error| Failure::unclear(action, resource, error.to_string()))
}

fn read<A: DeserializeOwned>(action: &'static str, resource: &str, bytes: &[u8]) -> Result<A, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::unclear(action, resource, format!("the answer cannot be read: {error}")))
}

/// Reads a list that may be left out, or null: the protocols take both for none.
pub(crate) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(text: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(text)?.unwrap_or_default())
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

/// Reads an error's code and message.
pub(crate) fn error(response: &HttpResponse, bytes: &[u8]) -> ErrorMetadata {
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
