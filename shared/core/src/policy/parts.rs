//! The parts of a policy document that stand for themselves.

use std::{borrow::Cow, collections::BTreeSet};

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use wildmatch::WildMatch;

use crate::{decision::Severity, region::Region};

/// Reads a field that may be left out, but not written without a value.
///
/// `destination:` with nothing after it, as when the last item of its list was commented out,
/// would otherwise mean the same as no such line: no limit at all.
pub(super) fn written<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The Regions allowed in one role: some, or (`["*"]`) every one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<RegionItem>", into = "Vec<String>")]
pub enum RegionSet {
    /// Every Region.
    Every,
    /// These Regions, at least one.
    Only(BTreeSet<Region>),
}

impl RegionSet {
    /// Tells whether `region` is among them.
    #[must_use]
    pub fn contains(&self, region: &Region) -> bool {
        match self {
            Self::Every => true,
            Self::Only(regions) => regions.contains(region),
        }
    }

    /// Returns the Regions by name; none stand for every Region.
    #[must_use]
    pub fn named(&self) -> BTreeSet<Region> {
        match self {
            Self::Every => BTreeSet::new(),
            Self::Only(regions) => regions.clone(),
        }
    }
}

/// One item of a [`RegionSet`] as it is written, so that an error stands at the item's own place.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
enum RegionItem {
    Every,
    Region(Region),
}

impl TryFrom<String> for RegionItem {
    type Error = crate::region::NotARegion;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if name == "*" {
            Ok(Self::Every)
        } else {
            name.parse().map(Self::Region)
        }
    }
}

impl TryFrom<Vec<RegionItem>> for RegionSet {
    type Error = &'static str;

    fn try_from(items: Vec<RegionItem>) -> Result<Self, Self::Error> {
        match items.as_slice() {
            [] => Err("name at least one Region, or write [\"*\"] for every Region"),
            [RegionItem::Every] => Ok(Self::Every),
            items => items
                .iter()
                .map(|item| match item {
                    RegionItem::Region(region) => Ok(region.clone()),
                    RegionItem::Every => Err("\"*\" stands for every Region: write it alone, or name the Regions"),
                })
                .collect::<Result<_, _>>()
                .map(Self::Only),
        }
    }
}

impl From<RegionSet> for Vec<String> {
    fn from(set: RegionSet) -> Self {
        match set {
            RegionSet::Every => vec!["*".to_owned()],
            RegionSet::Only(regions) => regions.into_iter().map(String::from).collect(),
        }
    }
}

impl JsonSchema for RegionSet {
    fn schema_name() -> Cow<'static, str> {
        "RegionSet".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Regions by name, or [\"*\"] for every Region.",
            "anyOf": [
                { "type": "array", "items": { "const": "*" }, "minItems": 1, "maxItems": 1 },
                { "type": "array", "items": generator.subschema_for::<Region>(), "minItems": 1 }
            ]
        })
    }
}

/// Whether `global.` profiles may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GlobalProfiles {
    /// They may not.
    Deny,
    /// They may; the destinations stay as they are, so a call processed elsewhere is still a violation.
    Allow,
}

/// The inference profiles that may be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileRules {
    /// Whether `global.` profiles may be used: `deny` or `allow`.
    pub global: GlobalProfiles,
    /// The profiles that may be used, as ids with `*` and `?`; without this list, any.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<ProfilePattern>")]
    pub allow: Option<Vec<ProfilePattern>>,
}

/// A pattern for inference profile ids (or an application profile's ARN), such as `jp.*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ProfilePattern(String);

impl ProfilePattern {
    /// Tells whether `profile`, an id or ARN, matches.
    #[must_use]
    pub fn matches(&self, profile: &str) -> bool {
        WildMatch::new(&self.0).matches(profile)
    }

    /// Returns the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProfilePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = !text.is_empty()
            && text.len() <= 2048
            && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
        if fits {
            Ok(Self(text))
        } else {
            Err(format!(
                "`{text}` is not a profile id or pattern; write for example `jp.*`"
            ))
        }
    }
}

impl From<ProfilePattern> for String {
    fn from(pattern: ProfilePattern) -> Self {
        pattern.0
    }
}

/// How people are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertRules {
    /// The language of alerts.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Language")]
    pub language: Option<Language>,
    /// The least severity that is told.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Severity")]
    pub minimum_severity: Option<Severity>,
    /// After how long an open finding that goes on is told again, such as `24h`.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RemindAfter")]
    pub remind_after: Option<RemindAfter>,
    /// How often what called for no alert of its own is told together: `hourly` or `daily`.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DigestRhythm")]
    pub digest: Option<DigestRhythm>,
}

/// How often the digest is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DigestRhythm {
    /// Every hour in which there is something to tell.
    Hourly,
    /// At most once in 24 hours.
    Daily,
}

/// A language that alerts and reports are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

/// After how long an open finding is told again: at least an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemindAfter(SignedDuration);

impl RemindAfter {
    /// Returns the duration.
    #[must_use]
    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

impl TryFrom<String> for RemindAfter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.parse::<SignedDuration>() {
            Ok(duration) if duration >= SignedDuration::from_hours(1) => Ok(Self(duration)),
            Ok(_) => Err(format!("`{text}` is shorter than an hour, the least there is")),
            Err(_) => Err(format!("`{text}` is not a duration; write hours, for example `24h`")),
        }
    }
}

impl From<RemindAfter> for String {
    fn from(remind_after: RemindAfter) -> Self {
        format!("{:#}", remind_after.0)
    }
}

impl JsonSchema for RemindAfter {
    fn schema_name() -> Cow<'static, str> {
        "RemindAfter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A duration of at least an hour, for example 24h." })
    }
}
