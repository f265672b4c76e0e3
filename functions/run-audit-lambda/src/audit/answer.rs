//! What is answered, which Lambda and state machines hand on only up to a size.

use crisguard_core::{
    controls::ControlId,
    decision::Severity,
    tally::{Audit, AuditFinding, CoverageAnswer, Exits, FindingDecision, Read, Rejected, Route},
};
use crisguard_lambda::report::Report;
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Run, report::Location};

/// The most bytes of an answer that Lambda hands on, and room for what is around it.
const LARGEST: usize = 5_500_000;
/// What can be left out of an audit, the longest first: it is in the report, and each of it is counted.
const LONG: [&str; 4] = ["flows", "rejected", "findings", "accounts"];
/// How many of each are in a summary: a state of a state machine holds 256 KiB.
const MOST: usize = 20;

/// Writes an answer.
pub(super) fn of(answer: &impl Serialize) -> Result<Value, Report> {
    serde_json::to_value(answer).map_err(|error| Report::of("Answer", &error))
}

/// Answers with an audit, in the form of `crisguard scan --format json`, without what is too long.
pub(super) fn whole(audit: &Audit, report: Option<&Location>) -> Result<Value, Report> {
    let mut value = of(audit)?;
    let Value::Object(members) = &mut value else {
        return Ok(value);
    };
    let mut left_out = Vec::new();
    for name in LONG {
        if size(members) <= LARGEST {
            break;
        }
        members.remove(name);
        left_out.push(name);
    }
    members.insert("left_out".to_owned(), of(&left_out)?);
    members.insert("report".to_owned(), of(&report)?);
    Ok(value)
}

fn size(members: &Map<String, Value>) -> usize {
    serde_json::to_string(members).map_or(usize::MAX, |text| text.len())
}

/// What a run came to.
#[derive(Serialize)]
struct Summary<'a> {
    run: &'a Run,
    version: &'a str,
    policy_sha256: Option<&'a str>,
    report: Location,
    read: Read,
    exits: Exits,
    /// How many invocations are compliant only by an exception of the policy; the report has by which.
    compliant_by_exception: u64,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    batches: usize,
    batches_not_read: usize,
    coverage: Covered,
    routes: Counted<&'a Route>,
    findings: Counted<Found<'a>>,
    rejected: Counted<&'a Rejected>,
}

/// How complete the evidence is.
#[derive(Serialize)]
struct Covered {
    from: Option<Date>,
    to: Option<Date>,
    placed_files: u64,
    unplaced_files: u64,
    gaps: usize,
    /// Accounts and Regions that were asked for, and of which nothing tells whether they were read.
    unknown: usize,
}

/// The first of some, and how many there are.
#[derive(Serialize)]
struct Counted<T> {
    count: u64,
    first: Vec<T>,
}

/// A finding in short.
#[derive(Serialize)]
struct Found<'a> {
    id: &'a str,
    control: ControlId,
    decision: FindingDecision,
    severity: Severity,
    account: &'a str,
    source_region: &'a str,
    destination_region: Option<&'a str>,
    principal: &'a str,
    invocations: u64,
}

/// Answers with what a run came to, in short.
pub(super) fn summary(
    run: &Run,
    audit: &Audit,
    batches: usize,
    batches_not_read: usize,
    report: Location,
) -> Result<Value, Report> {
    let CoverageAnswer {
        from,
        to,
        placed_files,
        unplaced_files,
        gaps,
        unknown,
        ..
    } = &audit.coverage;
    let listed = u64::try_from(audit.rejected.len()).unwrap_or(u64::MAX);
    of(&Summary {
        run,
        version: &audit.version,
        policy_sha256: audit.policy_sha256.as_deref(),
        report,
        read: audit.read,
        exits: audit.exits,
        compliant_by_exception: audit.excepted.invocations,
        first_seen: audit.first_seen,
        last_seen: audit.last_seen,
        batches,
        batches_not_read,
        coverage: Covered {
            from: *from,
            to: *to,
            placed_files: *placed_files,
            unplaced_files: *unplaced_files,
            gaps: gaps.len(),
            unknown: unknown.len(),
        },
        routes: Counted::of(&audit.routes, |route| route),
        findings: Counted::of(&audit.findings, found),
        rejected: Counted {
            count: listed.saturating_add(audit.rejected_not_listed),
            ..Counted::of(&audit.rejected, |rejected| rejected)
        },
    })
}

impl<T> Counted<T> {
    fn of<'a, E>(all: &'a [E], told: impl Fn(&'a E) -> T) -> Self {
        Self {
            count: u64::try_from(all.len()).unwrap_or(u64::MAX),
            first: all.iter().take(MOST).map(told).collect(),
        }
    }
}

fn found(finding: &AuditFinding) -> Found<'_> {
    Found {
        id: &finding.id,
        control: finding.control,
        decision: finding.decision,
        severity: finding.severity,
        account: finding.account.as_str(),
        source_region: finding.source_region.0.as_str(),
        destination_region: finding.destination_region.as_ref().map(|region| region.0.as_str()),
        principal: &finding.principal,
        invocations: finding.invocations,
    }
}
