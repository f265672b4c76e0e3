//! What stands above the account in its organization, and what can be called from a Region.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ListedProfile, Observed};
use crate::scp::organization::OrganizationDocument;

/// The service control policies above the account, and the inference profiles of one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReachPosture {
    /// Where the account stands in its organization; the same in every Region.
    pub membership: Observed<Membership>,
    /// Every profile that the account can call from here, by id.
    pub listed: Observed<BTreeMap<String, ListedProfile>>,
}

/// Where an account stands in its organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// It is in none.
    None,
    /// It is the management account, to which no service control policy applies.
    ManagementAccount,
    /// It is a member: what stands above it, or why that cannot be read.
    Member(Observed<Arc<OrganizationDocument>>),
}

/// Where an account stood in its organization when it was last asked: what check-posture keeps, and
/// watch-inference reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownMembership {
    /// When it was asked.
    pub observed_at: Timestamp,
    /// Where it stood.
    pub membership: Membership,
}

impl KnownMembership {
    /// The most bytes that are read: ten policies of the largest size at each of eight levels, escaped.
    pub const LARGEST: usize = 2 * 1024 * 1024;
    /// How far its time and that of a call may lie apart for the one to tell of the other: from one night to
    /// the next, and an hour for each to begin in.
    pub const HOLDS_FOR: SignedDuration = SignedDuration::from_hours(26);

    /// Keeps what was answered; `None` if there was no answer that tells anything.
    #[must_use]
    pub fn answered(membership: &Observed<Membership>, observed_at: Timestamp) -> Option<Self> {
        let membership = membership.as_ref().ok()?;
        match membership {
            Membership::Member(Err(_)) => None,
            Membership::None | Membership::ManagementAccount | Membership::Member(Ok(_)) => Some(Self {
                observed_at,
                membership: membership.clone(),
            }),
        }
    }

    /// Returns what stood above the account when a call was made at `time`, if that is known.
    #[must_use]
    pub fn above(&self, time: Timestamp) -> Option<&OrganizationDocument> {
        let near = time.duration_since(self.observed_at).abs() <= Self::HOLDS_FOR;
        match &self.membership {
            Membership::Member(Ok(document)) if near => Some(document),
            _ => None,
        }
    }
}
