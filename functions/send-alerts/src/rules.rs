//! How people are to be told: what the policy says, or everything, in English, where there is none.

use crisguard_core::{
    decision::Severity,
    policy::{DigestRhythm, Exception, Language, PolicyDocument, RemindAfter},
};
use jiff::{SignedDuration, Timestamp};

use crate::memory::{Matter, Record};

/// After how long a finding that goes on is told again, unless the policy says otherwise.
const REMIND_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// How people are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The language of everything that people read.
    pub language: Language,
    /// The least severity that people are told of; machines are told of all.
    pub minimum_severity: Severity,
    /// After how long a finding that goes on is told again.
    pub remind_after: SignedDuration,
    /// How often the digest is told.
    pub digest: DigestRhythm,
    /// The policy's exceptions, expired ones too.
    pub exceptions: Vec<Exception>,
}

impl Rules {
    /// Returns the rules of a policy; without one nothing is held back.
    ///
    /// An unreadable policy must not silence an alert: whoever sees too many looks into it.
    #[must_use]
    pub fn of(policy: Option<&PolicyDocument>) -> Self {
        let alerts = policy.and_then(PolicyDocument::alerts);
        Self {
            language: alerts.and_then(|alerts| alerts.language).unwrap_or(Language::En),
            minimum_severity: alerts
                .and_then(|alerts| alerts.minimum_severity)
                .unwrap_or(Severity::Informational),
            remind_after: alerts
                .and_then(|alerts| alerts.remind_after)
                .map_or(REMIND_AFTER, RemindAfter::duration),
            digest: alerts.and_then(|alerts| alerts.digest).unwrap_or(DigestRhythm::Hourly),
            exceptions: policy.map(PolicyDocument::exceptions).unwrap_or_default().to_vec(),
        }
    }

    /// Tells whether people are not to be told of a finding now.
    ///
    /// It stays untold then. Once the exception runs out or the least severity is lowered they are told,
    /// if it is still open, or if they had heard of it before it was muted.
    #[must_use]
    pub fn mute(&self, record: &Record, now: Timestamp) -> bool {
        let covers = |exception: &Exception| match &record.matter {
            Matter::Invocations(gathered) => exception.covers_finding(&gathered.finding),
            Matter::Settings(observed) => exception.covers_posture(observed.deciding()),
        };
        record.severity() < self.minimum_severity
            || self
                .exceptions
                .iter()
                .any(|exception| exception.holds_at(now) && covers(exception))
    }
}
