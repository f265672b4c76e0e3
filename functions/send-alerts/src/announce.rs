//! Announcing: each change of a finding's standing, to machines.
//!
//! As with people, what is to be announced follows from what was announced last, so nothing is
//! lost by a crash; an announcement may be repeated, with the same id. Exceptions and the least
//! severity do not hold machines' announcements back: those filter for themselves.

use crisguard_aws::{
    Failure,
    dynamodb::{Expected, Write},
};
use jiff::Timestamp;

use crate::{
    Ports,
    lifecycle::Phase,
    line::Line,
    memory::{self, ATTEMPTS, MemoryError, Record, Subject, Versioned, pause, written},
    ports::{Announce, Announcement, Recall, Remember},
};

/// How many findings are announced and marked at once.
const AT_ONCE: usize = 50;

/// Tells why machines could not be told.
#[derive(Debug, thiserror::Error)]
pub enum NotAnnounced {
    /// The memory could not be used.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A machine did not take it.
    #[error("{refused} of {announced} announcements were not taken")]
    Refused {
        /// How many were not taken.
        refused: usize,
        /// How many there were.
        announced: usize,
        /// Why the first was not.
        source: Failure,
    },
}

/// Announces what machines have not heard about a subject, and returns how many announcements were taken.
///
/// # Errors
///
/// Fails if the memory cannot be used or a machine refuses; what was taken stays taken.
pub(crate) async fn announce<Memory: Recall + Remember, Topic, Machines: Announce>(
    ports: &Ports<Memory, Topic, Machines>,
    subject: &Subject,
    now: Timestamp,
) -> Result<usize, NotAnnounced> {
    let changed: Vec<(Announcement, &Record)> = subject
        .records
        .values()
        .filter_map(|record| Some((announcement(&record.value)?, &record.value)))
        .collect();
    let (mut taken, mut refusals) = (0, Vec::new());
    for changed in changed.chunks(AT_ONCE) {
        let announcements: Vec<Announcement> = changed.iter().map(|(announcement, _)| announcement.clone()).collect();
        let answers = ports.machines.announce(&announcements).await;
        for ((_, record), answer) in changed.iter().zip(answers) {
            match answer {
                None => {
                    mark(&ports.memory, record, now).await?;
                    taken += 1;
                }
                Some(failure) => refusals.push(failure),
            }
        }
    }
    let refused = refusals.len();
    match refusals.into_iter().next() {
        None => Ok(taken),
        Some(source) => Err(NotAnnounced::Refused {
            refused,
            announced: changed.len(),
            source,
        }),
    }
}

/// Returns what machines have not heard of a finding.
pub(crate) fn announcement(record: &Record) -> Option<Announcement> {
    let transition = record.unannounced()?;
    Some(Announcement {
        transition,
        at: record.closed_at.unwrap_or(record.changed_at),
        sequence: record.phase().sequence(),
        line: Line::of(record, Some(transition)),
    })
}

/// Marks a finding as announced at the phase at which it was.
async fn mark(memory: &(impl Recall + Remember), announced: &Record, now: Timestamp) -> Result<(), MemoryError> {
    let key = memory::record_key(announced.subject(), announced.id());
    let phase: Phase = announced.phase();
    for attempt in 0..ATTEMPTS {
        let Some(found) = memory.document(&key).await? else {
            return Ok(());
        };
        let Versioned { value, version } = Versioned::<Record>::read(&found)?;
        if value
            .announced
            .is_some_and(|known| known.sequence() >= phase.sequence())
        {
            return Ok(());
        }
        let document = memory::record(&value.announced_as(phase), version + 1, now)?;
        if written(memory.write(&[Write::Put(document, Expected::Version(version))]).await)? {
            return Ok(());
        }
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition: key.partition,
        attempts: ATTEMPTS,
    })
}
