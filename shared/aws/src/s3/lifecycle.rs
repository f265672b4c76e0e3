//! When a bucket deletes what is in it.

use serde::Deserialize;

/// A lifecycle rule. Only one without a prefix, tags and sizes is about every object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleRule {
    /// Its name.
    pub id: Option<String>,
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// What the keys begin with that it is about.
    pub prefix: Option<String>,
    /// The tags, by name and value, that objects must all have.
    pub tags: Vec<(String, String)>,
    /// The size, in bytes, that objects must have more than.
    pub larger_than: Option<u64>,
    /// The size, in bytes, that objects must have less than.
    pub smaller_than: Option<u64>,
    /// After how many days current versions expire.
    pub expires_after: Option<u32>,
    /// When current versions expire, once and for all, as ISO 8601.
    pub expires_on: Option<String>,
    /// After how many days versions are deleted that are not current any more.
    pub noncurrent_expires_after: Option<u32>,
    /// How many of those are kept all the same.
    pub noncurrent_kept: Option<u32>,
}

/// A rule as S3 writes it; transitions to other storage classes and uploads that were given up delete
/// nothing, and are left out.
#[derive(Deserialize)]
pub(super) struct Rule {
    #[serde(rename = "ID")]
    id: Option<String>,
    #[serde(rename = "Status")]
    status: String,
    /// Where it stands in rules of the first kind.
    #[serde(rename = "Prefix")]
    prefix: Option<String>,
    #[serde(rename = "Filter")]
    filter: Option<Filter>,
    #[serde(rename = "Expiration")]
    expiration: Option<Expiration>,
    #[serde(rename = "NoncurrentVersionExpiration")]
    noncurrent: Option<Noncurrent>,
}

/// Which objects a rule is about. A condition that is not known here makes the whole answer one that
/// cannot be read: without it the rule would be about more objects than it is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(rename = "Prefix")]
    prefix: Option<String>,
    #[serde(rename = "Tag", default)]
    tags: Vec<Tag>,
    #[serde(rename = "ObjectSizeGreaterThan")]
    larger_than: Option<u64>,
    #[serde(rename = "ObjectSizeLessThan")]
    smaller_than: Option<u64>,
    #[serde(rename = "And")]
    all: Option<All>,
}

/// Several conditions at once.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct All {
    #[serde(rename = "Prefix")]
    prefix: Option<String>,
    #[serde(rename = "Tag", default)]
    tags: Vec<Tag>,
    #[serde(rename = "ObjectSizeGreaterThan")]
    larger_than: Option<u64>,
    #[serde(rename = "ObjectSizeLessThan")]
    smaller_than: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Expiration {
    days: Option<u32>,
    date: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Noncurrent {
    noncurrent_days: Option<u32>,
    newer_noncurrent_versions: Option<u32>,
}

impl From<Rule> for LifecycleRule {
    fn from(rule: Rule) -> Self {
        let filter = rule.filter.unwrap_or_default();
        let all = filter.all.unwrap_or_default();
        let prefixes = [rule.prefix, filter.prefix, all.prefix];
        let tags = filter.tags.into_iter().chain(all.tags);
        let (expires_after, expires_on) = rule.expiration.map_or((None, None), |when| (when.days, when.date));
        Self {
            id: rule.id,
            status: rule.status,
            // An empty prefix is how rules say that they are about everything.
            prefix: prefixes.into_iter().flatten().find(|prefix| !prefix.is_empty()),
            tags: tags.map(|tag| (tag.key, tag.value)).collect(),
            larger_than: filter.larger_than.or(all.larger_than),
            smaller_than: filter.smaller_than.or(all.smaller_than),
            expires_after,
            expires_on,
            noncurrent_expires_after: rule.noncurrent.as_ref().and_then(|versions| versions.noncurrent_days),
            noncurrent_kept: rule.noncurrent.and_then(|versions| versions.newer_noncurrent_versions),
        }
    }
}
