//! What stands above the account in its organization, and what can be called from a Region.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ListedProfile, Observed};
use crate::{
    account::AccountId,
    scp::organization::{OrganizationDocument, UnitNode},
};

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

impl Membership {
    /// Returns where an account stands in an organization of which all is known: of a member only what stands above it,
    /// for that is what is kept of it. `None` if the account is not in the organization.
    #[must_use]
    pub fn within(whole: &OrganizationDocument, account: &AccountId) -> Option<Self> {
        let node = whole.accounts.iter().find(|node| node.id == *account)?;
        if whole.management_account == *account {
            return Some(Self::ManagementAccount);
        }
        let mut units: Vec<UnitNode> = Vec::new();
        let mut above = &node.parent;
        // Units that go round are there once, and are then found not to be an organization.
        while let Some(unit) = whole.units.iter().find(|unit| unit.id == *above)
            && !units.contains(unit)
        {
            units.push(unit.clone());
            above = &unit.parent;
        }
        let attached = units.iter().flat_map(|unit| &unit.policies);
        let attached: BTreeSet<&String> = attached.chain(&node.policies).chain(&whole.root.policies).collect();
        let policies = whole.policies.iter().filter(|policy| attached.contains(&policy.id));
        Some(Self::Member(Ok(Arc::new(OrganizationDocument {
            version: whole.version,
            id: whole.id.clone(),
            management_account: whole.management_account.clone(),
            root: whole.root.clone(),
            policies: policies.cloned().collect(),
            accounts: vec![node.clone()],
            units,
        }))))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::organization::Organization;

    const WHOLE: &str = r#"{
        "version": 1, "id": "o-a1b2c3d4e5", "management_account": "111122223333",
        "root": {"id": "r-ab12", "scps_enabled": true, "policies": ["p-FullAWSAccess"]},
        "units": [
            {"id": "ou-ab12-11111111", "parent": "r-ab12", "policies": ["p-above"]},
            {"id": "ou-ab12-22222222", "parent": "ou-ab12-11111111", "policies": ["p-FullAWSAccess"]},
            {"id": "ou-ab12-33333333", "parent": "r-ab12", "policies": ["p-beside"]}
        ],
        "accounts": [
            {"id": "111122223333", "parent": "r-ab12", "policies": ["p-FullAWSAccess"]},
            {"id": "222233334444", "parent": "ou-ab12-22222222", "policies": ["p-own"]},
            {"id": "333344445555", "parent": "ou-ab12-33333333", "policies": ["p-FullAWSAccess"]}
        ],
        "policies": [
            {"id": "p-above", "content": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
            {"id": "p-beside", "content": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
            {"id": "p-own", "content": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}
        ]
    }"#;

    #[test]
    fn of_a_whole_organization_a_member_is_told_what_stands_above_it_and_nothing_else() {
        let whole = Organization::parse(WHOLE.as_bytes()).unwrap();
        let within = |account: &str| Membership::within(whole.document(), &account.parse().unwrap());
        assert_eq!(within("111122223333"), Some(Membership::ManagementAccount));
        assert_eq!(within("999988887777"), None);
        let Some(Membership::Member(Ok(above))) = within("222233334444") else {
            panic!()
        };
        let ids: Vec<&str> = above.policies.iter().map(|policy| policy.id.as_str()).collect();
        assert_eq!(ids, ["p-above", "p-own"]);
        assert_eq!((above.units.len(), above.accounts.len()), (2, 1));
        let account = "222233334444".parse().unwrap();
        let above = Organization::new(above.as_ref().clone()).unwrap();
        assert_eq!(above.path(&account), whole.path(&account));
    }
}
