//! The protocols that answer in XML: S3's, and the Query protocol of EC2 and IAM.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;
use serde::de::DeserializeOwned;

use super::{Client, Refused, Request, text};
use crate::Failure;

/// A service that is asked by forms
/// (<https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>).
#[derive(Clone, Debug)]
pub(crate) struct Query {
    client: Client,
    version: &'static str,
}

impl Query {
    pub(crate) fn new(client: Client, version: &'static str) -> Self {
        Self { client, version }
    }

    /// Asks for what the action's operation answers to parameters.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &self,
        action: &'static str,
        resource: &str,
        parameters: &[(&str, &str)],
    ) -> Result<A, Refused> {
        let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
        let mut form = format!("Action={operation}&Version={}", self.version);
        for (name, given) in parameters {
            form.extend(["&", name, "=", &text::value(given)]);
        }
        let request = Request::post("/", form.into_bytes()).header("content-type", "application/x-www-form-urlencoded");
        let answer = self.client.send(action, resource, request).await?;
        Ok(read(action, resource, &answer.bytes)?)
    }
}

/// Reads an answer.
pub(crate) fn read<A: DeserializeOwned>(action: &'static str, resource: &str, bytes: &[u8]) -> Result<A, Failure> {
    quick_xml::de::from_reader(bytes)
        .map_err(|error| Failure::unclear(action, resource, format!("the answer cannot be read: {error}")))
}

/// Reads an error's code and message, which stand alone in S3's errors and inside of others
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
pub(crate) fn error(_: &HttpResponse, body: &[u8]) -> ErrorMetadata {
    let body = String::from_utf8_lossy(body);
    let mut error = ErrorMetadata::builder();
    if let Some(code) = element(&body, "Code") {
        error = error.code(code);
    }
    if let Some(message) = element(&body, "Message") {
        error = error.message(message);
    }
    error.build()
}

/// Returns the text of the first element of this name: an error has each once, without attributes.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    Some(
        plain
            .iter()
            .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain)),
    )
}
