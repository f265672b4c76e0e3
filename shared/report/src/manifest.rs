//! The digests of a report's documents.

use crisguard_core::digest;

use crate::Document;

pub(crate) const NAME: &str = "manifest.sha256";

/// Writes one line for each document, in the form that `sha256sum --check` reads.
pub(crate) fn render(documents: &[Document]) -> String {
    let line = |document: &Document| format!("{}  {}\n", digest::of_bytes(&document.bytes), document.name);
    documents.iter().map(line).collect()
}
