//! One account that is looked at in one invocation: where, what is decided, and what is kept of it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use crisguard_core::{
    account::AccountId,
    change::{Change, Evidence},
    controls::ControlId,
    finding::PostureFinding,
    policy::Policy,
    posture::{Membership, NotObserved, Observed, PostureDecision, PostureGap, Unknown},
    region::Region,
};
use crisguard_lambda::{metrics::Counts, report::Report};
use tokio::time::timeout_at;

use crate::{
    Assessed, Grounds, Look, Outcome, Subject, Sweep,
    function::Shared,
    gather_many, hand_on,
    known::{self, Last},
    looks, membership, metric,
    organization::Whereabouts,
    ports::{self, Look as _},
    profiles,
    regions::{self, no_time_left},
    report::{self, Answer, Occasion},
    run, run_blind,
};

/// Tells why not all that was decided is handed on.
#[derive(Debug, thiserror::Error)]
#[error("{0} decisions could not be handed on; the log says why, and the next try looks again")]
pub(crate) struct NotSent(pub(crate) usize);

/// An account, as far as it can be looked at.
enum World<'a, World> {
    /// The one in which crisguard stands.
    Own(&'a World),
    /// Another, seen by its role; or why that cannot be assumed.
    Member(Observed<World>),
}

/// One look at one account.
pub(crate) struct Session<'a, Ports: ports::Ports> {
    shared: &'a Shared<'a, Ports>,
    account: AccountId,
    world: World<'a, Ports::World>,
    /// What the policy in force comes to for the account, if that can be told.
    policy: Observed<Cow<'a, Policy>>,
    /// Where the account stands, if that was read.
    membership: Option<Observed<Membership>>,
}

/// What came of handing on what was decided, and of keeping what is known.
pub(crate) struct Settled {
    pub(crate) assessed: Vec<Assessed>,
    pub(crate) unsent: usize,
    /// What could not be kept.
    pub(crate) kept: Result<(), Report>,
}

impl<'a, Ports: ports::Ports> Session<'a, Ports> {
    /// Looks at the account in which crisguard stands.
    pub(crate) fn own(shared: &'a Shared<'a, Ports>, membership: Option<Observed<Membership>>) -> Self {
        Self {
            shared,
            account: shared.hub.account.clone(),
            world: World::Own(shared.ports.own()),
            policy: Ok(Cow::Borrowed(shared.policy.policy())),
            membership,
        }
    }

    /// Looks at another account, by its role and by its own policy.
    pub(crate) async fn member(shared: &'a Shared<'a, Ports>, account: &AccountId, whereabouts: &Whereabouts) -> Self {
        let until = shared.moment.until;
        let world = timeout_at(until, shared.ports.member(account));
        let policy = timeout_at(until, whereabouts.policy(shared, account));
        let (world, policy) = tokio::join!(world, policy);
        Self {
            shared,
            account: account.clone(),
            world: World::Member(world.unwrap_or_else(|_| Err(no_time_left("sts:AssumeRole")))),
            policy: policy.unwrap_or_else(|_| Err(no_time_left("organizations:ListParents"))),
            membership: whereabouts.membership(account),
        }
    }

    /// Looks at an account of which nothing can be seen now, whichever it is.
    pub(crate) fn blind(shared: &'a Shared<'a, Ports>, account: &AccountId, why: NotObserved) -> Self {
        Self {
            shared,
            account: account.clone(),
            world: World::Member(Err(why.clone())),
            policy: Err(why),
            membership: None,
        }
    }

    /// Looks where it is asked to, or everywhere, and keeps the report.
    pub(crate) async fn report(
        &self,
        named: Option<&BTreeSet<Region>>,
        controls: Option<&BTreeSet<ControlId>>,
        occasion: Occasion,
        counts: &mut Counts,
    ) -> Result<Answer, Report> {
        let ((regions, listed), last) = tokio::join!(self.regions(named), self.known());
        let looks = looks::at_regions(&regions, named.is_some(), controls, &self.shared.hub.home);
        let gathers = occasion == Occasion::Nightly;
        let settled = self.look_and_settle(&looks, listed, last, gathers, counts).await?;
        let key = report::key(&self.account, self.shared.moment.now, occasion);
        let (answer, unsent) = self.answer(settled, &key).await?;
        if unsent > 0 {
            return Err(Report::of("Finding", &NotSent(unsent)));
        }
        counts.add(metric::NIGHTLY, usize::from(occasion == Occasion::Nightly));
        Ok(answer)
    }

    /// Looks, hands on and keeps what is known; `gathers` tells many that are found for the first time together.
    pub(crate) async fn look_and_settle(
        &self,
        looks: &[Look],
        listed: Observed<()>,
        last: Last,
        gathers: bool,
        counts: &mut Counts,
    ) -> Result<Settled, Report> {
        let mut outcome = self.look(looks, listed, counts).await;
        if gathers {
            let known = last.known.as_ref().map(|known| &known.non_compliant);
            gather_many(&mut outcome.assessed, known.unwrap_or(&BTreeMap::new()));
        }
        self.settle(outcome, last, counts).await
    }

    /// Stores the report of what was settled. What could not be kept fails the run after everything was handed on.
    pub(crate) async fn answer(&self, settled: Settled, key: &str) -> Result<(Answer, usize), Report> {
        let Settled { assessed, unsent, kept } = settled;
        let moment = self.shared.moment;
        let mut answer = Answer::of(moment.now, self.shared.policy.sha256(), assessed);
        let stored = answer.store(self.shared.ports.reports(), key).await;
        kept.and(stored)?;
        Ok((answer, unsent))
    }

    /// Looks at what changes can affect, and tells whether they are to be looked at again.
    pub(crate) async fn after(&self, changes: &[Change], counts: &mut Counts) -> Result<bool, Report> {
        let last = self.known().await;
        let nothing = Evidence::unknown();
        let evidence = last.known.as_ref().map_or(&nothing, |known| &known.evidence);
        // Only a look at every Region or at the home Region needs to know which there are.
        let home = &self.shared.hub.home;
        let needs_list = |change: &Change| {
            change.everywhere || (change.region == *home && !evidence.affected(change, home).is_empty())
        };
        let (regions, listed) = if changes.iter().any(needs_list) {
            self.regions(None).await
        } else {
            (BTreeMap::new(), Ok(()))
        };
        let (looks, relevant) = looks::after_changes(changes, evidence, &regions, home);
        counts.add(metric::CHANGES_LOOKED_AT, relevant);
        counts.add(metric::CHANGES_NOT_APPLICABLE, changes.len() - relevant);
        if looks.is_empty() {
            return Ok(false);
        }
        let settled = self.look_and_settle(&looks, listed, last, false, counts).await?;
        let passing = settled.assessed.iter().any(|each| may_pass(&each.finding.decision));
        let key = report::key(&self.account, self.shared.moment.now, Occasion::Change);
        let (_, unsent) = self.answer(settled, &key).await?;
        // Which change's decisions were lost, or could not be made this time, cannot be told: all are
        // looked at again.
        Ok(unsent > 0 || passing)
    }

    /// Looks and decides; where the account cannot be looked at, or it is not known by what, nothing is decided.
    async fn look(&self, looks: &[Look], listed: Observed<()>, counts: &mut Counts) -> Outcome {
        let Shared {
            ports: _,
            hub,
            catalogue,
            policy,
            moment,
        } = self.shared;
        let subject = Subject {
            account: &self.account,
            policy_sha256: policy.sha256(),
            moment: *moment,
        };
        let outcome = match (self.world(), &self.policy) {
            (Ok(world), Ok(policy)) => {
                let sweep = Sweep {
                    account: self.account.clone(),
                    hub: (*hub).clone(),
                    membership: self.membership.clone(),
                    listed,
                    now: moment.now,
                };
                let grounds = Grounds {
                    subject,
                    policy,
                    catalogue,
                    sweep: &sweep,
                };
                run(&world.sweep(&sweep), grounds, looks).await
            }
            (Err(not_observed), _) | (_, Err(not_observed)) => run_blind(subject, looks, not_observed),
        };
        let regions: BTreeSet<&Region> = looks.iter().map(|look| &look.region).collect();
        counts.add(metric::REGIONS, regions.len());
        for Assessed { finding, .. } in &outcome.assessed {
            counts.add(metric::ASSESSMENTS, 1);
            counts.add(metric::name(&finding.decision), 1);
        }
        outcome
    }

    /// Keeps what is known and listed now, and hands every decision on that is news to somebody.
    pub(crate) async fn settle(&self, outcome: Outcome, last: Last, counts: &mut Counts) -> Result<Settled, Report> {
        let findings = outcome.assessed.iter().map(|each| &each.finding);
        let known = last.known.as_ref();
        let worth = |finding: &&PostureFinding| known.is_none_or(|known| known.is_worth_telling(finding));
        let told: Vec<&PostureFinding> = findings.filter(worth).collect();
        let unsent = hand_on(self.shared.ports.queue(), told.iter().copied()).await;
        let unsent = unsent.map_err(|error| Report::of("Finding", &error))?;
        let (reports, account, now) = (self.shared.ports.reports(), &self.account, self.shared.moment.now);
        // What was not handed on is not known: the next look must take it for news.
        let learn = async {
            if unsent == 0 {
                known::learn(reports, account, self.shared.moment, last.clone(), &outcome).await
            } else {
                Ok(())
            }
        };
        let kept = profiles::keep(reports, account, profiles::answered(&outcome, now));
        let membership = membership::keep(reports, account, membership::answered(&outcome, now));
        let (learnt, profiles, membership) = tokio::join!(learn, kept, membership);
        counts.add(metric::FINDINGS_SENT, told.len().saturating_sub(unsent));
        counts.add(metric::RETRIED, unsent);
        Ok(Settled {
            assessed: outcome.assessed,
            unsent,
            kept: learnt.and(profiles).and(membership),
        })
    }

    /// Reads what is known of the account from the last look.
    pub(crate) async fn known(&self) -> Last {
        known::read(self.shared.ports.reports(), &self.account).await
    }

    /// Returns where to look: where the request says, or everywhere. Where the Regions cannot be
    /// listed, what is known without the list is looked at.
    pub(crate) async fn regions(&self, named: Option<&BTreeSet<Region>>) -> (BTreeMap<Region, bool>, Observed<()>) {
        let listed = self.listed().await;
        let sources = || self.policy.iter().flat_map(|policy| policy.source_regions().named());
        regions::to_look_at(named, listed, &self.shared.hub.home, sources)
    }

    /// Returns where to look if the Regions could not be listed, for this reason.
    pub(crate) fn regions_unlisted(&self, not_observed: NotObserved) -> (BTreeMap<Region, bool>, Observed<()>) {
        let sources = || self.policy.iter().flat_map(|policy| policy.source_regions().named());
        let listed = (BTreeMap::new(), Err(not_observed));
        regions::to_look_at(None, listed, &self.shared.hub.home, sources)
    }

    /// Lists the Regions, whether each is enabled, and whether that is all of them.
    pub(crate) async fn listed(&self) -> (BTreeMap<Region, bool>, Observed<()>) {
        match self.world() {
            Ok(world) => regions::listed(world, &self.shared.hub.home, self.shared.moment).await,
            Err(not_observed) => (BTreeMap::new(), Err(not_observed.clone())),
        }
    }

    fn world(&self) -> Result<&Ports::World, &NotObserved> {
        match &self.world {
            World::Own(world) => Ok(world),
            World::Member(world) => world.as_ref(),
        }
    }
}

/// Tells whether another look soon may decide what this one could not.
fn may_pass(decision: &PostureDecision) -> bool {
    let passing = |unknown: &Unknown| match unknown {
        Unknown::NotReached => true,
        Unknown::NotObserved(not_observed) => not_observed.passing,
        _ => false,
    };
    match decision {
        PostureDecision::Undecided(PostureGap::Settings { unknown, .. }) => unknown.iter().any(passing),
        PostureDecision::Undecided(
            PostureGap::NotObserved { not_observed, .. } | PostureGap::RegionsNotListed { not_observed, .. },
        ) => not_observed.iter().any(|item| item.passing),
        PostureDecision::Compliant(_) | PostureDecision::NonCompliant(_) => false,
    }
}
