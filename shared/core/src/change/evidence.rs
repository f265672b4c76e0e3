//! What the settings of an account rest on, so that changes of anything else need no look.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Change, Changed, key_id};
use crate::{
    posture::{Area, Bucket, Observed, Seen},
    region::Region,
};

/// The buckets, log groups and keys that were evidence when it was last looked.
///
/// Of what was not looked at nobody knows what it rests on: every change can affect it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    regions: BTreeMap<Region, BTreeMap<Area, RestsOn>>,
}

/// What an area of a Region rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RestsOn {
    /// When whoever saw it began to look.
    #[serde(default)]
    looked_at: Timestamp,
    /// Whether all of it is known.
    whole: bool,
    buckets: BTreeSet<String>,
    log_groups: BTreeSet<String>,
    /// By their ids, without ARNs.
    keys: BTreeSet<String>,
}

impl Evidence {
    /// Returns the evidence of an account of which nothing is known.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            regions: BTreeMap::new(),
        }
    }

    /// Puts what was seen of an area in a Region in place of what was known of it, by a run that began at `began`.
    ///
    /// If a run that began later has seen it already, who of both saw it last cannot be told: it rests on all that
    /// either saw.
    pub fn learn(&mut self, region: &Region, area: Area, seen: &Seen, began: Timestamp) {
        let mut rests_on = RestsOn::of(seen, began);
        let areas = self.regions.entry(region.clone()).or_default();
        if let Some(later) = areas.remove(&area).filter(|known| known.looked_at > began) {
            rests_on.join(later);
        }
        areas.insert(area, rests_on);
    }

    /// Forgets what an area of a Region rests on: it was to be looked at, and nobody saw it.
    pub fn forget(&mut self, region: &Region, area: Area) {
        if let Some(areas) = self.regions.get_mut(region) {
            areas.remove(&area);
        }
    }

    /// Returns the Regions in which something rests on what was changed, wherever that is.
    pub fn resting_on(&self, change: &Change) -> impl Iterator<Item = &Region> {
        let rests = |areas: &BTreeMap<Area, RestsOn>| {
            let changed = change.changed.as_ref();
            changed.is_some_and(|changed| areas.values().any(|rests_on| rests_on.contains(changed)))
        };
        self.regions
            .iter()
            .filter(move |(_, areas)| rests(areas))
            .map(|(region, _)| region)
    }

    /// Returns the areas that a change can affect in a Region: those that rest on what was changed.
    #[must_use]
    pub fn affected(&self, change: &Change, region: &Region) -> BTreeSet<Area> {
        let rests = |area: &Area| match (
            &change.changed,
            self.regions.get(region).and_then(|areas| areas.get(area)),
        ) {
            (None, _) | (_, None) => true,
            (Some(changed), Some(rests_on)) => !rests_on.whole || rests_on.contains(changed),
        };
        change.areas.iter().copied().filter(rests).collect()
    }
}

impl RestsOn {
    fn of(seen: &Seen, looked_at: Timestamp) -> Self {
        let mut rests_on = Self {
            looked_at,
            whole: true,
            buckets: BTreeSet::new(),
            log_groups: BTreeSet::new(),
            keys: BTreeSet::new(),
        };
        match seen {
            Seen::Logging(seen) => {
                let whole = |bucket: &Observed<Bucket>| match bucket {
                    // Its key is evidence, too.
                    Ok(Bucket::Own(settings)) => settings.encryption.is_ok(),
                    Ok(Bucket::Missing | Bucket::Foreign) => true,
                    Err(_) => false,
                };
                rests_on.whole = seen.configuration.is_ok()
                    && seen.buckets.values().all(whole)
                    && seen.log_groups.values().all(Result::is_ok);
                rests_on.buckets.extend(seen.buckets.keys().cloned());
                rests_on.log_groups.extend(seen.log_groups.keys().cloned());
                rests_on.keys(seen.keys.keys());
            }
            Seen::Models(seen) => {
                rests_on.whole = [&seen.custom, &seen.imported]
                    .into_iter()
                    .all(|models| models.as_ref().is_ok_and(|models| models.values().all(Result::is_ok)));
                rests_on.keys(seen.keys.keys());
            }
            Seen::Agents(seen) => {
                rests_on.whole = seen
                    .agents
                    .as_ref()
                    .is_ok_and(|agents| agents.values().all(Result::is_ok))
                    && seen.knowledge_bases.as_ref().is_ok_and(|bases| {
                        bases.values().all(|sources| {
                            sources
                                .as_ref()
                                .is_ok_and(|sources| sources.values().all(Result::is_ok))
                        })
                    });
                rests_on.keys(seen.keys.keys());
            }
            // Changes of these name nothing that a look could be spared for.
            _ => rests_on.whole = false,
        }
        rests_on
    }

    fn join(&mut self, other: Self) {
        self.looked_at = self.looked_at.max(other.looked_at);
        self.whole &= other.whole;
        self.buckets.extend(other.buckets);
        self.log_groups.extend(other.log_groups);
        self.keys.extend(other.keys);
    }

    /// Adds keys; one that is named by an alias stands for a key whose id is not known.
    fn keys<'a>(&mut self, names: impl Iterator<Item = &'a String>) {
        for name in names {
            if name.contains("alias/") {
                self.whole = false;
            }
            self.keys.insert(key_id(name).to_owned());
        }
    }

    fn contains(&self, changed: &Changed) -> bool {
        match changed {
            Changed::Bucket(name) => self.buckets.contains(name),
            Changed::LogGroup(name) => self.log_groups.contains(name),
            Changed::Key(id) => self.keys.contains(id),
        }
    }
}
