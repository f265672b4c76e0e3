//! The Regions of an account: which there are, and at which to look.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::account;
use crisguard_core::{
    posture::{NotObserved, Observed},
    region::Region,
};
use tokio::time::timeout_at;

use crate::{Moment, observe::unseen, ports::ListRegions};

/// Regions, with whether each is enabled, and whether these are all.
pub(crate) type Listed = (BTreeMap<Region, bool>, Observed<()>);

/// Returns where to look: where it is named, or everywhere. Where the Regions could not be listed, the home Region and
/// the `sources` that the policy names are looked at.
pub(crate) fn to_look_at<Sources: Iterator<Item = Region>>(
    named: Option<&BTreeSet<Region>>,
    (mut enabled, mut listed): Listed,
    home: &Region,
    sources: impl FnOnce() -> Sources,
) -> Listed {
    if let Some(named) = named {
        // What is not in the list, or if there is none, is looked at: whoever names it may know better.
        let looked_at = |region: &Region| {
            let is_off = region != home && enabled.get(region) == Some(&false);
            (region.clone(), !is_off)
        };
        enabled = named.iter().map(looked_at).collect();
        if !named.contains(home) {
            // The home Region stands for those that could not be listed, and is not looked at now.
            listed = Ok(());
        }
    } else {
        // crisguard stands there, whatever the list says.
        enabled.insert(home.clone(), true);
        if listed.is_err() {
            for region in sources() {
                enabled.entry(region).or_insert(true);
            }
        }
    }
    (enabled, listed)
}

/// Lists the Regions of an account.
pub(crate) async fn listed(account: &impl ListRegions, home: &Region, moment: Moment) -> Listed {
    let listed = match timeout_at(moment.until, account.regions()).await {
        Ok(Ok(listed)) => listed,
        Ok(Err(failure)) => {
            tracing::warn!(error = %failure, "the Regions could not be listed");
            return (BTreeMap::new(), Err(unseen(&failure)));
        }
        Err(_) => {
            return (BTreeMap::new(), Err(no_time_left(account::ACTION)));
        }
    };
    let incomplete = |cause: String| Err(NotObserved::new(account::ACTION, &cause));
    let mut all = Ok(());
    let mut enabled = BTreeMap::new();
    for region in listed {
        match region.name.parse() {
            Ok(name) => drop(enabled.insert(name, region.enabled)),
            Err(_) => all = incomplete(format!("`{}` in the list is not the name of a Region", region.name)),
        }
    }
    if !enabled.contains_key(home) {
        all = all.and_then(|()| incomplete(format!("{home} is not in the list")));
    }
    (enabled, all)
}

/// Says that a call was not made, or not answered, in time.
pub(crate) fn no_time_left(action: &str) -> NotObserved {
    NotObserved::new(action, "there was no time left").that_may_pass(true)
}
