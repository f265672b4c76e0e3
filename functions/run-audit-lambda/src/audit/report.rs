//! The report, and where it is kept.

use crisguard_core::{policy::Language, tally::Audit};
use crisguard_lambda::report::Report;
use jiff::Timestamp;
use run_audit::s3::Store;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Run, grounds::Grounds};

/// Where a report lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Location {
    /// The page to look at.
    report: String,
    /// The folder in which all its documents are.
    folder: String,
    /// The SHA-256 of `manifest.sha256`, which has those of the others.
    manifest_sha256: String,
}

/// Tells that nobody said where reports go.
#[derive(Debug, thiserror::Error)]
#[error(
    "this function was not told where reports are kept, and so cannot {0}: give it a bucket (ReportsBucket of \
     infra/run-audit.yaml)"
)]
pub(super) struct NoReports(pub(super) &'static str);

/// What a report is made of.
pub(super) struct Told<'a> {
    pub(super) audit: &'a Audit,
    pub(super) grounds: &'a Grounds,
    pub(super) language: Option<Language>,
    pub(super) now: Timestamp,
}

/// Writes the report's documents, the one with the digests of all others last.
pub(super) async fn store(store: &impl Store, bucket: &str, run: &Run, told: Told<'_>) -> Result<Location, Report> {
    let failed = |error: &(dyn std::error::Error + 'static)| Report::of("Report", error);
    let policy = told.grounds.policy.as_ref();
    let report = crisguard_report::Report {
        audit: told.audit,
        policy: policy.map(|policy| crisguard_report::PolicyText {
            name: &policy.name,
            text: &policy.text,
            sha256: policy.document.sha256(),
        }),
        posture: None,
        reach: None,
        generated_at: told.now,
        language: told.grounds.language(told.language),
    };
    let documents = crisguard_report::render(&report).map_err(|error| failed(&error))?;
    let address = |name: &str| format!("s3://{bucket}/{}", run.document(name));
    let mut manifest_sha256 = String::new();
    for document in documents {
        manifest_sha256 = hexadecimal(&Sha256::digest(&document.bytes));
        let written = store
            .write(
                bucket,
                &run.document(document.name),
                document.bytes,
                document.media_type,
            )
            .await;
        written.map_err(|failure| failed(&failure))?;
    }
    Ok(Location {
        report: address("report.html"),
        folder: address(""),
        manifest_sha256,
    })
}

/// Writes a digest, or the beginning of one.
pub(super) fn hexadecimal(digest: &[u8]) -> String {
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}
