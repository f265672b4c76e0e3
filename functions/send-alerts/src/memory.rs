//! What is remembered, and where: the documents of the table `crisguard-memory`.
//!
//! | partition | sort | what | kept |
//! |---|---|---|---|
//! | `IDENTITY#<finding>#<hash>` | `IDENTITY` | an invocation, or a whole message, that was counted | 30 days |
//! | `SUBJECT#<subject>` | `FINDING#<finding>` | a finding's count and how far it was told: [`Record`] | 30 days after its last change |
//! | `SUBJECT#<subject>` | `ALERT` | the subject's last alert: [`LastAlert`] | 2 days |
//! | `ALERTS#<hour>` | `SLOTS` | the alerts of an hour | 2 days |
//! | `PENDING` | `FINDING#<finding>` | a [`Record`] that waits for the digest | until it is told |

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::{
    Failure,
    dynamodb::{Document, Expected, Key, NotWritten},
};
use crisguard_core::{
    decision::Severity,
    finding::{EXAMPLES, Finding},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// How long counted identities and findings are remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long alerts are remembered: longer than the hour in which they quieten others.
const ALERTS_KEPT: SignedDuration = SignedDuration::from_hours(48);
/// The partition of what waits for the digest.
pub(crate) const PENDING: &str = "PENDING";

const FINDING: &str = "FINDING#";
const ALERT: &str = "ALERT";

/// Tells why the memory could not be used.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// It could not be read.
    #[error(transparent)]
    NotRead(#[from] Failure),
    /// It could not be written.
    #[error(transparent)]
    NotWritten(#[from] NotWritten),
    /// What stands there is not what this version writes.
    #[error("the document {partition} / {sort} cannot be understood")]
    NotUnderstood {
        /// The document's partition key.
        partition: String,
        /// The document's sort key.
        sort: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A document cannot be written as JSON.
    #[error("a document cannot be written as JSON")]
    NotJson(#[source] serde_json::Error),
    /// Others kept changing the same documents.
    #[error("the documents of {partition} kept changing; given up after {attempts} attempts")]
    Contended {
        /// The partition key.
        partition: String,
        /// How often it was tried.
        attempts: u32,
    },
}

/// A finding as it is remembered: over all its messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The finding; times and examples over all messages, the reason of the latest violation,
    /// or of the latest gap if there is none. Its own
    /// `count` and `identities` are empty here.
    pub finding: Finding,
    /// How many invocations were counted.
    pub count: u64,
    /// Whether there may be more: set once identities were no longer kept.
    pub at_least: bool,
    /// How far people were told, if they were.
    pub told: Option<Told>,
    /// The hour of the last change, in hours since 1970.
    hour: i64,
    /// How many identities were kept in that hour.
    identities_in_hour: u64,
}

/// How far people were told of a finding, in an alert or by putting it into the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The count that was told.
    pub count: u64,
    /// Whether it was told as a violation; a gap that turns into a violation is news.
    pub as_violation: bool,
}

impl Told {
    /// Tells whether whoever was told this was told all of `other`.
    pub(crate) fn includes(self, other: Self) -> bool {
        self.count >= other.count && (self.as_violation || !other.as_violation)
    }
}

impl Record {
    /// Starts from the first message of a finding.
    pub(crate) fn first(finding: &Finding, now: Timestamp) -> Self {
        let finding = Finding {
            count: 0,
            identities: BTreeSet::new(),
            ..finding.clone()
        };
        Self {
            finding,
            count: 0,
            at_least: false,
            told: None,
            hour: hour(now),
            identities_in_hour: 0,
        }
    }

    /// Adds a message of which `fresh` invocations were not counted before.
    pub(crate) fn add(&mut self, message: &Finding, fresh: usize, identities_kept: bool, now: Timestamp) {
        let before = &self.finding;
        let first_seen = before.first_seen.min(message.first_seen);
        let last_seen = before.last_seen.max(message.last_seen);
        let event_ids = examples(&before.event_ids, &message.event_ids);
        let sessions = examples(&before.sessions, &message.sessions);
        // The latest reason, but a violation is not undone by a later gap: the two can share an id,
        // and people must be told of the violation even if both come before anybody was told.
        let rank = |finding: &Finding| (finding.verdict.is_violation(), finding.last_seen);
        let latest = if rank(message) >= rank(before) { message } else { before };
        self.finding = Finding {
            first_seen,
            last_seen,
            event_ids,
            sessions,
            count: 0,
            identities: BTreeSet::new(),
            ..latest.clone()
        };

        let fresh = u64::try_from(fresh).unwrap_or(u64::MAX);
        self.identities_in_hour = self.identities_in(now);
        self.hour = hour(now);
        if identities_kept {
            self.identities_in_hour = self.identities_in_hour.saturating_add(fresh);
        } else {
            self.at_least = true;
        }
        self.count = self.count.saturating_add(fresh);
    }

    /// Returns how many identities were kept in the hour of `now`.
    pub(crate) fn identities_in(&self, now: Timestamp) -> u64 {
        if self.hour == hour(now) {
            self.identities_in_hour
        } else {
            0
        }
    }

    /// Tells whether something was counted that people were not told of.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.told.is_none_or(|told| told.count < self.count)
    }

    /// Tells whether this is a violation that people were never told of.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.finding.verdict.is_violation() && self.told.is_none_or(|told| !told.as_violation)
    }

    /// Returns this record once people were told.
    pub(crate) fn told_as(&self, told: Told) -> Self {
        Self {
            told: Some(told),
            ..self.clone()
        }
    }

    /// Returns what has been told once people know of this record.
    pub(crate) fn as_told(&self) -> Told {
        let before = self.told.is_some_and(|told| told.as_violation);
        Told {
            count: self.count,
            as_violation: before || self.finding.verdict.is_violation(),
        }
    }
}

/// Keeps the smallest few, so that the order of messages does not matter.
fn examples(some: &BTreeSet<String>, more: &BTreeSet<String>) -> BTreeSet<String> {
    some.union(more).take(EXAMPLES).cloned().collect()
}

/// The last alert about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAlert {
    /// When it was published.
    pub at: Timestamp,
    /// The highest severity in it.
    pub severity: Severity,
}

/// The alerts of one hour, each by its subject and severity, so that one that is tried again
/// takes no second slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slots {
    pub(crate) taken: BTreeSet<String>,
}

/// Something remembered, with the version that a change must expect.
#[derive(Clone, Debug)]
pub(crate) struct Versioned<T> {
    pub(crate) value: T,
    pub(crate) version: u64,
}

impl<T: DeserializeOwned> Versioned<T> {
    pub(crate) fn read(document: &Document) -> Result<Self, MemoryError> {
        let value = serde_json::from_str(&document.body).map_err(|source| MemoryError::NotUnderstood {
            partition: document.key.partition.clone(),
            sort: document.key.sort.clone(),
            source,
        })?;
        Ok(Self {
            value,
            version: document.version,
        })
    }
}

/// All that is remembered of a subject.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) records: BTreeMap<String, Versioned<Record>>,
    pub(crate) last_alert: Option<LastAlert>,
}

impl Subject {
    /// Reads the documents of a subject's partition; what has expired is as good as deleted.
    pub(crate) fn read(documents: &[Document], now: Timestamp) -> Result<Self, MemoryError> {
        let mut subject = Self {
            records: BTreeMap::new(),
            last_alert: None,
        };
        for document in documents.iter().filter(|document| !has_expired(document, now)) {
            if let Some(id) = document.key.sort.strip_prefix(FINDING) {
                subject.records.insert(id.to_owned(), Versioned::read(document)?);
            } else if document.key.sort == ALERT {
                subject.last_alert = Some(Versioned::read(document)?.value);
            }
        }
        Ok(subject)
    }
}

/// Tells whether a document is only there because DynamoDB has not yet deleted it.
pub(crate) fn has_expired(document: &Document, now: Timestamp) -> bool {
    document.expires_at.is_some_and(|seconds| seconds <= now.as_second())
}

/// Returns what a change of this document must expect.
pub(crate) fn expecting(document: Option<&Document>) -> (Expected, u64) {
    document.map_or((Expected::Absent, 1), |document| {
        (Expected::Version(document.version), document.version + 1)
    })
}

pub(crate) fn identity(finding: &str, hash: &str, now: Timestamp) -> Document {
    let key = Key {
        partition: format!("IDENTITY#{finding}#{hash}"),
        sort: "IDENTITY".to_owned(),
    };
    Document {
        key,
        version: 1,
        body: "{}".to_owned(),
        expires_at: Some(after(now, KEPT)),
    }
}

pub(crate) fn subject_partition(subject: &str) -> String {
    format!("SUBJECT#{subject}")
}

pub(crate) fn record_key(subject: &str, finding: &str) -> Key {
    Key {
        partition: subject_partition(subject),
        sort: format!("{FINDING}{finding}"),
    }
}

pub(crate) fn record(record: &Record, version: u64, now: Timestamp) -> Result<Document, MemoryError> {
    let key = record_key(&record.finding.subject, &record.finding.id);
    document(key, version, record, Some(after(now, KEPT)))
}

pub(crate) fn pending_key(finding: &str) -> Key {
    Key {
        partition: PENDING.to_owned(),
        sort: format!("{FINDING}{finding}"),
    }
}

/// What waits for the digest never expires: it is deleted when it has been told.
pub(crate) fn pending(record: &Record) -> Result<Document, MemoryError> {
    document(pending_key(&record.finding.id), record.count, record, None)
}

pub(crate) fn last_alert(subject: &str, alert: LastAlert, now: Timestamp) -> Result<Document, MemoryError> {
    let key = Key {
        partition: subject_partition(subject),
        sort: ALERT.to_owned(),
    };
    document(key, 1, &alert, Some(after(now, ALERTS_KEPT)))
}

pub(crate) fn slots_key(now: Timestamp) -> Key {
    Key {
        partition: format!("ALERTS#{}", now.strftime("%Y-%m-%dT%H")),
        sort: "SLOTS".to_owned(),
    }
}

pub(crate) fn slots(slots: &Slots, version: u64, now: Timestamp) -> Result<Document, MemoryError> {
    document(slots_key(now), version, slots, Some(after(now, ALERTS_KEPT)))
}

fn document(key: Key, version: u64, body: &impl Serialize, expires_at: Option<i64>) -> Result<Document, MemoryError> {
    let body = serde_json::to_string(body).map_err(MemoryError::NotJson)?;
    Ok(Document {
        key,
        version,
        body,
        expires_at,
    })
}

fn after(now: Timestamp, kept: SignedDuration) -> i64 {
    now.as_second().saturating_add(kept.as_secs())
}

fn hour(now: Timestamp) -> i64 {
    now.as_second().div_euclid(3600)
}
