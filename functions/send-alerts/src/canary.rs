//! Canaries: that a Region's synthetic record came through the whole path, and when it did not.

use crisguard_aws::dynamodb::{Expected, Write};
use crisguard_core::finding::CanaryArrival;
use crisguard_lambda::report::chain;
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

/// Returns the Regions that have sent canaries and stopped, and of how many that cannot be told.
///
/// # Errors
///
/// Fails if the memory cannot be read.
pub async fn late(memory: &impl Recall, now: Timestamp) -> Result<(Vec<String>, usize), MemoryError> {
    let (mut late, mut unreadable) = (Vec::new(), 0);
    for document in memory.partition(memory::CANARY).await? {
        match Versioned::<Done>::read(&document) {
            Ok(Versioned { value: arrived, .. }) => {
                if !memory::has_expired(&document, now) && now.duration_since(arrived.at) >= LATE_AFTER {
                    late.push(memory::canary_region(&document.key).to_owned());
                }
            }
            Err(error) => {
                tracing::error!(error = chain(&error), "whether a canary is late is not known");
                unreadable += 1;
            }
        }
    }
    Ok((late, unreadable))
}
