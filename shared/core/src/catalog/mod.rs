//! Which Regions each inference profile can reach from each source Region.
//!
//! AWS says not to rely on a profile's prefix and to ask `GetInferenceProfile` in every source
//! Region (<https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>):
//! the destinations depend on both. This snapshot of those answers is embedded; a profile or
//! source that it does not list is an evidence gap, never an assumption. What the account itself was
//! answered lately can be put over it: [`Catalogue::with_live`].

mod listed;
mod live;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::civil::Date;
use serde::Deserialize;

pub use listed::Listed;
pub use live::{Live, LiveError, LiveList};

use crate::region::{Region, SourceRegion};

const SNAPSHOT: &str = include_str!("snapshot.json");

/// The Regions that a profile can reach from one source Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destinations {
    /// Any commercial Region, now and in the future: a global profile.
    EveryCommercialRegion,
    /// These Regions; the source is usually among them, but not always.
    Regions(BTreeSet<Region>),
}

/// The inference profiles that were known on a certain day, and the guardrail profiles.
#[derive(Clone, Debug)]
pub struct Catalogue {
    as_of: Date,
    /// Shared by clones: whoever looks at many accounts has one for each, with its own lists.
    profiles: Arc<Routes>,
    guardrail_profiles: Arc<Routes>,
    live: Live,
}

/// Where each profile goes, by its id and the source Region.
type Routes = BTreeMap<String, BTreeMap<Region, Destinations>>;

/// Tells why a catalogue could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the catalogue of inference profiles is damaged")]
pub struct CatalogueError(#[from] serde_json::Error);

#[derive(Deserialize)]
struct SnapshotWire {
    as_of: Date,
    profiles: BTreeMap<String, Vec<RouteWire>>,
    guardrail_profiles: BTreeMap<String, Vec<RouteWire>>,
}

#[derive(Deserialize)]
struct RouteWire {
    from: Vec<Region>,
    to: Vec<String>,
}

impl Catalogue {
    /// Reads the snapshot that is part of this program.
    ///
    /// ```
    /// use crisguard_core::{catalog::{Catalogue, Destinations}, region::SourceRegion};
    /// let catalogue = Catalogue::embedded()?;
    /// let tokyo = SourceRegion("ap-northeast-1".parse().unwrap());
    /// assert_eq!(
    ///     catalogue.destinations("global.anthropic.claude-sonnet-4-5-20250929-v1:0", &tokyo),
    ///     Some(&Destinations::EveryCommercialRegion),
    /// );
    /// assert_eq!(catalogue.destinations("jp.made-up.model", &tokyo), None);
    /// # Ok::<(), crisguard_core::catalog::CatalogueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the embedded snapshot is damaged, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::from_json(SNAPSHOT)
    }

    fn from_json(json: &str) -> Result<Self, CatalogueError> {
        let snapshot: SnapshotWire = serde_json::from_str(json)?;
        Ok(Self {
            as_of: snapshot.as_of,
            profiles: Arc::new(routes(snapshot.profiles)?),
            guardrail_profiles: Arc::new(routes(snapshot.guardrail_profiles)?),
            live: Live::nothing(),
        })
    }

    /// Puts the account's own lists over the snapshot, instead of any that are there.
    ///
    /// They tell whether a destination is a known one, and what is behind application profiles, which
    /// no snapshot can. Where system-defined profiles can go is still read from the snapshot, from which
    /// the content filter was compiled ([`crate::pattern`]): what it dropped must stay compliant.
    #[must_use]
    pub fn with_live(mut self, live: Live) -> Self {
        self.live = live;
        self
    }

    /// Returns the account's own lists; without any, [`Live::nothing`].
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Returns the day on which the answers were taken.
    #[must_use]
    pub fn as_of(&self) -> Date {
        self.as_of
    }

    /// Returns where a profile can go from `source`, or `None` if that is not known.
    #[must_use]
    pub fn destinations(&self, profile: &str, source: &SourceRegion) -> Option<&Destinations> {
        self.profiles.get(profile)?.get(&source.0)
    }

    /// Returns where a guardrail's own profile, such as `eu.guardrail.v1:0`, can send what the guardrail
    /// checks, or `None` if that is not known
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-cross-region-support.html>).
    #[must_use]
    pub fn guardrail_destinations(&self, profile: &str, source: &SourceRegion) -> Option<&Destinations> {
        self.guardrail_profiles.get(profile)?.get(&source.0)
    }

    /// Returns every inference profile of a foundation model that starts from `source`, by its id, with
    /// where it can go.
    pub fn profiles_of_model(&self, model: &str, source: &SourceRegion) -> impl Iterator<Item = (&str, &Destinations)> {
        self.profiles
            .iter()
            .filter(move |(id, _)| id.split_once('.').is_some_and(|(_, of)| of == model))
            .filter_map(|(id, sources)| Some((id.as_str(), sources.get(&source.0)?)))
    }

    /// Returns every inference profile's id with where it can go from each source Region, in order.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, &BTreeMap<Region, Destinations>)> {
        self.profiles.iter().map(|(id, sources)| (id.as_str(), sources))
    }

    /// Returns every guardrail profile's id with where it can go from each source Region, in order.
    pub fn guardrail_profiles(&self) -> impl Iterator<Item = (&str, &BTreeMap<Region, Destinations>)> {
        self.guardrail_profiles
            .iter()
            .map(|(id, sources)| (id.as_str(), sources))
    }

    /// Tells whether any profile starts from or reaches `region`.
    #[must_use]
    pub fn mentions(&self, region: &Region) -> bool {
        self.profiles.values().flatten().any(|(source, destinations)| {
            source == region || matches!(destinations, Destinations::Regions(regions) if regions.contains(region))
        })
    }
}

fn routes(wire: BTreeMap<String, Vec<RouteWire>>) -> Result<Routes, serde_json::Error> {
    let mut profiles = BTreeMap::new();
    for (id, routes) in wire {
        let mut by_source = BTreeMap::new();
        for route in routes {
            let destinations = Destinations::from_wire(&route.to)?;
            by_source.extend(route.from.into_iter().map(|source| (source, destinations.clone())));
        }
        profiles.insert(id, by_source);
    }
    Ok(profiles)
}

impl Destinations {
    /// Tells whether `region` is among them; a global profile stays in the commercial partition.
    #[must_use]
    pub fn contains(&self, region: &Region) -> bool {
        match self {
            Self::EveryCommercialRegion => region.partition() == "aws",
            Self::Regions(regions) => regions.contains(region),
        }
    }

    fn from_wire(names: &[String]) -> Result<Self, serde_json::Error> {
        if names.iter().any(|name| name == "*") {
            return Ok(Self::EveryCommercialRegion);
        }
        names
            .iter()
            .map(|name| name.parse().map_err(serde::de::Error::custom))
            .collect::<Result<_, _>>()
            .map(Self::Regions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference_profile::InferenceProfile;

    fn source(name: &str) -> SourceRegion {
        SourceRegion(name.parse().unwrap())
    }

    fn reach(profile: &str, from: &str) -> Vec<String> {
        match Catalogue::embedded().unwrap().destinations(profile, &source(from)) {
            Some(Destinations::Regions(regions)) => regions.iter().map(|region| region.as_str().to_owned()).collect(),
            Some(Destinations::EveryCommercialRegion) => vec!["*".to_owned()],
            None => vec![],
        }
    }

    #[test]
    fn the_embedded_snapshot_is_whole() {
        let catalogue = Catalogue::embedded().unwrap();
        let rows: usize = catalogue.profiles().map(|(_, sources)| sources.len()).sum();
        assert_eq!((catalogue.profiles().count(), rows), (171, 1_573));
        assert!(
            catalogue
                .profiles()
                .all(|(id, _)| InferenceProfile::parse(id).is_some())
        );
    }

    #[test]
    fn guardrails_have_profiles_of_their_own() {
        let catalogue = Catalogue::embedded().unwrap();
        let rows: usize = catalogue.guardrail_profiles.values().map(BTreeMap::len).sum();
        assert_eq!((catalogue.guardrail_profiles.len(), rows), (7, 27));
        let regions = |names: &[&str]| Destinations::Regions(names.iter().map(|name| name.parse().unwrap()).collect());
        let reach = |profile, from| catalogue.guardrail_destinations(profile, &source(from)).cloned();
        assert_eq!(reach("uk.guardrail.v1:0", "eu-west-2"), Some(regions(&["eu-west-2"])));
        assert_eq!(
            reach("ca.guardrail.v1:0", "ca-central-1"),
            Some(regions(&["ca-central-1", "ca-west-1"]))
        );
        assert_eq!(reach("uk.guardrail.v1:0", "eu-west-1"), None);
        assert_eq!(catalogue.destinations("uk.guardrail.v1:0", &source("eu-west-2")), None);
    }

    #[test]
    fn destinations_depend_on_the_source() {
        assert_eq!(
            reach("jp.anthropic.claude-sonnet-4-5-20250929-v1:0", "ap-northeast-1"),
            ["ap-northeast-1", "ap-northeast-3"]
        );
        assert!(reach("eu.amazon.nova-lite-v1:0", "eu-central-1") != reach("eu.amazon.nova-lite-v1:0", "il-central-1"));
        assert!(reach("us.anthropic.claude-sonnet-4-6", "ca-central-1").contains(&"ca-central-1".to_owned()));
    }

    #[test]
    fn a_source_is_not_always_a_destination() {
        assert_eq!(
            reach("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "us-gov-east-1"),
            ["us-gov-west-1"]
        );
    }
}
