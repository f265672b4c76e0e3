//! Everything that controls on settings decide from, area by area.

use serde::{Deserialize, Serialize};

use super::{
    AgentPosture, BatchPosture, EndpointPosture, GuardrailPosture, IdentityPosture, LoggingPosture, ModelPosture,
    Observed, ProfilePosture, ReachPosture, RegionRules, TrailPosture,
};

/// What is observed together, because the same controls ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// crisguard's own rules.
    Rules,
    /// Model invocation logging and where it delivers.
    Logging,
    /// CloudTrail's trails.
    Trails,
    /// Bedrock's data-retention mode.
    DataRetention,
    /// Guardrails.
    Guardrails,
    /// Inference profiles.
    Profiles,
    /// Inference profiles under the organization's service control policies.
    Reach,
    /// Custom and imported models.
    Models,
    /// Agents and knowledge bases.
    Agents,
    /// Batch inference jobs.
    Batches,
    /// VPC endpoints.
    Endpoints,
    /// Who may use Bedrock; the same in every Region.
    Identity,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 12] = [
        Self::Rules,
        Self::Logging,
        Self::Trails,
        Self::DataRetention,
        Self::Guardrails,
        Self::Profiles,
        Self::Reach,
        Self::Models,
        Self::Agents,
        Self::Batches,
        Self::Endpoints,
        Self::Identity,
    ];

    /// Tells whether it is the same in every Region, so that it is looked at in the home Region alone.
    #[must_use]
    pub const fn is_global(self) -> bool {
        matches!(self, Self::Identity)
    }
}

/// What was observed of one area in one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is what its area's name says")]
pub enum Seen {
    Rules(RegionRules),
    Logging(LoggingPosture),
    Trails(TrailPosture),
    /// The mode, as Bedrock names it; `None` if it does not say.
    DataRetention(Observed<Option<String>>),
    Guardrails(GuardrailPosture),
    Profiles(ProfilePosture),
    Reach(ReachPosture),
    Models(ModelPosture),
    Agents(AgentPosture),
    Batches(BatchPosture),
    Endpoints(EndpointPosture),
    Identity(IdentityPosture),
}
