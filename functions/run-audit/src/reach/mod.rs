//! Reach: what can be called under service control policies, whoever asks.

mod answer;
#[cfg(feature = "command")]
mod command;
#[cfg(feature = "command")]
mod csv;
mod merge;
mod question;
mod request;
#[cfg(feature = "command")]
pub(crate) mod words;
#[cfg(feature = "command")]
mod write;

pub use answer::{AccountAnswer, Answer, ChangesAnswer, OrganizationAnswer};
#[cfg(feature = "command")]
pub(crate) use command::{run, under};
pub use merge::Mended;
pub use question::{Policies, Question, ReachError, WhatIf, listed};
pub use request::{ReachRequest, RequestError};
