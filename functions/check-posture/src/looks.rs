//! What is to be looked at: which areas of which Regions, and for whom.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{
    change::{Change, ChangeMade, Evidence},
    controls::ControlId,
    posture::Area,
    region::Region,
};

/// One area of one Region that is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The Region.
    pub region: Region,
    /// Whether the account can use the Region; where it cannot, nothing can happen.
    pub enabled: bool,
    /// Whether whoever asks named the Region.
    pub named: bool,
    /// The area.
    pub area: Area,
    /// The controls that are asked for; all of the area if none is named.
    pub controls: Option<BTreeSet<ControlId>>,
    /// The changes for which it is looked, the latest last.
    pub changes: Vec<ChangeMade>,
}

impl Look {
    /// Returns the controls that are asked for.
    pub(crate) fn asked(&self) -> impl Iterator<Item = ControlId> {
        ControlId::about_settings(self.area).filter(|control| self.asks(*control))
    }

    /// Tells whether a control of the area is asked for.
    #[must_use]
    pub fn asks(&self, control: ControlId) -> bool {
        self.controls.as_ref().is_none_or(|asked| asked.contains(&control))
    }
}

/// Returns a look at every area of each Region about which a control decides: only those of
/// `controls`, if some are named.
///
/// An area that is the same in every Region is looked at in the home Region, wherever it was asked for.
pub(crate) fn at_regions(
    regions: &BTreeMap<Region, bool>,
    named: bool,
    controls: Option<&BTreeSet<ControlId>>,
    home: &Region,
) -> Vec<Look> {
    let look = |region: &Region, enabled, area| Look {
        region: region.clone(),
        enabled,
        named,
        area,
        controls: controls.cloned(),
        changes: Vec::new(),
    };
    let areas: Vec<Area> = Area::ALL
        .into_iter()
        .filter(|area| {
            ControlId::about_settings(*area).any(|control| controls.is_none_or(|asked| asked.contains(&control)))
        })
        .collect();
    let (global, regional): (Vec<Area>, Vec<Area>) = areas.into_iter().partition(|area| area.is_global());
    let mut looks: Vec<Look> = regions
        .iter()
        .flat_map(|(region, enabled)| regional.iter().map(move |area| look(region, *enabled, *area)))
        .collect();
    // By hand, somebody who names only other Regions does not ask for it, unless by the control's name.
    if !named || controls.is_some() || regions.contains_key(home) {
        looks.extend(global.into_iter().map(|area| look(home, true, area)));
    }
    looks
}

/// Returns the looks that some changes ask for, each area of each Region once, and how many of the
/// changes ask for any.
///
/// A change of what was no evidence when it was last looked asks for none.
pub(crate) fn after_changes(
    changes: &[Change],
    evidence: &Evidence,
    enabled: &BTreeMap<Region, bool>,
    home: &Region,
) -> (Vec<Look>, usize) {
    let mut looks: BTreeMap<(Region, Area), BTreeSet<ChangeMade>> = BTreeMap::new();
    let mut asking = 0;
    for change in changes {
        let mut asks = false;
        let everywhere = enabled
            .iter()
            .filter(|(_, enabled)| **enabled)
            .map(|(region, _)| region);
        let mut regions: BTreeSet<&Region> = BTreeSet::from([&change.region]);
        regions.extend(evidence.resting_on(change));
        if change.everywhere {
            regions.extend(everywhere);
        }
        for region in regions {
            for area in evidence.affected(change, region) {
                if ControlId::about_settings(area).next().is_some() {
                    let region = if area.is_global() { home } else { region };
                    let made = looks.entry((region.clone(), area)).or_default();
                    made.insert(change.made.clone());
                    asks = true;
                }
            }
        }
        asking += usize::from(asks);
    }
    let looks = looks
        .into_iter()
        .map(|((region, area), made)| Look {
            region,
            enabled: true,
            named: false,
            area,
            controls: None,
            changes: ChangeMade::latest(made),
        })
        .collect();
    (looks, asking)
}
