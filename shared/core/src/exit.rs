//! The one counted way out of every record.

use serde::Serialize;

use crate::decision::{Assessment, Decision};

/// How a record or message left the function that read it.
///
/// The counts of all exits add up to what came in; that is a test, a metric and an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// No Bedrock record at all.
    NotBedrock,
    /// A Bedrock record to which no control applies.
    NotApplicable,
    /// Every control that applies is compliant.
    Compliant,
    /// No control is broken, but at least one cannot tell.
    Undecided,
    /// At least one control is broken.
    Violation,
    /// The record could not be read; it goes to the dead-letter queue.
    Rejected,
}

impl Exit {
    /// Returns the exit of an inference record: the worst decision of its controls.
    #[must_use]
    pub fn of(assessments: &[Assessment]) -> Self {
        assessments
            .iter()
            .map(|assessment| match assessment.decision {
                Decision::NotApplicable(_) => Self::NotApplicable,
                Decision::Compliant(_) => Self::Compliant,
                Decision::Undecided(_) => Self::Undecided,
                Decision::NonCompliant(_) => Self::Violation,
            })
            .max()
            .unwrap_or(Self::NotApplicable)
    }
}
