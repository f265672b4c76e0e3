//! Canaries: that a Region's synthetic record came through the whole path, and when it did not.

use crisguard_aws::dynamodb::{Expected, Write};
use crisguard_core::finding::CanaryArrival;
use jiff::{SignedDuration, Timestamp};

use crate::{
    memory::{self, ATTEMPTS, Done, MemoryError, Versioned, pause, written},
    ports::{Recall, Remember},
};

/// After how long without a canary a Region's is late: one comes every hour, and two may be lost.
pub const LATE_AFTER: SignedDuration = SignedDuration::from_hours(3);

/// Remembers that a Region's canary came now; what time it says itself does not count, for anybody
/// can put one on the bus.
///
/// # Errors
///
/// Fails if the memory cannot be written.
pub async fn remember(memory: &impl Remember, arrival: &CanaryArrival, now: Timestamp) -> Result<(), MemoryError> {
    let document = memory::canary(arrival.region.as_str(), now)?;
    let partition = document.key.partition.clone();
    for attempt in 0..ATTEMPTS {
        let write = Write::Put(document.clone(), Expected::Anything);
        if written(memory.write(&[write]).await)? {
            return Ok(());
        }
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition,
        attempts: ATTEMPTS,
    })
}

/// Returns the Regions that have sent canaries and stopped.
///
/// # Errors
///
/// Fails if the memory cannot be read or understood.
pub async fn late(memory: &impl Recall, now: Timestamp) -> Result<Vec<String>, MemoryError> {
    let mut late = Vec::new();
    for document in memory.partition(memory::CANARY).await? {
        let arrived = Versioned::<Done>::read(&document)?.value.at;
        if !memory::has_expired(&document, now) && now.duration_since(arrived) >= LATE_AFTER {
            late.push(memory::canary_region(&document.key).to_owned());
        }
    }
    Ok(late)
}
