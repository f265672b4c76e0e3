//! The function `crisguard-run-audit`: the library run-audit, the organization where it is to be read, and the audit.

pub mod audit;
pub mod config;
mod organization;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, io, time::Duration};

use crisguard_core::scp::organization::OrganizationDocument;
use crisguard_lambda::report::Report;
use jiff::Timestamp;
pub use organization::{NotRead, Organizations, ReadOrganization};
use run_audit::{Refused, Request, Response, s3::Store};
use serde::Serialize;
use serde_json::value::RawValue;

use audit::World;

/// The most bytes of an answer that Lambda hands on: 6 MB, to whoever waits for it
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LARGEST: usize = 6 * 1024 * 1024;
/// What is left of an invocation to say that the time was too short, and to evaluate.
const RESERVE: Duration = Duration::from_secs(5);

/// Tells why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What it says of an audit is malformed.
    #[error(transparent)]
    Malformed(#[from] audit::Malformed),
    /// It is about the organization, which was not read.
    #[error(transparent)]
    NotRead(#[from] NotRead),
    /// It cannot be written.
    #[error("the answer cannot be written")]
    Write(#[from] serde_json::Error),
    /// It is larger than Lambda hands on.
    #[error("the answer has {0} bytes, and Lambda hands {LARGEST} on: {1}")]
    TooLarge(usize, &'static str),
}

/// Answers a request by hand; what a run could not read is counted on `out`.
///
/// # Errors
///
/// Fails if the request is malformed, names something that is not there or is about an organization that cannot
/// be read, or if the answer is too large; and says what to do.
pub async fn answer(
    request: &str,
    world: &World<'_, impl Store, impl ReadOrganization>,
    now: Timestamp,
    deadline: Timestamp,
    out: impl io::Write,
) -> Result<Box<RawValue>, Report> {
    let left = Duration::try_from(deadline.duration_since(now)).unwrap_or_default();
    let left = left.saturating_sub(RESERVE);
    let failed = |error: NoAnswer| Report::of(error.kind(), &error);
    if is_about_an_audit(request) {
        let request = audit::Request::parse(request).map_err(|error| failed(error.into()))?;
        let answer = audit::respond(request, world, audit::Moment { now, left }, out).await?;
        return within_size(&answer, "ask for a `report`, which has all of it").map_err(failed);
    }
    respond(request, world.organizations, left).await.map_err(failed)
}

/// Tells whether a request is one of those that [`audit`] answers; what is none at all the others refuse.
fn is_about_an_audit(request: &str) -> bool {
    const ABOUT: [&str; 4] = ["scan", "plan", "batch", "merge"];
    let members: Result<HashMap<String, &RawValue>, _> = serde_json::from_str(request);
    members.is_ok_and(|members| ABOUT.iter().any(|member| members.contains_key(*member)))
}

fn within_size(answer: &impl Serialize, narrower: &'static str) -> Result<Box<RawValue>, NoAnswer> {
    let json = serde_json::to_string(answer)?;
    match json.len() {
        fits if fits <= LARGEST => Ok(RawValue::from_string(json)?),
        size => Err(NoAnswer::TooLarge(size, narrower)),
    }
}

async fn respond(
    request: &str,
    organizations: &impl ReadOrganization,
    left: Duration,
) -> Result<Box<RawValue>, NoAnswer> {
    let request = Request::parse(request)?;
    let read = if request.reads_the_organization() {
        Some(within(left, organizations).await?)
    } else {
        None
    };
    let response = request.answer(read)?;
    within_size(&response, narrower(&response))
}

async fn within(time: Duration, organizations: &impl ReadOrganization) -> Result<OrganizationDocument, NotRead> {
    let read = tokio::time::timeout(time, organizations.whole());
    read.await.unwrap_or_else(|_| Err(NotRead::Late(time.as_secs())))
}

const fn narrower(response: &Response) -> &'static str {
    match response {
        Response::Reach(_) => {
            "ask about less at a time, by `accounts` (or one `account`), `profiles` and `sources`; or write the \
             organization to a file by {\"organization\": true}, which `crisguard reach --organization` reads"
        }
        Response::Organization(_) => "ask the function itself about it: {\"reach\": {\"organization\": true, …}}",
    }
}

impl NoAnswer {
    /// Names the kind of error, as the Lambda service shows it.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) | Self::Malformed(_) => "Request",
            Self::NotRead(_) => "Organization",
            Self::Write(_) | Self::TooLarge(..) => "Answer",
        }
    }
}
