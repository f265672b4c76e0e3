//! crisguard's own rules stand in every enabled Region and receive what they must.

mod deployed;
mod problems;

use super::{Metadata, metadata::mapped};
use crate::{
    account::AccountId,
    decision::Severity,
    pattern::{Compiled, PatternError},
    posture::{
        Hub, Place, PostureBasis, PostureDecision, PostureGap, PostureViolation, RegionRules, RuleProblem, Traffic,
    },
};
use problems::Problems;

pub(super) const METADATA: Metadata = Metadata {
    name: "rule-receives-inference",
    title: "crisguard's own rules receive Bedrock's events in every enabled Region",
    decides: "crisguard's rules, their targets and the bus that they send to are, in every enabled Region, what the policy in force asks for, and events arrive where Bedrock counts calls",
    broken: "crisguard's rules broken",
    severity: Severity::High,
    rationale: "Silence means compliance only while the rules stand. A rule that was deleted, switched to ENABLED or \
        compiled from another policy receives nothing or the wrong calls, and says nothing about it.",
    remedy: &[
        "Deploy again, which puts every rule, pattern, target and bus policy back: `make deploy POLICY=policy.yaml HOME_REGION=HOME` (HOME is the Region that crisguard is deployed in)",
        "See who changed them: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventSource,AttributeValue=events.amazonaws.com`",
        "If calls were made but no event arrived, check that a trail is logging and records read-only management events: `aws cloudtrail get-trail-status --name TRAIL`, `aws cloudtrail get-event-selectors --trail-name TRAIL`",
        "If something could not be looked at, allow the role of check-posture the action that is named; where a service control policy keeps everybody out of a Region, add an exception that names this control",
    ],
    documentation: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html",
    mapping: &[
        mapped("GDPR", "Art. 5(2), Art. 32(1)(d)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.15, A.8.16"),
        mapped("NIST SP 800-53 r5", "AU-5, SI-4"),
    ],
};

/// What must stand in every Region.
#[derive(Clone, Copy, Debug)]
pub struct Intended<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The bus to which every Region of every account forwards.
    pub hub: &'a Hub,
    /// The SHA-256 of the policy in force.
    pub policy_sha256: &'a str,
    /// What the policy in force compiles to for the account.
    pub compiled: Result<&'a Compiled, &'a PatternError>,
}

/// Decides about one Region, by what the policy in force asks for there.
pub(super) fn decide_here(observed: &RegionRules, place: &Place<'_>) -> PostureDecision {
    let intended = Intended {
        account: place.account,
        hub: place.hub,
        policy_sha256: place.policy.sha256(),
        compiled: place.compiled,
    };
    decide(observed, &intended)
}

/// Decides about one Region.
///
/// Whatever is proven wrong makes it non-compliant, all of it in one violation. What could not be
/// looked at makes it undecided, unless it cannot matter: where Bedrock counted no call, no event
/// need have arrived. Regions that nobody looked at, for they could not be listed, leave the home
/// Region undecided, which stands for them.
#[must_use]
pub fn decide(observed: &RegionRules, intended: &Intended<'_>) -> PostureDecision {
    let region = observed.region.clone();
    let mut problems = Problems::of(observed, intended);
    let unlisted = observed.home.as_ref().and_then(|home| home.regions().as_ref().err());
    if let Some(not_observed) = unlisted {
        problems.not_observed(not_observed);
    }
    judge_traffic(&observed.traffic, &mut problems);
    let (problems, not_observed) = problems.into_parts();
    if !problems.is_empty() {
        PostureDecision::NonCompliant(PostureViolation::RulesDoNotReceive {
            region,
            problems,
            not_observed,
        })
    } else if unlisted.is_some() {
        PostureDecision::Undecided(PostureGap::RegionsNotListed { region, not_observed })
    } else if !not_observed.is_empty() {
        PostureDecision::Undecided(PostureGap::NotObserved { region, not_observed })
    } else {
        PostureDecision::Compliant(PostureBasis::RulesStand { region })
    }
}

/// Judges whether events arrived where calls were made.
///
/// The hours before the first forwarded event are left out, and the hour of that event: the rules
/// may not have stood then. The canary is forwarded every hour, so on every other day that is none.
fn judge_traffic(traffic: &Traffic, problems: &mut Problems) {
    let stood_since = traffic
        .forwarded
        .as_ref()
        .ok()
        .and_then(|hours| hours.iter().position(|events| *events > 0))
        .map_or(0, |hour| hour + 1);
    let arrived = traffic.seen_calls.as_ref().map(|hours| sum(hours, stood_since));
    if arrived.as_ref().is_ok_and(|events| *events > 0) {
        return;
    }
    let calls = match &traffic.calls {
        // Calls of the hour that has only begun are not counted: their events may be on their way.
        Ok(hours) => {
            let whole = hours.split_last().map_or(&[] as &[u64], |(_, whole)| whole);
            (sum(whole, stood_since), whole.len().saturating_sub(stood_since))
        }
        Err(not_observed) => return problems.not_observed(not_observed),
    };
    match (calls, arrived) {
        ((0, _), _) => {}
        ((_, _), Err(not_observed)) => problems.not_observed(not_observed),
        ((calls, hours), Ok(_)) => problems.add(RuleProblem::NothingArrived { calls, hours }),
    }
}

fn sum(hours: &[u64], from: usize) -> u64 {
    hours
        .iter()
        .skip(from)
        .fold(0, |sum, events| sum.saturating_add(*events))
}

#[cfg(test)]
mod tests;
