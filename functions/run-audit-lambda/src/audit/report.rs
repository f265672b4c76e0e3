//! The report, and where it is kept.

use crisguard_aws::Failure;
use crisguard_core::{digest, tally::Audit};
use crisguard_lambda::report::Report;
use crisguard_report::Document;
use crisguard_scan::{Scanned, plan::Address};
use jiff::Timestamp;
use run_audit::s3::Store;
use serde::Serialize;
use serde_json::Value;

use super::{Asked, Run, grounds::Grounds, request::ReportAsked, scan::settings};

/// The most that is read of what a report tells of besides.
const LARGEST: usize = 64 << 20;

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
    /// What kind of report; the usual one if nothing is said.
    pub(super) asked: Option<&'a ReportAsked>,
    pub(super) now: Timestamp,
}

/// Makes a report of nothing where something is to be told of besides: what is none is refused before anything is read,
/// not after hours of it.
pub(super) async fn rehearse(
    store: &impl Store,
    grounds: &Grounds,
    asked: &Asked,
    now: Timestamp,
) -> Result<(), Report> {
    let Some(wanted) = asked.report.as_ref() else {
        return Ok(());
    };
    if wanted.posture.is_none() && wanted.reach.is_none() {
        return Ok(());
    }
    let audit = grounds.conclude(Scanned::nothing(&settings()), asked)?;
    let told = Told {
        audit: &audit,
        grounds,
        asked: Some(wanted),
        now,
    };
    rendered(store, &told).await.map(drop)
}

async fn rendered(store: &impl Store, told: &Told<'_>) -> Result<Vec<Document>, Report> {
    let policy = told.grounds.policy.as_ref();
    let posture = besides(store, told.asked.and_then(|asked| asked.posture.as_ref())).await?;
    let reach = besides(store, told.asked.and_then(|asked| asked.reach.as_ref())).await?;
    let report = crisguard_report::Report {
        audit: told.audit,
        policy: policy.map(|policy| crisguard_report::PolicyText {
            name: &policy.name,
            text: &policy.text,
            sha256: policy.document.sha256(),
        }),
        posture: posture.as_ref(),
        reach: reach.as_ref(),
        generated_at: told.now,
        language: told.grounds.language(told.asked.and_then(|asked| asked.language)),
    };
    crisguard_report::render(&report).map_err(|error| Report::of("Report", &error))
}

/// Writes the report's documents, the one with the digests of all others last.
pub(super) async fn store(store: &impl Store, bucket: &str, run: &Run, told: Told<'_>) -> Result<Location, Report> {
    let failed = |error: &(dyn std::error::Error + 'static)| Report::of("Report", error);
    let documents = rendered(store, &told).await?;
    let address = |name: &str| format!("s3://{bucket}/{}", run.document(name));
    let mut manifest_sha256 = String::new();
    for document in documents {
        manifest_sha256 = digest::of_bytes(&document.bytes);
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

/// Tells why there is nothing to tell of besides.
#[derive(Debug, thiserror::Error)]
enum NotRead {
    #[error("{0}, which the report is to tell of, was not read")]
    Refused(String, #[source] Failure),
    #[error("{0}, which the report is to tell of, is no JSON")]
    NotJson(String, #[source] serde_json::Error),
}

/// Reads what the report tells of besides, if anything.
async fn besides(store: &impl Store, at: Option<&Address>) -> Result<Option<Value>, Report> {
    let Some(at) = at else { return Ok(None) };
    let bytes = store.read(&at.bucket, &at.key, LARGEST).await;
    let bytes = bytes.map_err(|failure| Report::of("Report", &NotRead::Refused(at.to_string(), failure)))?;
    let value = serde_json::from_slice(&bytes);
    value
        .map(Some)
        .map_err(|error| Report::of("Report", &NotRead::NotJson(at.to_string(), error)))
}
