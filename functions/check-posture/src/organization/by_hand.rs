//! A few accounts, by hand and at once: one answer about all.

use std::collections::BTreeSet;

use crisguard_core::{account::AccountId, posture::NotObserved};
use crisguard_lambda::{metrics::Counts, report::Report};
use futures_util::stream::{self, StreamExt as _};

use super::{ACCOUNTS_AT_ONCE, Whereabouts};
use crate::{
    function::Shared,
    looks, metric,
    ports::{self, ReadOrganization as _},
    report::{self, Answer},
    request::{Across, Whom},
    session::{NotSent, Settled},
};

/// The most accounts that one invocation looks at: of more, some would be left over when its time ends.
const MOST: usize = 25;

/// Tells why several accounts are not looked at, or not done with.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(
        "{0} accounts are more than the {MOST} that one invocation can look at: start the state machine \
         crisguard-organization, which looks at each by itself"
    )]
    TooMany(usize),
    #[error("the accounts of the organization cannot be listed: {0}")]
    NotListed(#[source] NotObserved),
    #[error("{0} was not done with (and {1} accounts more)")]
    NotDone(AccountId, usize, #[source] Report),
}

/// Looks at several accounts, and answers what was decided about all of them. One that cannot be looked at is undecided;
/// what was not handed on or kept fails the invocation at its end.
pub(crate) async fn by_hand<Ports: ports::Ports>(
    shared: &Shared<'_, Ports>,
    asked: &Across,
    counts: &mut Counts,
) -> Result<Answer, Report> {
    let (accounts, whereabouts) = accounts(shared.ports, &asked.whom)
        .await
        .map_err(|error| Report::of("Request", &error))?;
    let each = accounts
        .iter()
        .map(|account| visit(shared, account, &whereabouts, asked));
    let each: Vec<_> = stream::iter(each).buffered(ACCOUNTS_AT_ONCE).collect().await;

    let (mut assessed, mut unsent, mut not_done) = (Vec::new(), 0, Vec::new());
    for (account, (settled, of_one)) in accounts.iter().zip(each) {
        metric::add(counts, &of_one);
        match settled {
            Ok(settled) => {
                assessed.extend(settled.assessed);
                unsent += settled.unsent;
                not_done.extend(settled.kept.err().map(|report| (account, report)));
            }
            Err(report) => not_done.push((account, report)),
        }
    }
    let now = shared.moment.now;
    let mut answer = Answer::of(now, shared.policy.sha256(), assessed);
    answer
        .store(shared.ports.reports(), &report::key_of_several(now))
        .await?;
    let others = not_done.len().saturating_sub(1);
    if let Some((account, report)) = not_done.into_iter().next() {
        return Err(Report::of("Report", &Refused::NotDone(account.clone(), others, report)));
    }
    if unsent > 0 {
        return Err(Report::of("Finding", &NotSent(unsent)));
    }
    Ok(answer)
}

/// Returns which accounts are looked at, each once, and what is known of where they stand.
async fn accounts(ports: &impl ports::Ports, whom: &Whom) -> Result<(BTreeSet<AccountId>, Whereabouts), Refused> {
    let few = |accounts: BTreeSet<AccountId>| match accounts.len() {
        0..=MOST => Ok(accounts),
        many => Err(Refused::TooMany(many)),
    };
    match whom {
        Whom::These(accounts) => Ok((few(accounts.clone())?, Whereabouts::Asked)),
        Whom::Organization => {
            let structure = ports.organization().structure().await.map_err(Refused::NotListed)?;
            let accounts = few(structure.accounts().map_err(Refused::NotListed)?)?;
            let whole = ports.organization().whole(structure).await;
            Ok((accounts, Whereabouts::of(whole)))
        }
    }
}

async fn visit<Ports: ports::Ports>(
    shared: &Shared<'_, Ports>,
    account: &AccountId,
    whereabouts: &Whereabouts,
    asked: &Across,
) -> (Result<Settled, Report>, Counts) {
    let mut counts = metric::counts();
    let session = shared.open(account, whereabouts).await;
    let named = asked.regions.as_ref();
    let ((regions, listed), last) = tokio::join!(session.regions(named), session.known());
    let looks = looks::at_regions(&regions, named.is_some(), asked.controls.as_ref(), &shared.hub.home);
    let settled = session.look_and_settle(&looks, listed, last, false, &mut counts).await;
    (settled, counts)
}
