//! What differs for one account or organizational unit.

use std::{borrow::Cow, cmp::Ordering, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::parts::{GlobalProfiles, ProfilePattern, RegionSet};
use crate::account::{AccountId, OrganizationPath};

/// Whom an override is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum AccountSelector {
    /// One account.
    Account(AccountId),
    /// Every account in or below an organizational unit (or a root).
    Unit(OrganizationPath),
}

/// Units before accounts, outer units before inner ones: the order in which overrides apply.
impl Ord for AccountSelector {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Unit(a), Self::Unit(b)) => a.depth().cmp(&b.depth()).then_with(|| a.cmp(b)),
            (Self::Account(a), Self::Account(b)) => a.cmp(b),
            (Self::Unit(_), Self::Account(_)) => Ordering::Less,
            (Self::Account(_), Self::Unit(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for AccountSelector {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for AccountSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("o-") {
            text.parse()
                .map(Self::Unit)
                .map_err(|error: crate::account::NotAnOrganizationPath| error.to_string())
        } else {
            text.parse()
                .map(Self::Account)
                .map_err(|_| format!("`{text}` is neither a 12-digit account id in quotes nor a path `o-…/r-…/ou-…`"))
        }
    }
}

impl TryFrom<String> for AccountSelector {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountSelector> for String {
    fn from(selector: AccountSelector) -> Self {
        match selector {
            AccountSelector::Account(account) => account.into(),
            AccountSelector::Unit(path) => path.to_string(),
        }
    }
}

impl JsonSchema for AccountSelector {
    fn schema_name() -> Cow<'static, str> {
        "AccountSelector".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([0-9]{12}|o-[A-Za-z0-9]+/r-[A-Za-z0-9]+(/ou-[A-Za-z0-9-]+)*/?)$" })
    }
}

/// The fields that differ; what is not written stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Override {
    /// The Regions that are allowed instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) regions: Option<RegionOverride>,
    /// The profiles that are allowed instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) profiles: Option<ProfileOverride>,
}

/// Regions that are allowed instead, by role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionOverride {
    /// Where Bedrock may be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<RegionSet>,
    /// Where prompts may be processed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) destination: Option<RegionSet>,
}

/// Profiles that are allowed instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileOverride {
    /// Whether `global.` profiles may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) global: Option<GlobalProfiles>,
    /// The profiles that may be used; `["*"]` lifts the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allow: Option<Vec<ProfilePattern>>,
}
