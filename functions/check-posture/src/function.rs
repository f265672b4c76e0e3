//! The function as Lambda sees it: a request or a batch of changes in, every decision out.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use crisguard_aws::{Failure, account};
use crisguard_core::{
    change::{Change, Evidence},
    controls::ControlId,
    finding::PostureFinding,
    posture::{NotObserved, Observed, PostureDecision, PostureGap, Unknown},
    region::Region,
};
use crisguard_lambda::{
    batch::{BatchResponse, MessageId},
    grounds,
    metrics::Counts,
    policy_in_force::{PolicyInForce, ReadPolicy},
    report::Report,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    Assessed, Grounds, Look, Outcome, Sweep,
    changes::Batch,
    config::Config,
    gather_many, hand_on, looks, membership,
    observe::unseen,
    ports::{self, KeepReports, Kept, ListRegions, Look as _},
    profiles,
    report::{self, Answer, Coverage, Known, Occasion},
    request::Request,
    run,
};

/// How long before the Lambda service ends the function it stops to look: what is left is for handing
/// the decisions on.
const TO_HAND_ON: SignedDuration = SignedDuration::from_secs(30);

/// How often what is known is tried to be kept while others change it.
const ATTEMPTS: usize = 8;

/// The metrics of this function. `Assessments` is the sum of the three decisions that follow it,
/// `Changes` that of the three exits of a change.
pub mod metric {
    pub use crisguard_lambda::metrics::POLICY_REJECTED;

    /// Nightly looks that came to their end.
    pub const NIGHTLY: &str = "NightlyLooks";
    /// Regions looked at.
    pub const REGIONS: &str = "Regions";
    /// Decisions: each of a control about a Region.
    pub const ASSESSMENTS: &str = "Assessments";
    /// Decisions that all is as it must be.
    pub const COMPLIANT: &str = "Compliant";
    /// Decisions that something is not.
    pub const VIOLATION: &str = "Violation";
    /// What cannot be told.
    pub const UNDECIDED: &str = "Undecided";
    /// Decisions handed on.
    pub const FINDINGS_SENT: &str = "FindingsSent";
    /// Decisions that could not be handed on; the whole look is repeated.
    pub const RETRIED: &str = "Retried";
    /// Messages of the changes queue.
    pub const CHANGES: &str = "Changes";
    /// Changes for which it was looked.
    pub const CHANGES_LOOKED_AT: &str = "ChangesLookedAt";
    /// Messages that change nothing that the evidence rests on.
    pub const CHANGES_NOT_APPLICABLE: &str = "ChangesNotApplicable";
    /// Messages that could not be read.
    pub const CHANGES_REJECTED: &str = "ChangesRejected";
    /// Every metric.
    pub const ALL: [&str; 13] = [
        NIGHTLY,
        REGIONS,
        ASSESSMENTS,
        COMPLIANT,
        VIOLATION,
        UNDECIDED,
        POLICY_REJECTED,
        FINDINGS_SENT,
        RETRIED,
        CHANGES,
        CHANGES_LOOKED_AT,
        CHANGES_NOT_APPLICABLE,
        CHANGES_REJECTED,
    ];
}

/// What the function answers: the report, or which messages of a batch failed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To a request.
    Report(Answer),
    /// To a batch of changes.
    Batch(BatchResponse),
}

/// Tells why not all that was decided is handed on or kept.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0} decisions could not be handed on; the log says why, and the next try looks again")]
    NotSent(usize),
    #[error("what is known was changed by others each of {ATTEMPTS} times that it was to be kept")]
    Contended,
}

/// The function with what it keeps between invocations.
#[derive(Debug)]
pub struct CheckPosture<Store, Ports> {
    function_name: String,
    home: Region,
    pub(crate) ports: Ports,
    grounds: grounds::Grounds<Store>,
}

impl<Store: ReadPolicy, Ports: ports::Ports> CheckPosture<Store, Ports> {
    /// Reads the catalogue and the policy.
    ///
    /// # Errors
    ///
    /// Fails if there is no usable policy: the function must not start then.
    pub async fn start(config: Config, store: Store, ports: Ports, now: Timestamp) -> Result<Self, Report> {
        let grounds = grounds::Grounds::read(store, config.common.policy.scope, now).await?;
        Ok(Self {
            function_name: config.common.function_name,
            home: config.home,
            ports,
            grounds,
        })
    }

    /// Handles one request or batch, and writes its metrics to `out`. The looks end in time before
    /// `deadline`, when the Lambda service ends the function.
    ///
    /// # Errors
    ///
    /// Fails if the request is none, or if a decision could not be handed on: the Lambda service then
    /// tries again.
    pub async fn handle(
        &self,
        event: &str,
        now: Timestamp,
        deadline: Timestamp,
        mut out: impl io::Write,
    ) -> Result<Reply, Report> {
        let began = Instant::now();
        let request = Request::read(event)?;
        let nightly = matches!(request, Request::Nightly);
        let mut counts = Counts::of(&metric::ALL);
        let policy = self.grounds.policy(now, &mut counts).await;
        let time = (deadline - TO_HAND_ON).duration_since(now);
        let until = began + time.try_into().unwrap_or_default();
        let session = Session {
            function: self,
            policy: &policy,
            now,
            began,
            until,
        };
        let reply = match request {
            Request::Nightly => session.report(None, None, Occasion::Nightly, &mut counts).await,
            Request::ByHand { regions, controls } => {
                session
                    .report(regions, controls.as_ref(), Occasion::ByHand, &mut counts)
                    .await
            }
            Request::Changes(messages) => {
                let batch = Batch::read(messages, &policy.scope().account, &mut counts);
                session.after(batch, &mut counts).await.map(Reply::Batch)
            }
        };
        counts.write(&self.function_name, now, &mut out);
        if let Ok(Reply::Report(answer)) = &reply
            && nightly
        {
            by_control(answer, &self.function_name, out);
        }
        reply
    }
}

/// What is known from the last look, if anything is, and the tag of its version.
#[derive(Clone, Debug)]
struct Last {
    known: Option<Known>,
    tag: Option<String>,
    /// Why it could not be read, if it could not: then it must not be written over.
    refused: Option<Failure>,
}

/// One invocation.
struct Session<'a, Store, Ports> {
    function: &'a CheckPosture<Store, Ports>,
    policy: &'a PolicyInForce,
    now: Timestamp,
    began: Instant,
    until: Instant,
}

impl<Store: ReadPolicy, Ports: ports::Ports> Session<'_, Store, Ports> {
    /// Looks where it is asked to, or everywhere.
    async fn report(
        &self,
        named: Option<BTreeSet<Region>>,
        controls: Option<&BTreeSet<ControlId>>,
        occasion: Occasion,
        counts: &mut Counts,
    ) -> Result<Reply, Report> {
        let ((regions, listed), last) = tokio::join!(self.regions(named.as_ref()), self.known());
        let looks = looks::at_regions(&regions, named.is_some(), controls, &self.function.home);
        let mut outcome = self.look(&looks, listed, counts).await;
        if occasion == Occasion::Nightly {
            let known = last.known.as_ref().map(|known| &known.non_compliant);
            gather_many(&mut outcome.assessed, known.unwrap_or(&BTreeMap::new()));
        }
        let (answer, unsent) = self.tell(outcome, last, occasion, counts).await?;
        if unsent > 0 {
            return Err(Report::of("Finding", &Lost::NotSent(unsent)));
        }
        counts.add(metric::NIGHTLY, usize::from(occasion == Occasion::Nightly));
        Ok(Reply::Report(answer))
    }

    /// Looks at what changes can affect.
    async fn after(&self, batch: Batch, counts: &mut Counts) -> Result<BatchResponse, Report> {
        let Batch { changes, rejected } = batch;
        if changes.is_empty() {
            return Ok(BatchResponse::failing(rejected));
        }
        let last = self.known().await;
        let (messages, changes): (Vec<MessageId>, Vec<Change>) = changes.into_iter().unzip();
        let nothing = Evidence::unknown();
        let evidence = last.known.as_ref().map_or(&nothing, |known| &known.evidence);
        // Only a look at every Region or at the home Region needs to know which there are.
        let home = &self.function.home;
        let needs_list = |change: &Change| {
            change.everywhere || (change.region == *home && !evidence.affected(change, home).is_empty())
        };
        let (regions, listed) = if changes.iter().any(needs_list) {
            self.regions(None).await
        } else {
            (BTreeMap::new(), Ok(()))
        };
        let (looks, relevant) = looks::after_changes(&changes, evidence, &regions, &self.function.home);
        counts.add(metric::CHANGES_LOOKED_AT, relevant);
        counts.add(metric::CHANGES_NOT_APPLICABLE, changes.len() - relevant);
        if looks.is_empty() {
            return Ok(BatchResponse::failing(rejected));
        }
        let outcome = self.look(&looks, listed, counts).await;
        let passing = outcome.assessed.iter().any(|each| may_pass(&each.finding.decision));
        let (_, unsent) = self.tell(outcome, last, Occasion::Change, counts).await?;
        // Which message's decisions were lost, or could not be made this time, cannot be told: all are
        // looked at again.
        let again = unsent > 0 || passing;
        let failed = if again { messages } else { Vec::new() };
        Ok(BatchResponse::failing(rejected.into_iter().chain(failed)))
    }

    /// Looks and decides.
    async fn look(&self, looks: &[Look], listed: Observed<()>, counts: &mut Counts) -> Outcome {
        let sweep = Sweep {
            home: self.function.home.clone(),
            listed,
            now: self.now,
        };
        let grounds = Grounds {
            policy: self.policy,
            catalogue: self.function.grounds.catalogue(),
            sweep: &sweep,
            began: self.began,
            until: self.until,
        };
        let eye = self.function.ports.world().sweep(&sweep);
        let outcome = run(&eye, grounds, looks).await;
        let regions: BTreeSet<&Region> = looks.iter().map(|look| &look.region).collect();
        counts.add(metric::REGIONS, regions.len());
        for Assessed { finding, .. } in &outcome.assessed {
            counts.add(metric::ASSESSMENTS, 1);
            counts.add(name(&finding.decision), 1);
        }
        outcome
    }

    /// Keeps what is known and listed now, hands every decision on that is news to somebody, and keeps the report.
    /// What cannot be kept fails the run after everything was handed on.
    async fn tell(
        &self,
        outcome: Outcome,
        last: Last,
        occasion: Occasion,
        counts: &mut Counts,
    ) -> Result<(Answer, usize), Report> {
        let findings = outcome.assessed.iter().map(|each| &each.finding);
        let known = last.known.as_ref();
        let worth = |finding: &&PostureFinding| known.is_none_or(|known| known.is_worth_telling(finding));
        let told: Vec<&PostureFinding> = findings.filter(worth).collect();
        let unsent = hand_on(self.function.ports.queue(), told.iter().copied()).await;
        let unsent = unsent.map_err(|error| Report::of("Finding", &error))?;
        let (reports, account) = (self.function.ports.reports(), &self.policy.scope().account);
        // What was not handed on is not known: the next look must take it for news.
        let learn = async {
            if unsent == 0 {
                self.learn(last.clone(), &outcome).await
            } else {
                Ok(())
            }
        };
        let kept = profiles::keep(reports, account, profiles::answered(&outcome, self.now));
        let membership = membership::keep(reports, account, membership::answered(&outcome, self.now));
        let (learnt, profiles, membership) = tokio::join!(learn, kept, membership);
        counts.add(metric::FINDINGS_SENT, told.len().saturating_sub(unsent));
        counts.add(metric::RETRIED, unsent);
        let answer = Answer {
            observed_at: self.now,
            policy_sha256: self.policy.sha256().to_owned(),
            coverage: Coverage::of(&outcome.assessed),
            assessments: outcome.assessed,
        };
        let json = serde_json::to_vec(&answer).map_err(|error| Report::of("Report", &error))?;
        let stored = reports.store(&report::key(account, self.now, occasion), json).await;
        learnt.and(profiles).and(membership)?;
        stored.map_err(|failure| Report::of("Report", &failure))?;
        Ok((answer, unsent))
    }

    /// Puts what was seen and decided into what is known, which another run may change at the same time.
    async fn learn(&self, mut last: Last, outcome: &Outcome) -> Result<(), Report> {
        let reports = self.function.ports.reports();
        for _ in 0..ATTEMPTS {
            if let Some(refused) = &last.refused {
                return Err(Report::of("Report", refused));
            }
            let mut known = last.known.unwrap_or(Known::nothing());
            known.learn(outcome, self.now);
            let json = serde_json::to_vec(&known).map_err(|error| Report::of("Report", &error))?;
            let kept = reports.keep_known(last.tag.as_deref(), json).await;
            if kept.map_err(|failure| Report::of("Report", &failure))? {
                return Ok(());
            }
            last = self.known().await;
        }
        Err(Report::of("Report", &Lost::Contended))
    }

    /// Reads what is known from the last look. Where that cannot be read, every change is looked at, and
    /// everything is new.
    async fn known(&self) -> Last {
        let nothing = |refused| Last {
            known: None,
            tag: None,
            refused,
        };
        let Kept { json, tag } = match self.function.ports.reports().known().await {
            Ok(Some(kept)) => kept,
            Ok(None) => return nothing(None),
            Err(failure) => {
                tracing::warn!(error = %failure, "what is known from the last look cannot be read");
                return nothing(Some(failure));
            }
        };
        let known = serde_json::from_slice(&json);
        let known = known.inspect_err(
            |error| tracing::warn!(%error, "what is known from the last look is not understood, and is written anew"),
        );
        Last {
            known: known.ok(),
            tag,
            refused: None,
        }
    }

    /// Returns where to look: where the request says, or everywhere. Where the Regions cannot be
    /// listed, what is known without the list is looked at.
    async fn regions(&self, named: Option<&BTreeSet<Region>>) -> (BTreeMap<Region, bool>, Observed<()>) {
        let home = &self.function.home;
        let (mut enabled, mut listed) = self.listed().await;
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
            // The function runs there, whatever the list says.
            enabled.insert(home.clone(), true);
            if listed.is_err() {
                for region in self.policy.policy().source_regions().named() {
                    enabled.entry(region).or_insert(true);
                }
            }
        }
        (enabled, listed)
    }

    /// Lists the Regions, whether each is enabled, and whether that is all of them.
    async fn listed(&self) -> (BTreeMap<Region, bool>, Observed<()>) {
        let home = &self.function.home;
        let listed = match self.function.ports.account().regions().await {
            Ok(listed) => listed,
            Err(failure) => {
                tracing::warn!(error = %failure, "the Regions could not be listed");
                return (BTreeMap::new(), Err(unseen(&failure)));
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
}

/// Writes what each control decided; of the nightly look alone, for each control costs.
fn by_control(answer: &Answer, function: &str, mut out: impl io::Write) {
    let mut controls: BTreeMap<ControlId, Counts> = BTreeMap::new();
    for Assessed { finding, .. } in &answer.assessments {
        let counts = || Counts::of(&[metric::COMPLIANT, metric::VIOLATION, metric::UNDECIDED]);
        let counts = controls.entry(finding.control).or_insert_with(counts);
        counts.add(name(&finding.decision), 1);
    }
    for (control, counts) in controls {
        let dimensions = [("FunctionName", function), ("Control", control.name())];
        counts.write_under(&dimensions, answer.observed_at, &mut out);
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

/// Returns the metric that counts a decision.
fn name(decision: &PostureDecision) -> &'static str {
    match decision {
        PostureDecision::Compliant(_) => metric::COMPLIANT,
        PostureDecision::NonCompliant(_) => metric::VIOLATION,
        PostureDecision::Undecided(_) => metric::UNDECIDED,
    }
}
