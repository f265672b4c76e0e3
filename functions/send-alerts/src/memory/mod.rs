//! What is remembered, and where: the documents of the table `crisguard-memory`.
//!
//! | partition | sort | what | kept |
//! |---|---|---|---|
//! | `IDENTITY#<finding>#<hash>` | `IDENTITY` | an invocation, or a whole message, that was counted | 30 days |
//! | `SUBJECT#<subject>` | `FINDING#<finding>` | a finding and how far it was told: [`Record`] | while it is open, and 400 days after |
//! | `SUBJECT#<subject>` | `ALERT` | the subject's last alert: [`LastAlert`] | 2 days |
//! | `ALERTS#<hour>` | `SLOTS` | the alerts of an hour | 2 days |
//! | `OPEN` | `FINDING#<finding>` | whose finding it is: what the hourly review looks at | until it ended and that was told |
//! | `PENDING` | `FINDING#<finding>` | a [`Record`] that waits for the digest | until it is told |
//! | `REVIEW` | `DIGEST` | when the last digest was told | – |
//! | `REVIEW` | `DIGEST-ATTEMPT` | when the last digest was tried to be told | – |
//! | `REVIEW` | `CURSOR` | the subject at which a review ran out of time | 2 days |
//! | `REVIEW` | `EXCEPTION#<id>#<day>` | an exception that ran out, and was told | 400 days |
//! | `CANARY` | `REGION#<Region>` | when the last canary of the home account's Region came | 7 days |
//! | `CANARY` | `ACCOUNT#<account>#REGION#<Region>` | the same of another account | 7 days |

mod attempts;
mod gathered;
mod observed;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::{
    Failure,
    dynamodb::{Document, Expected, Key, NotWritten},
};
use crisguard_core::{account::AccountId, decision::Severity};
use crisguard_lambda::fingerprint;
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub(crate) use attempts::{ATTEMPTS, obstacles, pause, written};
pub use gathered::Gathered;
pub use observed::Observed;
pub use record::{Matter, Past, Record};

/// How long counted identities are remembered: longer than any message can wait.
const IDENTITIES_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a finding that has ended is remembered: the history that it reopens with.
const HISTORY_KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// How long a Region of an account is expected to send canaries after its last one.
const CANARIES_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long alerts are remembered: longer than the hour in which they quieten others.
const ALERTS_KEPT: SignedDuration = SignedDuration::from_hours(48);
/// The partition of what waits for the digest.
pub(crate) const PENDING: &str = "PENDING";
/// The partition of the findings that a review looks at.
pub(crate) const OPEN: &str = "OPEN";
/// The partition of what reviews remember.
pub(crate) const REVIEW: &str = "REVIEW";
/// The partition of the canaries' arrivals.
pub(crate) const CANARY: &str = "CANARY";

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
    /// How many of them are about each account other than the home account.
    #[serde(default)]
    pub(crate) of_members: BTreeMap<AccountId, usize>,
}

impl Slots {
    pub(crate) const fn none() -> Self {
        Self {
            taken: BTreeSet::new(),
            of_members: BTreeMap::new(),
        }
    }
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
        expires_at: Some(after(now, IDENTITIES_KEPT)),
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
    let key = record_key(record.subject(), record.id());
    let expires_at = (!record.standing().is_open()).then(|| after(now, HISTORY_KEPT));
    document(key, version, record, expires_at)
}

/// Whose finding it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) subject: String,
}

pub(crate) fn open_key(finding: &str) -> Key {
    Key {
        partition: OPEN.to_owned(),
        sort: format!("{FINDING}{finding}"),
    }
}

/// Returns the id of the finding that a document of [`OPEN`] is about.
pub(crate) fn open_finding(key: &Key) -> &str {
    key.sort.strip_prefix(FINDING).unwrap_or(&key.sort)
}

pub(crate) fn open(record: &Record) -> Result<Document, MemoryError> {
    let subject = record.subject().to_owned();
    document(open_key(record.id()), 1, &Open { subject }, None)
}

/// A time that something was done at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) at: Timestamp,
}

pub(crate) fn last_digest_key() -> Key {
    Key {
        partition: REVIEW.to_owned(),
        sort: "DIGEST".to_owned(),
    }
}

pub(crate) fn last_digest(now: Timestamp) -> Result<Document, MemoryError> {
    document(last_digest_key(), 1, &Done { at: now }, None)
}

pub(crate) fn digest_attempt_key() -> Key {
    Key {
        partition: REVIEW.to_owned(),
        sort: "DIGEST-ATTEMPT".to_owned(),
    }
}

pub(crate) fn digest_attempt(now: Timestamp) -> Result<Document, MemoryError> {
    document(digest_attempt_key(), 1, &Done { at: now }, None)
}

/// Where a review ran out of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub(crate) subject: String,
}

pub(crate) fn cursor_key() -> Key {
    Key {
        partition: REVIEW.to_owned(),
        sort: "CURSOR".to_owned(),
    }
}

pub(crate) fn cursor(subject: &str, now: Timestamp) -> Result<Document, MemoryError> {
    let cursor = Cursor {
        subject: subject.to_owned(),
    };
    document(cursor_key(), 1, &cursor, Some(after(now, ALERTS_KEPT)))
}

/// The longest exception's id that stands in a key as it is: a sort key has at most 1,024 bytes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const LONGEST_ID_IN_KEY: usize = 512;

/// The key of an exception that ran out on a day: renewed, it runs out on another.
pub(crate) fn expired_exception_key(id: &str, expires: Date) -> Key {
    let id = if id.len() <= LONGEST_ID_IN_KEY {
        id.to_owned()
    } else {
        fingerprint::of([id])
    };
    Key {
        partition: REVIEW.to_owned(),
        sort: format!("EXCEPTION#{id}#{expires}"),
    }
}

pub(crate) fn expired_exception(id: &str, expires: Date, now: Timestamp) -> Result<Document, MemoryError> {
    let key = expired_exception_key(id, expires);
    document(key, 1, &Done { at: now }, Some(after(now, HISTORY_KEPT)))
}

const ACCOUNT: &str = "ACCOUNT#";
const REGION: &str = "REGION#";

/// The key of a Region's canary, of another account's or, where none is named, of the home account's.
fn canary_key(member: Option<&AccountId>, region: &str) -> Key {
    let sort = match member {
        None => format!("{REGION}{region}"),
        Some(account) => format!("{ACCOUNT}{account}#{REGION}{region}"),
    };
    Key {
        partition: CANARY.to_owned(),
        sort,
    }
}

pub(crate) fn canary(member: Option<&AccountId>, region: &str, now: Timestamp) -> Result<Document, MemoryError> {
    let key = canary_key(member, region);
    document(key, 1, &Done { at: now }, Some(after(now, CANARIES_KEPT)))
}

/// Returns the account of a canary's document, unless it is the home account's, and the Region.
pub(crate) fn canary_place(key: &Key) -> (Option<&str>, &str) {
    let member = key.sort.strip_prefix(ACCOUNT);
    match member.and_then(|place| place.split_once('#')) {
        Some((account, region)) => (Some(account), region.strip_prefix(REGION).unwrap_or(region)),
        None => (None, key.sort.strip_prefix(REGION).unwrap_or(&key.sort)),
    }
}

pub(crate) fn pending_key(finding: &str) -> Key {
    Key {
        partition: PENDING.to_owned(),
        sort: format!("{FINDING}{finding}"),
    }
}

/// What waits for the digest never expires: it is deleted when it has been told.
pub(crate) fn pending(record: &Record) -> Result<Document, MemoryError> {
    let version = record
        .phase()
        .sequence()
        .saturating_mul(PHASE_STEP)
        .saturating_add(record.count);
    document(pending_key(record.id()), version, record, None)
}

/// Keeps the versions of what waits for the digest apart, by phase and then by count.
const PHASE_STEP: u64 = 1 << 40;

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
