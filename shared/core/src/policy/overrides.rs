//! What differs for one account or organizational unit.

use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor},
};

use super::parts::{GlobalProfiles, ProfilePattern, RegionSet, written};
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

/// Whom the document has overrides for, and what differs for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Overrides(pub(super) BTreeMap<AccountSelector, Override>);

impl Overrides {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

struct OverridesVisitor;

impl<'de> Visitor<'de> for OverridesVisitor {
    type Value = Overrides;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("overrides by account or organizational unit")
    }

    /// Refuses two overrides for one account or unit: quoted and not, or with and without a slash
    /// at the end, they are two keys to the parser, and one would silently replace the other.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut overrides = BTreeMap::new();
        while let Some(selector) = map.next_key::<AccountSelector>()? {
            if overrides.contains_key(&selector) {
                let name: String = selector.into();
                return Err(A::Error::custom(format!(
                    "there are two overrides for `{name}`: keep one of the two"
                )));
            }
            overrides.insert(selector, map.next_value()?);
        }
        Ok(Overrides(overrides))
    }
}

impl<'de> Deserialize<'de> for Overrides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OverridesVisitor)
    }
}

/// The fields that differ; what is not written stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Override {
    /// The Regions that are allowed instead.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RegionOverride")]
    pub(super) regions: Option<RegionOverride>,
    /// The profiles that are allowed instead.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ProfileOverride")]
    pub(super) profiles: Option<ProfileOverride>,
}

/// Regions that are allowed instead, by role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionOverride {
    /// Where Bedrock may be called.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RegionSet")]
    pub(super) source: Option<RegionSet>,
    /// Where prompts may be processed.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RegionSet")]
    pub(super) destination: Option<RegionSet>,
}

/// Profiles that are allowed instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileOverride {
    /// Whether `global.` profiles may be used.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GlobalProfiles")]
    pub(super) global: Option<GlobalProfiles>,
    /// The profiles that may be used; `["*"]` lifts the list.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<ProfilePattern>")]
    pub(super) allow: Option<Vec<ProfilePattern>>,
}
