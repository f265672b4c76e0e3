//! The function as Lambda sees it: the nightly request, or one by hand, in; every decision out.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use crisguard_aws::account;
use crisguard_core::{
    policy::Policy,
    posture::{NotObserved, Observed, PostureDecision},
    region::Region,
};
use crisguard_lambda::{
    findings_queue::SendFindings, grounds::Grounds, metrics::Counts, policy_in_force::ReadPolicy, report::Report,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Assessed, Outcome, Place, Places, Ports,
    config::Config,
    observe::unseen,
    ports::{ListRegions, ReadMetrics, ReadRules},
    run,
};

/// The metrics of this function. `Regions` is the sum of the three decisions that follow it.
pub mod metric {
    pub use crisguard_lambda::metrics::POLICY_REJECTED;

    /// Regions decided about.
    pub const REGIONS: &str = "Regions";
    /// Regions in which all is as it must be.
    pub const COMPLIANT: &str = "Compliant";
    /// Regions in which something is not.
    pub const VIOLATION: &str = "Violation";
    /// Regions of which it cannot be told.
    pub const UNDECIDED: &str = "Undecided";
    /// Decisions handed on.
    pub const FINDINGS_SENT: &str = "FindingsSent";
    /// Decisions that could not be handed on; the whole look is repeated.
    pub const RETRIED: &str = "Retried";
    /// Every metric.
    pub const ALL: [&str; 7] = [
        REGIONS,
        COMPLIANT,
        VIOLATION,
        UNDECIDED,
        POLICY_REJECTED,
        FINDINGS_SENT,
        RETRIED,
    ];
}

/// What the function answers.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// When it was looked.
    pub observed_at: Timestamp,
    /// The SHA-256 of the policy in force.
    pub policy_sha256: String,
    /// Every decision, in the order of the Regions' names.
    pub assessments: Vec<Assessed>,
}

/// The schedule's request, `{"crisguard": "nightly"}`, or one by hand, `{"regions": ["eu-west-1"]}`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Request {
    Nightly { crisguard: Nightly },
    ByHand { regions: BTreeSet<Region> },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Nightly {
    Nightly,
}

/// Tells why nothing was looked at, or not all of it handed on.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(
        "the request is neither {{\"crisguard\":\"nightly\"}} nor {{\"regions\":[\"…\"]}} with the names of Regions"
    )]
    NotARequest,
    #[error("the request names no Region")]
    NoRegion,
    #[error("{0} decisions could not be handed on; the log says why, and the next try looks again")]
    NotSent(usize),
}

/// The function with what it keeps between invocations.
#[derive(Debug)]
pub struct CheckPosture<Store, Account, World, Queue> {
    function_name: String,
    home: Region,
    pub(crate) account: Account,
    pub(crate) ports: Ports<World, Queue>,
    grounds: Grounds<Store>,
}

impl<Store, Account, World, Queue> CheckPosture<Store, Account, World, Queue>
where
    Store: ReadPolicy,
    Account: ListRegions,
    World: ReadRules + ReadMetrics,
    Queue: SendFindings,
{
    /// Reads the catalogue and the policy.
    ///
    /// # Errors
    ///
    /// Fails if there is no usable policy: the function must not start then.
    pub async fn start(
        config: Config,
        store: Store,
        account: Account,
        ports: Ports<World, Queue>,
        now: Timestamp,
    ) -> Result<Self, Report> {
        let grounds = Grounds::read(store, config.common.policy.scope, now).await?;
        Ok(Self {
            function_name: config.common.function_name,
            home: config.home,
            account,
            ports,
            grounds,
        })
    }

    /// Handles one request, and writes its metrics to `out`.
    ///
    /// # Errors
    ///
    /// Fails if the request is none, or if a decision could not be handed on: the Lambda service then
    /// tries again.
    pub async fn handle(&self, event: &str, now: Timestamp, out: impl io::Write) -> Result<Answer, Report> {
        let request = request(event)?;
        let mut counts = Counts::of(&metric::ALL);
        let policy = self.grounds.policy(now, &mut counts).await;
        let places = self.places(request, policy.policy()).await;
        let outcome = run(&self.ports, &policy, self.grounds.catalogue(), &places, now).await;
        let Outcome { assessed, unsent } = outcome.map_err(|error| Report::of("Finding", &error))?;

        for Assessed { finding, .. } in &assessed {
            counts.add(metric::REGIONS, 1);
            counts.add(name(&finding.decision), 1);
        }
        counts.add(metric::FINDINGS_SENT, assessed.len().saturating_sub(unsent));
        counts.add(metric::RETRIED, unsent);
        counts.write(&self.function_name, now, out);
        if unsent > 0 {
            return Err(Report::of("Finding", &Refusal::NotSent(unsent)));
        }
        Ok(Answer {
            observed_at: now,
            policy_sha256: policy.sha256().to_owned(),
            assessments: assessed,
        })
    }

    /// Returns where to look: where the request says, or everywhere. Where the Regions cannot be
    /// listed, what is known without the list is looked at.
    async fn places(&self, request: Request, policy: &Policy) -> Places {
        let named = match request {
            Request::Nightly {
                crisguard: Nightly::Nightly,
            } => None,
            Request::ByHand { regions } => Some(regions),
        };
        // The home Region stands for those that could not be listed, by hand, too: else looking at it
        // would end the finding.
        let asked = named.as_ref().is_none_or(|regions| regions.contains(&self.home));
        let (mut enabled, listed) = if asked {
            self.listed().await
        } else {
            (BTreeMap::new(), Ok(()))
        };
        if let Some(named) = named {
            enabled = named.into_iter().map(|region| (region, true)).collect();
        } else {
            // The function runs there, whatever the list says.
            enabled.insert(self.home.clone(), true);
            if listed.is_err() {
                for region in policy.source_regions().named() {
                    enabled.entry(region).or_insert(true);
                }
            }
        }
        let place = |(region, enabled)| {
            if enabled {
                Place::Enabled(region)
            } else {
                Place::NotEnabled(region)
            }
        };
        Places {
            home: self.home.clone(),
            each: enabled.into_iter().map(place).collect(),
            listed,
        }
    }

    /// Lists the Regions, whether each is enabled, and whether that is all of them.
    async fn listed(&self) -> (BTreeMap<Region, bool>, Observed<()>) {
        let listed = match self.account.regions().await {
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
        if !enabled.contains_key(&self.home) {
            all = all.and_then(|()| incomplete(format!("{} is not in the list", self.home)));
        }
        (enabled, all)
    }
}

/// Reads a request.
fn request(event: &str) -> Result<Request, Report> {
    // The parser's own error may quote the request.
    match serde_json::from_str(event) {
        Err(_) => Err(Report::of("Request", &Refusal::NotARequest)),
        Ok(Request::ByHand { regions }) if regions.is_empty() => Err(Report::of("Request", &Refusal::NoRegion)),
        Ok(request) => Ok(request),
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
