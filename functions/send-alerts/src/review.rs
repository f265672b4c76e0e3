//! The hourly review: what time alone brings about.
//!
//! Messages tell of changes; nobody sends one when a week was quiet, a day went by since the last
//! reminder, an exception ran out or a canary did not come. A schedule asks once an hour. The
//! review looks at every open finding, so it also makes good what a crash or a refusal left untold.

use std::{collections::BTreeMap, time::Duration};

use crisguard_aws::dynamodb::{Document, Expected, Write};
use crisguard_lambda::report::chain;
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    Ports, announce,
    canary::{self, Silent},
    digest,
    lifecycle::Due,
    memory::{self, Cursor, MemoryError, Open, Record, Subject, Versioned, written},
    notice::Notice,
    ports::{Announce, Publish, Recall, Remember},
    rules::Rules,
    shortlist::Shortlist,
    tell::{self, NotTold},
};

/// How long a review goes on looking at subjects: what it does not reach comes first the next time.
/// The function may run for a minute, and the digest follows.
pub const LONGEST: Duration = Duration::from_secs(35);

/// How many late canaries are logged, each in a line, every hour: of a thousand accounts whose way is broken at
/// one place the first ones tell where.
const LATE_SAID: usize = 100;

/// What a review did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reviewed {
    /// Findings told in the digest.
    pub digested: usize,
    /// Findings that people were reminded of.
    pub reminded: usize,
    /// Findings that were closed.
    pub closed: usize,
    /// Transitions announced to machines.
    pub announced: usize,
    /// Exceptions told as having run out.
    pub expired_exceptions: usize,
    /// Findings that the policy mutes.
    pub muted: usize,
    /// Messages published besides the digest.
    pub published: usize,
    /// Subjects that could not be reviewed, and what cannot be read; they are looked at again an hour later.
    pub failed: usize,
    /// Subjects that there was no time for; the next review begins with them.
    pub left: usize,
    /// Regions whose canaries stopped coming, those of other accounts after the account and a slash.
    pub late_canaries: Vec<Silent>,
}

/// Tells why a review could not be finished, and what it had done by then.
#[derive(Debug, thiserror::Error)]
#[error("the review could not be finished")]
pub struct Unfinished {
    /// What was done, and stays done.
    pub done: Reviewed,
    /// Why it ended.
    pub source: NotTold,
}

/// Reviews every open finding, reminds, tells the digest and looks for canaries.
///
/// A subject that fails is logged and counted, and the others are reviewed all the same.
///
/// # Errors
///
/// Fails if the list of open findings or the canaries cannot be read, or reminders or the digest cannot be
/// told.
pub async fn review<Memory: Recall + Remember, Topic: Publish, Machines: Announce>(
    ports: &Ports<Memory, Topic, Machines>,
    rules: &Rules,
    now: Timestamp,
) -> Result<Reviewed, Box<Unfinished>> {
    let mut reviewed = Reviewed {
        digested: 0,
        reminded: 0,
        closed: 0,
        announced: 0,
        expired_exceptions: 0,
        muted: 0,
        published: 0,
        failed: 0,
        left: 0,
        late_canaries: Vec::new(),
    };
    match review_all(ports, rules, now, &mut reviewed).await {
        Ok(()) => Ok(reviewed),
        Err(source) => Err(Box::new(Unfinished { done: reviewed, source })),
    }
}

async fn review_all<Memory: Recall + Remember, Topic: Publish, Machines: Announce>(
    ports: &Ports<Memory, Topic, Machines>,
    rules: &Rules,
    now: Timestamp,
    reviewed: &mut Reviewed,
) -> Result<(), NotTold> {
    let started = Instant::now();
    // First, for where the topic takes nothing the count of late canaries is all that is heard of them.
    let canaries = look_for_canaries(ports, now, reviewed).await;
    let mut reminders = Shortlist::new();
    let (open, unreadable) = open_findings(&ports.memory).await?;
    reviewed.failed += unreadable;
    let mut open = open.into_iter();
    while let Some((subject, findings)) = open.next() {
        if started.elapsed() >= LONGEST {
            reviewed.left = open.len() + 1;
            remember_cursor(&ports.memory, &subject, now).await?;
            break;
        }
        match review_subject(ports, rules, &subject, &findings, now, reviewed).await {
            Ok(due) => due.into_iter().for_each(|record| reminders.add(record)),
            Err(error) => {
                tracing::error!(subject, error, "a subject could not be reviewed");
                reviewed.failed += 1;
            }
        }
    }
    reviewed.reminded = remind(ports, rules, &reminders, now).await?;
    reviewed.published += usize::from(reviewed.reminded > 0);
    let digested = digest::publish(ports, rules, now).await?;
    (reviewed.digested, reviewed.expired_exceptions) = (digested.findings, digested.expired_exceptions);
    reviewed.failed += digested.unreadable;
    Ok(canaries?)
}

async fn look_for_canaries<Memory: Recall, Topic, Machines>(
    Ports { memory, home, .. }: &Ports<Memory, Topic, Machines>,
    now: Timestamp,
    reviewed: &mut Reviewed,
) -> Result<(), MemoryError> {
    let (late, unreadable) = canary::late(memory, now).await?;
    reviewed.late_canaries = late;
    reviewed.failed += unreadable;
    for Silent { member, region } in reviewed.late_canaries.iter().take(LATE_SAID) {
        let account = member.as_deref().unwrap_or(home.as_str());
        tracing::error!(
            account,
            region,
            "no canary came for hours: events of this Region of this account may not arrive"
        );
    }
    let more = reviewed.late_canaries.len().saturating_sub(LATE_SAID);
    if more > 0 {
        tracing::error!(
            more,
            "nor did any from more Regions: events of whole accounts may not arrive"
        );
    }
    Ok(())
}

/// Returns the ids of open findings by their subjects, beginning where the last review ran out of time,
/// and how much of that cannot be read: it keeps nothing else from being reviewed.
async fn open_findings(memory: &impl Recall) -> Result<(Vec<(String, Vec<String>)>, usize), MemoryError> {
    let mut findings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut unreadable = 0;
    let visit = |document: Document| match Versioned::<Open>::read(&document) {
        Ok(open) => {
            let id = memory::open_finding(&document.key).to_owned();
            findings.entry(open.value.subject).or_default().push(id);
        }
        Err(error) => {
            tracing::error!(error = chain(&error), "an open finding could not be reviewed");
            unreadable += 1;
        }
    };
    memory.visit(memory::OPEN, visit).await?;
    let cursor = match memory.document(&memory::cursor_key()).await? {
        None => String::new(),
        Some(document) => match Versioned::<Cursor>::read(&document) {
            Ok(cursor) => cursor.value.subject,
            Err(error) => {
                tracing::error!(error = chain(&error), "where the last review ended is not known");
                unreadable += 1;
                String::new()
            }
        },
    };
    let later = findings.split_off(&cursor);
    Ok((later.into_iter().chain(findings).collect(), unreadable))
}

async fn remember_cursor(memory: &impl Remember, subject: &str, now: Timestamp) -> Result<(), MemoryError> {
    let write = Write::Put(memory::cursor(subject, now)?, Expected::Anything);
    // Another review at the same time may win: then that one's cursor holds.
    written(memory.write(&[write]).await).map(|_| ())
}

/// Closes what was quiet, tells what is untold, and returns what people are to be reminded of.
async fn review_subject<Memory: Recall + Remember, Topic: Publish, Machines: Announce>(
    ports: &Ports<Memory, Topic, Machines>,
    rules: &Rules,
    subject_id: &str,
    findings: &[String],
    now: Timestamp,
    reviewed: &mut Reviewed,
) -> Result<Vec<Versioned<Record>>, String> {
    let mut subject = read(&ports.memory, subject_id, now).await?;
    let closed = close(&ports.memory, rules, &subject, now)
        .await
        .map_err(|error| chain(&error))?;
    reviewed.closed += closed;
    if closed > 0 {
        subject = read(&ports.memory, subject_id, now).await?;
    }
    let people = tell::tell(ports, rules, subject_id, &subject, now).await;
    let machines = announce::announce(ports, &subject, now).await;
    reviewed.announced += machines.as_ref().copied().unwrap_or(0);
    let telling = people.map_err(|error| chain(&error))?;
    reviewed.published += telling.published;
    reviewed.muted += telling.muted;
    machines.map_err(|error| chain(&error))?;

    // As it stands now: what the alert has told just now needs no reminder.
    let subject = read(&ports.memory, subject_id, now).await?;
    forget_ended(&ports.memory, rules, &subject, findings, now)
        .await
        .map_err(|error| chain(&error))?;
    let is_due = |record: &Record| record.due(now, rules.remind_after) == Due::Reminder && !rules.mute(record, now);
    let records = subject.records.into_values();
    Ok(records.filter(|record| is_due(&record.value)).collect())
}

async fn read(memory: &impl Recall, subject_id: &str, now: Timestamp) -> Result<Subject, String> {
    let read = async {
        let documents = memory.partition(&memory::subject_partition(subject_id)).await?;
        Subject::read(&documents, now)
    };
    read.await.map_err(|error: MemoryError| chain(&error))
}

/// Closes findings that were quiet for a week. One that changes at this moment is not quiet, and one
/// that somebody has yet to hear of is not over: closed, it would never be told.
async fn close(memory: &impl Remember, rules: &Rules, subject: &Subject, now: Timestamp) -> Result<usize, MemoryError> {
    let mut closed = 0;
    for Versioned { value, version } in subject.records.values() {
        let people_know = rules.mute(value, now) || !tell::is_news(value.due(now, rules.remind_after));
        if value.is_to_be_closed(now) && people_know && value.unannounced().is_none() {
            let document = memory::record(&value.closed(now), version + 1, now)?;
            let write = Write::Put(document, Expected::Version(*version));
            closed += usize::from(written(memory.write(&[write]).await)?);
        }
    }
    Ok(closed)
}

/// Takes findings off the list that have ended, once whoever is to hear of it has.
async fn forget_ended(
    memory: &impl Remember,
    rules: &Rules,
    subject: &Subject,
    findings: &[String],
    now: Timestamp,
) -> Result<(), MemoryError> {
    for id in findings {
        let off_the_list = Write::Remove(memory::open_key(id), Expected::Anything);
        let writes = match subject.records.get(id.as_str()) {
            None => vec![off_the_list],
            Some(Versioned { value, version }) => {
                let people_know = value.due(now, rules.remind_after) == Due::Nothing;
                let machines_know = value.unannounced().is_none();
                if value.standing().is_open() || !people_know || !machines_know {
                    continue;
                }
                // Written again only so that a message that reopens it now is not overlooked.
                let unchanged = memory::record(value, version + 1, now)?;
                vec![Write::Put(unchanged, Expected::Version(*version)), off_the_list]
            }
        };
        written(memory.write(&writes).await)?;
    }
    Ok(())
}

/// Reminds people of what goes on, in one message; what finds no room comes an hour later.
async fn remind<Memory: Recall + Remember, Topic: Publish, Machines>(
    ports: &Ports<Memory, Topic, Machines>,
    rules: &Rules,
    due: &Shortlist,
    now: Timestamp,
) -> Result<usize, NotTold> {
    if due.total() == 0 {
        return Ok(0);
    }
    let (publication, listed) = Notice::reminder(due).fitted(&ports.texts, rules.language)?;
    ports.topic.publish(&publication).await?;
    let mut told: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    let records = due.first().map(|record| &record.value);
    for record in records.filter(|record| listed.contains(record.id())) {
        told.entry(record.subject()).or_default().push(record);
    }
    for (subject, records) in &told {
        let marks = tell::marks(records.iter().copied(), false, now);
        tell::mark(&ports.memory, subject, &marks, None, now).await?;
    }
    Ok(listed.len())
}
