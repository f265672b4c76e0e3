//! The digests of a report's documents.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::Document;

pub(crate) const NAME: &str = "manifest.sha256";

/// Writes one line for each document, in the form that `sha256sum --check` reads.
pub(crate) fn render(documents: &[Document]) -> String {
    documents.iter().fold(String::new(), |mut lines, document| {
        for byte in Sha256::digest(&document.bytes) {
            // Writing to a string does not fail.
            write!(lines, "{byte:02x}").unwrap_or_default();
        }
        lines.push_str("  ");
        lines.push_str(document.name);
        lines.push('\n');
        lines
    })
}
