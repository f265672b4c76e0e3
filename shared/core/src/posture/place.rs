//! Where settings are judged, and by what.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Hub, Observed};
use crate::{
    account::AccountId,
    catalog::Catalogue,
    pattern::{Compiled, PatternError},
    policy::Policy,
    region::Region,
};

/// One Region of one account, with all that settings there are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The Region.
    pub region: &'a Region,
    /// Whether Bedrock is in use there.
    pub in_use: &'a Observed<Use>,
    /// The policy in force for the account.
    pub policy: &'a Policy,
    /// Which profiles reach which Regions, for those that the account itself does not list.
    pub catalogue: &'a Catalogue,
    /// Where crisguard stands: in the account itself, or in another.
    pub hub: &'a Hub,
    /// What the policy compiles to for the account; without naming it, of a member account, for the forwarders of all
    /// member accounts are deployed alike.
    pub compiled: Result<&'a Compiled, &'a PatternError>,
    /// When it was looked.
    pub now: Timestamp,
}

/// Whether Bedrock is in use in a Region, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// The policy names the Region as a source.
    AllowedSource,
    /// Whoever asked for the look named the Region.
    Named,
    /// CloudWatch counted invocations within [`Use::DAYS`].
    Counted,
    /// CloudWatch counted none, and nobody named it.
    None,
}

impl Use {
    /// Over how many days CloudWatch is asked for invocations.
    pub const DAYS: u32 = 90;

    /// Tells whether it is.
    #[must_use]
    pub const fn is_some(self) -> bool {
        !matches!(self, Self::None)
    }
}
