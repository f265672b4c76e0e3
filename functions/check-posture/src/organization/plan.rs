//! Which Regions of which accounts are looked at, written down as a line for each.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{account::AccountId, posture::Observed, region::Region};
use crisguard_lambda::report::Report;
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use tokio::time::timeout_at;

use super::{Line, Run, by_hand::Refused};
use crate::{
    function::Shared,
    ports::{self, Content, KeepReports as _, ReadOrganization as _},
    regions::{self, no_time_left},
    request::{Across, Whom},
};

/// How many accounts are asked for their Regions at once: two calls each, one after the other.
const ASKED_AT_ONCE: usize = 8;

/// Tells that another run has the name.
#[derive(Debug, thiserror::Error)]
#[error("another run was planned as {0}, in the same second: try again")]
struct PlannedAlready(Run);

/// What a plan came to.
#[derive(Debug, Serialize)]
pub struct Planned {
    run: Run,
    /// Where the plan lies.
    bucket: String,
    /// Under which key.
    key: String,
    /// How many lines it has.
    items: usize,
    /// Of how many accounts.
    accounts: usize,
    /// In how many Regions.
    regions: usize,
}

/// Writes down which Regions of which accounts are to be looked at.
///
/// Neighbouring lines are of different accounts: they are looked at at the same time, and what is known of an account is
/// kept in one place.
pub(crate) async fn plan<Ports: ports::Ports>(shared: &Shared<'_, Ports>, asked: &Across) -> Result<Planned, Report> {
    let run = Run::planned_at(shared.moment.now);
    let (ports, reports) = (shared.ports, shared.ports.reports());
    let failed = |error: &(dyn std::error::Error + 'static)| Report::of("Plan", error);

    let structure = ports.organization().structure().await;
    let accounts = match &asked.whom {
        Whom::These(accounts) => Ok(accounts.clone()),
        Whom::Organization => structure
            .as_ref()
            .map_err(Clone::clone)
            .and_then(ports::Structure::accounts),
    };
    let accounts = accounts.map_err(|not_observed| failed(&Refused::NotListed(not_observed)))?;
    let whole = async { ports.organization().whole(structure?).await };
    let whole = timeout_at(shared.moment.until, whole);
    let lines = lines(shared, &run, &accounts, asked.regions.as_ref());
    let (whole, lines) = tokio::join!(whole, lines);
    match whole.unwrap_or_else(|_| Err(no_time_left("organizations:ListPoliciesForTarget"))) {
        Ok(whole) => {
            let json = serde_json::to_vec(&whole).map_err(|error| failed(&error))?;
            let stored = reports.store(&run.organization(), Content::Json(json)).await;
            stored.map_err(|failure| failed(&failure))?;
        }
        Err(not_observed) => {
            tracing::warn!(error = %not_observed, "where the accounts stand cannot be read: each look asks by itself");
        }
    }

    let mut text = Vec::new();
    for line in lines.values() {
        serde_json::to_writer(&mut text, line).map_err(|error| failed(&error))?;
        text.push(b'\n');
    }
    let key = run.plan();
    // Runs are named by the second: one that was planned in the same must not lose its lines to this one.
    let stored = reports.replace(&key, None, Content::JsonLines(text)).await;
    if !stored.map_err(|failure| failed(&failure))? {
        return Err(failed(&PlannedAlready(run)));
    }
    let regions: BTreeSet<&Region> = lines.keys().map(|(region, _)| region).collect();
    Ok(Planned {
        run,
        bucket: reports.bucket().to_owned(),
        key,
        items: lines.len(),
        accounts: accounts.len(),
        regions: regions.len(),
    })
}

/// Returns a line for each Region of each account, Region by Region.
async fn lines<Ports: ports::Ports>(
    shared: &Shared<'_, Ports>,
    run: &Run,
    accounts: &BTreeSet<AccountId>,
    named: Option<&BTreeSet<Region>>,
) -> BTreeMap<(Region, AccountId), Line> {
    let each = accounts.iter().map(async |account| {
        let (regions, listed) = match named {
            Some(named) => (named.clone(), Ok(())),
            None => enabled(shared, account).await,
        };
        let home = &shared.hub.home;
        let line = |region: Region| Line {
            run: run.clone(),
            account: account.clone(),
            named: named.is_some(),
            unlisted: listed.as_ref().err().filter(|_| region == *home).cloned(),
            region,
        };
        let lines = regions.into_iter().map(line);
        lines
            .map(|line| ((line.region.clone(), line.account.clone()), line))
            .collect::<Vec<_>>()
    });
    stream::iter(each)
        .buffered(ASKED_AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flatten()
        .collect()
}

/// Returns the Regions that an account can use, the home Region always among them, and whether these are all.
async fn enabled<Ports: ports::Ports>(
    shared: &Shared<'_, Ports>,
    account: &AccountId,
) -> (BTreeSet<Region>, Observed<()>) {
    let (home, moment) = (&shared.hub.home, shared.moment);
    let (regions, listed) = if shared.hub.is_of(account) {
        regions::listed(shared.ports.own(), home, moment).await
    } else {
        match timeout_at(moment.until, shared.ports.member(account)).await {
            Ok(Ok(world)) => regions::listed(&world, home, moment).await,
            Ok(Err(not_observed)) => (BTreeMap::new(), Err(not_observed)),
            Err(_) => (BTreeMap::new(), Err(no_time_left("sts:AssumeRole"))),
        }
    };
    let enabled = regions
        .into_iter()
        .filter(|(_, enabled)| *enabled)
        .map(|(region, _)| region);
    (enabled.chain([shared.hub.home.clone()]).collect(), listed)
}
