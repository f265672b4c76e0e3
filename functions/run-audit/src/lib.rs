//! Looks at policies, patterns, records and service control policies by hand.
//!
//! One library with two mains. The `crisguard` command calls `run` with the arguments, the streams and the time;
//! it touches nothing else but the files that the arguments name. The function `crisguard-run-audit` calls
//! [`handle`] with a request that holds every document itself. Neither carries what only the other needs.

#[cfg(feature = "command")]
mod arguments;
#[cfg(feature = "command")]
mod check;
#[cfg(feature = "command")]
mod console;
#[cfg(feature = "command")]
mod controls;
#[cfg(feature = "command")]
mod denied;
#[cfg(feature = "command")]
mod diff;
#[cfg(feature = "command")]
mod explain;
#[cfg(feature = "command")]
mod failure;
#[cfg(feature = "command")]
mod lint;
#[cfg(feature = "command")]
mod pattern;
#[cfg(feature = "command")]
mod policy_file;
#[cfg(feature = "command")]
mod profiles;
mod reach;
mod request;
#[cfg(feature = "command")]
mod run;
#[cfg(feature = "command")]
mod template;
#[cfg(feature = "command")]
mod text;

#[cfg(feature = "command")]
pub use console::Console;
pub use reach::{
    AccountAnswer, Answer, ChangesAnswer, Mended, OrganizationAnswer, Policies, Question, ReachError, ReachRequest,
    RequestError, WhatIf, listed,
};
pub use request::{Refused, handle};
#[cfg(feature = "command")]
pub use run::{Status, run};
