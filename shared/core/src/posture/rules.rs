//! What was observed of crisguard's own rules in one Region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::NotObserved;
use crate::region::Region;

/// How crisguard names what it deploys (infra/source-region.yaml and infra/intake.yaml).
pub mod names {
    /// How every name begins.
    pub const PREFIX: &str = "crisguard-";
    /// The rule that forwards every Bedrock event, where the coverage is `all`.
    pub const FORWARD_ALL: &str = "crisguard-forward-all";
    /// The rule that counts the events of inference calls.
    pub const SEEN_CALLS: &str = "crisguard-seen-calls";
    /// The rule that counts the events at the end of streams.
    pub const SEEN_COMPLETIONS: &str = "crisguard-seen-completions";
    /// The event bus of the home Region to which every Region forwards.
    pub const BUS: &str = "crisguard";
    /// The rule on that bus.
    pub const INFERENCE: &str = "crisguard-inference";
    /// The queue to which that rule sends.
    pub const EVENTS_QUEUE: &str = "crisguard-events";
    /// The rule on that bus that takes changes of settings, and the queue to which it sends.
    pub const CHANGES: &str = "crisguard-changes";
    /// The state in which a rule receives read-only management events, as calls of Bedrock are
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>).
    pub const STATE: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

    /// Returns the name of the rule with the `number`-th compiled pattern, from 1.
    #[must_use]
    pub fn forward(number: usize) -> String {
        format!("crisguard-forward-{number}")
    }

    /// Tells whether a rule of this name forwards a compiled pattern.
    #[must_use]
    pub fn is_forward(name: &str) -> bool {
        name.strip_prefix("crisguard-forward-")
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// What was seen, or why nothing was.
pub type Observed<T> = Result<T, NotObserved>;

/// crisguard's rules in one Region, and whether anything passes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionRules {
    /// The Region.
    pub region: Region,
    /// The rules of the default bus whose names begin with [`names::PREFIX`], by name.
    pub rules: Observed<BTreeMap<String, Rule>>,
    /// What is looked at in the home Region alone, if this is it.
    pub home: Option<Home>,
    /// What Bedrock and EventBridge counted.
    pub traffic: Traffic,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The state, such as `ENABLED`.
    pub state: Option<String>,
    /// The event pattern, as JSON.
    pub pattern: Option<String>,
    /// The description, which names the policy that the pattern was compiled from.
    pub description: Option<String>,
    /// Where the rule sends.
    pub targets: Observed<Vec<Target>>,
}

/// Where a rule sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The target's ARN.
    pub arn: String,
    /// Whether something else than the event itself is sent.
    pub rewrites: bool,
}

/// What is looked at in the home Region alone: what all Regions have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Home {
    /// Of the account in which crisguard stands.
    Own(OwnHome),
    /// Of another, which has no bus of crisguard's.
    Member(MemberHome),
}

impl Home {
    /// Returns whether the account's Regions could be listed.
    pub const fn regions(&self) -> &Observed<()> {
        match self {
            Self::Own(OwnHome { regions, .. }) | Self::Member(MemberHome { regions }) => regions,
        }
    }
}

/// The home Region of a member account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberHome {
    /// Whether the account's Regions could be listed: if not, nobody knows which were left out.
    pub regions: Observed<()>,
}

/// The home Region of the account in which crisguard stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnHome {
    /// Whether the account's Regions could be listed: if not, nobody knows which were left out.
    pub regions: Observed<()>,
    /// The event bus `crisguard`.
    pub bus: Observed<Bus>,
    /// The bus's rules whose names begin with [`names::PREFIX`], by name.
    pub rules: Observed<BTreeMap<String, Rule>>,
}

/// Whether a bus is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bus {
    /// It is not.
    Missing,
    /// It is.
    Standing {
        /// Who may put events on it, as JSON.
        policy: Option<String>,
    },
}

/// What was counted in each hour, the oldest first; every list covers the same hours.
///
/// The last is the hour that had only begun, and the one before if it had ended just now. Calls are
/// not counted in it, for the events of what was called just now may still be on their way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// The successful calls that Bedrock counted: the metric `Invocations` of `AWS/Bedrock`
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-runtime-metrics.html>).
    pub calls: Observed<Vec<u64>>,
    /// The events that [`names::SEEN_CALLS`] matched: metrics of `AWS/Events`
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html>).
    pub seen_calls: Observed<Vec<u64>>,
    /// The events that [`names::SEEN_COMPLETIONS`] matched.
    pub seen_completions: Observed<Vec<u64>>,
    /// The events that the forwarding rules matched, the hourly canary among them: since the first
    /// of those, the rules are known to have stood.
    pub forwarded: Observed<Vec<u64>>,
}
