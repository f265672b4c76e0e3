//! Looks at policies, patterns, records and service control policies by hand.
//!
//! One library with two mains. The `crisguard` command calls `run` with the arguments, the streams and the time; it
//! touches nothing else but the files that the arguments name and, where they ask for that, CloudTrail's history and
//! S3. The function `crisguard-run-audit` calls [`Request::answer`], with the organization where it was asked to read
//! that. Both read log files in S3 by `s3`, and times by [`moment`]. Neither carries what only the other needs.

#[cfg(feature = "command")]
mod command;
pub mod moment;
mod reach;
mod request;
#[cfg(feature = "s3")]
pub mod s3;

#[cfg(feature = "command")]
pub use command::{Console, Status, run};
pub use reach::{
    AccountAnswer, Accounts, Answer, Asked, AskedSource, AttachedScp, ChangesAnswer, Mended, OrganizationAnswer,
    OtherScp, Policies, Question, ReachError, ReachRequest, RequestError, WhatIf, Whole, listed,
};
pub use request::{Refused, Request, Response};
