//! Looks at several accounts: a few by hand at once, or all of an organization, planned, looked at one by one and put
//! together.
//!
//! A plan has a line for each Region of each account ([`mod@plan`]); a state machine has each line looked at by an
//! invocation of its own ([`mod@look`]), and what those have stored put together ([`mod@merge`]). What one of them cannot see,
//! or loses, is undecided, and leaves the others as they are.

mod by_hand;
mod gaps;
mod ledger;
mod line;
mod look;
mod merge;
mod plan;
mod whereabouts;

pub(crate) use by_hand::by_hand;
pub(crate) use line::{Line, Run};
pub use look::Looked;
pub(crate) use look::look;
pub use merge::Summary;
pub(crate) use merge::merge;
pub use plan::Planned;
pub(crate) use plan::plan;
pub(crate) use whereabouts::{LastRead, Whereabouts};

/// How many accounts are looked at at once by one invocation: each has as many calls under way as one look has.
pub(crate) const ACCOUNTS_AT_ONCE: usize = 4;
