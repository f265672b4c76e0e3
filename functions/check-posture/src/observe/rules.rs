//! What crisguard's own rules are in one Region: read, and nothing judged.

use std::collections::BTreeMap;

use crisguard_aws::{Failure, events};
use crisguard_core::{
    posture::{Bus, Home, MemberHome, Observed, OwnHome, RegionRules, Rule, Target, names},
    region::Region,
};
use futures_util::future::join_all;

use super::{
    Sweep,
    traffic::{self, Calls},
    unseen,
};
use crate::ports::{ReadMetrics, ReadRules};

/// Looks at one Region; the bus to which every Region forwards is looked at in its own Region and account. For the home
/// Region of any account the sweep tells whether the account's Regions could be listed. `calls` reads what Bedrock counted.
pub(crate) async fn observe(
    rules: &impl ReadRules,
    metrics: &impl ReadMetrics,
    calls: impl Future<Output = Result<Calls, Failure>>,
    region: &Region,
    sweep: &Sweep,
) -> RegionRules {
    let at_home = async {
        if *region != sweep.hub.home {
            return None;
        }
        let listed = &sweep.listed;
        if !sweep.hub.is_of(&sweep.account) {
            return Some(Home::Member(MemberHome {
                regions: listed.clone(),
            }));
        }
        let (bus, rules) = tokio::join!(rules.bus(region, names::BUS), list(rules, region, Some(names::BUS)));
        Some(Home::Own(OwnHome {
            regions: listed.clone(),
            bus: bus.map(standing).map_err(|failure| unseen(&failure)),
            rules,
        }))
    };
    let (rules, home, traffic) = tokio::join!(
        list(rules, region, None),
        at_home,
        traffic::observe(metrics, calls, region, sweep.now)
    );
    RegionRules {
        region: region.clone(),
        rules,
        home,
        traffic,
    }
}

async fn list(rules: &impl ReadRules, region: &Region, bus: Option<&str>) -> Observed<BTreeMap<String, Rule>> {
    let listed = rules.rules(region, bus, names::PREFIX).await;
    let listed = listed.map_err(|failure| unseen(&failure))?;
    let with_targets = listed.into_iter().map(async |rule| {
        let targets = rules.targets(region, bus, &rule.name).await;
        (rule.name.clone(), observed(rule, targets))
    });
    Ok(join_all(with_targets).await.into_iter().collect())
}

fn observed(rule: events::Rule, targets: Result<Vec<events::Target>, Failure>) -> Rule {
    let target = |events::Target { arn, rewrites }| Target { arn, rewrites };
    Rule {
        state: rule.state,
        pattern: rule.pattern,
        description: rule.description,
        targets: targets
            .map(|targets| targets.into_iter().map(target).collect())
            .map_err(|failure| unseen(&failure)),
    }
}

fn standing(bus: Option<events::Bus>) -> Bus {
    match bus {
        None => Bus::Missing,
        Some(events::Bus { policy }) => Bus::Standing { policy },
    }
}
