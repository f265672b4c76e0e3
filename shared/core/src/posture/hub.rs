//! Where crisguard stands: the bus to which every Region of every account forwards.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{account::AccountId, region::Region};

/// The bus to which every Region of every account forwards: whose it is, and who else may put events on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// The account in which crisguard stands. Every other one that is looked at is a member account.
    pub account: AccountId,
    /// The Region in which it stands, the home Region.
    pub home: Region,
    /// The organization whose accounts may forward to it; only its own account, if there is none.
    pub organization: Option<OrganizationId>,
}

impl Hub {
    /// Tells whether the bus is an account's own.
    #[must_use]
    pub fn is_of(&self, account: &AccountId) -> bool {
        self.account == *account
    }
}

/// The id of an organization.
///
/// ```
/// use crisguard_core::posture::OrganizationId;
/// assert!("o-a1b2c3d4e5".parse::<OrganizationId>().is_ok());
/// assert!("*".parse::<OrganizationId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrganizationId(String);

impl OrganizationId {
    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Tells why a text is not the id of an organization.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of an organization; write `o-` and 10 to 32 lower-case letters or digits")]
pub struct NotAnOrganizationId(String);

impl FromStr for OrganizationId {
    type Err = NotAnOrganizationId;

    /// Accepts what Organizations gives
    /// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html>).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_id = |id: &str| {
            (10..=32).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if text.strip_prefix("o-").is_some_and(is_id) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnOrganizationId(text.chars().take(64).collect()))
        }
    }
}

impl TryFrom<String> for OrganizationId {
    type Error = NotAnOrganizationId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<OrganizationId> for String {
    fn from(id: OrganizationId) -> Self {
        id.0
    }
}

impl fmt::Display for OrganizationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
