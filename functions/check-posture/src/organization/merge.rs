//! The results of a run put together: what was decided, what was lost, and how much of each.

use std::collections::BTreeSet;

use crisguard_core::{
    account::AccountId, controls::ControlId, finding::PostureFinding, posture::NotObserved, region::Region,
};
use crisguard_lambda::{metrics::Counts, report::Report};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::timeout_at;

use super::{
    ACCOUNTS_AT_ONCE, Line, Run,
    gaps::{Gap, Gaps, Plan, READ},
    ledger::{Ledger, Named, OfAccount, OfControl},
    line,
};
use crate::{
    Assessed, Look,
    function::Shared,
    known, metric,
    observe::unseen,
    ports::{self, Content, KeepReports, Kept},
    regions::no_time_left,
    report::Coverage,
    session::{NotSent, Session},
};

/// How many results are read at once: each is let go of when it is counted.
const READ_AT_ONCE: usize = 16;
/// The most that is read of a plan: ten thousand accounts in twenty Regions.
const LARGEST_PLAN: usize = 64 * 1024 * 1024;
/// The most that is read of a result: that of a home Region has the decisions about all that are not enabled.
const LARGEST_RESULT: usize = 16 * 1024 * 1024;
/// The most accounts, and the most gaps, that are answered; a state of a state machine holds 256 KiB.
const MOST_ANSWERED: usize = 50;
/// The most gaps that the report names.
const MOST_NAMED: usize = 2000;

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Summary {
    run: Run,
    /// Where the report lies.
    report: String,
    /// How much could be decided.
    pub coverage: Coverage,
    /// The accounts, the worst first.
    accounts: Vec<OfAccount>,
    /// How many accounts more there are.
    accounts_not_listed: usize,
    /// What has no result.
    gaps: Vec<Gap>,
    /// How many gaps more there are.
    gaps_not_listed: usize,
}

/// The report of a run, as it is stored.
#[derive(Serialize)]
struct Whole<'a> {
    run: &'a Run,
    observed_at: Timestamp,
    policy_sha256: &'a str,
    coverage: Coverage,
    accounts: &'a [OfAccount],
    controls: Vec<OfControl>,
    non_compliant: &'a BTreeSet<Named>,
    non_compliant_not_listed: usize,
    undecided: &'a BTreeSet<Named>,
    undecided_not_listed: usize,
    gaps: &'a [Gap],
    gaps_not_listed: usize,
}

/// What is read of a result.
#[derive(Deserialize)]
struct Decided {
    assessments: Vec<PostureFinding>,
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the run {0} has no plan")]
    NoPlan(Run),
    #[error("of {0}, what has no result was not handed on or kept")]
    NotDone(AccountId, #[source] Report),
}

/// Reads every result of a run, stores the report, and hands on as undecided what has no result.
pub(crate) async fn merge<Ports: ports::Ports>(
    shared: &Shared<'_, Ports>,
    run: &Run,
    counts: &mut Counts,
) -> Result<Summary, Report> {
    let reports = shared.ports.reports();
    let plan = reports.read(&run.plan(), LARGEST_PLAN).await;
    let plan = plan.map_err(|failure| Report::of("Plan", &failure))?;
    let Kept { json, .. } = plan.ok_or_else(|| Report::of("Plan", &Failed::NoPlan(run.clone())))?;
    let Plan { lines, mut gaps } = Plan::read(&json, run);
    drop(json);

    let mut ledger = Ledger::empty();
    let results = lines.into_values().map(async |line| {
        let result = timeout_at(shared.moment.until, result(reports, &line, &shared.hub.home)).await;
        (line, result.unwrap_or_else(|_| Err(no_time_left(READ))))
    });
    let mut results = std::pin::pin!(stream::iter(results).buffered(READ_AT_ONCE));
    while let Some((line, result)) = results.next().await {
        match result {
            Ok(findings) => findings.iter().for_each(|finding| ledger.add(finding)),
            Err(not_observed) => gaps.add(line.account, line.region, not_observed),
        }
    }
    for account in gaps.accounts(&shared.hub.account) {
        for Assessed { finding, .. } in gaps.outcome(shared, account).assessed {
            ledger.add(&finding);
            counts.add(metric::ASSESSMENTS, 1);
            counts.add(metric::name(&finding.decision), 1);
        }
    }
    let summary = store(shared, run, &ledger, &gaps).await?;
    hand_on(shared, &gaps, counts).await?;
    Ok(summary)
}

/// Reads what came of a line; what does not decide about all that the line asks for is no result.
async fn result(reports: &impl KeepReports, line: &Line, home: &Region) -> Result<Vec<PostureFinding>, NotObserved> {
    let key = line.result();
    let unclear = |what: &str| NotObserved::new(READ, &format!("{key}: {what}"));
    let kept = reports
        .read(&key, LARGEST_RESULT)
        .await
        .map_err(|failure| unseen(&failure))?;
    let Kept { json, .. } = kept.ok_or_else(|| unclear("there is no result"))?;
    let result: Decided = serde_json::from_slice(&json).map_err(|_| unclear("the result is damaged"))?;
    let findings = result.assessments;
    if findings.iter().any(|finding| finding.account != line.account) {
        return Err(unclear("the result is of another account"));
    }
    let here = findings.iter().filter(|finding| finding.region == line.region);
    let decided: BTreeSet<ControlId> = here.map(|finding| finding.control).collect();
    let asked = line::looks(&line.region, home);
    let mut asked = asked.iter().flat_map(Look::asked);
    let missing = asked.find(|control| !decided.contains(control));
    match missing {
        None => Ok(findings),
        Some(control) => Err(unclear(&format!("the result does not decide about {control}"))),
    }
}

/// Stores the report, and returns what of it is answered.
async fn store<Ports: ports::Ports>(
    shared: &Shared<'_, Ports>,
    run: &Run,
    ledger: &Ledger,
    gaps: &Gaps,
) -> Result<Summary, Report> {
    let (reports, key) = (shared.ports.reports(), run.report());
    let (coverage, mut accounts) = (ledger.coverage(), ledger.by_account());
    let (non_compliant, undecided) = ledger.named();
    let (all_gaps, mut gaps) = (gaps.len(), gaps.first(MOST_NAMED));
    let whole = Whole {
        run,
        observed_at: shared.moment.now,
        policy_sha256: shared.policy.sha256(),
        coverage,
        accounts: &accounts,
        controls: ledger.by_control(),
        non_compliant,
        non_compliant_not_listed: coverage.non_compliant.saturating_sub(non_compliant.len()),
        undecided,
        undecided_not_listed: coverage.undecided.saturating_sub(undecided.len()),
        gaps: &gaps,
        gaps_not_listed: all_gaps - gaps.len(),
    };
    let json = serde_json::to_vec(&whole).map_err(|error| Report::of("Report", &error))?;
    let stored = reports.store(&key, Content::Json(json)).await;
    stored.map_err(|failure| Report::of("Report", &failure))?;
    let all_accounts = accounts.len();
    accounts.truncate(MOST_ANSWERED);
    gaps.truncate(MOST_ANSWERED);
    Ok(Summary {
        run: run.clone(),
        report: format!("s3://{}/{key}", reports.bucket()),
        coverage,
        accounts_not_listed: all_accounts - accounts.len(),
        accounts,
        gaps_not_listed: all_gaps - gaps.len(),
        gaps,
    })
}

/// Hands on what has no result, and keeps that it is open, account by account.
async fn hand_on<Ports: ports::Ports>(
    shared: &Shared<'_, Ports>,
    gaps: &Gaps,
    counts: &mut Counts,
) -> Result<(), Report> {
    let each = gaps.accounts(&shared.hub.account).into_iter().map(async |account| {
        let mut counts = metric::counts();
        let session = Session::blind(shared, account, NotObserved::new(READ, "there is no result"));
        let last = known::read(shared.ports.reports(), account).await;
        let settled = session.settle(gaps.outcome(shared, account), last, &mut counts).await;
        let settled = settled.and_then(|settled| settled.kept.map(|()| settled.unsent));
        (account, settled, counts)
    });
    let each: Vec<_> = stream::iter(each).buffered(ACCOUNTS_AT_ONCE).collect().await;
    let (mut unsent, mut not_done) = (0, None);
    for (account, settled, of_one) in each {
        metric::add(counts, &of_one);
        match settled {
            Ok(more) => unsent += more,
            Err(report) => not_done = not_done.or(Some(Failed::NotDone(account.clone(), report))),
        }
    }
    match not_done {
        Some(failed) => Err(Report::of("Report", &failed)),
        None if unsent > 0 => Err(Report::of("Finding", &NotSent(unsent))),
        None => Ok(()),
    }
}
