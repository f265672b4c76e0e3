//! Service control policies: what they say, and what a request comes to under them.
//!
//! The steps, each with a different type on each side: JSON → [`Policy`] → [`Judged`] for each
//! [`Request`] → [`Outcome`] of the levels of an organization. What depends on something that nobody can
//! know here, such as a tag of the caller, is *unknown*, never allowed and never denied.

pub mod condition;
pub mod denied;
mod judge;
pub mod language;
pub mod lint;
pub mod mend;
pub mod organization;
pub mod reach;
mod request;
pub mod templates;
mod truth;

pub use judge::{Denial, DenialKind, Judged, Matched, Outcome, levels};
pub use language::{
    Dependence, Effect, Names, Policy, PolicyError, Problem, Size, Statement, StatementRef, Suggestion,
};
pub use request::{Action, Context, NotAnAction, Request, Value};
pub use truth::Truth;

#[cfg(test)]
mod tests;
