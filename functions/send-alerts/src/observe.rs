//! Observing: what was decided about settings is joined with what is remembered of it.
//!
//! Joining the same message twice, or an older one after a newer one, changes nothing, so nothing
//! needs to be remembered of the messages themselves.

use crisguard_aws::dynamodb::{Expected, Write};
use crisguard_core::finding::PostureFinding;
use jiff::Timestamp;

use crate::{
    memory::{self, ATTEMPTS, MemoryError, Record, Versioned, pause, written},
    ports::{Recall, Remember},
};

/// What a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// It is the latest of its kind.
    New,
    /// A later one, or the same, came before.
    Known,
}

/// Remembers what was decided about settings.
///
/// # Errors
///
/// Fails if the memory cannot be read or written, or others keep changing the same finding.
pub async fn observe(
    memory: &(impl Recall + Remember),
    message: &PostureFinding,
    now: Timestamp,
) -> Result<Observation, MemoryError> {
    let key = memory::record_key(&message.subject, &message.id);
    for attempt in 0..ATTEMPTS {
        let found = memory.document(&key).await?;
        let known = match found.as_ref().filter(|document| !memory::has_expired(document, now)) {
            Some(document) => Some(Versioned::<Record>::read(document)?.value),
            None => None,
        };
        let was_open = known.as_ref().is_some_and(|record| record.standing().is_open());
        let record = match known {
            None => Record::of_settings(message, now),
            Some(mut record) => {
                if !record.observe(message, now) {
                    return Ok(Observation::Known);
                }
                record
            }
        };
        let (expected, version) = memory::expecting(found.as_ref());
        let mut writes = vec![Write::Put(memory::record(&record, version, now)?, expected)];
        if record.standing().is_open() && !was_open {
            writes.push(Write::Put(memory::open(&record)?, Expected::Anything));
        }
        if written(memory.write(&writes).await)? {
            return Ok(Observation::New);
        }
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition: key.partition,
        attempts: ATTEMPTS,
    })
}
