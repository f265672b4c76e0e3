//! What alerts, resolutions, reminders and digests say: the documented JSON, and the order of things.
//!
//! The JSON (version 2) is the `default` body, which SNS delivers to every protocol that has no
//! body of its own: SQS, Lambda, HTTP without TLS. A copy for each of them would be the same text several
//! times in one message of at most 256 KB. E-mails and chats have bodies of their own, by
//! [`crate::texts`] and [`crate::chat`].
//!
//! ```json
//! {"version": 2, "kind": "alert", "transition": "first", "severity": "critical", "total": 1, "more": 0, "findings": [{
//!   "id": "…", "subject": "…", "control": "destination-region-allowed", "decision": "non-compliant",
//!   "transition": "first", "severity": "critical", "account": "111122223333", "principal": "arn:…", "sessions": ["…"],
//!   "profile": "us.…", "model": "…", "source_region": "us-west-2", "destination_region": "us-east-1",
//!   "count": 12, "count_since_told": 12, "approximate": false, "first_seen": "2026-11-22T09:00:00Z", "last_seen": "…",
//!   "episode": 1, "before": null, "event_ids": ["…"], "explanation": "…",
//!   "expired_exceptions": [{"id", "owner", "expires"}], "policy_sha256": "…"}], "expired_exceptions": []}
//! ```
//!
//! `kind` is `alert`, `resolved`, `reminder` or `digest`. A finding on settings has no principal,
//! sessions, profile, model, destination and event ids, and its count is null; `source_region` is
//! the Region that was looked at. `more` counts findings that found no room: those of an alert come
//! with the digest unless they were told before, those of a digest or reminder with the next one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crisguard_aws::sns::{Attribute, Publication};
use crisguard_core::{account::AccountId, controls::ControlId, decision::Severity, policy::Language};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    lifecycle::Transition,
    line::{Expired, Line},
    memory::Record,
    shortlist::{Shortlist, Violations},
    texts::Texts,
};

/// The version of the JSON; it changes when a member changes its meaning.
const VERSION: u32 = 2;
/// The most findings listed in one message.
pub(crate) const LISTED: usize = 50;
/// The most bytes in one message over all its bodies; SNS takes 256 KiB with the attributes.
const LARGEST: usize = 240 * 1024;

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
    /// What was told of one subject is resolved.
    Resolved,
    /// What goes on, although it was told long ago.
    Reminder,
    /// What else was found.
    Digest,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Resolved => "resolved",
            Self::Reminder => "reminder",
            Self::Digest => "digest",
        }
    }
}

/// A message that is to be published.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    kind: Kind,
    transition: Option<Transition>,
    /// Those that can be listed, in their order.
    findings: Vec<Line>,
    /// How many there are in all.
    total: usize,
    violations: Violations,
    /// The accounts of all of them.
    accounts: BTreeSet<AccountId>,
    expired_exceptions: Vec<Expired>,
}

/// The part of a notice that fits into one message.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Excerpt<'a> {
    version: u32,
    pub(crate) kind: Kind,
    /// What happened to the subject, in an alert.
    pub(crate) transition: Option<Transition>,
    pub(crate) severity: Severity,
    pub(crate) total: usize,
    /// How many of all of them are violations.
    #[serde(skip)]
    pub(crate) violations: Violations,
    /// The accounts of all of them, those that found no room too.
    #[serde(skip)]
    pub(crate) accounts: &'a BTreeSet<AccountId>,
    pub(crate) more: usize,
    pub(crate) findings: &'a [Line],
    /// Exceptions of the policy that have run out: told once, in a digest.
    pub(crate) expired_exceptions: &'a [Expired],
}

impl<'a> Excerpt<'a> {
    /// Returns this with fewer findings, and as many more of them left out.
    pub(crate) fn shortened_to(&self, listed: usize) -> Self {
        let findings: &'a [Line] = self.findings.get(..listed).unwrap_or(self.findings);
        Self {
            more: self.more + (self.findings.len() - findings.len()),
            findings,
            ..self.clone()
        }
    }
}

impl Notice {
    /// Makes an alert of a subject's violations, each with what happened to it.
    pub(crate) fn alert(transition: Transition, findings: &[(&Record, Option<Transition>)]) -> Self {
        Self {
            transition: Some(transition),
            ..Self::of(Kind::Alert, findings)
        }
    }

    /// Makes a message of a subject's findings that are resolved.
    pub(crate) fn resolved(records: &[&Record]) -> Self {
        let findings: Vec<_> = records
            .iter()
            .map(|record| (*record, Some(Transition::Resolved)))
            .collect();
        Self::of(Kind::Resolved, &findings)
    }

    /// Makes a message of findings that go on.
    pub(crate) fn reminder(going_on: &Shortlist) -> Self {
        Self::shortlisted(Kind::Reminder, going_on)
    }

    /// Makes a digest of what has been waiting, and of exceptions that have run out.
    pub(crate) fn digest(waiting: &Shortlist, expired_exceptions: Vec<Expired>) -> Self {
        Self {
            expired_exceptions,
            ..Self::shortlisted(Kind::Digest, waiting)
        }
    }

    /// Shows a subject's findings, the first in their order first.
    fn of(kind: Kind, findings: &[(&Record, Option<Transition>)]) -> Self {
        let mut findings = findings.to_vec();
        let mut violations = Violations::NONE;
        for (record, _) in &findings {
            violations.add(record);
        }
        findings.sort_by_cached_key(|(record, _)| place(record));
        Self {
            kind,
            transition: None,
            total: findings.len(),
            violations,
            accounts: findings.iter().map(|(record, _)| record.account().clone()).collect(),
            findings: findings
                .into_iter()
                .map(|(record, transition)| Line::of(record, transition))
                .collect(),
            expired_exceptions: Vec::new(),
        }
    }

    fn shortlisted(kind: Kind, shortlist: &Shortlist) -> Self {
        Self {
            kind,
            transition: None,
            total: shortlist.total(),
            violations: shortlist.violations(),
            accounts: shortlist.accounts().clone(),
            findings: shortlist.first().map(|record| Line::of(&record.value, None)).collect(),
            expired_exceptions: Vec::new(),
        }
    }

    /// Writes the message with as many findings as fit, and returns the ids of those.
    pub(crate) fn fitted(
        &self,
        texts: &Texts,
        language: Language,
    ) -> Result<(Publication, BTreeSet<String>), TextError> {
        let mut listed = self.findings.len().min(LISTED);
        loop {
            let excerpt = self.excerpt(listed);
            let bodies = bodies(&excerpt, texts, language)?;
            if bodies.len() <= LARGEST {
                let ids = excerpt.findings.iter().map(|line| line.id.clone()).collect();
                return Ok((
                    Publication {
                        subject: Texts::subject(&excerpt),
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

    /// Returns the notice with that many findings.
    pub(crate) fn excerpt(&self, listed: usize) -> Excerpt<'_> {
        let findings = self.findings.get(..listed).unwrap_or(&self.findings);
        Excerpt {
            version: VERSION,
            kind: self.kind,
            transition: self.transition,
            severity: self
                .findings
                .first()
                .map_or(Severity::Informational, |line| line.severity),
            total: self.total,
            violations: self.violations,
            accounts: &self.accounts,
            more: self.total.saturating_sub(findings.len()),
            findings,
            expired_exceptions: &self.expired_exceptions,
        }
    }
}

/// Where a finding stands in a message; the lowest place comes first.
pub(crate) type Place = (Reverse<Severity>, Option<Timestamp>, Reverse<u64>, ControlId, String);

/// Returns a finding's place in an alert or resolution: by severity, then by how often it happened.
fn place(record: &Record) -> Place {
    (
        Reverse(record.severity()),
        None,
        Reverse(record.count),
        record.control(),
        record.id().to_owned(),
    )
}

/// Returns a finding's place in a digest or reminder. Those may not hold all, so among equally severe
/// ones what waits longest comes first: everything gets its turn.
pub(crate) fn place_by_waiting(record: &Record) -> Place {
    let (severity, _, count, control, id) = place(record);
    (severity, record.told.map(|told| told.at), count, control, id)
}

#[derive(Serialize)]
struct Bodies {
    default: String,
    email: String,
    https: String,
}

fn bodies(excerpt: &Excerpt<'_>, texts: &Texts, language: Language) -> Result<String, TextError> {
    let bodies = Bodies {
        default: serde_json::to_string(excerpt)?,
        email: texts.email(excerpt, language)?,
        https: texts.chat(excerpt, language)?,
    };
    Ok(serde_json::to_string(&bodies)?)
}

/// Writes the attributes that subscriptions filter by; several values are an array, of which a
/// filter matches any.
fn attributes(excerpt: &Excerpt<'_>) -> Result<BTreeMap<&'static str, Attribute>, TextError> {
    let mut attributes = BTreeMap::from([
        ("kind", Attribute::Text(excerpt.kind.name().to_owned())),
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
