//! The life of a finding: how it stands, what changes of that are, and who is due to hear of them.
//!
//! Nothing here remembers that a change *happened*. What somebody was last told is compared with
//! what stands now, so a crash between any two steps, a message that comes twice and two batches at
//! once all end the same way: whoever is behind is told, once, how it stands.
//!
//! | from \ to | undecided | non-compliant | resolved | closed |
//! |---|---|---|---|---|
//! | nothing | first | first | – | – |
//! | undecided | – | worsened | resolved | closed |
//! | non-compliant | – | – | resolved | closed |
//! | resolved, closed | reopened | reopened | – | – |
//!
//! Findings on invocations are never resolved: that no call went astray for a week is no proof
//! that none will, so they close, silently. Findings on settings are resolved by a compliant
//! observation and never close by themselves.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// After how long without a new invocation a finding on invocations is closed.
pub const QUIET_UNTIL_CLOSED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It cannot be told whether the policy is kept.
    Undecided,
    /// The policy is broken.
    NonCompliant,
    /// A later observation was compliant.
    Resolved,
    /// Nothing came for a week.
    Closed,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 4] = [Self::Undecided, Self::NonCompliant, Self::Resolved, Self::Closed];

    /// Tells whether there is something to do about it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Undecided | Self::NonCompliant)
    }
}

/// A change of a finding's standing that people or machines hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transition {
    /// It was found for the first time.
    First,
    /// It was found again after it had been closed or resolved.
    Reopened,
    /// It was undecided and is a violation now, or a more severe one joined those of its subject.
    Worsened,
    /// A later observation was compliant.
    Resolved,
    /// Nothing came for a week.
    Closed,
}

/// How a finding stands, in which of its episodes: each reopening begins a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// The episode, from 1.
    pub episode: u32,
    /// How it stands.
    pub standing: Standing,
}

impl Phase {
    /// Returns a number that rises with every transition, and is the same however often one is told.
    #[must_use]
    pub fn sequence(self) -> u64 {
        let within = match self.standing {
            Standing::Undecided => 1,
            Standing::NonCompliant => 2,
            Standing::Resolved => 3,
            Standing::Closed => 4,
        };
        u64::from(self.episode.saturating_sub(1))
            .saturating_mul(4)
            .saturating_add(within)
    }
}

/// Returns what happened to a finding for somebody who last heard that it stood at `heard`.
#[must_use]
pub fn transition(heard: Option<Phase>, now: Phase) -> Option<Transition> {
    let Some(heard) = heard else {
        return now.standing.is_open().then_some(Transition::First);
    };
    if heard.episode > now.episode {
        return None;
    }
    let goes_on = heard.episode == now.episode && heard.standing.is_open();
    match (heard.standing, now.standing) {
        (Standing::Undecided, Standing::NonCompliant) if goes_on => Some(Transition::Worsened),
        (_, Standing::Undecided | Standing::NonCompliant) => (!goes_on).then_some(Transition::Reopened),
        (Standing::Undecided | Standing::NonCompliant, Standing::Resolved) => Some(Transition::Resolved),
        (Standing::Undecided | Standing::NonCompliant, Standing::Closed) => Some(Transition::Closed),
        (Standing::Resolved | Standing::Closed, Standing::Resolved | Standing::Closed) => None,
    }
}

/// How far people were told of a finding, in an alert or by putting it into the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// How it stood.
    #[serde(flatten)]
    pub phase: Phase,
    /// The count that was told; 0 for a finding on settings.
    pub count: u64,
    /// When they were told.
    pub at: Timestamp,
    /// Whether it was put into the digest, and before that they did not take it for open: as long as it still
    /// waits there, nobody has heard of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

impl Told {
    /// Tells whether whoever was told this was told all of `other`.
    pub(crate) fn includes(self, other: Self) -> bool {
        (self.phase.sequence(), self.count) >= (other.phase.sequence(), other.count) && self.at >= other.at
    }
}

/// What people are due to hear of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// They know.
    Nothing,
    /// A violation is news.
    Alert(Transition),
    /// A gap is news: nobody is woken by it.
    Digest(Transition),
    /// It goes on, and they were told long ago.
    Reminder,
    /// What they were told of is resolved.
    Resolution,
}

/// Returns what people are due to hear of a finding that has been counted `count` times.
///
/// `stands_until_resolved` is for findings on settings, which go on although nothing is counted.
#[must_use]
pub fn due(
    told: Option<Told>,
    phase: Phase,
    count: u64,
    stands_until_resolved: bool,
    now: Timestamp,
    remind_after: SignedDuration,
) -> Due {
    match transition(told.map(|told| told.phase), phase) {
        Some(Transition::Resolved) => Due::Resolution,
        Some(Transition::Closed) => Due::Nothing,
        Some(news) if phase.standing == Standing::NonCompliant => Due::Alert(news),
        Some(news) => Due::Digest(news),
        None => {
            let goes_on = |told: Told| {
                phase.standing.is_open()
                    && (stands_until_resolved || count > told.count)
                    && now.duration_since(told.at) >= remind_after
            };
            if told.is_some_and(goes_on) {
                Due::Reminder
            } else {
                Due::Nothing
            }
        }
    }
}
