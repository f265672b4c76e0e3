//! What was observed of settings: the latest of each kind is kept, from which the standing follows.

use crisguard_core::{change::ChangeMade, finding::PostureFinding, posture::PostureDecision};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lifecycle::Standing;

/// The latest observations of each kind; at least one is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    non_compliant: Option<PostureFinding>,
    undecided: Option<PostureFinding>,
    compliant: Option<PostureFinding>,
    /// The one that the standing follows from.
    deciding: PostureFinding,
}

impl Observed {
    pub(super) fn first(finding: &PostureFinding) -> Self {
        let mut observed = Self {
            non_compliant: None,
            undecided: None,
            compliant: None,
            deciding: finding.clone(),
        };
        observed.join(finding);
        observed
    }

    /// Keeps an observation if it is the latest of its kind.
    pub(super) fn join(&mut self, finding: &PostureFinding) {
        let kept = match finding.decision {
            PostureDecision::NonCompliant(_) => &mut self.non_compliant,
            PostureDecision::Undecided(_) => &mut self.undecided,
            PostureDecision::Compliant(_) => &mut self.compliant,
        };
        let changes = kept.as_ref().map(|kept| kept.changes.clone()).unwrap_or_default();
        // The explanation breaks the tie of two at the same time, so that their order does not matter.
        let rank = |finding: &PostureFinding| (finding.observed_at, finding.explanation.clone());
        if kept.as_ref().is_none_or(|kept| rank(finding) > rank(kept)) {
            *kept = Some(finding.clone());
        }
        // Who made it so is told by the look at the change alone; a later look must not forget it.
        if let Some(kept) = kept {
            kept.changes = ChangeMade::latest(
                changes
                    .into_iter()
                    .chain(kept.changes.clone())
                    .chain(finding.changes.clone()),
            );
        }
        if let Some(deciding) = self.decide() {
            self.deciding = deciding.clone();
        }
    }

    /// A violation stands until something compliant is observed later; a gap changes nothing of it.
    fn decide(&self) -> Option<&PostureFinding> {
        let compliant_at = self.compliant.as_ref().map(|finding| finding.observed_at);
        let since = |finding: &&PostureFinding| compliant_at.is_none_or(|at| finding.observed_at >= at);
        self.non_compliant
            .as_ref()
            .filter(since)
            .or(self.undecided.as_ref().filter(since))
            .or(self.compliant.as_ref())
    }

    pub(super) fn standing(&self) -> Standing {
        match self.deciding.decision {
            PostureDecision::NonCompliant(_) => Standing::NonCompliant,
            PostureDecision::Undecided(_) => Standing::Undecided,
            PostureDecision::Compliant(_) => Standing::Resolved,
        }
    }

    /// Returns the observation that the standing follows from.
    #[must_use]
    pub fn deciding(&self) -> &PostureFinding {
        &self.deciding
    }

    /// Returns the changes that brought it about: those since it was last found compliant.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &ChangeMade> {
        let compliant_at = self.compliant.as_ref().map(|finding| finding.observed_at);
        let resolved = self.standing() == Standing::Resolved;
        let since = move |change: &&ChangeMade| resolved || compliant_at.is_none_or(|at| change.time >= at);
        self.deciding.changes.iter().filter(since)
    }

    /// Tells whether a violation was ever observed.
    pub(super) fn was_violated(&self) -> bool {
        self.non_compliant.is_some()
    }

    /// Tells whether a violation was observed since.
    pub(super) fn was_violated_since(&self, since: Timestamp) -> bool {
        let violation = self.non_compliant.as_ref();
        violation.is_some_and(|finding| finding.observed_at >= since)
    }

    /// Tells whether anything other than compliance was ever observed.
    pub(super) fn was_open(&self) -> bool {
        self.non_compliant.is_some() || self.undecided.is_some()
    }

    /// Returns the latest time at which something other than compliance was observed.
    pub(super) fn last_seen(&self) -> Timestamp {
        let latest = self.non_compliant.iter().chain(&self.undecided);
        latest
            .map(|finding| finding.observed_at)
            .max()
            .unwrap_or(self.deciding.observed_at)
    }
}
