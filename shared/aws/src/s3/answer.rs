//! What S3 answers to `GetObject`.

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::ErrorMetadata;

/// The object is still the version that is known.
const NOT_MODIFIED: u16 = 304;
/// The range begins behind the object's end; one that begins at 0 does so only if there is nothing.
const RANGE_NOT_SATISFIABLE: u16 = 416;

/// What a read found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The object is still the version that was named.
    Unchanged,
    /// The object's content and the tag of its version.
    Content {
        /// The content.
        bytes: Vec<u8>,
        /// The version's entity tag, where S3 sent one.
        etag: Option<String>,
    },
}

pub(super) fn read(response: &HttpResponse) -> Result<Fetched, OrchestratorError<ErrorMetadata>> {
    // A body that was not read is not an empty one.
    let bytes = response.body().bytes();
    let bytes = bytes.ok_or_else(|| OrchestratorError::response("the answer's body was not read".into()))?;
    let status = response.status();
    let bytes = match status.as_u16() {
        NOT_MODIFIED => return Ok(Fetched::Unchanged),
        RANGE_NOT_SATISFIABLE => Vec::new(),
        _ if status.is_success() => bytes.to_vec(),
        _ => return Err(OrchestratorError::operation(error(bytes))),
    };
    let etag = response.headers().get("etag").map(str::to_owned);
    Ok(Fetched::Content { bytes, etag })
}

/// Reads an error's code and message
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
fn error(body: &[u8]) -> ErrorMetadata {
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
