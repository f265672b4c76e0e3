//! A count that merges: the unit of every audit.

mod audit;

pub use audit::{
    AccountControls, Audit, AuditFinding, CoverageAnswer, Covered, Decided, Exits, FindingDecision, Flow, Gap,
    GapReason, Outcome, Read, Rejected, Route, Scope,
};

/// The most of what could not be read that is listed one by one.
pub const LISTED_REJECTIONS: usize = 10_000;
