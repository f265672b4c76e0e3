//! The findings as a table.

use std::borrow::Cow;

use crisguard_core::{
    location::Location,
    policy::Language,
    region::Region,
    tally::{Audit, AuditFinding, FindingDecision},
};

use crate::{ReportError, untrusted::cell};

pub(crate) const NAME: &str = "findings.csv";

const HEAD: [&str; 17] = [
    "id",
    "control",
    "decision",
    "severity",
    "account",
    "source_region",
    "source_country",
    "destination_region",
    "destination_country",
    "profile",
    "model",
    "principal",
    "invocations",
    "first_seen",
    "last_seen",
    "event_ids",
    "explanation",
];

pub(crate) fn render(audit: &Audit) -> Result<Vec<u8>, ReportError> {
    table(NAME, &HEAD, audit.findings.iter().map(row))
}

/// Writes a table with its head; each cell is made safe here, so that none is forgotten.
pub(crate) fn table<'a, const COLUMNS: usize>(
    file: &'static str,
    head: &[&str; COLUMNS],
    rows: impl Iterator<Item = [Cow<'a, str>; COLUMNS]>,
) -> Result<Vec<u8>, ReportError> {
    let failed = |source| ReportError::Table { file, source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(head).map_err(failed)?;
    for row in rows {
        let cells = row.iter().map(|text| cell(text));
        writer.write_record(cells.map(Cow::into_owned)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| failed(error.into_error().into()))
}

fn row(finding: &AuditFinding) -> [Cow<'_, str>; HEAD.len()] {
    let destination = finding.destination_region.as_ref().map(|region| &region.0);
    let events: Vec<&str> = finding.event_ids.iter().map(String::as_str).collect();
    [
        finding.id.as_str().into(),
        finding.control.name().into(),
        decision(finding.decision).into(),
        finding.severity.name().into(),
        finding.account.as_str().into(),
        finding.source_region.0.as_str().into(),
        country(Some(&finding.source_region.0)).into(),
        destination.map_or("", Region::as_str).into(),
        country(destination).into(),
        finding.profile.as_deref().unwrap_or("").into(),
        finding.model.as_deref().unwrap_or("").into(),
        finding.principal.as_str().into(),
        finding.invocations.to_string().into(),
        finding.first_seen.to_string().into(),
        finding.last_seen.to_string().into(),
        events.join(" ").into(),
        finding.explanation.as_str().into(),
    ]
}

pub(crate) const fn decision(decision: FindingDecision) -> &'static str {
    match decision {
        FindingDecision::NonCompliant => "non-compliant",
        FindingDecision::Undecided => "undecided",
    }
}

/// Returns the code of a Region's country, empty where it is not known.
pub(crate) fn country(region: Option<&Region>) -> &'static str {
    region.and_then(Location::of).map_or("", Location::country_code)
}

/// Returns the place and country of a Region in English, empty where they are not known.
pub(crate) fn place(region: Option<&Region>) -> String {
    region.and_then(Location::of).map_or_else(String::new, |location| {
        format!("{}, {}", location.place(Language::En), location.country(Language::En))
    })
}
