//! One line of a plan: a Region of an account, looked at and kept as a result of the run.

use std::collections::BTreeSet;

use crisguard_core::{account::AccountId, region::Region};
use crisguard_lambda::{metrics::Counts, report::Report};
use serde::Serialize;

use super::{Line, Run, Whereabouts};
use crate::{
    Look,
    function::Shared,
    looks, ports,
    regions::Listed,
    report::Coverage,
    session::{NotSent, Session},
};

/// What came of a look: little enough for the state of a state machine.
#[derive(Debug, Serialize)]
pub struct Looked {
    run: Run,
    account: AccountId,
    region: Region,
    /// How much could be decided.
    pub coverage: Coverage,
}

/// Looks at a Region of an account, hands on what was decided, learns, and keeps the report for the run.
pub(crate) async fn look<Ports: ports::Ports>(
    shared: &Shared<'_, Ports>,
    line: Line,
    whereabouts: &Whereabouts,
    counts: &mut Counts,
) -> Result<Looked, Report> {
    let session = shared.open(&line.account, whereabouts).await;
    let ((regions, listed), last) = tokio::join!(regions(&session, &line, &shared.hub.home), session.known());
    let looks = looks::at_regions(&regions, true, None, &shared.hub.home);
    let looks: Vec<Look> = looks
        .into_iter()
        .map(|look| Look {
            named: line.named,
            ..look
        })
        .collect();
    let settled = session.look_and_settle(&looks, listed, last, true, counts).await?;
    let (answer, unsent) = session.answer(settled, &line.result()).await?;
    if unsent > 0 {
        return Err(Report::of("Finding", &NotSent(unsent)));
    }
    let Line {
        run, account, region, ..
    } = line;
    Ok(Looked {
        run,
        account,
        region,
        coverage: answer.coverage,
    })
}

/// Returns at which Regions a line looks: its own and, at home, those that nobody can use, or that stand for those
/// which could not be listed.
async fn regions<Ports: ports::Ports>(session: &Session<'_, Ports>, line: &Line, home: &Region) -> Listed {
    let own = || BTreeSet::from([line.region.clone()]);
    match &line.unlisted {
        Some(not_observed) if line.region == *home => session.regions_unlisted(not_observed.clone()),
        _ if line.named => session.regions(Some(&own())).await,
        // The plan has found it enabled.
        _ if line.region != *home => (own().into_iter().map(|region| (region, true)).collect(), Ok(())),
        _ => {
            let (mut regions, listed) = session.regions(None).await;
            regions.retain(|region, enabled| region == home || !*enabled);
            (regions, listed)
        }
    }
}
