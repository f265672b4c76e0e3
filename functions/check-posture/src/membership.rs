//! Where the account stands in its organization, kept for watch-inference to explain denials by.

use crisguard_core::{
    account::AccountId,
    posture::{KnownMembership, Seen},
};
use crisguard_lambda::{known_membership::key, report::Report};
use jiff::Timestamp;

use crate::{
    Outcome,
    ports::{Content, KeepReports},
};

/// Returns what was answered in this run; nothing if it was not asked, or could not be told.
pub(crate) fn answered(outcome: &Outcome, now: Timestamp) -> Option<KnownMembership> {
    outcome.seen.iter().find_map(|(.., seen)| match seen {
        Some(Seen::Reach(seen)) => KnownMembership::answered(&seen.membership, now),
        _ => None,
    })
}

/// Puts it in place of what was kept; what was not answered this time stays, and ages.
pub(crate) async fn keep(
    reports: &impl KeepReports,
    account: &AccountId,
    answered: Option<KnownMembership>,
) -> Result<(), Report> {
    let Some(answered) = answered else { return Ok(()) };
    let json = serde_json::to_vec(&answered).map_err(|error| Report::of("Report", &error))?;
    let stored = reports.store(&key(account), Content::Json(json)).await;
    stored.map_err(|failure| Report::of("Report", &failure))
}
