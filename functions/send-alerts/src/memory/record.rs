//! A finding as it is remembered: over all its messages.
//!
//! Messages come late, twice, in any order and in several batches at once. So a record only ever
//! joins: identities are counted once, and what the messages say is [`Gathered`] or [`Observed`]. An
//! older message never overwrites a newer one.

use std::collections::BTreeSet;

use crisguard_core::{
    account::AccountId,
    controls::ControlId,
    decision::Severity,
    finding::{Finding, PostureFinding},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Gathered, Observed};
use crate::lifecycle::{Due, Phase, QUIET_UNTIL_CLOSED, Standing, Told, Transition, due, transition};

/// A finding over all its messages, and what people and machines were told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What it is about.
    pub matter: Matter,
    /// How many invocations were counted; 0 for a finding on settings.
    pub count: u64,
    /// Whether some may have been counted twice: set once identities were no longer kept.
    pub approximate: bool,
    /// Which episode this is, from 1: each reopening begins a new one.
    pub episode: u32,
    /// The time of the message by which this episode began.
    pub opened_at: Timestamp,
    /// What there was before this episode.
    pub past: Option<Past>,
    /// When the last message that changed something was handled.
    pub changed_at: Timestamp,
    /// When it was closed, if it is.
    pub closed_at: Option<Timestamp>,
    /// How far people were told, if they were.
    pub told: Option<Told>,
    /// Which changes people were told of in this episode, of a finding on settings.
    #[serde(default)]
    changes_told: Option<BTreeSet<String>>,
    /// How far machines were told, if they were.
    pub announced: Option<Phase>,
    /// The hour of the last change, in hours since 1970.
    hour: i64,
    /// How many identities were kept in that hour.
    identities_in_hour: u64,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "about")]
pub enum Matter {
    /// Invocations.
    Invocations(Box<Gathered>),
    /// The settings of an account in a Region.
    Settings(Box<Observed>),
}

/// What a finding came to before it was closed or resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// How many invocations had been counted.
    pub count: u64,
    /// When it was last seen.
    pub last_seen: Timestamp,
}

impl Record {
    fn new(matter: Matter, opened_at: Timestamp, now: Timestamp) -> Self {
        Self {
            matter,
            count: 0,
            approximate: false,
            episode: 1,
            opened_at,
            past: None,
            changed_at: now,
            closed_at: None,
            told: None,
            changes_told: Some(BTreeSet::new()),
            announced: None,
            hour: hour(now),
            identities_in_hour: 0,
        }
    }

    /// Starts from the first message about some invocations.
    pub(crate) fn of_invocations(finding: &Finding, now: Timestamp) -> Self {
        let about = Matter::Invocations(Box::new(Gathered::first(finding)));
        Self::new(about, finding.first_seen, now)
    }

    /// Starts from the first observation of settings.
    pub(crate) fn of_settings(finding: &PostureFinding, now: Timestamp) -> Self {
        let about = Matter::Settings(Box::new(Observed::first(finding)));
        Self::new(about, finding.observed_at, now)
    }

    /// Adds a message about invocations of which `fresh` were not counted before.
    pub(crate) fn add(&mut self, message: &Finding, fresh: usize, identities_kept: bool, now: Timestamp) {
        let closed_at = self.closed_at.take();
        let reopened = closed_at.is_some();
        if reopened {
            self.begin_again(message.first_seen);
        }
        if let Matter::Invocations(gathered) = &mut self.matter {
            if reopened {
                // What it was before is history: the new episode's verdict is the new message's.
                let first_seen = gathered.finding.first_seen;
                **gathered = Gathered::first(message);
                gathered.finding.first_seen = first_seen;
            }
            gathered.join(message);
        }
        self.opened_at = self.opened_at.min(message.first_seen);
        let fresh = u64::try_from(fresh).unwrap_or(u64::MAX);
        self.identities_in_hour = self.identities_in(now);
        self.hour = hour(now);
        if identities_kept {
            self.identities_in_hour = self.identities_in_hour.saturating_add(fresh);
        } else {
            self.approximate = true;
        }
        self.count = self.count.saturating_add(fresh);
        // Clocks of two instances differ a little; Security Hub ignores what seems older than it knows.
        self.changed_at = self.changed_at.max(now).max(closed_at.unwrap_or(now));
    }

    /// Adds an observation of settings, and tells whether it changed anything.
    pub(crate) fn observe(&mut self, message: &PostureFinding, now: Timestamp) -> bool {
        let before = self.standing();
        let last_seen = self.last_seen();
        let Matter::Settings(observed) = &mut self.matter else {
            return false;
        };
        let mut joined = observed.clone();
        joined.join(message);
        if joined == *observed {
            return false;
        }
        *observed = joined;
        let after = self.standing();
        // From a violation to a gap there is no way but by compliance, which came late.
        let began = !before.is_open() || (before == Standing::NonCompliant && after == Standing::Undecided);
        if after.is_open() && began && self.announced_or_told() {
            self.begin_again(message.observed_at);
            self.past = Some(Past { count: 0, last_seen });
        } else if after.is_open() && began {
            self.opened_at = message.observed_at;
        } else if after == Standing::NonCompliant {
            self.opened_at = self.opened_at.min(message.observed_at);
        }
        self.changed_at = self.changed_at.max(now);
        true
    }

    /// Tells whether anybody has heard of this finding: otherwise there is nothing to reopen.
    fn announced_or_told(&self) -> bool {
        self.announced.is_some() || self.told.is_some()
    }

    fn begin_again(&mut self, opened_at: Timestamp) {
        self.past = Some(Past {
            count: self.count,
            last_seen: self.last_seen(),
        });
        self.episode = self.episode.saturating_add(1);
        self.changes_told = Some(BTreeSet::new());
        self.opened_at = opened_at;
    }

    /// Tells whether it is to be closed: open, about invocations, and nothing new for a week.
    pub(crate) fn is_to_be_closed(&self, now: Timestamp) -> bool {
        matches!(self.matter, Matter::Invocations(_))
            && self.closed_at.is_none()
            && now.duration_since(self.changed_at) >= QUIET_UNTIL_CLOSED
    }

    /// Returns this record, closed.
    pub(crate) fn closed(&self, now: Timestamp) -> Self {
        Self {
            closed_at: Some(now),
            ..self.clone()
        }
    }

    /// Returns how it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.matter {
            Matter::Invocations(_) if self.closed_at.is_some() => Standing::Closed,
            Matter::Invocations(gathered) if gathered.finding.verdict.is_violation() => Standing::NonCompliant,
            Matter::Invocations(_) => Standing::Undecided,
            Matter::Settings(observed) => observed.standing(),
        }
    }

    /// Returns how it stands, in which episode.
    #[must_use]
    pub fn phase(&self) -> Phase {
        Phase {
            episode: self.episode,
            standing: self.standing(),
        }
    }

    /// Returns what people are due to hear of it.
    ///
    /// An alert may have been published and not marked as told. So a violation of settings that
    /// ended is told as resolved even if no telling of this episode is known: hearing of an end only
    /// is harmless, hearing of a beginning only is not.
    #[must_use]
    pub fn due(&self, now: Timestamp, remind_after: SignedDuration) -> Due {
        let settings = matches!(self.matter, Matter::Settings(_));
        match &self.matter {
            Matter::Settings(observed)
                if self.is_untold() && observed.was_violated() && observed.standing() == Standing::Resolved =>
            {
                Due::Resolution
            }
            _ => match due(self.told, self.phase(), self.count, settings, now, remind_after) {
                Due::Nothing if self.changed_since_told() => Due::Reminder,
                due => due,
            },
        }
    }

    /// Tells whether a change is known that people were not told of, though they know that the setting is wrong:
    /// whom the first look after a change names may have changed something else, a moment before.
    fn changed_since_told(&self) -> bool {
        let told = self.told.filter(|told| told.phase == self.phase());
        let is_new = |changes: &BTreeSet<String>| !self.changes().is_subset(changes);
        self.standing() == Standing::NonCompliant && told.is_some() && self.changes_told.as_ref().is_some_and(is_new)
    }

    /// Returns which changes are known to have brought it about, each by its event's name and who made it: one that
    /// is repeated is no news.
    pub(crate) fn changes(&self) -> BTreeSet<String> {
        match &self.matter {
            Matter::Settings(observed) => observed
                .changes()
                .map(|change| format!("{} {}", change.event_name, change.principal))
                .collect(),
            Matter::Invocations(_) => BTreeSet::new(),
        }
    }

    /// Tells whether it was found with many others at once, so that it waits for what is told of them
    /// together; what is critical does not wait.
    pub(crate) fn is_one_of_many(&self) -> bool {
        match &self.matter {
            Matter::Settings(observed) => observed.deciding().one_of_many && self.severity() < Severity::Critical,
            Matter::Invocations(_) => false,
        }
    }

    /// Tells whether people take it for open: that is what they were told last, of whatever episode.
    pub(crate) fn is_told_open(&self) -> bool {
        self.told.is_some_and(|told| told.phase.standing.is_open())
    }

    /// Tells whether nothing of this episode is known to have been told to people.
    fn is_untold(&self) -> bool {
        self.is_unheard(self.told.map(|told| told.phase))
    }

    /// Tells whether nothing of this episode is known to have been heard.
    fn is_unheard(&self, heard: Option<Phase>) -> bool {
        heard.is_none_or(|heard| heard.episode < self.episode)
    }

    /// Returns what machines have not heard of it; of an end they hear even if no announcement of
    /// the beginning is known, as people do.
    #[must_use]
    pub fn unannounced(&self) -> Option<Transition> {
        let was_open = match &self.matter {
            Matter::Invocations(_) => true,
            Matter::Settings(observed) => observed.was_open(),
        };
        match self.standing() {
            Standing::Resolved if self.is_unheard(self.announced) && was_open => Some(Transition::Resolved),
            Standing::Closed if self.is_unheard(self.announced) => Some(Transition::Closed),
            _ => transition(self.announced, self.phase()),
        }
    }

    /// Returns what has been told once people are told of this record now.
    pub(crate) fn as_told(&self, now: Timestamp) -> Told {
        Told {
            phase: self.phase(),
            count: self.count,
            at: now,
            waits: false,
        }
    }

    /// Returns what has been told once this record is put into the digest now.
    pub(crate) fn as_waiting(&self, now: Timestamp) -> Told {
        Told {
            waits: !self.is_told_open(),
            ..self.as_told(now)
        }
    }

    /// Tells whether people may have heard only that it could not be decided, and that only if the digest told it.
    pub(crate) fn is_gap_that_waits(&self) -> bool {
        let told = self
            .told
            .filter(|told| told.waits && told.phase.standing == Standing::Undecided);
        // A violation that came after the gap is news even if nothing of it was told, or is known to have been told.
        let violated = match &self.matter {
            Matter::Settings(observed) => observed.was_violated_since(self.opened_at),
            Matter::Invocations(_) => false,
        };
        told.is_some() && !violated
    }

    /// Returns this record once people were told of these changes, too.
    pub(crate) fn told_changes(mut self, changes: &BTreeSet<String>) -> Self {
        self.changes_told
            .get_or_insert_default()
            .extend(changes.iter().cloned());
        self
    }

    /// Returns this record once people were told.
    pub(crate) fn told_as(&self, told: Told) -> Self {
        Self {
            told: Some(told),
            ..self.clone()
        }
    }

    /// Returns this record once machines were told.
    pub(crate) fn announced_as(&self, phase: Phase) -> Self {
        Self {
            announced: Some(phase),
            ..self.clone()
        }
    }

    /// Returns how many identities were kept in the hour of `now`.
    pub(crate) fn identities_in(&self, now: Timestamp) -> u64 {
        if self.hour == hour(now) {
            self.identities_in_hour
        } else {
            0
        }
    }

    /// Returns the finding's id.
    #[must_use]
    pub fn id(&self) -> &str {
        match &self.matter {
            Matter::Invocations(gathered) => &gathered.finding.id,
            Matter::Settings(observed) => &observed.deciding().id,
        }
    }

    /// Returns the id of what people are alerted about.
    #[must_use]
    pub fn subject(&self) -> &str {
        match &self.matter {
            Matter::Invocations(gathered) => &gathered.finding.subject,
            Matter::Settings(observed) => &observed.deciding().subject,
        }
    }

    /// Returns the control that decided.
    #[must_use]
    pub fn control(&self) -> ControlId {
        match &self.matter {
            Matter::Invocations(gathered) => gathered.finding.control,
            Matter::Settings(observed) => observed.deciding().control,
        }
    }

    /// Returns how much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match &self.matter {
            Matter::Invocations(gathered) => gathered.finding.severity,
            Matter::Settings(observed) => observed.deciding().severity,
        }
    }

    /// Returns the account that it is about.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        match &self.matter {
            Matter::Invocations(gathered) => &gathered.finding.account,
            Matter::Settings(observed) => &observed.deciding().account,
        }
    }

    /// Returns when it was last seen.
    #[must_use]
    pub fn last_seen(&self) -> Timestamp {
        match &self.matter {
            Matter::Invocations(gathered) => gathered.finding.last_seen,
            Matter::Settings(observed) => observed.last_seen(),
        }
    }
}

fn hour(now: Timestamp) -> i64 {
    now.as_second().div_euclid(3600)
}
