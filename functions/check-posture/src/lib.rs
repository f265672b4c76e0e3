//! Whether crisguard's own rules stand in each Region and receive what they must, every night.
//!
//! Each Region is looked at ([`observe`](crate::run)), what was seen is decided purely
//! ([`rule_receives_inference`]), and every decision is handed on, a compliant one too: that is what
//! resolves an earlier one. A call that is refused leaves a Region undecided, never out; if it is the
//! one that lists the Regions, those that the policy names are looked at, and the home Region is left
//! undecided for all others.
//!
//! [`run`] knows nothing of Lambda: it takes Regions and ports, so it is tested with fakes.

pub mod config;
mod function;
mod observe;
pub mod ports;
mod traffic;

use crisguard_aws::sqs::OutgoingMessage;
use crisguard_core::{
    catalog::Catalogue,
    controls::{
        ControlId,
        rule_receives_inference::{self, Intended},
    },
    finding::{Message, PostureFinding},
    pattern,
    posture::{Observed, PostureBasis, PostureDecision, Traffic},
    region::Region,
};
use crisguard_lambda::{findings_queue::SendFindings, fingerprint, policy_in_force::PolicyInForce};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde::Serialize;

pub use function::{CheckPosture, metric};
use ports::{ReadMetrics, ReadRules};

/// How many Regions are looked at at once.
const AT_ONCE: usize = 16;

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A Region that the account can use.
    Enabled(Region),
    /// A Region that the account cannot use, so that nothing can happen there.
    NotEnabled(Region),
}

impl Place {
    fn region(&self) -> &Region {
        match self {
            Self::Enabled(region) | Self::NotEnabled(region) => region,
        }
    }
}

/// Where is looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The Region of the bus to which every other one forwards.
    pub home: Region,
    /// Each Region that is looked at.
    pub each: Vec<Place>,
    /// Whether the account's Regions could be listed; where they are not needed, it does not matter.
    pub listed: Observed<()>,
}

/// What was decided about one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessed {
    /// The decision, as it is handed on.
    #[serde(flatten)]
    pub finding: PostureFinding,
    /// What was counted, where it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

/// What was counted in a Region within a day; null where it could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Successful calls, as Bedrock counted them.
    pub calls: Option<u64>,
    /// Events of calls that arrived.
    pub call_events: Option<u64>,
    /// Events of streams' ends that arrived.
    pub completion_events: Option<u64>,
    /// Events that were forwarded, the canary's among them.
    pub forwarded_events: Option<u64>,
}

impl Counted {
    fn of(traffic: &Traffic) -> Self {
        let sum = |hours: &Observed<Vec<u64>>| Some(hours.as_ref().ok()?.iter().sum());
        Self {
            calls: sum(&traffic.calls),
            call_events: sum(&traffic.seen_calls),
            completion_events: sum(&traffic.seen_completions),
            forwarded_events: sum(&traffic.forwarded),
        }
    }
}

/// What was decided about every Region, and what was handed on.
#[derive(Debug)]
pub struct Outcome {
    /// Every decision, in the order of the Regions' names.
    pub assessed: Vec<Assessed>,
    /// How many of them were not handed on.
    pub unsent: usize,
}

/// What the use case needs of the world.
#[derive(Debug)]
pub struct Ports<World, Queue> {
    /// Rules, buses and metrics of every Region.
    pub world: World,
    /// Where decisions go.
    pub queue: Queue,
}

/// Looks at every Region, decides, and hands every decision on.
///
/// # Errors
///
/// Fails if a decision cannot be written as JSON; nothing is handed on then.
pub async fn run<World: ReadRules + ReadMetrics, Queue: SendFindings>(
    ports: &Ports<World, Queue>,
    policy: &PolicyInForce,
    catalogue: &Catalogue,
    places: &Places,
    now: Timestamp,
) -> Result<Outcome, serde_json::Error> {
    let account = &policy.scope().account;
    let compiled = pattern::compile(policy.policy(), catalogue, Some(account));
    let intended = Intended {
        account,
        home: &places.home,
        policy_sha256: policy.sha256(),
        compiled: compiled.as_ref(),
    };
    let looks = places.each.iter();
    let looks = looks.map(|place| look(&ports.world, &intended, place, &places.listed, now));
    let mut assessed: Vec<Assessed> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
    assessed.sort_by(|a, b| a.finding.region.cmp(&b.finding.region));

    let mut findings: Vec<&PostureFinding> = assessed.iter().map(|assessed| &assessed.finding).collect();
    findings.sort_by_key(|finding| place_in_the_queue(&finding.decision));
    let outgoing = findings.into_iter().map(outgoing);
    let outgoing = outgoing.collect::<Result<Vec<_>, _>>()?;
    let unsent = ports.queue.send(&outgoing).await;
    for unsent in &unsent {
        tracing::warn!(error = %unsent.failure, "a decision was not handed on");
    }
    Ok(Outcome {
        assessed,
        unsent: unsent.len(),
    })
}

async fn look<World: ReadRules + ReadMetrics>(
    world: &World,
    intended: &Intended<'_>,
    place: &Place,
    listed: &Observed<()>,
    now: Timestamp,
) -> Assessed {
    let (decision, counted) = match place {
        Place::NotEnabled(region) => {
            let region = region.clone();
            (
                PostureDecision::Compliant(PostureBasis::RegionNotEnabled { region }),
                None,
            )
        }
        Place::Enabled(region) => {
            let observed = observe::observe(world, world, region, intended.home, listed, now).await;
            (
                rule_receives_inference::decide(&observed, intended),
                Some(Counted::of(&observed.traffic)),
            )
        }
    };
    Assessed {
        finding: PostureFinding::new(
            ControlId::RuleReceivesInference,
            intended.account.clone(),
            place.region().clone(),
            now,
            decision,
            intended.policy_sha256,
        ),
        counted,
    }
}

/// Returns how far behind a decision is handed on. The queue is read ten at a time, and one alert an
/// hour is told of the subject: what calls for one must come together, and first.
const fn place_in_the_queue(decision: &PostureDecision) -> u8 {
    match decision {
        PostureDecision::NonCompliant(_) => 0,
        PostureDecision::Undecided(_) => 1,
        PostureDecision::Compliant(PostureBasis::RulesStand { .. }) => 2,
        PostureDecision::Compliant(PostureBasis::RegionNotEnabled { .. }) => 3,
    }
}

/// Writes a decision as a message. Its group is the subject, so that one alert names all Regions;
/// its deduplication id is made of what was decided when, so that sending it twice is sending it once.
fn outgoing(finding: &PostureFinding) -> Result<OutgoingMessage, serde_json::Error> {
    let observed_at = finding.observed_at.to_string();
    Ok(OutgoingMessage {
        body: Message::Posture(finding.clone()).to_json()?,
        group: finding.subject.clone(),
        deduplication_id: fingerprint::of([finding.id.as_str(), &observed_at, finding.decision.name()]),
    })
}

#[cfg(test)]
mod tests;
