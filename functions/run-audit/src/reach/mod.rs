//! Reach: what can be called under service control policies, whoever asks.

mod answer;
mod merge;
mod question;
mod request;

pub use answer::{AccountAnswer, Answer, ChangesAnswer, OrganizationAnswer};
pub use merge::Mended;
pub use question::{Accounts, Policies, Question, ReachError, WhatIf, listed};
pub use request::{AttachedScp, OtherScp, ReachRequest, RequestError, Whole};
