//! Writing what others write at the same time: whoever comes second waits a little, and reads again.

use std::time::Duration;

use crisguard_aws::dynamodb::{NotWritten, Obstacle};

use super::MemoryError;

/// How often a transaction is tried in all.
pub(crate) const ATTEMPTS: u32 = 6;
/// The pause before the second attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(40);

/// Waits a little longer after each attempt.
pub(crate) async fn pause(attempt: u32) {
    tokio::time::sleep(FIRST_PAUSE.saturating_mul(1 << attempt.min(8))).await;
}

/// Tells whether a transaction was done; `false` means that trying again may help.
pub(crate) fn written(result: Result<(), NotWritten>) -> Result<bool, MemoryError> {
    match obstacles(result)? {
        None => Ok(true),
        Some(_) => Ok(false),
    }
}

/// Returns what stood against a transaction, for each of its writes, if trying again may help; nothing
/// if it was done.
pub(crate) fn obstacles(result: Result<(), NotWritten>) -> Result<Option<Vec<Option<Obstacle>>>, MemoryError> {
    let will_stay = |obstacle: &Obstacle| matches!(obstacle, Obstacle::Other(_));
    match result {
        Ok(()) => Ok(None),
        Err(NotWritten::Cancelled(obstacles)) if !obstacles.iter().flatten().any(will_stay) => Ok(Some(obstacles)),
        Err(not_written) => Err(not_written.into()),
    }
}
