//! What S3 answers to `GetObject`.

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::ErrorMetadata;

use crate::signed::xml;

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
        _ => return Err(OrchestratorError::operation(xml::error(response, bytes))),
    };
    let etag = response.headers().get("etag").map(str::to_owned);
    Ok(Fetched::Content { bytes, etag })
}
