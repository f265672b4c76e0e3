//! Telling: which findings become an alert now, and which wait for the digest.
//!
//! What is to be told is read from the memory, never from the message at hand: a finding whose
//! count is ahead of what people were told is told, whichever message brings it up. So a crash
//! after counting loses nothing. A finding is marked as told only after the topic has taken the
//! alert; a crash between the two repeats one alert.

use std::collections::BTreeMap;

use crisguard_aws::{
    Failure,
    dynamodb::{Expected, NotWritten, Obstacle, Write},
};
use crisguard_core::decision::Severity;
use jiff::{SignedDuration, Timestamp};

use crate::{
    Ports,
    count::{ATTEMPTS, pause},
    memory::{self, LastAlert, MemoryError, Record, Slots, Subject, Told, Versioned},
    notice::{Notice, TextError},
    ports::{Publish, Recall, Remember},
};

/// How long an alert quietens further ones about its subject, unless they are more severe.
pub const QUIET: SignedDuration = SignedDuration::from_hours(1);
/// How many alerts are published in one hour of the clock; the rest goes into the digest.
pub const ALERTS_AN_HOUR: usize = 10;
/// How many findings one transaction marks: each takes two of its hundred writes, and one is the alert's.
const MARKED_AT_ONCE: usize = 45;

/// What telling about a subject came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// People know all of it.
    NothingNew,
    /// An alert was published.
    Alerted,
    /// It waits for the digest.
    Postponed,
}

/// Tells why people could not be told.
#[derive(Debug, thiserror::Error)]
pub enum NotTold {
    /// The memory could not be used.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The alert could not be written.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The topic did not take it.
    #[error(transparent)]
    NotPublished(#[from] Failure),
}

/// Tells people what they do not know yet about a subject.
///
/// # Errors
///
/// Fails if the memory cannot be used or the topic refuses. Calling again is harmless then: what
/// was told stays told, the rest is told.
pub async fn tell<Memory: Recall + Remember, Topic: Publish>(
    ports: &Ports<Memory, Topic>,
    subject_id: &str,
    now: Timestamp,
) -> Result<Telling, NotTold> {
    let documents = ports
        .memory
        .partition(&memory::subject_partition(subject_id))
        .await
        .map_err(MemoryError::from)?;
    let subject = Subject::read(&documents, now)?;
    let untold: BTreeMap<&str, &Record> = subject
        .records
        .iter()
        .map(|(id, record)| (id.as_str(), &record.value))
        .filter(|(_, record)| record.is_untold())
        .collect();
    if untold.is_empty() {
        return Ok(Telling::NothingNew);
    }

    let alert = severity_to_alert(&untold, subject.last_alert, now);
    let alert = match alert {
        Some(severity) if take_slot(&ports.memory, subject_id, severity, now).await? => Some(severity),
        _ => None,
    };
    let mut marks: BTreeMap<String, Mark> = untold
        .iter()
        .map(|(id, record)| {
            (
                (*id).to_owned(),
                Mark {
                    told: record.as_told(),
                    pending: true,
                },
            )
        })
        .collect();
    let Some(severity) = alert else {
        mark(&ports.memory, subject_id, &marks, None, now).await?;
        return Ok(Telling::Postponed);
    };

    let violations: Vec<&Record> = subject
        .records
        .values()
        .map(|record| &record.value)
        .filter(|record| record.finding.verdict.is_violation())
        .collect();
    let (publication, listed) = Notice::alert(&violations).fitted(&ports.texts)?;
    // What found no room in the alert, and is not known yet, waits for the digest.
    for record in violations.iter().filter(|record| listed.contains(&record.finding.id)) {
        marks.insert(
            record.finding.id.clone(),
            Mark {
                told: record.as_told(),
                pending: false,
            },
        );
    }
    ports.topic.publish(&publication).await?;
    mark(
        &ports.memory,
        subject_id,
        &marks,
        Some(LastAlert { at: now, severity }),
        now,
    )
    .await?;
    Ok(Telling::Alerted)
}

/// Returns the highest severity among violations that are news, if they call for an alert now.
fn severity_to_alert(untold: &BTreeMap<&str, &Record>, last: Option<LastAlert>, now: Timestamp) -> Option<Severity> {
    let severity = untold
        .values()
        .filter(|record| record.is_news())
        .map(|record| record.finding.severity)
        .max()?;
    let quiet = last.filter(|last| now.duration_since(last.at) < QUIET);
    quiet.is_none_or(|told| severity > told.severity).then_some(severity)
}

/// Takes one of the hour's slots; an alert that has taken one before keeps it.
async fn take_slot(
    memory: &(impl Recall + Remember),
    subject_id: &str,
    severity: Severity,
    now: Timestamp,
) -> Result<bool, MemoryError> {
    let key = memory::slots_key(now);
    let alert = format!("{subject_id}#{severity}");
    for attempt in 0..ATTEMPTS {
        let found = memory.document(&key).await?;
        let mut slots = match &found {
            Some(document) => Versioned::<Slots>::read(document)?.value,
            None => Slots { taken: [].into() },
        };
        if slots.taken.contains(&alert) {
            return Ok(true);
        }
        if slots.taken.len() >= ALERTS_AN_HOUR {
            return Ok(false);
        }
        slots.taken.insert(alert.clone());
        let (expected, version) = memory::expecting(found.as_ref());
        if written(
            memory
                .write(&[Write::Put(memory::slots(&slots, version, now)?, expected)])
                .await,
        )? {
            return Ok(true);
        }
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition: key.partition,
        attempts: ATTEMPTS,
    })
}

/// How a finding is to be marked.
struct Mark {
    told: Told,
    /// Whether it waits for the digest now, rather than being in an alert.
    pending: bool,
}

/// Marks findings as told, or as waiting for the digest; what was counted meanwhile stays untold.
async fn mark(
    memory: &(impl Recall + Remember),
    subject_id: &str,
    marks: &BTreeMap<String, Mark>,
    alert: Option<LastAlert>,
    now: Timestamp,
) -> Result<(), MemoryError> {
    let ids: Vec<&String> = marks.keys().collect();
    for ids in ids.chunks(MARKED_AT_ONCE) {
        let marks: BTreeMap<&str, &Mark> = ids
            .iter()
            .filter_map(|id| marks.get(*id).map(|mark| (id.as_str(), mark)))
            .collect();
        mark_some(memory, subject_id, &marks, alert, now).await?;
    }
    Ok(())
}

async fn mark_some(
    memory: &(impl Recall + Remember),
    subject_id: &str,
    marks: &BTreeMap<&str, &Mark>,
    alert: Option<LastAlert>,
    now: Timestamp,
) -> Result<(), MemoryError> {
    let partition = memory::subject_partition(subject_id);
    for attempt in 0..ATTEMPTS {
        let subject = Subject::read(&memory.partition(&partition).await?, now)?;
        let mut writes = Vec::new();
        if let Some(alert) = alert {
            writes.push(Write::Put(
                memory::last_alert(subject_id, alert, now)?,
                Expected::Anything,
            ));
        }
        for (id, mark) in marks {
            let Some(Versioned { value, version }) = subject.records.get(*id) else {
                continue;
            };
            if !mark.pending && value.told.is_some() {
                // It may wait for the digest, and the alert has told it just now.
                writes.push(Write::Remove(memory::pending_key(id), Expected::Anything));
            }
            if value.told.is_some_and(|told| told.includes(mark.told)) {
                continue;
            }
            let record = value.told_as(mark.told);
            if mark.pending {
                writes.push(Write::Put(memory::pending(&record)?, Expected::Anything));
            }
            writes.push(Write::Put(
                memory::record(&record, version + 1, now)?,
                Expected::Version(*version),
            ));
        }
        if writes.is_empty() || written(memory.write(&writes).await)? {
            return Ok(());
        }
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition,
        attempts: ATTEMPTS,
    })
}

/// Tells whether a transaction was done; `false` means that trying again may help.
fn written(result: Result<(), NotWritten>) -> Result<bool, MemoryError> {
    match result {
        Ok(()) => Ok(true),
        Err(NotWritten::Cancelled(obstacles))
            if !obstacles
                .iter()
                .flatten()
                .any(|obstacle| matches!(obstacle, Obstacle::Other(_))) =>
        {
            Ok(false)
        }
        Err(not_written) => Err(not_written.into()),
    }
}
