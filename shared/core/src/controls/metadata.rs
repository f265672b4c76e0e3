//! What people are told about a control.

use serde::Serialize;

use crate::decision::Severity;

/// A control's title, reasons, remedy and place in the frameworks that auditors ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// The name that stands in policies, findings and reports.
    pub name: &'static str,
    /// A few words that say what must hold.
    pub title: &'static str,
    /// What is looked at, as a clause that holds where all is well.
    pub decides: &'static str,
    /// What a violation is, in a headline's words before the Region: 26 characters at most.
    pub broken: &'static str,
    /// How much a finding matters.
    pub severity: Severity,
    /// Why it matters, in a sentence or two.
    pub rationale: &'static str,
    /// What to do, step by step; commands stand in backticks.
    pub remedy: &'static [&'static str],
    /// The AWS documentation behind it.
    pub documentation: &'static str,
    /// Where the control belongs in laws and standards.
    pub mapping: &'static [Mapping],
}

/// A place in a law or standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// The law or standard.
    pub framework: &'static str,
    /// The article, control or clause.
    pub clause: &'static str,
}

/// Shortens the tables of the controls.
pub(super) const fn mapped(framework: &'static str, clause: &'static str) -> Mapping {
    Mapping { framework, clause }
}
