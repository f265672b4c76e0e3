//! What may be called: a profile, a model or a guardrail's profile, from a source Region.

use std::{borrow::Cow, collections::BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use wildmatch::WildMatch;

use crate::{
    account::AccountId,
    arn::Arn,
    catalog::{Catalogue, Destinations},
    inference_profile::InferenceProfile,
    region::{Region, SourceRegion},
};

/// A call whose permission is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it is made.
    pub source: SourceRegion,
    /// What is called.
    pub call: Call,
    /// Where it can be processed.
    pub destinations: Destinations,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A model through a system-defined inference profile.
    Profile(InferenceProfile),
    /// A model through an inference profile that the account made, or that AWS made and whose kind is not known.
    Application {
        /// The profile's ARN.
        arn: String,
        /// The model's id.
        model: String,
    },
    /// A foundation model itself, by its id: processed where it is called.
    Model(String),
    /// A guardrail's own profile, by its id, such as `eu.guardrail.v1:0`.
    Guardrail(String),
    /// A batch job that names an inference profile as its model.
    Batch(InferenceProfile),
}

/// What is called, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// A model through a system-defined inference profile.
    Profile,
    /// A model through an application profile.
    ApplicationProfile,
    /// A model itself.
    Model,
    /// A guardrail's own profile.
    GuardrailProfile,
    /// A batch job.
    Batch,
}

impl Call {
    /// Returns what kind of call it is.
    #[must_use]
    pub const fn kind(&self) -> CallKind {
        match self {
            Self::Profile(_) => CallKind::Profile,
            Self::Application { .. } => CallKind::ApplicationProfile,
            Self::Model(_) => CallKind::Model,
            Self::Guardrail(_) => CallKind::GuardrailProfile,
            Self::Batch(_) => CallKind::Batch,
        }
    }

    /// Returns the id by which people know what is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Profile(profile) | Self::Batch(profile) => profile.id(),
            Self::Application { arn, .. } => arn,
            Self::Model(id) | Self::Guardrail(id) => id,
        }
    }

    /// Tells whether AWS documents what is evaluated only in part, so that the verdict is inferred.
    ///
    /// Of application profiles it is not written whose ARN `bedrock:InferenceProfileArn` has; of a
    /// guardrail's profile, which Region `aws:RequestedRegion` has at each destination
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/guardrail-profiles-permissions.html>).
    #[must_use]
    pub fn is_inferred(&self) -> bool {
        matches!(self, Self::Application { .. } | Self::Guardrail(_))
    }
}

impl Target {
    /// Tells whether the call is one of an account: an application profile is of the account in its ARN alone.
    #[must_use]
    pub fn is_in(&self, account: &AccountId) -> bool {
        match &self.call {
            Call::Application { arn, .. } => Arn::parse(arn).is_none_or(|arn| arn.account == account.as_str()),
            _ => true,
        }
    }

    /// Returns a call of a foundation model itself.
    #[must_use]
    pub fn model(id: &str, source: &SourceRegion) -> Self {
        Self {
            source: source.clone(),
            call: Call::Model(id.to_owned()),
            destinations: Destinations::Regions(BTreeSet::from([source.0.clone()])),
        }
    }

    /// Returns a call through a system-defined profile, or `None` if the catalogue does not know where it
    /// goes from `source`. The account's own list of a Region goes before the snapshot.
    #[must_use]
    pub fn profile(id: &str, source: &SourceRegion, catalogue: &Catalogue) -> Option<Self> {
        let listed = catalogue.live().of(source).and_then(|list| list.destinations(id));
        let destinations = match listed {
            Some(destinations) => destinations,
            None => catalogue.destinations(id, source)?.clone(),
        };
        Some(Self {
            source: source.clone(),
            call: Call::Profile(InferenceProfile::parse(id)?),
            destinations,
        })
    }

    /// Returns every call through an inference profile whose id (or ARN) matches `glob`, from each of
    /// `sources`: what the catalogue knows, and what the account itself lists there.
    #[must_use]
    pub fn profiles(glob: &str, sources: &[SourceRegion], catalogue: &Catalogue) -> Vec<Self> {
        let pattern = WildMatch::new(glob);
        let mut targets = Vec::new();
        for source in sources {
            let listed = catalogue.live().of(source);
            let known = catalogue.profiles().map(|(id, _)| Cow::Borrowed(id));
            let own = listed.into_iter().flat_map(|list| list.profiles.iter());
            let mut ids: BTreeSet<Cow<'_, str>> = known.collect();
            for (id, profile) in own {
                if profile.application {
                    let named = pattern.matches(&profile.arn) || pattern.matches(id);
                    targets.extend(
                        named
                            .then(|| Self::application(&profile.arn, &profile.models, source))
                            .flatten(),
                    );
                } else if InferenceProfile::parse(id).is_some() {
                    ids.insert(Cow::Borrowed(id));
                } else if pattern.matches(id) {
                    targets.extend(Self::application(&profile.arn, &profile.models, source));
                }
            }
            let matching = ids.iter().filter(|id| pattern.matches(id));
            targets.extend(matching.filter_map(|id| Self::profile(id, source, catalogue)));
        }
        targets
    }

    /// Returns the calls of guardrails' own profiles whose id matches `glob`.
    #[must_use]
    pub fn guardrails(glob: &str, sources: &[SourceRegion], catalogue: &Catalogue) -> Vec<Self> {
        let pattern = WildMatch::new(glob);
        let mut targets = Vec::new();
        for source in sources {
            let known = catalogue.guardrail_profiles().filter(|(id, _)| pattern.matches(id));
            targets.extend(known.filter_map(|(id, sources)| {
                Some(Self {
                    source: source.clone(),
                    call: Call::Guardrail(id.to_owned()),
                    destinations: sources.get(&source.0)?.clone(),
                })
            }));
        }
        targets
    }

    /// Returns the same call as a batch job, where it is a call through a system-defined profile.
    #[must_use]
    pub fn in_batch(&self) -> Option<Self> {
        match &self.call {
            Call::Profile(profile) => Some(Self {
                call: Call::Batch(profile.clone()),
                ..self.clone()
            }),
            _ => None,
        }
    }

    /// Takes an application profile with the ARNs of its models, as `GetInferenceProfile` answers them.
    /// `None` if they are not understood.
    #[must_use]
    pub fn application(arn: &str, models: &[String], source: &SourceRegion) -> Option<Self> {
        let destinations = Destinations::of_models(models)?;
        let (_, model) = Arn::parse(models.first()?)?.typed_resource()?;
        Some(Self {
            source: source.clone(),
            call: Call::Application {
                arn: arn.to_owned(),
                model: model.to_owned(),
            },
            destinations,
        })
    }

    /// Returns the destination Regions by name; `*` stands for every commercial Region.
    #[must_use]
    pub fn destination_names(&self) -> Vec<String> {
        match &self.destinations {
            Destinations::EveryCommercialRegion => vec!["*".to_owned()],
            Destinations::Regions(regions) => regions.iter().map(ToString::to_string).collect(),
        }
    }

    /// Returns the Regions among which it can be processed, where they can be told.
    pub(crate) fn regions(&self) -> Option<&BTreeSet<Region>> {
        match &self.destinations {
            Destinations::EveryCommercialRegion => None,
            Destinations::Regions(regions) => Some(regions),
        }
    }
}
