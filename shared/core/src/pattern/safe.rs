//! The model ids that a pattern may drop, because no decision about them can be a finding.
//!
//! Each is a wildcard that must lie wholly inside one class of the parser
//! ([`ModelReference::parse`](crate::model::ModelReference::parse)): wildcards end in their only
//! `*` or have none, so that nothing else can hide in them.

use std::collections::BTreeSet;

use crate::{
    account::AccountId,
    catalog::Catalogue,
    inference_profile::{Geography, InferenceProfile},
    model::PROVIDERS,
    policy::{Policy, Reach, RegionSet},
    region::SourceRegion,
};

/// Wildcards for model ids, the most worth dropping first.
#[derive(Debug)]
pub(super) struct SafeModelIds(Vec<String>);

impl SafeModelIds {
    pub(super) fn by_worth(&self) -> impl Iterator<Item = &String> {
        self.0.iter()
    }

    /// Returns the ids of models that stay in their source, and of profiles that cannot leave the
    /// allowed Regions from any allowed source.
    pub(super) fn that_cannot_leave(policy: &Policy, catalogue: &Catalogue) -> Self {
        let mut ids = base_models(policy);
        let sources = named(policy);
        let mut profiles: Vec<String> = catalogue
            .profiles()
            .filter_map(|(id, _)| InferenceProfile::parse(id))
            .filter(|profile| {
                !sources.is_empty()
                    && sources
                        .iter()
                        .all(|source| matches!(policy.reach_of(profile, source, catalogue), Reach::Inside(_)))
            })
            .map(|profile| profile.id().to_owned())
            .collect();
        // The shorter the ids, the more of them fit.
        profiles.sort_by_key(|id| (id.len(), id.clone()));
        ids.extend(profiles);
        Self(ids)
    }

    /// Returns the ids of models without a profile, and of profiles that the policy permits.
    pub(super) fn that_are_permitted(policy: &Policy, catalogue: &Catalogue, account: Option<&AccountId>) -> Self {
        let mut ids = base_models(policy);
        let profiles: Vec<String> = match policy.allow_list() {
            None => Geography::ALL
                .into_iter()
                .filter(|geography| *geography != Geography::Global || policy.permits_global_profiles())
                .map(|geography| format!("{}.*", geography.prefix()))
                .collect(),
            Some(patterns) => {
                let (simple, other): (Vec<_>, Vec<_>) =
                    patterns.iter().partition(|pattern| is_simple(pattern.as_str(), policy));
                let catalogued = catalogue
                    .profiles()
                    .map(|(id, _)| id)
                    .filter(|id| other.iter().any(|pattern| pattern.matches(id)))
                    .filter(|id| !simple.iter().any(|pattern| pattern.matches(id)))
                    .filter(|id| InferenceProfile::parse(id).is_some_and(|profile| policy.permits_profile(&profile)));
                simple
                    .iter()
                    .map(|pattern| pattern.as_str())
                    .chain(catalogued)
                    .map(str::to_owned)
                    .collect()
            }
        };
        let arns = account
            .map(|account| profile_arns(policy, catalogue, account, &profiles))
            .unwrap_or_default();
        ids.extend(profiles);
        ids.extend(arns);
        Self(ids)
    }
}

/// Returns the allowed source Regions by name; none where every Region is allowed.
fn named(policy: &Policy) -> Vec<SourceRegion> {
    policy.source_regions().named().into_iter().map(SourceRegion).collect()
}

/// Returns wildcards for base models, by id and by the ARN of an allowed source Region.
fn base_models(policy: &Policy) -> Vec<String> {
    let by_id = PROVIDERS.iter().map(|provider| format!("{provider}.*"));
    let sources = named(policy);
    let by_arn = sources.iter().map(|source| {
        let partition = source.0.partition();
        format!("arn:{partition}:bedrock:{source}::foundation-model/*")
    });
    by_id.chain(by_arn).collect()
}

/// Tells whether a pattern of the allow-list, read as a wildcard of EventBridge, lies wholly in
/// the ids of one permitted geography.
fn is_simple(pattern: &str, policy: &Policy) -> bool {
    let literal = pattern.split(['*', '?']).next().unwrap_or_default();
    let geography = InferenceProfile::parse(literal);
    let permitted = geography.is_some_and(|profile| !profile.is_global() || policy.permits_global_profiles());
    let one_star_at_the_end = pattern.find('*').is_none_or(|at| at + 1 == pattern.len());
    permitted && !pattern.contains('?') && one_star_at_the_end
}

/// Returns the ARNs of permitted profiles in each allowed source Region where they exist.
fn profile_arns(policy: &Policy, catalogue: &Catalogue, account: &AccountId, profiles: &[String]) -> Vec<String> {
    let RegionSet::Only(sources) = policy.source_regions() else {
        return Vec::new();
    };
    let mut arns = BTreeSet::new();
    for source in sources {
        for wildcard in profiles {
            let prefix = wildcard.trim_end_matches('*');
            let exists = catalogue
                .profiles()
                .any(|(id, from)| id.starts_with(prefix) && from.contains_key(source));
            if exists {
                let partition = source.partition();
                arns.insert(format!(
                    "arn:{partition}:bedrock:{source}:{account}:inference-profile/{wildcard}"
                ));
            }
        }
    }
    arns.into_iter().collect()
}
