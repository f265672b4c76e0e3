//! What is known of an account from when it was last looked, which several runs may change at once.

use std::time::Duration;

use crisguard_aws::Failure;
use crisguard_core::account::AccountId;
use crisguard_lambda::report::Report;
use tokio::time::sleep;

use crate::{
    Moment, Outcome,
    ports::{Content, KeepReports, Kept},
    report::{Known, known_key},
};

/// The most that is read of what is known: that of an account with thousands of keys.
const LARGEST: usize = 4 * 1024 * 1024;
/// How often it is tried to be kept while others change it.
const ATTEMPTS: u32 = 8;
/// The most that is waited before the second attempt; before each further one, twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// Tells why what is known is not kept.
#[derive(Debug, thiserror::Error)]
#[error("what is known was changed by others each of {ATTEMPTS} times that it was to be kept")]
struct Contended;

/// What is known from the last look, if anything is, and the tag of its version.
#[derive(Clone, Debug)]
pub(crate) struct Last {
    pub(crate) known: Option<Known>,
    tag: Option<String>,
    /// Why it could not be read, if it could not: then it must not be written over.
    refused: Option<Failure>,
}

/// Reads what is known from the last look. Where that cannot be read, every change is looked at, and
/// everything is new.
pub(crate) async fn read(reports: &impl KeepReports, account: &AccountId) -> Last {
    let nothing = |refused| Last {
        known: None,
        tag: None,
        refused,
    };
    let Kept { json, tag } = match reports.read(&known_key(account), LARGEST).await {
        Ok(Some(kept)) => kept,
        Ok(None) => return nothing(None),
        Err(failure) => {
            tracing::warn!(error = %failure, "what is known from the last look cannot be read");
            return nothing(Some(failure));
        }
    };
    let known = serde_json::from_slice(&json);
    let known = known.inspect_err(
        |error| tracing::warn!(%error, "what is known from the last look is not understood, and is written anew"),
    );
    Last {
        known: known.ok(),
        tag,
        refused: None,
    }
}

/// Puts what was seen and decided into what is known, which another run may change at the same time.
pub(crate) async fn learn(
    reports: &impl KeepReports,
    account: &AccountId,
    moment: Moment,
    mut last: Last,
    outcome: &Outcome,
) -> Result<(), Report> {
    for attempt in 0..ATTEMPTS {
        if let Some(refused) = &last.refused {
            return Err(Report::of("Report", refused));
        }
        let mut known = last.known.unwrap_or(Known::nothing());
        known.learn(outcome, moment.now);
        let json = serde_json::to_vec(&known).map_err(|error| Report::of("Report", &error))?;
        let kept = reports
            .replace(&known_key(account), last.tag.as_deref(), Content::Json(json))
            .await;
        if kept.map_err(|failure| Report::of("Report", &failure))? {
            return Ok(());
        }
        sleep(pause(attempt, moment)).await;
        last = read(reports, account).await;
    }
    Err(Report::of("Report", &Contended))
}

/// Returns how long to wait: between half of and all that may be waited, by when this run began, so that runs which met once
/// do not meet again.
fn pause(attempt: u32, moment: Moment) -> Duration {
    let most = FIRST_WAIT * 2_u32.pow(attempt);
    most / 2 + most.mul_f64(f64::from(moment.began.elapsed().subsec_micros() % 1000) / 2000.0)
}
