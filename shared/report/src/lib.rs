//! Writes what an audit found, for people and for programs.
//!
//! [`render`] makes six documents of one [`Audit`]: a page that needs nothing but itself, the audit as JSON, the
//! findings as CSV and as OCSF events, the register of where prompts were processed, and the SHA-256 of each.
//! It is pure: the same report comes out byte for byte the same.
//!
//! Texts from records (model ids, principals, names of files) are whatever a caller chose. What that means for
//! each document stands in [`untrusted`].

mod findings;
mod json;
mod manifest;
mod ocsf;
mod page;
mod posture;
mod reach;
mod register;
mod steps;
pub mod untrusted;

use crisguard_core::{policy::Language, tally::Audit};
use jiff::Timestamp;

/// Everything that a report tells of.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// What was read and found.
    pub audit: &'a Audit,
    /// The policy that decided; none where the audit had none.
    pub policy: Option<PolicyText<'a>>,
    /// What check-posture answered, in the form of docs/posture.md.
    pub posture: Option<&'a serde_json::Value>,
    /// What `crisguard reach` answered, in the form of docs/reach.md.
    pub reach: Option<&'a serde_json::Value>,
    /// When the report is made.
    pub generated_at: Timestamp,
    /// The language of the page; what programs read is in English.
    pub language: Language,
}

/// A policy as its file has it.
#[derive(Clone, Copy, Debug)]
pub struct PolicyText<'a> {
    /// The name of the file.
    pub name: &'a str,
    /// What is in it.
    pub text: &'a str,
    /// The SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: &'a str,
}

/// One of the files of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The name of the file.
    pub name: &'static str,
    /// What to serve it as.
    pub media_type: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Tells why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The page's template does not fit what it is filled with.
    #[error("the page could not be written")]
    Page(#[from] minijinja::Error),
    /// A picture could not be drawn.
    #[error("the picture of {picture} could not be drawn: {reason}")]
    Picture {
        /// Which one.
        picture: &'static str,
        /// Why not.
        reason: String,
    },
    /// A table could not be written.
    #[error("{file} could not be written")]
    Table {
        /// Which one.
        file: &'static str,
        /// Why not.
        source: csv::Error,
    },
    /// A JSON document could not be written.
    #[error("{file} could not be written")]
    Json {
        /// Which one.
        file: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// What was given as posture is something else.
    #[error("the posture is not a report of check-posture (docs/posture.md): give the JSON document that it stored")]
    Posture(#[source] serde_json::Error),
    /// What was given as reach is something else.
    #[error("the reach is not an answer of `crisguard reach --format json` (docs/reach.md)")]
    Reach(#[source] serde_json::Error),
    /// The audit was not made with the policy that is shown.
    #[error(
        "the audit was decided by the policy with the SHA-256 {}, and the report was given {}: give both the same",
        audit.as_deref().unwrap_or("of none"), given.as_deref().unwrap_or("none")
    )]
    AnotherPolicy {
        /// What the audit says.
        audit: Option<String>,
        /// What the report was given.
        given: Option<String>,
    },
}

/// Writes the report: `report.html`, `report.json`, `findings.csv`, `findings.ocsf.json`, `register.csv` and, last,
/// `manifest.sha256` with the digests of the others.
///
/// # Errors
///
/// Fails if the policy is not the one that the audit was made with, if posture or reach is something else, or if a
/// document could not be written.
pub fn render(report: &Report<'_>) -> Result<Vec<Document>, ReportError> {
    let (audited, given) = (report.audit.policy_sha256.as_deref(), report.policy.map(|it| it.sha256));
    if audited != given {
        return Err(ReportError::AnotherPolicy {
            audit: audited.map(str::to_owned),
            given: given.map(str::to_owned),
        });
    }
    let posture = report.posture.map(posture::Posture::read).transpose()?;
    let reach = report.reach.map(reach::Reach::read).transpose()?;
    let page = page::render(report, posture.as_ref(), reach.as_ref())?;
    let mut documents = vec![
        document(page::NAME, "text/html; charset=utf-8", page.into_bytes()),
        document(json::NAME, "application/json", json::render(report)?),
        document(
            findings::NAME,
            "text/csv; charset=utf-8",
            findings::render(report.audit)?,
        ),
        document(ocsf::NAME, "application/json", ocsf::render(report, posture.as_ref())?),
        document(
            register::NAME,
            "text/csv; charset=utf-8",
            register::render(report.audit)?,
        ),
    ];
    let manifest = manifest::render(&documents);
    documents.push(document(
        manifest::NAME,
        "text/plain; charset=utf-8",
        manifest.into_bytes(),
    ));
    Ok(documents)
}

fn document(name: &'static str, media_type: &'static str, bytes: Vec<u8>) -> Document {
    Document {
        name,
        media_type,
        bytes,
    }
}
