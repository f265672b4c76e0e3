//! The audit: what CloudTrail's log files in S3 tell, in one invocation or, by the state machine `crisguard-audit`, in
//! many: a plan, a batch for each of its lines, and a merge.
//!
//! What a run leaves lies in the reports bucket below `audit/RUN/`: the question with the policy as it was then, the plan,
//! a tally of each batch, and the report. Each of these is written whole and again the same by whoever is retried.

mod answer;
mod batch;
mod grounds;
mod merge;
mod metric;
mod plan;
mod report;
mod request;
mod run;
mod scan;
#[cfg(test)]
pub(crate) mod tests;

use std::{io, time::Duration};

use crisguard_lambda::report::Report;
use jiff::Timestamp;

pub use request::{Asked, BatchAsked, Malformed, MergeAsked, PolicyAsked, ReportAsked, Request};
pub use run::Run;

use run_audit::s3::Store;

use crate::ReadOrganization;

/// What the template tells of an audit's places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The bucket of reports, without which only `scan` can be asked.
    pub reports: Option<String>,
    /// The policy in force, where it is not named otherwise.
    pub policy: Option<crisguard_scan::plan::Address>,
}

/// What an audit reaches.
#[derive(Debug)]
pub struct World<'a, Objects, Organizations> {
    /// S3.
    pub store: &'a Objects,
    /// The organization, which is read only where it is asked for.
    pub organizations: &'a Organizations,
    /// Where things are.
    pub places: &'a Places,
}

/// When an invocation began, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The present time.
    pub now: Timestamp,
    /// How long it may go on, less what it takes to say that it may not.
    pub left: Duration,
}

/// Answers a request about an audit; what a merge has to do without is counted on `out`.
///
/// # Errors
///
/// Fails with what is wrong, with what, and what to do about it.
pub async fn respond<Objects: Store, Organizations: ReadOrganization>(
    request: Request,
    world: &World<'_, Objects, Organizations>,
    moment: Moment,
    out: impl io::Write,
) -> Result<serde_json::Value, Report> {
    let answer = async {
        match request {
            Request::Scan(asked) => scan::scan(&asked, world, moment).await,
            Request::Plan(asked) => plan::plan(&asked, world, moment).await,
            Request::Batch(asked) => batch::batch(&asked, world).await,
            Request::Merge(asked) => merge::merge(&asked, world, moment, out).await,
        }
    };
    match tokio::time::timeout(moment.left, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Report::of("Time", &TooLate(moment.left.as_secs()))),
    }
}

/// Tells that Lambda would have ended the invocation.
#[derive(Debug, thiserror::Error)]
#[error(
    "it was not done within {0} seconds: ask about less at a time (`from` and `to`, `accounts`, `regions`, a smaller \
     `batch_bytes`), or start the state machine crisguard-audit, which reads any number of batches at once"
)]
struct TooLate(u64);
