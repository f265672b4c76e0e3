//! The digest: what did not call for an alert of its own, told together.

use crisguard_aws::dynamodb::{Document, Expected, LARGEST_TRANSACTION, Obstacle, Write};
use crisguard_core::policy::{DigestRhythm, Exception};
use crisguard_lambda::report::chain;
use jiff::{SignedDuration, Timestamp};

use crate::{
    Ports,
    line::Expired,
    memory::{self, ATTEMPTS, Done, MemoryError, Record, Versioned, pause},
    notice::Notice,
    ports::{Publish, Recall, Remember},
    rules::Rules,
    shortlist::Shortlist,
    tell::NotTold,
};

/// How long after a daily digest the next may come: less than a day, so that a schedule that is a
/// little early does not skip one.
const NEARLY_A_DAY: SignedDuration = SignedDuration::from_mins(23 * 60 + 30);

/// The most exceptions told in one digest, so that they never fill the message; the rest comes with
/// the next one.
const EXCEPTIONS_AT_ONCE: usize = 20;

/// The longest that a digest is under way: as long as the function may run.
pub(crate) const LONGEST: SignedDuration = SignedDuration::from_mins(1);

/// What a digest told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digested {
    /// How many findings.
    pub findings: usize,
    /// How many exceptions that have run out.
    pub expired_exceptions: usize,
    /// How much cannot be read: findings that wait, or when the last digest was told.
    pub unreadable: usize,
}

/// Publishes what waits for the digest, if the policy's rhythm lets it, and returns how much was told.
///
/// Findings that find no room stay for the next digest; the message says how many. What changes
/// while the digest is under way stays too: only the version that was told is deleted. What the
/// policy mutes stays until it is muted no more.
///
/// # Errors
///
/// Fails if the memory cannot be used or the topic refuses. A crash after publishing repeats the
/// digest.
pub async fn publish<Memory: Recall + Remember, Topic: Publish, Machines>(
    ports: &Ports<Memory, Topic, Machines>,
    rules: &Rules,
    now: Timestamp,
) -> Result<Digested, NotTold> {
    let nothing = Digested {
        findings: 0,
        expired_exceptions: 0,
        unreadable: 0,
    };
    let (is_due, mut unreadable) = match rules.digest {
        DigestRhythm::Hourly => (true, 0),
        DigestRhythm::Daily => a_day_has_passed(&ports.memory, now).await?,
    };
    if !is_due {
        return Ok(nothing);
    }
    let (waiting, torn) = waiting(&ports.memory, rules, now).await?;
    unreadable += torn;
    let exceptions = run_out(&ports.memory, rules, now).await?;
    if waiting.total() == 0 && exceptions.is_empty() {
        return Ok(Digested { unreadable, ..nothing });
    }
    let expired = exceptions
        .iter()
        .map(|exception| Expired::new(exception.id.as_str(), exception.owner.as_str(), exception.expires))
        .collect();
    let notice = Notice::digest(&waiting, expired);
    let (publication, listed) = notice.fitted(&ports.texts, rules.language)?;
    // From now on what is in it may have been told, whatever happens.
    let attempt = Write::Put(memory::digest_attempt(now)?, Expected::Anything);
    settle(&ports.memory, vec![attempt]).await?;
    ports.topic.publish(&publication).await?;

    let told: Vec<Write> = waiting
        .first()
        .filter(|waiting| listed.contains(waiting.value.id()))
        .map(|waiting| {
            Write::Remove(
                memory::pending_key(waiting.value.id()),
                Expected::Version(waiting.version),
            )
        })
        .collect();
    for writes in told.chunks(LARGEST_TRANSACTION) {
        settle(&ports.memory, writes.to_vec()).await?;
    }
    let mut reported = vec![Write::Put(memory::last_digest(now)?, Expected::Anything)];
    for exception in &exceptions {
        let document = memory::expired_exception(exception.id.as_str(), exception.expires, now)?;
        reported.push(Write::Put(document, Expected::Anything));
    }
    for writes in reported.chunks(LARGEST_TRANSACTION) {
        settle(&ports.memory, writes.to_vec()).await?;
    }
    Ok(Digested {
        findings: told.len(),
        expired_exceptions: exceptions.len(),
        unreadable,
    })
}

/// Tells whether a day has passed since the last digest, and how much that should say so cannot be read:
/// a digest that comes early is better than none.
async fn a_day_has_passed(memory: &impl Recall, now: Timestamp) -> Result<(bool, usize), MemoryError> {
    let Some(document) = memory.document(&memory::last_digest_key()).await? else {
        return Ok((true, 0));
    };
    match Versioned::<Done>::read(&document) {
        Ok(last) => Ok((now.duration_since(last.value.at) >= NEARLY_A_DAY, 0)),
        Err(error) => {
            tracing::error!(error = chain(&error), "when the last digest was told is not known");
            Ok((true, 1))
        }
    }
}

/// Reads what waits and is not muted, and how much cannot be read: that is said, and stays.
async fn waiting(memory: &impl Recall, rules: &Rules, now: Timestamp) -> Result<(Shortlist, usize), MemoryError> {
    let mut waiting = Shortlist::new();
    let mut unreadable = 0;
    let visit = |document: Document| match Versioned::<Record>::read(&document) {
        Ok(record) if rules.mute(&record.value, now) => {}
        Ok(record) => waiting.add(record),
        Err(error) => {
            tracing::error!(error = chain(&error), "a finding that waits was left out of the digest");
            unreadable += 1;
        }
    };
    memory.visit(memory::PENDING, visit).await?;
    Ok((waiting, unreadable))
}

/// Returns exceptions that have run out and were not told of, as many as one digest tells.
async fn run_out<'a>(
    memory: &impl Recall,
    rules: &'a Rules,
    now: Timestamp,
) -> Result<Vec<&'a Exception>, MemoryError> {
    let mut run_out = Vec::new();
    for exception in rules.exceptions.iter().filter(|exception| !exception.holds_at(now)) {
        if run_out.len() >= EXCEPTIONS_AT_ONCE {
            break;
        }
        let key = memory::expired_exception_key(exception.id.as_str(), exception.expires);
        if memory.document(&key).await?.is_none() {
            run_out.push(exception);
        }
    }
    Ok(run_out)
}

/// Writes and deletes what was told, and leaves what has changed since.
async fn settle(memory: &impl Remember, mut writes: Vec<Write>) -> Result<(), MemoryError> {
    for attempt in 0..ATTEMPTS {
        if writes.is_empty() {
            return Ok(());
        }
        let Some(obstacles) = memory::obstacles(memory.write(&writes).await)? else {
            return Ok(());
        };
        writes = writes
            .into_iter()
            .zip(&obstacles)
            .filter(|(_, obstacle)| **obstacle != Some(Obstacle::Unexpected))
            .map(|(write, _)| write)
            .collect();
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition: memory::PENDING.to_owned(),
        attempts: ATTEMPTS,
    })
}
