//! What each Region answered about its inference profiles, kept for watch-inference to decide by.

use crisguard_core::{
    account::AccountId,
    catalog::{Live, LiveList},
    posture::Seen,
};
use crisguard_lambda::{known_profiles::key, report::Report};
use jiff::Timestamp;

use crate::{
    Outcome,
    ports::{Content, KeepReports, Kept},
};

/// How often it is tried to keep lists while others change them.
const ATTEMPTS: usize = 8;

/// Tells why lists are not kept.
#[derive(Debug, thiserror::Error)]
#[error("the lists of inference profiles were changed by others each of {ATTEMPTS} times that they were to be kept")]
struct Contended;

/// Returns what Regions answered in this run; one that did not answer is not in it.
pub(crate) fn answered(outcome: &Outcome, now: Timestamp) -> Live {
    let mut answered = Live::nothing();
    for (region, _, seen) in &outcome.seen {
        if let Some(Seen::Profiles(seen)) = seen
            && let Ok(profiles) = &seen.listed
        {
            let list = LiveList {
                observed_at: now,
                profiles: profiles.clone(),
            };
            answered.learn(region.clone(), list);
        }
    }
    answered
}

/// Puts what was answered into what is kept; what a Region answered before and not this time stays,
/// and ages. Where that cannot be read, it is lost.
pub(crate) async fn keep(reports: &impl KeepReports, account: &AccountId, answered: Live) -> Result<(), Report> {
    if answered.observed().next().is_none() {
        return Ok(());
    }
    for _ in 0..ATTEMPTS {
        let (kept, tag) = match reports.read(&key(account), Live::LARGEST).await {
            Ok(Some(Kept { json, tag })) => (read(&json), tag),
            Ok(None) => (Live::nothing(), None),
            Err(failure) => {
                tracing::warn!(error = %failure, "the lists of inference profiles that were kept cannot be read, and are written anew");
                let stored = reports.store(&key(account), Content::Json(written(&answered)?)).await;
                return stored.map_err(|failure| Report::of("Report", &failure));
            }
        };
        let mut lists = kept;
        lists.merge(answered.clone());
        let lists = Content::Json(written(&lists)?);
        let kept = reports.replace(&key(account), tag.as_deref(), lists).await;
        if kept.map_err(|failure| Report::of("Report", &failure))? {
            return Ok(());
        }
    }
    Err(Report::of("Report", &Contended))
}

fn read(json: &[u8]) -> Live {
    Live::from_json(json).unwrap_or_else(|error| {
        tracing::warn!(%error, "the lists of inference profiles that were kept are not understood, and are written anew");
        Live::nothing()
    })
}

fn written(lists: &Live) -> Result<Vec<u8>, Report> {
    lists.to_json().map_err(|error| Report::of("Report", &error))
}
