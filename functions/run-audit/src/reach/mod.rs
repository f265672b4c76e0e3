//! Reach: what can be called under service control policies, whoever asks.

mod answer;
mod asked;
mod listed;
mod merge;
mod question;
mod request;

pub use answer::{AccountAnswer, Answer, ChangesAnswer, OrganizationAnswer};
pub use asked::Asked;
pub use listed::listed;
pub use merge::Mended;
pub use question::{Accounts, Policies, Question, ReachError, WhatIf};
#[cfg(feature = "command")]
pub(crate) use request::named_principal;
pub use request::{AskedSource, AttachedScp, OtherScp, ReachRequest, RequestError, Whole};
