//! What is observed and decided about the settings of one account in one Region.

mod bucket;
mod guardrail;
mod hub;
mod identity;
mod logging;
mod place;
mod profiles;
mod reach;
mod resources;
mod rules;
mod seen;
mod settings;
mod trail;
mod wrong;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use bucket::{Bucket, BucketSettings, Encryption, ExpiresWhen, Expiry, Key, PublicAccessBlock};
pub use guardrail::{EnforcedGuardrail, Guardrail, GuardrailPosture};
pub use hub::{Hub, NotAnOrganizationId, OrganizationId};
pub use identity::{ApiKey, IdentityPosture, Principal};
pub use logging::{Delivery, InvocationLogging, LogGroup, LoggingPosture};
pub use place::{Place, Use};
pub use profiles::{ListedProfile, ProfilePosture};
pub use reach::{KnownMembership, Membership, ReachPosture};
pub use resources::{Agent, AgentPosture, BatchPosture, DataSources, EndpointPosture, Keys, ModelPosture, VpcEndpoint};
pub use rules::{Bus, Home, MemberHome, Observed, OwnHome, RegionRules, Rule, Target, Traffic, names};
pub use seen::{Area, Seen};
pub use settings::{Problem, Resource, Unknown};
pub use trail::{AdvancedSelector, BasicSelector, FieldSelector, Selectors, Trail, TrailPosture, TrailStatus};
pub use wrong::Wrong;

use crate::region::Region;

/// The outcome of one control for one account and Region.
///
/// There is no default: what could not be looked at is [`PostureDecision::Undecided`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "decision", content = "reason")]
pub enum PostureDecision {
    /// The settings are as they must be.
    Compliant(PostureBasis),
    /// At least one setting is not as it must be.
    NonCompliant(PostureViolation),
    /// What was looked at does not suffice to decide.
    Undecided(PostureGap),
}

impl PostureDecision {
    /// Returns the outcome's name as it stands in reports and messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Compliant(_) => "compliant",
            Self::NonCompliant(_) => "non-compliant",
            Self::Undecided(_) => "undecided",
        }
    }
}

impl fmt::Display for PostureDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compliant(basis) => basis.fmt(f),
            Self::NonCompliant(violation) => violation.fmt(f),
            Self::Undecided(gap) => gap.fmt(f),
        }
    }
}

/// Why settings are as they must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PostureBasis {
    /// crisguard's rules stand as the policy in force asks.
    #[error("crisguard's rules in {region} stand as the policy in force asks")]
    RulesStand {
        /// The Region.
        region: Region,
    },
    /// The settings are as they must be.
    #[error("the settings in {region} are as they must be")]
    AsAsked {
        /// The Region.
        region: Region,
    },
    /// Nobody uses Bedrock in the Region.
    #[error(
        "Bedrock is not in use in {region}: no invocation within {days} days, and the policy does not name the Region"
    )]
    NotInUse {
        /// The Region.
        region: Region,
        /// For how long nobody used it.
        days: u32,
    },
    /// The policy asks for nothing of the kind.
    #[error("the policy asks for nothing of the kind in {region}")]
    NotAsked {
        /// The Region.
        region: Region,
    },
    /// There is nothing that could be wrong.
    #[error("there is nothing of the kind in {region}")]
    NothingThere {
        /// The Region.
        region: Region,
    },
    /// No service control policy applies to the account.
    #[error(
        "no service control policy applies to the organization's management account, so none makes a profile fail in \
        {region}, and none keeps it from leaving"
    )]
    ManagementAccount {
        /// The Region.
        region: Region,
    },
    /// The Region is not enabled in the account: nobody can call Bedrock there.
    #[error("{region} is not enabled in the account")]
    RegionNotEnabled {
        /// The Region.
        region: Region,
    },
}

/// How settings are not as they must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PostureViolation {
    /// crisguard's own rules do not receive what they must.
    #[error("crisguard's own rules in {region} are not as they must be ({problems}){not_observed}",
        problems = joined(problems), not_observed = besides(not_observed))]
    RulesDoNotReceive {
        /// The Region.
        region: Region,
        /// Everything that was found wrong.
        problems: Vec<RuleProblem>,
        /// What could not be looked at besides.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_observed: Vec<NotObserved>,
    },
    /// Settings are not as they must be.
    #[error("settings in {region} are not as they must be ({problems}){unknown}",
        problems = joined(problems), unknown = besides(unknown))]
    Settings {
        /// The Region.
        region: Region,
        /// Everything that was found wrong.
        problems: Vec<Problem>,
        /// What cannot be told besides.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unknown: Vec<Unknown>,
    },
}

/// What is missing to decide on settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PostureGap {
    /// Something that matters could not be looked at.
    #[error("whether crisguard's own rules in {region} are as they must be cannot be told ({not_observed})",
        not_observed = joined(not_observed))]
    NotObserved {
        /// The Region.
        region: Region,
        /// What could not be looked at, and why.
        not_observed: Vec<NotObserved>,
    },
    /// It is not known in which Regions the rules must stand.
    #[error("not every Region that the account can use is known, so crisguard's own rules were looked for only in \
        those that are, {region} among them ({not_observed})",
        not_observed = joined(not_observed))]
    RegionsNotListed {
        /// The home Region.
        region: Region,
        /// What could not be looked at, and why.
        not_observed: Vec<NotObserved>,
    },
    /// Something that matters cannot be told.
    #[error("whether the settings in {region} are as they must be cannot be told ({unknown})", unknown = joined(unknown))]
    Settings {
        /// The Region.
        region: Region,
        /// What cannot be told, and why.
        unknown: Vec<Unknown>,
    },
}

/// One thing that is wrong with the rules of a Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum RuleProblem {
    /// Rules are not there.
    #[error("{}: missing", rules.join(", "))]
    Missing {
        /// The rules' names.
        rules: Vec<String>,
    },
    /// Rules are in a state that does not receive read-only management events.
    #[error("{}: in the state {state} instead of ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", rules.join(", "))]
    State {
        /// The state.
        state: String,
        /// The rules' names.
        rules: Vec<String>,
    },
    /// Rules let through something else than they must.
    #[error("{}: another pattern than crisguard's", rules.join(", "))]
    Pattern {
        /// The rules' names.
        rules: Vec<String>,
    },
    /// Rules were compiled from another policy than the one in force.
    #[error("{}: compiled from {}, not from the one in force", rules.join(", "), other_policy(policy_sha256.as_deref()))]
    OtherPolicy {
        /// The SHA-256 that the rules' descriptions name, if they name one.
        policy_sha256: Option<String>,
        /// The rules' names.
        rules: Vec<String>,
    },
    /// Rules do not send to where crisguard reads.
    #[error("{}: not sending to {target}", rules.join(", "))]
    TargetMissing {
        /// The ARN of the target that is missing.
        target: String,
        /// The rules' names.
        rules: Vec<String>,
    },
    /// Rules send to a target that crisguard did not give them.
    #[error("{}: sending to {target}, which is not crisguard's", rules.join(", "))]
    TargetUnknown {
        /// The ARN of that target, shortened.
        target: String,
        /// The rules' names.
        rules: Vec<String>,
    },
    /// Rules send something else than the events themselves.
    #[error("{}: changing the events on their way", rules.join(", "))]
    TargetRewrites {
        /// The rules' names.
        rules: Vec<String>,
    },
    /// The event bus to which every Region forwards is not there.
    #[error("the event bus {bus} is missing")]
    BusMissing {
        /// The bus's name.
        bus: String,
    },
    /// Somebody changed who may put events on the bus.
    #[error("the resource policy of the event bus {bus} is not the one that crisguard wrote")]
    BusPolicy {
        /// The bus's name.
        bus: String,
    },
    /// Bedrock counted calls, and the rule that counts their events saw none.
    #[error("Bedrock counted {calls} successful calls in {hours} h, and not one event of a call arrived")]
    NothingArrived {
        /// How many calls Bedrock counted.
        calls: u64,
        /// Over how many hours.
        hours: usize,
    },
}

impl RuleProblem {
    /// Returns the names of the rules that have the problem, where it is one of rules.
    #[must_use]
    pub fn rules(&self) -> &[String] {
        match self {
            Self::Missing { rules }
            | Self::State { rules, .. }
            | Self::Pattern { rules }
            | Self::OtherPolicy { rules, .. }
            | Self::TargetMissing { rules, .. }
            | Self::TargetUnknown { rules, .. }
            | Self::TargetRewrites { rules } => rules,
            Self::BusMissing { .. } | Self::BusPolicy { .. } | Self::NothingArrived { .. } => &[],
        }
    }

    /// Leaves the first few rules, and `more` to stand for the others.
    pub(crate) fn name_at_most(&mut self, most: usize, more: &str) {
        match self {
            Self::Missing { rules }
            | Self::State { rules, .. }
            | Self::Pattern { rules }
            | Self::OtherPolicy { rules, .. }
            | Self::TargetMissing { rules, .. }
            | Self::TargetUnknown { rules, .. }
            | Self::TargetRewrites { rules } => {
                if rules.len() > most {
                    rules.truncate(most);
                    rules.push(more.to_owned());
                }
            }
            Self::BusMissing { .. } | Self::BusPolicy { .. } | Self::NothingArrived { .. } => {}
        }
    }

    /// Takes in the rules of `other` if it is the same problem; otherwise hands it back.
    pub(crate) fn absorb(&mut self, other: Self) -> Result<(), Self> {
        match (self, other) {
            (Self::Missing { rules }, Self::Missing { rules: more })
            | (Self::Pattern { rules }, Self::Pattern { rules: more })
            | (Self::TargetRewrites { rules }, Self::TargetRewrites { rules: more }) => rules.extend(more),
            (
                Self::State { state, rules },
                Self::State {
                    state: same,
                    rules: more,
                },
            ) if *state == same => {
                rules.extend(more);
            }
            (
                Self::OtherPolicy { policy_sha256, rules },
                Self::OtherPolicy {
                    policy_sha256: same,
                    rules: more,
                },
            ) if *policy_sha256 == same => rules.extend(more),
            (
                Self::TargetMissing { target, rules },
                Self::TargetMissing {
                    target: same,
                    rules: more,
                },
            )
            | (
                Self::TargetUnknown { target, rules },
                Self::TargetUnknown {
                    target: same,
                    rules: more,
                },
            ) if *target == same => {
                rules.extend(more);
            }
            (_, other) => return Err(other),
        }
        Ok(())
    }
}

/// Something that could not be looked at, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[error("{action} failed: {cause}")]
pub struct NotObserved {
    /// The action as an IAM policy names it, such as `events:ListRules`.
    pub action: String,
    /// What AWS answered, shortened.
    pub cause: String,
    /// Whether it may pass by itself, so that another look soon is worth it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passing: bool,
}

impl NotObserved {
    /// The longest cause that is kept, in characters.
    const LONGEST: usize = 300;

    /// Says which action failed, and why; control characters are left out.
    #[must_use]
    pub fn new(action: &str, cause: &str) -> Self {
        Self {
            action: action.to_owned(),
            cause: cause.chars().filter(|c| !c.is_control()).take(Self::LONGEST).collect(),
            passing: false,
        }
    }

    /// Says that it may pass by itself.
    #[must_use]
    pub fn that_may_pass(mut self, passing: bool) -> Self {
        self.passing = passing;
        self
    }
}

fn joined<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join("; ")
}

fn besides<T: fmt::Display>(not_observed: &[T]) -> String {
    if not_observed.is_empty() {
        return String::new();
    }
    format!("; besides, {}", joined(not_observed))
}

fn other_policy(sha256: Option<&str>) -> String {
    sha256.map_or_else(
        || "a policy that the description does not name".to_owned(),
        |sha256| format!("the policy {}…", sha256.chars().take(12).collect::<String>()),
    )
}
