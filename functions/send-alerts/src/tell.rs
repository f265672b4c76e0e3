//! Telling: which findings become an alert now, and which wait for the digest.
//!
//! What is to be told is read from the memory, never from the message at hand: a finding that
//! stands otherwise than people were told is told, whichever message brings it up. So a crash
//! after counting loses nothing. A finding is marked as told only after the topic has taken the
//! alert; a crash between the two repeats one alert. What the policy mutes stays untold: if it is
//! still open when it is muted no more, the hourly review tells it.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::{
    Failure,
    dynamodb::{Expected, Write},
};
use crisguard_core::{account::AccountId, decision::Severity};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Ports, digest,
    lifecycle::{Due, Standing, Told, Transition},
    memory::{self, ATTEMPTS, Done, LastAlert, MemoryError, Record, Slots, Subject, Versioned, pause, written},
    notice::{Notice, TextError},
    ports::{Publish, Recall, Remember},
    rules::Rules,
};

/// How long an alert quietens further ones about its subject, unless they are more severe.
pub const QUIET: SignedDuration = SignedDuration::from_hours(1);
/// How many alerts are published in one hour of the clock; the rest goes into the digest.
pub const ALERTS_AN_HOUR: usize = 10;
/// How many of them only critical alerts can take.
pub const RESERVED_FOR_CRITICAL: usize = 3;
/// How many of them are about one account other than the home account: whoever has enough go wrong there every hour
/// would otherwise have those of every other account wait for the digest.
pub const ALERTS_AN_HOUR_OF_A_MEMBER: usize = 5;
/// How many findings one transaction marks: each takes two of its hundred writes, and one is the alert's.
const MARKED_AT_ONCE: usize = 45;

/// What telling about a subject came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// How many messages were published: an alert, a resolution, or both.
    pub published: usize,
    /// How many findings the policy mutes that people would have been told of.
    pub muted: usize,
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
pub(crate) async fn tell<Memory: Recall + Remember, Topic: Publish, Machines>(
    ports: &Ports<Memory, Topic, Machines>,
    rules: &Rules,
    subject_id: &str,
    subject: &Subject,
    now: Timestamp,
) -> Result<Telling, NotTold> {
    let (muted, heard): (Vec<&Record>, Vec<&Record>) = subject
        .records
        .values()
        .map(|record| &record.value)
        .partition(|record| rules.mute(record, now));
    // What came and went while it was muted is nobody's news, not even once it is muted no more, unless
    // people still take an earlier episode for open.
    let passed = muted
        .iter()
        .filter(|record| !record.is_told_open() && record.due(now, rules.remind_after) == Due::Resolution);
    let unsaid = marks(passed.copied(), false, now);
    mark(&ports.memory, subject_id, &unsaid, None, now).await?;
    let muted = muted
        .iter()
        .filter(|record| record.standing().is_open() && is_news(record.due(now, rules.remind_after)))
        .count();
    let due: Vec<(&Record, Due)> = heard
        .iter()
        .map(|record| (*record, record.due(now, rules.remind_after)))
        .filter(|(_, due)| is_news(*due))
        .collect();

    let mut published = 0;
    let ended = of_kind(&due, |due| *due == Due::Resolution);
    let (unheard, resolved) = apart(&ports.memory, ended).await?;
    let unsaid = marks(unheard.into_iter(), false, now);
    mark(&ports.memory, subject_id, &unsaid, None, now).await?;
    if !resolved.is_empty() {
        let (publication, listed) = Notice::resolved(&resolved).fitted(&ports.texts, rules.language)?;
        ports.topic.publish(&publication).await?;
        published += 1;
        let told = resolved.iter().filter(|record| listed.contains(record.id()));
        let marks = marks(told.copied(), false, now);
        mark(&ports.memory, subject_id, &marks, None, now).await?;
    }

    let news: Vec<&Record> = of_kind(&due, |due| matches!(due, Due::Alert(_) | Due::Digest(_)));
    // A subject is of one account.
    let Some(account) = news.first().map(|record| record.account()) else {
        return Ok(Telling { published, muted });
    };
    let mut marks = marks(news.iter().copied(), true, now);
    let severity = match severity_to_alert(&due, subject.last_alert, now) {
        Some(severity) if take_slot(ports, subject_id, account, severity, now).await? => severity,
        _ => {
            mark(&ports.memory, subject_id, &marks, None, now).await?;
            return Ok(Telling { published, muted });
        }
    };
    let violations: Vec<(&Record, Option<Transition>)> = heard
        .iter()
        .filter(|record| record.standing() == Standing::NonCompliant)
        .map(|record| match record.due(now, rules.remind_after) {
            Due::Alert(transition) => (*record, Some(transition)),
            _ => (*record, None),
        })
        .collect();
    let notice = Notice::alert(transition_of(&violations), &violations);
    let (publication, listed) = notice.fitted(&ports.texts, rules.language)?;
    // What found no room in the alert, and is not known yet, waits for the digest.
    for (record, _) in violations.iter().filter(|(record, _)| listed.contains(record.id())) {
        marks.insert(record.id().to_owned(), mark_of(record, false, now));
    }
    ports.topic.publish(&publication).await?;
    let alert = LastAlert { at: now, severity };
    mark(&ports.memory, subject_id, &marks, Some(alert), now).await?;
    Ok(Telling {
        published: published + 1,
        muted,
    })
}

/// Tells whether it is to be told at once; reminders are gathered by the hourly review.
pub(crate) fn is_news(due: Due) -> bool {
    matches!(due, Due::Alert(_) | Due::Digest(_) | Due::Resolution)
}

/// Parts the gaps that nobody has heard of, for the digest still has them, from what people know: of a gap that
/// came and went between two digests there is nothing to tell.
async fn apart<'a>(
    memory: &impl Recall,
    ended: Vec<&'a Record>,
) -> Result<(Vec<&'a Record>, Vec<&'a Record>), MemoryError> {
    let (mut unheard, mut heard) = (Vec::new(), Vec::new());
    for record in ended {
        let waits = record.is_gap_that_waits() && waits_still(memory, record).await?;
        if waits { &mut unheard } else { &mut heard }.push(record);
    }
    Ok((unheard, heard))
}

/// Tells whether a gap is surely in no digest yet. One that was tried to be told may have been: then a crash kept it
/// from being forgotten.
async fn waits_still(memory: &impl Recall, record: &Record) -> Result<bool, MemoryError> {
    if memory.document(&memory::pending_key(record.id())).await?.is_none() {
        return Ok(false);
    }
    let Some(document) = memory.document(&memory::digest_attempt_key()).await? else {
        return Ok(true);
    };
    let tried = Versioned::<Done>::read(&document)?.value.at;
    Ok(record
        .told
        .is_some_and(|told| told.at.duration_since(tried) > digest::LONGEST))
}

fn of_kind<'a>(due: &[(&'a Record, Due)], kind: impl Fn(&Due) -> bool) -> Vec<&'a Record> {
    due.iter()
        .filter(|(_, due)| kind(due))
        .map(|(record, _)| *record)
        .collect()
}

/// Returns what happened to the subject: its worst news, and whether that is worse than what people knew.
fn transition_of(violations: &[(&Record, Option<Transition>)]) -> Transition {
    let worst_news = violations
        .iter()
        .filter_map(|(record, transition)| Some((record.severity(), (*transition)?)))
        .max();
    let known = violations
        .iter()
        .filter(|(record, transition)| transition.is_none() && record.told.is_some())
        .map(|(record, _)| record.severity())
        .max();
    match (worst_news, known) {
        (Some((severity, _)), Some(known)) if severity > known => Transition::Worsened,
        (Some((_, transition)), _) => transition,
        (None, _) => Transition::First,
    }
}

/// Returns the highest severity among violations that are news, if they call for an alert now.
fn severity_to_alert(due: &[(&Record, Due)], last: Option<LastAlert>, now: Timestamp) -> Option<Severity> {
    let severity = due
        .iter()
        .filter(|(record, due)| matches!(due, Due::Alert(_)) && !record.is_one_of_many())
        .map(|(record, _)| record.severity())
        .max()?;
    let quiet = last.filter(|last| now.duration_since(last.at) < QUIET);
    quiet.is_none_or(|told| severity > told.severity).then_some(severity)
}

/// Takes one of the hour's slots; an alert that has taken one before keeps it.
async fn take_slot<Memory: Recall + Remember, Topic, Machines>(
    Ports { memory, home, .. }: &Ports<Memory, Topic, Machines>,
    subject_id: &str,
    account: &AccountId,
    severity: Severity,
    now: Timestamp,
) -> Result<bool, MemoryError> {
    let key = memory::slots_key(now);
    let alert = format!("{subject_id}#{severity}");
    let slots_for_it = match severity {
        Severity::Critical => ALERTS_AN_HOUR,
        _ => ALERTS_AN_HOUR - RESERVED_FOR_CRITICAL,
    };
    for attempt in 0..ATTEMPTS {
        let found = memory.document(&key).await?;
        let mut slots = match &found {
            Some(document) => Versioned::<Slots>::read(document)?.value,
            None => Slots::none(),
        };
        if slots.taken.contains(&alert) {
            return Ok(true);
        }
        if slots.taken.len() >= slots_for_it {
            return Ok(false);
        }
        if account != home {
            let of_member = slots.of_members.entry(account.clone()).or_default();
            if *of_member >= ALERTS_AN_HOUR_OF_A_MEMBER {
                return Ok(false);
            }
            *of_member += 1;
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
pub(crate) struct Mark {
    told: Told,
    /// The changes of settings that were told with it.
    changes: BTreeSet<String>,
    /// Whether it waits for the digest now, rather than being in a message.
    pending: bool,
}

/// Marks these findings as told as they stand.
pub(crate) fn marks<'a>(
    records: impl Iterator<Item = &'a Record>,
    pending: bool,
    now: Timestamp,
) -> BTreeMap<String, Mark> {
    records
        .map(|record| (record.id().to_owned(), mark_of(record, pending, now)))
        .collect()
}

fn mark_of(record: &Record, pending: bool, now: Timestamp) -> Mark {
    let told = if pending {
        record.as_waiting(now)
    } else {
        record.as_told(now)
    };
    Mark {
        told,
        changes: record.changes(),
        pending,
    }
}

/// Marks findings as told, or as waiting for the digest; what came meanwhile stays untold.
pub(crate) async fn mark(
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
            if value.told.is_some_and(|told| told.includes(mark.told)) {
                // What waits for the digest may be newer than what was told just now.
                continue;
            }
            if !mark.pending && value.told.is_some() {
                // It may wait for the digest, and this message has told it just now.
                writes.push(Write::Remove(memory::pending_key(id), Expected::Anything));
            }
            let record = value.told_as(mark.told).told_changes(&mark.changes);
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
