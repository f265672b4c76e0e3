//! The audit as JSON: what `crisguard scan --format json` prints, and what else the report was given.

use crisguard_core::{policy::Language, tally::Audit};
use jiff::Timestamp;
use serde::{Serialize, Serializer as _};
use serde_json::Value;

use crate::{Report, ReportError};

pub(crate) const NAME: &str = "report.json";

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    audit: &'a Audit,
    generated_at: Timestamp,
    language: Language,
    policy: Option<Policy<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    posture: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reach: Option<&'a Value>,
}

/// Its SHA-256 is the audit's `policy_sha256`.
#[derive(Serialize)]
struct Policy<'a> {
    name: &'a str,
    text: &'a str,
}

pub(crate) fn render(report: &Report<'_>) -> Result<Vec<u8>, ReportError> {
    let body = Body {
        audit: report.audit,
        generated_at: report.generated_at,
        language: report.language,
        policy: report.policy.map(|policy| Policy {
            name: policy.name,
            text: policy.text,
        }),
        posture: report.posture,
        reach: report.reach,
    };
    lines(&body, NAME)
}

/// Writes values as one array, each as it comes: of a hundred thousand events, all at once would be two gigabytes.
pub(crate) fn each(values: impl Iterator<Item = Value>, file: &'static str) -> Result<Vec<u8>, ReportError> {
    let mut bytes = Vec::new();
    let written = serde_json::Serializer::pretty(&mut bytes).collect_seq(values);
    written.map_err(|source| ReportError::Json { file, source })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes a value as indented JSON that ends with a line break.
pub(crate) fn lines(value: &impl Serialize, file: &'static str) -> Result<Vec<u8>, ReportError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|source| ReportError::Json { file, source })?;
    bytes.push(b'\n');
    Ok(bytes)
}
