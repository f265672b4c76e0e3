//! What an audit comes to, in one sentence. Unknown is never compliant: anything missing forbids that word.

use std::collections::BTreeMap;

use crisguard_core::tally::{Audit, Outcome};
use serde::Serialize;

use crate::{posture::Posture, reach::Reach};

/// The most Regions that the verdict names.
const PLACES: usize = 6;

/// The sentence, worst last; its words stand under `verdict_` and `label_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Nothing could be read.
    NothingRead,
    /// Records were read, but nothing decides.
    NoPolicy,
    /// At least one invocation broke the policy.
    Violations,
    /// None is known to break it; of at least one it cannot be told.
    Undecided,
    /// There is no invocation to decide about, and what was read may not be all.
    NoInvocationsIncomplete,
    /// All that was read kept it, but what was read may not be all.
    Incomplete,
    /// All that was read kept it, but the settings that prove it are not as they must be, or unknown.
    Settings,
    /// There is no invocation to decide about.
    NoInvocations,
    /// There are invocations, and no control has anything to say about them.
    NotApplicable,
    /// Everything that was read kept it, and nothing is known to be missing.
    Compliant,
}

/// How invocations were decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Outcomes {
    pub(super) violation: u64,
    pub(super) undecided: u64,
    pub(super) compliant: u64,
    pub(super) not_applicable: u64,
    pub(super) not_decided: u64,
}

/// What an audit comes to, and what limits it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) kind: Kind,
    pub(super) outcomes: Outcomes,
    /// Where violations were processed, most first: at most [`PLACES`].
    pub(super) places: Vec<(String, u64)>,
    /// How many more Regions that are.
    pub(super) more_places: usize,
    /// How many violations were processed nowhere: they failed before a model saw them.
    pub(super) refused: u64,
    /// Of how many violations it is not known where they were processed.
    pub(super) unreported: u64,
    /// Account-and-Region days without evidence.
    pub(super) missing_days: u64,
    /// What else stands against it, each with its number; the words stand under `against_`.
    pub(super) against: Vec<(&'static str, u64)>,
}

impl Outcomes {
    pub(super) fn of(audit: &Audit) -> Self {
        let mut outcomes = Self::default();
        for flow in &audit.flows {
            *outcomes.of_kind(flow.outcome) += flow.invocations;
        }
        outcomes
    }

    pub(super) const fn of_kind(&mut self, outcome: Option<Outcome>) -> &mut u64 {
        match outcome {
            None => &mut self.not_decided,
            Some(Outcome::NotApplicable) => &mut self.not_applicable,
            Some(Outcome::Compliant) => &mut self.compliant,
            Some(Outcome::Undecided) => &mut self.undecided,
            Some(Outcome::Violation) => &mut self.violation,
        }
    }
}

impl Verdict {
    pub(super) fn of(audit: &Audit, posture: Option<&Posture>, reach: Option<&Reach>) -> Self {
        let outcomes = Outcomes::of(audit);
        let missing_days = audit.coverage.missing_days();
        let unknown = u64::try_from(audit.coverage.unknown.len()).unwrap_or(u64::MAX);
        let kind = kind(audit, outcomes, posture);
        // What fails is processed nowhere.
        let may_leave = reach.map_or(0, |reach| reach.rows().filter(|(_, row)| row.may_leave()).count());
        let against = [
            (
                "undecided",
                if kind == Kind::Undecided { 0 } else { outcomes.undecided },
            ),
            ("excepted", audit.excepted.invocations),
            ("rejected", audit.exits.rejected),
            ("paths_without_file", audit.read.paths_without_file),
            ("missing_days", missing_days),
            ("unknown_places", unknown),
            ("unplaced_files", audit.coverage.unplaced_files),
            (
                "event_history",
                u64::try_from(audit.coverage.looked_up.len()).unwrap_or(u64::MAX),
            ),
            (
                "settings_broken",
                posture.map_or(0, |posture| posture.coverage.non_compliant),
            ),
            (
                "settings_undecided",
                posture.map_or(0, |posture| posture.coverage.undecided),
            ),
            (
                "settings_policy",
                posture.map_or(0, |posture| {
                    u64::from(audit.policy_sha256.as_deref() != Some(&*posture.policy_sha256))
                }),
            ),
            ("reach", u64::try_from(may_leave).unwrap_or(u64::MAX)),
        ];
        let mut by_place: BTreeMap<String, u64> = BTreeMap::new();
        let (mut refused, mut unreported) = (0, 0);
        for flow in audit
            .flows
            .iter()
            .filter(|flow| flow.outcome == Some(Outcome::Violation))
        {
            match &flow.destination {
                Some(region) => *by_place.entry(region.to_string()).or_default() += flow.invocations,
                None if flow.processed_nowhere => refused += flow.invocations,
                None => unreported += flow.invocations,
            }
        }
        let mut places: Vec<(String, u64)> = by_place.into_iter().collect();
        places.sort_by(|(a, of_a), (b, of_b)| (of_b, a).cmp(&(of_a, b)));
        let more_places = places.len().saturating_sub(PLACES);
        places.truncate(PLACES);
        Self {
            kind,
            outcomes,
            places,
            more_places,
            refused,
            unreported,
            missing_days,
            against: against.into_iter().filter(|(_, number)| *number > 0).collect(),
        }
    }
}

fn kind(audit: &Audit, outcomes: Outcomes, posture: Option<&Posture>) -> Kind {
    let incomplete = !audit.is_whole();
    match () {
        () if audit.read_nothing() => Kind::NothingRead,
        () if audit.policy_sha256.is_none() => Kind::NoPolicy,
        () if outcomes.violation > 0 || audit.exits.violation > 0 => Kind::Violations,
        // What was not decided although there is a policy is not known to be compliant.
        () if outcomes.undecided > 0 || outcomes.not_decided > 0 || audit.exits.undecided > 0 => Kind::Undecided,
        () if audit.read.invocations == 0 && incomplete => Kind::NoInvocationsIncomplete,
        () if incomplete => Kind::Incomplete,
        () if audit.read.invocations == 0 => Kind::NoInvocations,
        () if outcomes.compliant == 0 => Kind::NotApplicable,
        () if posture.is_some_and(|posture| !posture.is_compliant(audit.policy_sha256.as_deref())) => Kind::Settings,
        () => Kind::Compliant,
    }
}
