//! What the settings of an account are: read, area by area and Region by Region, and nothing judged.

pub(crate) mod rules;
pub(crate) mod traffic;

pub(crate) mod everywhere;
mod guardrails;
mod identity;
mod logging;
pub(crate) mod organizations;
mod reach;
mod resources;
mod trails;

use crisguard_aws::{Disposition, Failure};
use crisguard_core::{
    account::AccountId,
    posture::{Hub, Membership, NotObserved, Observed},
};
use jiff::Timestamp;

/// What one sweep over the Regions of an account has in common.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The account that is looked at.
    pub account: AccountId,
    /// Where crisguard stands: in that account, or in another.
    pub hub: Hub,
    /// Where the account stands in its organization, if that is known; else it is asked when it is needed.
    pub membership: Option<Observed<Membership>>,
    /// Whether the account's Regions could be listed; where they are not needed, it does not matter.
    pub listed: Observed<()>,
    /// When it is looked.
    pub now: Timestamp,
}

/// Says what was refused, without what it was refused on: the problem names that.
pub(crate) fn unseen(failure: &Failure) -> NotObserved {
    NotObserved::new(failure.action, &failure.cause).that_may_pass(failure.disposition == Disposition::MayPass)
}

/// Turns an answer of AWS into what was observed.
pub(crate) fn observed<T>(answer: Result<T, Failure>) -> Observed<T> {
    answer.map_err(|failure| unseen(&failure))
}
