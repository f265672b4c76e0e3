//! What an alert or digest says: the documented JSON for machines, and the order of things.
//!
//! The JSON (version 1) is the `default` body, which SNS delivers to every protocol that has no
//! body of its own: SQS, Lambda, HTTPS. A copy for each of them would be the same text four
//! times in one message of at most 256 KB. The e-mail has a body of its own, by [`crate::texts`].
//!
//! ```json
//! {"version": 1, "kind": "alert", "severity": "critical", "total": 1, "more": 0, "findings": [{
//!   "id": "…", "subject": "…", "control": "destination-region-allowed", "decision": "non-compliant",
//!   "severity": "critical", "account": "111122223333", "principal": "arn:…", "sessions": ["…"],
//!   "profile": "us.…", "model": "…", "source_region": "us-west-2", "destination_region": "us-east-1",
//!   "count": 12, "at_least": false, "first_seen": "2026-11-22T09:00:00Z", "last_seen": "…",
//!   "event_ids": ["…"], "explanation": "…", "expired_exceptions": [{"id", "owner", "expires"}],
//!   "policy_sha256": "…"}]}
//! ```
//!
//! `more` counts findings that found no room: those of an alert come with the digest unless they
//! were told before, those of a digest come with the next one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crisguard_aws::sns::{Attribute, Publication};
use crisguard_core::{controls::ControlId, decision::Severity};
use jiff::civil::Date;
use serde::Serialize;

use crate::{clean::cleaned, memory::Record, texts::Texts};

/// The version of the JSON; it changes when a member changes its meaning.
const VERSION: u32 = 1;
/// The most findings listed in one message.
const LISTED: usize = 50;
/// The most bytes in one message over all its bodies; SNS takes 256 KiB with the attributes.
const LARGEST: usize = 240 * 1024;
/// The most characters of an id or ARN that are shown.
const LONGEST_ID: usize = 300;
/// The most characters of an explanation that are shown.
const LONGEST_EXPLANATION: usize = 800;

/// Tells why a message could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// A template is wrong.
    #[error("a template cannot be used")]
    Template(#[from] minijinja::Error),
    /// The JSON cannot be written.
    #[error("the message cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// Not even one finding fits.
    #[error("a message with one finding has {bytes} bytes, more than {LARGEST}")]
    TooLarge {
        /// The message's length.
        bytes: usize,
    },
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// About one subject, now.
    Alert,
    /// What else was found, once an hour.
    Digest,
}

/// An alert or digest that is to be published.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    kind: Kind,
    findings: Vec<Line>,
}

/// The part of a notice that fits into one message.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Excerpt<'a> {
    version: u32,
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    pub(crate) total: usize,
    pub(crate) more: usize,
    pub(crate) findings: &'a [Line],
}

/// One finding in a notice, safe to show.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    id: String,
    subject: String,
    pub(crate) control: ControlId,
    decision: &'static str,
    pub(crate) severity: Severity,
    pub(crate) account: String,
    principal: String,
    sessions: Vec<String>,
    pub(crate) profile: Option<String>,
    model: Option<String>,
    pub(crate) source_region: String,
    pub(crate) destination_region: Option<String>,
    count: u64,
    at_least: bool,
    first_seen: String,
    last_seen: String,
    pub(crate) event_ids: Vec<String>,
    explanation: String,
    expired_exceptions: Vec<Expired>,
    policy_sha256: String,
}

#[derive(Clone, Debug, Serialize)]
struct Expired {
    id: String,
    owner: String,
    expires: Date,
}

impl Line {
    fn of(record: &Record) -> Self {
        let finding = &record.finding;
        let id = |text: &String| cleaned(text, LONGEST_ID);
        let expired = finding.expired_exceptions.iter();
        Self {
            id: id(&finding.id),
            subject: id(&finding.subject),
            control: finding.control,
            decision: if finding.verdict.is_violation() {
                "non-compliant"
            } else {
                "undecided"
            },
            severity: finding.severity,
            account: finding.account.to_string(),
            principal: id(&finding.principal),
            sessions: finding.sessions.iter().map(id).collect(),
            profile: finding.profile.as_ref().map(id),
            model: finding.model.as_ref().map(id),
            source_region: finding.source_region.to_string(),
            destination_region: finding.destination_region.as_ref().map(ToString::to_string),
            count: record.count,
            at_least: record.at_least,
            first_seen: finding.first_seen.to_string(),
            last_seen: finding.last_seen.to_string(),
            event_ids: finding.event_ids.iter().map(id).collect(),
            explanation: cleaned(&finding.explanation, LONGEST_EXPLANATION),
            expired_exceptions: expired
                .map(|exception| Expired {
                    id: id(&exception.id),
                    owner: id(&exception.owner),
                    expires: exception.expires,
                })
                .collect(),
            policy_sha256: id(&finding.policy_sha256),
        }
    }
}

impl Notice {
    /// Makes an alert of a subject's violations.
    pub(crate) fn alert(records: &[&Record]) -> Self {
        Self::of(Kind::Alert, records)
    }

    /// Makes a digest of what has been waiting.
    pub(crate) fn digest(records: &[&Record]) -> Self {
        Self::of(Kind::Digest, records)
    }

    /// Orders the findings: the most severe first, then the most frequent.
    fn of(kind: Kind, records: &[&Record]) -> Self {
        let mut records = records.to_vec();
        records.sort_by_key(|record| {
            (
                Reverse((record.finding.severity, record.count)),
                record.finding.control,
                record.finding.id.clone(),
            )
        });
        Self {
            kind,
            findings: records.into_iter().map(Line::of).collect(),
        }
    }

    /// Writes the message with as many findings as fit, and returns the ids of those.
    pub(crate) fn fitted(&self, texts: &Texts) -> Result<(Publication, BTreeSet<String>), TextError> {
        let mut listed = self.findings.len().min(LISTED);
        loop {
            let excerpt = self.excerpt(listed);
            let bodies = bodies(&excerpt, texts)?;
            if bodies.len() <= LARGEST {
                let ids = excerpt.findings.iter().map(|line| line.id.clone()).collect();
                return Ok((
                    Publication {
                        subject: texts.subject(&excerpt),
                        bodies,
                        attributes: attributes(&excerpt)?,
                    },
                    ids,
                ));
            }
            if listed <= 1 {
                return Err(TextError::TooLarge { bytes: bodies.len() });
            }
            listed = listed * 3 / 4;
        }
    }

    fn excerpt(&self, listed: usize) -> Excerpt<'_> {
        let findings = self.findings.get(..listed).unwrap_or(&self.findings);
        Excerpt {
            version: VERSION,
            kind: self.kind,
            severity: self
                .findings
                .first()
                .map_or(Severity::Informational, |line| line.severity),
            total: self.findings.len(),
            more: self.findings.len() - findings.len(),
            findings,
        }
    }
}

#[derive(Serialize)]
struct Bodies {
    default: String,
    email: String,
}

fn bodies(excerpt: &Excerpt<'_>, texts: &Texts) -> Result<String, TextError> {
    let bodies = Bodies {
        default: serde_json::to_string(excerpt)?,
        email: texts.email(excerpt)?,
    };
    Ok(serde_json::to_string(&bodies)?)
}

/// Writes the attributes that subscriptions filter by; several values are an array, of which a
/// filter matches any.
fn attributes(excerpt: &Excerpt<'_>) -> Result<BTreeMap<&'static str, Attribute>, TextError> {
    let kind = match excerpt.kind {
        Kind::Alert => "alert",
        Kind::Digest => "digest",
    };
    let mut attributes = BTreeMap::from([
        ("kind", Attribute::Text(kind.to_owned())),
        ("severity", Attribute::Text(excerpt.severity.to_string())),
    ]);
    let lines = || excerpt.findings.iter();
    let several: [(&'static str, BTreeSet<&str>); 4] = [
        ("control", lines().map(|line| line.control.name()).collect()),
        ("account", lines().map(|line| line.account.as_str()).collect()),
        (
            "source_region",
            lines().map(|line| line.source_region.as_str()).collect(),
        ),
        (
            "destination_region",
            lines().filter_map(|line| line.destination_region.as_deref()).collect(),
        ),
    ];
    for (name, values) in several {
        if !values.is_empty() {
            attributes.insert(name, Attribute::Texts(serde_json::to_string(&values)?));
        }
    }
    Ok(attributes)
}
