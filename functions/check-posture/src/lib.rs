//! Whether the settings that prove where prompts are processed are as they must be: every night, by
//! hand, and whenever one of them was changed.
//!
//! Each area is looked at in each Region ([`ports::See`]), what was seen is decided purely
//! ([`controls::assess_settings`]), and every decision is handed on ([`hand_on`]), a compliant one too:
//! that is what resolves an earlier one. A call that is refused leaves what rests on it undecided, never out; if it
//! is the one that lists the Regions, those that the policy names are looked at, and the home Region is
//! left undecided for all others.
//!
//! [`run`] knows nothing of Lambda: it takes looks and ports, so it is tested with fakes.

pub mod aws;
mod changes;
pub mod config;
mod function;
mod known;
mod looks;
mod membership;
pub mod metric;
mod observe;
mod once;
mod organization;
pub mod ports;
mod profiles;
mod regions;
mod report;
mod request;
mod session;

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::sqs::OutgoingMessage;
use crisguard_core::{
    account::AccountId,
    catalog::Catalogue,
    controls::{self, ControlId},
    finding::{Message, PostureFinding},
    pattern::{self, Compiled, PatternError},
    policy::Policy,
    posture::{
        Area, NotObserved, Observed, Place, PostureBasis, PostureDecision, PostureGap, Seen, Traffic, Unknown, Use,
    },
    region::Region,
};
use crisguard_lambda::{findings_queue::SendFindings, fingerprint};
use futures_util::{
    future::join_all,
    stream::{self, StreamExt as _},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::time::Instant;

pub use function::{CheckPosture, Reply};
pub use looks::Look;
pub use observe::{Sweep, everywhere::CALLS_AT_ONCE, organizations::Organizations};
pub use organization::{Looked, Planned, Summary};
use ports::See;
pub use report::{Answer, Coverage, known_key};

/// How many areas of Regions are looked at at once; the calls that they make wait for each other
/// besides.
const LOOKS_AT_ONCE: usize = 64;

/// How many calls that hand decisions on are on their way at once: about as many as there are controls.
const LANES: usize = 24;
/// How many alerts may come of one look at everything; more are told together.
const HANDFUL: usize = 5;

/// What was decided about one Region by one control.
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
    fn of(seen: &Seen) -> Option<Self> {
        let Seen::Rules(rules) = seen else { return None };
        let traffic: &Traffic = &rules.traffic;
        let sum = |hours: &Observed<Vec<u64>>| Some(hours.as_ref().ok()?.iter().sum());
        Some(Self {
            calls: sum(&traffic.calls),
            call_events: sum(&traffic.seen_calls),
            completion_events: sum(&traffic.seen_completions),
            forwarded_events: sum(&traffic.forwarded),
        })
    }
}

/// What was decided, and from what.
#[derive(Debug)]
pub struct Outcome {
    /// Every decision, in the order of the accounts, the Regions' names and the controls.
    pub assessed: Vec<Assessed>,
    /// What was seen of each area; nothing where the Region is not enabled, or there was no time left.
    pub seen: Vec<(Region, Area, Option<Seen>)>,
}

/// When an invocation looks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// What the time was when it began.
    pub now: Timestamp,
    /// When that was.
    pub began: Instant,
    /// When the looks must have ended: what was not reached by then is undecided.
    pub until: Instant,
}

/// What decisions are about, and when they are made.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The SHA-256 of the policy in force.
    pub policy_sha256: &'a str,
    /// When it is looked.
    pub moment: Moment,
}

/// What is judged by: the same for every look of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// What the decisions are about.
    pub subject: Subject<'a>,
    /// What the policy in force comes to for the account.
    pub policy: &'a Policy,
    /// Which profiles reach which Regions.
    pub catalogue: &'a Catalogue,
    /// What the looks have in common.
    pub sweep: &'a Sweep,
}

impl Subject<'_> {
    /// Returns when something was observed, if that is done now. What is as it must be was so when the looks began at
    /// the latest, for answers are shared; what is not, or could not be seen, must not seem older than it is: then a
    /// look at a change meanwhile would outdo it.
    fn observed_at(&self, decision: &PostureDecision) -> Timestamp {
        let Moment { now, began, .. } = self.moment;
        let elapsed = i64::try_from(began.elapsed().as_secs()).unwrap_or(0);
        let elapsed = SignedDuration::from_secs(elapsed);
        match decision {
            PostureDecision::Compliant(_) => now,
            PostureDecision::NonCompliant(_) | PostureDecision::Undecided(_) => now.checked_add(elapsed).unwrap_or(now),
        }
    }

    fn assessed(
        &self,
        look: &Look,
        control: ControlId,
        decision: PostureDecision,
        counted: Option<Counted>,
    ) -> Assessed {
        let mut finding = self.finding(control, look.region.clone(), decision);
        finding.changes.clone_from(&look.changes);
        Assessed { finding, counted }
    }

    pub(crate) fn finding(&self, control: ControlId, region: Region, decision: PostureDecision) -> PostureFinding {
        PostureFinding::new(
            control,
            self.account.clone(),
            region,
            self.observed_at(&decision),
            decision,
            self.policy_sha256,
        )
    }

    /// Leaves every control of a look undecided.
    fn undecided(&self, look: &Look, why: &Unknown) -> Vec<Assessed> {
        let gap = |control| {
            let gap = PostureGap::Settings {
                region: look.region.clone(),
                unknown: vec![why.clone()],
            };
            self.assessed(look, control, PostureDecision::Undecided(gap), None)
        };
        look.asked().map(gap).collect()
    }

    /// Says that nothing can happen in a Region that is not enabled.
    fn nobody(&self, look: &Look) -> Vec<Assessed> {
        let nobody = |control| {
            let basis = PostureBasis::RegionNotEnabled {
                region: look.region.clone(),
            };
            self.assessed(look, control, PostureDecision::Compliant(basis), None)
        };
        look.asked().map(nobody).collect()
    }
}

/// Looks and decides.
pub async fn run(eye: &impl See, grounds: Grounds<'_>, looks: &[Look]) -> Outcome {
    let account = grounds.subject.account;
    // The forwarders of all member accounts are deployed alike, so their patterns name none.
    let named = grounds.sweep.hub.is_of(account).then_some(account);
    let compiled = pattern::compile(grounds.policy, grounds.catalogue, named);
    let compiled = compiled.as_ref();
    let each = looks.iter().map(|look| assess(eye, grounds, compiled, look));
    let each: Vec<_> = stream::iter(each).buffer_unordered(LOOKS_AT_ONCE).collect().await;

    let (mut assessed, mut seen) = (Vec::new(), Vec::new());
    for (more, seen_now) in each {
        assessed.extend(more);
        seen.push(seen_now);
    }
    Outcome::of(assessed, seen)
}

/// Decides where nobody can look: nothing, and why.
pub(crate) fn run_blind(subject: Subject<'_>, looks: &[Look], why: &NotObserved) -> Outcome {
    let why = Unknown::NotObserved(why.clone());
    let each = |look: &Look| {
        if look.enabled {
            subject.undecided(look, &why)
        } else {
            subject.nobody(look)
        }
    };
    let seen = looks.iter().map(|look| (look.region.clone(), look.area, None));
    Outcome::of(looks.iter().flat_map(each).collect(), seen.collect())
}

impl Outcome {
    pub(crate) const fn nothing() -> Self {
        Self {
            assessed: Vec::new(),
            seen: Vec::new(),
        }
    }

    fn of(mut assessed: Vec<Assessed>, seen: Vec<(Region, Area, Option<Seen>)>) -> Self {
        assessed.sort_by(|a, b| a.place().cmp(&b.place()));
        Self { assessed, seen }
    }
}

impl Assessed {
    /// Returns where it stands in a report.
    fn place(&self) -> (&AccountId, &Region, ControlId) {
        (&self.finding.account, &self.finding.region, self.finding.control)
    }
}

/// Hands decisions on, and returns how many were not accepted.
///
/// A queue takes ten messages a call, one call after the other; so several lanes go side by side. A
/// subject's decisions keep to one lane, for their order matters: the worst comes first.
///
/// # Errors
///
/// Fails if a decision cannot be written as JSON; nothing is handed on then.
pub async fn hand_on<'a>(
    queue: &impl SendFindings,
    findings: impl Iterator<Item = &'a PostureFinding>,
) -> Result<usize, serde_json::Error> {
    let mut findings: Vec<&PostureFinding> = findings.collect();
    findings.sort_by_key(|finding| place_in_the_queue(&finding.decision));
    let mut subjects: BTreeMap<&str, Vec<OutgoingMessage>> = BTreeMap::new();
    for finding in findings {
        subjects.entry(&finding.subject).or_default().push(outgoing(finding)?);
    }
    let mut lanes: Vec<Vec<OutgoingMessage>> = (0..LANES.min(subjects.len())).map(|_| Vec::new()).collect();
    for messages in subjects.into_values() {
        if let Some(lane) = lanes.iter_mut().min_by_key(|lane| lane.len()) {
            lane.extend(messages);
        }
    }
    let unsent = join_all(lanes.iter().map(async |lane| queue.send(lane).await)).await;
    for unsent in unsent.iter().flatten() {
        tracing::warn!(error = %unsent.failure, "a decision was not handed on");
    }
    Ok(unsent.iter().map(Vec::len).sum())
}

/// Marks what is found for the first time, if more than a handful of alerts would come of it.
fn gather_many(assessed: &mut [Assessed], known: &BTreeMap<String, Timestamp>) {
    let is_new = |finding: &PostureFinding| {
        matches!(finding.decision, PostureDecision::NonCompliant(_)) && !known.contains_key(&finding.id)
    };
    let new = assessed
        .iter()
        .map(|each| &each.finding)
        .filter(|finding| is_new(finding));
    let subjects: BTreeSet<&String> = new.map(|finding| &finding.subject).collect();
    if subjects.len() > HANDFUL {
        for Assessed { finding, .. } in assessed {
            finding.one_of_many = is_new(finding);
        }
    }
}

/// Looks at one area of one Region and decides every control about it that is asked for.
async fn assess(
    eye: &impl See,
    grounds: Grounds<'_>,
    compiled: Result<&Compiled, &PatternError>,
    look: &Look,
) -> (Vec<Assessed>, (Region, Area, Option<Seen>)) {
    let region = &look.region;
    let subject = grounds.subject;
    let unseen = || (region.clone(), look.area, None);
    if !look.enabled {
        return (subject.nobody(look), unseen());
    }
    let both = async { tokio::join!(eye.see(look.area, region), in_use(eye, grounds, look)) };
    let Ok((seen, in_use)) = tokio::time::timeout_at(subject.moment.until, both).await else {
        return (subject.undecided(look, &Unknown::NotReached), unseen());
    };
    let place = Place {
        account: subject.account,
        region,
        in_use: &in_use,
        policy: grounds.policy,
        catalogue: grounds.catalogue,
        hub: &grounds.sweep.hub,
        compiled,
        now: grounds.sweep.now,
    };
    let counted = Counted::of(&seen);
    let decided = controls::assess_settings(&seen, &place).into_iter();
    let decided = decided.filter(|(control, _)| look.asks(*control));
    let decided = decided.map(|(control, decision)| subject.assessed(look, control, decision, counted));
    (decided.collect(), (region.clone(), look.area, Some(seen)))
}

/// Tells whether Bedrock is in use in a Region; CloudWatch is asked only where nobody names it.
async fn in_use(eye: &impl See, grounds: Grounds<'_>, look: &Look) -> Observed<Use> {
    if grounds.policy.source_regions().named().contains(&look.region) {
        return Ok(Use::AllowedSource);
    }
    if look.named {
        return Ok(Use::Named);
    }
    if !controls::binds_where_in_use(look.area) {
        return Ok(Use::None);
    }
    let used = eye.was_used(&look.region).await?;
    Ok(if used { Use::Counted } else { Use::None })
}

/// Returns how far behind a decision is handed on. The queue is read ten at a time, and one alert an
/// hour is told of the subject: what calls for one must come together, and first.
const fn place_in_the_queue(decision: &PostureDecision) -> u8 {
    match decision {
        PostureDecision::NonCompliant(_) => 0,
        PostureDecision::Undecided(_) => 1,
        PostureDecision::Compliant(PostureBasis::RegionNotEnabled { .. }) => 3,
        PostureDecision::Compliant(_) => 2,
    }
}

/// Writes a decision as a message. Its group is the subject, so that one alert names all Regions;
/// its deduplication id is made of what was decided when, so that sending it twice is sending it once.
fn outgoing(finding: &PostureFinding) -> Result<OutgoingMessage, serde_json::Error> {
    let observed_at = finding.observed_at.to_string();
    Ok(OutgoingMessage {
        body: Message::Posture(Box::new(finding.clone())).to_json()?,
        group: finding.subject.clone(),
        deduplication_id: fingerprint::of([finding.id.as_str(), &observed_at, finding.decision.name()]),
    })
}

#[cfg(test)]
mod tests;
