//! AWS accounts and their place in an organization.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A 12-digit AWS account id.
///
/// ```
/// use crisguard_core::account::AccountId;
/// assert!("111122223333".parse::<AccountId>().is_ok());
/// assert!("1111-2222-3333".parse::<AccountId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9]{12}$"))]
pub struct AccountId(String);

impl AccountId {
    /// Returns the twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Tells why a text is not an account id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an AWS account id; write its 12 digits, in quotes, for example \"111122223333\"")]
pub struct NotAnAccountId(String);

impl FromStr for AccountId {
    type Err = NotAnAccountId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnAccountId(text.chars().take(64).collect()))
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = NotAnAccountId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> Self {
        account.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path from an organization through its root to an organizational unit,
/// such as `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111`.
///
/// The form is that of the `aws:PrincipalOrgPaths` condition key
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
/// A trailing slash is accepted and dropped.
///
/// ```
/// use crisguard_core::account::OrganizationPath;
/// let unit: OrganizationPath = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111".parse()?;
/// let below: OrganizationPath = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/".parse()?;
/// assert!(unit.contains(&below));
/// assert!(!below.contains(&unit));
/// # Ok::<(), crisguard_core::account::NotAnOrganizationPath>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationPath(Vec<String>);

impl OrganizationPath {
    /// Tells whether `other` is this unit or lies below it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Returns how many levels the path has; a deeper override is nearer to the account.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.len()
    }
}

/// Tells why a text is not an organization path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an organization path; write `o-…/r-…` or `o-…/r-…/ou-…`, as in aws:PrincipalOrgPaths")]
pub struct NotAnOrganizationPath(String);

impl FromStr for OrganizationPath {
    type Err = NotAnOrganizationPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || NotAnOrganizationPath(text.chars().take(128).collect());
        let parts: Vec<&str> = text.strip_suffix('/').unwrap_or(text).split('/').collect();
        let prefix_at = |level: usize| match level {
            0 => "o-",
            1 => "r-",
            _ => "ou-",
        };
        let well_formed = parts.len() >= 2
            && parts.iter().enumerate().all(|(level, part)| {
                part.strip_prefix(prefix_at(level))
                    .is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
            });
        if well_formed {
            Ok(Self(parts.into_iter().map(str::to_owned).collect()))
        } else {
            Err(error())
        }
    }
}

impl fmt::Display for OrganizationPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_needs_an_organization_and_a_root() {
        assert!("o-a/r-b".parse::<OrganizationPath>().is_ok());
        for text in ["", "o-a", "ou-ab12-11111111", "r-b/o-a", "o-a/r-b/x", "o-a//r-b"] {
            assert!(text.parse::<OrganizationPath>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_that_only_starts_alike_is_not_contained() {
        let unit: OrganizationPath = "o-a/r-b/ou-b-1".parse().unwrap();
        let other: OrganizationPath = "o-a/r-b/ou-b-11".parse().unwrap();
        assert!(!unit.contains(&other));
    }
}
