//! Counting: each invocation once, however often and in whatever messages it comes.
//!
//! A message's identities and the change of the finding's count are one transaction: either all
//! of them are written or none. If some identities are there already, another message has counted
//! those; the rest is tried again without them. So the count is exact under redelivery, duplicates
//! in other batches, and crashes at any point.

use std::collections::BTreeSet;

use crisguard_aws::dynamodb::{Expected, Obstacle, Write};
use crisguard_core::finding::Finding;
use crisguard_lambda::fingerprint;
use jiff::Timestamp;

use crate::{
    lifecycle::Standing,
    memory::{self, ATTEMPTS, MemoryError, Record, Versioned, pause, written},
    ports::{Recall, Remember},
};

/// How many identities of one finding are kept in an hour. Above that a finding has long been
/// told, and keeping them would cost more than it is worth: only the messages' own identities are
/// kept then. A redelivered message still counts nothing. But an event that comes in two batches, and
/// so in two messages, is counted in both: the count can be above the truth, never below it, and
/// says *about*.
pub const IDENTITIES_AN_HOUR: u64 = 20_000;

/// What a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// This many invocations were counted.
    New(usize),
    /// All of them had been counted before.
    Known,
}

/// Counts a message's invocations that were not counted before.
///
/// # Errors
///
/// Fails if the memory cannot be read or written, or others keep changing the same finding. The
/// message may then be counted again without harm.
pub async fn count(
    memory: &(impl Recall + Remember),
    message: &Finding,
    now: Timestamp,
) -> Result<Counted, MemoryError> {
    let key = memory::record_key(&message.subject, &message.id);
    let mut fresh = message.identities.clone();
    for attempt in 0..ATTEMPTS {
        let found = memory.document(&key).await?;
        let known = match found.as_ref().filter(|document| !memory::has_expired(document, now)) {
            Some(document) => Some(Versioned::<Record>::read(document)?.value),
            None => None,
        };
        let opens = known.as_ref().is_none_or(|record| !record.standing().is_open());
        let mut record = known.unwrap_or_else(|| Record::of_invocations(message, now));
        let kept = record.identities_in(now).saturating_add(fresh.len() as u64) <= IDENTITIES_AN_HOUR;
        record.add(message, fresh.len(), kept, now);

        let (expected, version) = memory::expecting(found.as_ref());
        let identities: Vec<&str> = fresh.iter().map(String::as_str).filter(|_| kept).collect();
        let mut writes = vec![
            Write::Put(memory::record(&record, version, now)?, expected),
            Write::Put(
                memory::identity(&message.id, &message_identity(message), now),
                Expected::Absent,
            ),
        ];
        writes.extend(
            identities
                .iter()
                .map(|identity| Write::Put(memory::identity(&message.id, identity, now), Expected::Absent)),
        );

        if opens {
            writes.push(Write::Put(memory::open(&record)?, Expected::Anything));
        }

        let Some(obstacles) = memory::obstacles(memory.write(&writes).await)? else {
            return Ok(Counted::New(fresh.len()));
        };
        let was_there = |position: usize| obstacles.get(position) == Some(&Some(Obstacle::Unexpected));
        let already: BTreeSet<String> = identities
            .iter()
            .zip(2..)
            .filter(|(_, position)| was_there(*position))
            .map(|(identity, _)| (*identity).to_owned())
            .collect();
        fresh.retain(|identity| !already.contains(identity));
        if was_there(1) || fresh.is_empty() {
            worsen(memory, message, now).await?;
            return Ok(Counted::Known);
        }
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition: key.partition,
        attempts: ATTEMPTS,
    })
}

/// Makes an open finding a violation, if this message says so of invocations that were counted
/// before: an event that came twice may have been decided under two policies.
async fn worsen(memory: &(impl Recall + Remember), message: &Finding, now: Timestamp) -> Result<(), MemoryError> {
    if !message.verdict.is_violation() {
        return Ok(());
    }
    let key = memory::record_key(&message.subject, &message.id);
    for attempt in 0..ATTEMPTS {
        let Some(found) = memory.document(&key).await? else {
            return Ok(());
        };
        let Versioned { mut value, version } = Versioned::<Record>::read(&found)?;
        if value.standing() != Standing::Undecided {
            return Ok(());
        }
        value.add(message, 0, true, now);
        let write = Write::Put(memory::record(&value, version + 1, now)?, Expected::Version(version));
        if written(memory.write(&[write]).await)? {
            return Ok(());
        }
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition: key.partition,
        attempts: ATTEMPTS,
    })
}

/// Returns the identity of the message as a whole: made of what it counts.
fn message_identity(message: &Finding) -> String {
    format!(
        "message-{}",
        fingerprint::of(message.identities.iter().map(String::as_str))
    )
}
