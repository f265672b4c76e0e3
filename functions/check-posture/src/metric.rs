//! The metrics of this function. `Assessments` is the sum of the three decisions that follow it,
//! `Changes` that of the three exits of a change.

use std::{collections::BTreeMap, io};

use crisguard_core::{controls::ControlId, posture::PostureDecision};
use crisguard_lambda::metrics::Counts;
pub use crisguard_lambda::metrics::POLICY_REJECTED;

use crate::{Answer, Assessed};

/// Nightly looks that came to their end.
pub const NIGHTLY: &str = "NightlyLooks";
/// Regions looked at.
pub const REGIONS: &str = "Regions";
/// Decisions: each of a control about a Region.
pub const ASSESSMENTS: &str = "Assessments";
/// Decisions that all is as it must be.
pub const COMPLIANT: &str = "Compliant";
/// Decisions that something is not.
pub const VIOLATION: &str = "Violation";
/// What cannot be told.
pub const UNDECIDED: &str = "Undecided";
/// Decisions handed on.
pub const FINDINGS_SENT: &str = "FindingsSent";
/// Decisions that could not be handed on; the whole look is repeated.
pub const RETRIED: &str = "Retried";
/// Messages of the changes queue.
pub const CHANGES: &str = "Changes";
/// Changes for which it was looked.
pub const CHANGES_LOOKED_AT: &str = "ChangesLookedAt";
/// Messages that change nothing that the evidence rests on.
pub const CHANGES_NOT_APPLICABLE: &str = "ChangesNotApplicable";
/// Messages that could not be read.
pub const CHANGES_REJECTED: &str = "ChangesRejected";
/// Every metric.
pub const ALL: [&str; 13] = [
    NIGHTLY,
    REGIONS,
    ASSESSMENTS,
    COMPLIANT,
    VIOLATION,
    UNDECIDED,
    POLICY_REJECTED,
    FINDINGS_SENT,
    RETRIED,
    CHANGES,
    CHANGES_LOOKED_AT,
    CHANGES_NOT_APPLICABLE,
    CHANGES_REJECTED,
];

/// Begins to count.
pub(crate) fn counts() -> Counts {
    Counts::of(&ALL)
}

/// Adds what was counted of one account to what was counted of all.
pub(crate) fn add(all: &mut Counts, of_one: &Counts) {
    for name in ALL {
        all.add(name, usize::try_from(of_one.count(name)).unwrap_or(usize::MAX));
    }
}

/// Returns the metric that counts a decision.
pub(crate) const fn name(decision: &PostureDecision) -> &'static str {
    match decision {
        PostureDecision::Compliant(_) => COMPLIANT,
        PostureDecision::NonCompliant(_) => VIOLATION,
        PostureDecision::Undecided(_) => UNDECIDED,
    }
}

/// Writes what each control decided; of the nightly look alone, for each control costs.
pub(crate) fn by_control(answer: &Answer, function: &str, mut out: impl io::Write) {
    let mut controls: BTreeMap<ControlId, Counts> = BTreeMap::new();
    for Assessed { finding, .. } in &answer.assessments {
        let counts = || Counts::of(&[COMPLIANT, VIOLATION, UNDECIDED]);
        let counts = controls.entry(finding.control).or_insert_with(counts);
        counts.add(name(&finding.decision), 1);
    }
    for (control, counts) in controls {
        let dimensions = [("FunctionName", function), ("Control", control.name())];
        counts.write_under(&dimensions, answer.observed_at, &mut out);
    }
}
