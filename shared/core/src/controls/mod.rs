//! The controls: each in a folder of its own with its intent, remedy, mapping and cases.
//!
//! A control decides purely: from one invocation, the policy and the catalogue, with no clock and
//! no environment. Whether an exception still holds is judged at the invocation's own time.

pub(crate) mod agent_encrypted;
pub(crate) mod agent_has_guardrail;
pub(crate) mod api_key_long_term;
pub(crate) mod batch_output_in_region;
mod calls;
pub(crate) mod custom_model_encrypted;
pub(crate) mod data_retention_allowed;
mod deliveries;
mod destination_region_allowed;
mod global_profile_allowed;
pub(crate) mod guardrail_enforced;
pub(crate) mod guardrail_stays_in_region;
pub(crate) mod imported_model_encrypted;
mod inference_denied_by_scp;
pub(crate) mod invocation_logging_bucket_encrypted;
pub(crate) mod invocation_logging_bucket_private;
pub(crate) mod invocation_logging_bucket_retained;
pub(crate) mod invocation_logging_delivering;
pub(crate) mod invocation_logging_enabled;
pub(crate) mod invocation_logging_group_encrypted;
pub(crate) mod invocation_logging_group_retained;
pub(crate) mod invocation_logging_modalities;
pub(crate) mod invoke_is_least_privilege;
mod judged;
pub(crate) mod knowledge_base_encrypted;
pub(crate) mod manage_and_invoke_separate;
mod metadata;
mod permissions;
mod profile_allowed;
pub(crate) mod profile_destinations_allowed;
pub(crate) mod profile_destinations_known;
pub(crate) mod profile_reach_allowed;
pub mod rule_receives_inference;
mod settings;
mod source_region_allowed;
pub(crate) mod trail_records_inference;
pub(crate) mod vpc_endpoint_present;
pub(crate) mod vpc_endpoint_restricted;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use calls::Evidence;
pub use calls::{assess, undecided, without_policy};
pub use inference_denied_by_scp::name_statements;
pub use metadata::{Mapping, Metadata};
use settings::{Binds, Decide};
pub use settings::{assess as assess_settings, binds_where_in_use};

use crate::decision::{Decision, Severity};

/// A control, by the name that stands in policies, findings and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ControlId {
    /// The Region that processed the request is allowed.
    DestinationRegionAllowed,
    /// The call was made from an allowed Region.
    SourceRegionAllowed,
    /// A global profile is used only where the policy allows it.
    GlobalProfileAllowed,
    /// The profile is on the policy's allow-list, where there is one.
    ProfileAllowed,
    /// The Region that processed the request is one that AWS lists for the profile.
    ProfileDestinationsKnown,
    /// A call through a permitted profile was not refused by a service control policy.
    InferenceDeniedByScp,
    /// crisguard's own rules stand in every enabled Region and receive what they must.
    RuleReceivesInference,
    /// Model invocation logging is on, and delivers to this account and Region.
    InvocationLoggingEnabled,
    /// Every kind of data that the policy asks for is logged whole.
    InvocationLoggingModalities,
    /// The buckets of invocation logs are encrypted as the policy asks.
    InvocationLoggingBucketEncrypted,
    /// The buckets of invocation logs are private, and Bedrock writes there for this account alone.
    InvocationLoggingBucketPrivate,
    /// The buckets of invocation logs keep them for as long as the policy asks.
    InvocationLoggingBucketRetained,
    /// The log group of invocation logs is encrypted as the policy asks.
    InvocationLoggingGroupEncrypted,
    /// The log group of invocation logs keeps them for as long as the policy asks.
    InvocationLoggingGroupRetained,
    /// Invocation logs arrive where they are delivered to.
    InvocationLoggingDelivering,
    /// A trail that is on records every inference call.
    TrailRecordsInference,
    /// Inference profiles in use reach only allowed Regions.
    ProfileDestinationsAllowed,
    /// Under the service control policies, permitted profiles work and stay in allowed Regions.
    ProfileReachAllowed,
    /// Prompts are kept and shared only as the policy allows.
    DataRetentionAllowed,
    /// Guardrails check prompts only in allowed Regions.
    GuardrailStaysInRegion,
    /// A guardrail is enforced for all model calls, where the policy asks for it.
    GuardrailEnforced,
    /// Custom models are encrypted with a customer-managed key.
    CustomModelEncrypted,
    /// Imported models are encrypted with a customer-managed key.
    ImportedModelEncrypted,
    /// Knowledge bases ingest with a customer-managed key.
    KnowledgeBaseEncrypted,
    /// Agents are encrypted with a customer-managed key.
    AgentEncrypted,
    /// Every agent has a guardrail, where the policy asks for it.
    AgentHasGuardrail,
    /// Batch inference jobs write to allowed Regions.
    BatchOutputInRegion,
    /// Bedrock can be called through a VPC endpoint, where the policy asks for one.
    VpcEndpointPresent,
    /// VPC endpoints for Bedrock let only some callers or calls through.
    VpcEndpointRestricted,
    /// IAM policies name the models and profiles that may be called, where the policy asks for it.
    InvokeIsLeastPrivilege,
    /// Who calls models cannot change the evidence, where the policy asks for it.
    ManageAndInvokeSeparate,
    /// Long-term Bedrock API keys last no longer than 90 days.
    ApiKeyLongTerm,
}

/// How a control decides about one invocation.
type AboutInvocation = fn(&Evidence<'_>) -> Decision;

/// The controls that decide about invocations, in the order of reports.
const ABOUT_INVOCATIONS: [(ControlId, AboutInvocation); 6] = [
    (ControlId::DestinationRegionAllowed, destination_region_allowed::decide),
    (ControlId::SourceRegionAllowed, source_region_allowed::decide),
    (ControlId::GlobalProfileAllowed, global_profile_allowed::decide),
    (ControlId::ProfileAllowed, profile_allowed::decide),
    (ControlId::ProfileDestinationsKnown, profile_destinations_known::decide),
    (ControlId::InferenceDeniedByScp, inference_denied_by_scp::decide),
];

/// The controls that decide about settings, in the order of reports.
const ABOUT_SETTINGS: [(ControlId, Binds, Decide); 26] = [
    (
        ControlId::RuleReceivesInference,
        Binds::Everywhere,
        Decide::Rules(rule_receives_inference::decide_here),
    ),
    (
        ControlId::InvocationLoggingEnabled,
        Binds::InUse,
        Decide::Logging(invocation_logging_enabled::decide),
    ),
    (
        ControlId::InvocationLoggingModalities,
        Binds::InUse,
        Decide::Logging(invocation_logging_modalities::decide),
    ),
    (
        ControlId::InvocationLoggingBucketEncrypted,
        Binds::InUse,
        Decide::Logging(invocation_logging_bucket_encrypted::decide),
    ),
    (
        ControlId::InvocationLoggingBucketPrivate,
        Binds::InUse,
        Decide::Logging(invocation_logging_bucket_private::decide),
    ),
    (
        ControlId::InvocationLoggingBucketRetained,
        Binds::InUse,
        Decide::Logging(invocation_logging_bucket_retained::decide),
    ),
    (
        ControlId::InvocationLoggingGroupEncrypted,
        Binds::InUse,
        Decide::Logging(invocation_logging_group_encrypted::decide),
    ),
    (
        ControlId::InvocationLoggingGroupRetained,
        Binds::InUse,
        Decide::Logging(invocation_logging_group_retained::decide),
    ),
    (
        ControlId::InvocationLoggingDelivering,
        Binds::InUse,
        Decide::Logging(invocation_logging_delivering::decide),
    ),
    (
        ControlId::TrailRecordsInference,
        Binds::Everywhere,
        Decide::Trails(trail_records_inference::decide),
    ),
    (
        ControlId::ProfileDestinationsAllowed,
        Binds::Everywhere,
        Decide::Profiles(profile_destinations_allowed::decide),
    ),
    (
        ControlId::ProfileReachAllowed,
        Binds::Everywhere,
        Decide::Reach(profile_reach_allowed::decide),
    ),
    (
        ControlId::DataRetentionAllowed,
        Binds::Everywhere,
        Decide::DataRetention(data_retention_allowed::decide),
    ),
    (
        ControlId::GuardrailStaysInRegion,
        Binds::Everywhere,
        Decide::Guardrails(guardrail_stays_in_region::decide),
    ),
    (
        ControlId::GuardrailEnforced,
        Binds::InUse,
        Decide::Guardrails(guardrail_enforced::decide),
    ),
    (
        ControlId::CustomModelEncrypted,
        Binds::Everywhere,
        Decide::Models(custom_model_encrypted::decide),
    ),
    (
        ControlId::ImportedModelEncrypted,
        Binds::Everywhere,
        Decide::Models(imported_model_encrypted::decide),
    ),
    (
        ControlId::KnowledgeBaseEncrypted,
        Binds::Everywhere,
        Decide::Agents(knowledge_base_encrypted::decide),
    ),
    (
        ControlId::AgentEncrypted,
        Binds::Everywhere,
        Decide::Agents(agent_encrypted::decide),
    ),
    (
        ControlId::AgentHasGuardrail,
        Binds::Everywhere,
        Decide::Agents(agent_has_guardrail::decide),
    ),
    (
        ControlId::BatchOutputInRegion,
        Binds::Everywhere,
        Decide::Batches(batch_output_in_region::decide),
    ),
    (
        ControlId::VpcEndpointPresent,
        Binds::InUse,
        Decide::Endpoints(vpc_endpoint_present::decide),
    ),
    (
        ControlId::VpcEndpointRestricted,
        Binds::Everywhere,
        Decide::Endpoints(vpc_endpoint_restricted::decide),
    ),
    (
        ControlId::InvokeIsLeastPrivilege,
        Binds::Everywhere,
        Decide::Identity(invoke_is_least_privilege::decide),
    ),
    (
        ControlId::ManageAndInvokeSeparate,
        Binds::Everywhere,
        Decide::Identity(manage_and_invoke_separate::decide),
    ),
    (
        ControlId::ApiKeyLongTerm,
        Binds::Everywhere,
        Decide::Identity(api_key_long_term::decide),
    ),
];

impl ControlId {
    /// Every control, in the order of reports.
    pub const ALL: [Self; 32] = [
        Self::DestinationRegionAllowed,
        Self::SourceRegionAllowed,
        Self::GlobalProfileAllowed,
        Self::ProfileAllowed,
        Self::ProfileDestinationsKnown,
        Self::InferenceDeniedByScp,
        Self::RuleReceivesInference,
        Self::InvocationLoggingEnabled,
        Self::InvocationLoggingModalities,
        Self::InvocationLoggingBucketEncrypted,
        Self::InvocationLoggingBucketPrivate,
        Self::InvocationLoggingBucketRetained,
        Self::InvocationLoggingGroupEncrypted,
        Self::InvocationLoggingGroupRetained,
        Self::InvocationLoggingDelivering,
        Self::TrailRecordsInference,
        Self::ProfileDestinationsAllowed,
        Self::ProfileReachAllowed,
        Self::DataRetentionAllowed,
        Self::GuardrailStaysInRegion,
        Self::GuardrailEnforced,
        Self::CustomModelEncrypted,
        Self::ImportedModelEncrypted,
        Self::KnowledgeBaseEncrypted,
        Self::AgentEncrypted,
        Self::AgentHasGuardrail,
        Self::BatchOutputInRegion,
        Self::VpcEndpointPresent,
        Self::VpcEndpointRestricted,
        Self::InvokeIsLeastPrivilege,
        Self::ManageAndInvokeSeparate,
        Self::ApiKeyLongTerm,
    ];

    /// Returns the controls that decide about invocations, in the order of reports.
    pub fn about_invocations() -> impl Iterator<Item = Self> {
        ABOUT_INVOCATIONS.into_iter().map(|(control, _)| control)
    }

    /// Returns what people are told about the control.
    #[must_use]
    pub const fn metadata(self) -> &'static Metadata {
        match self {
            Self::DestinationRegionAllowed => &destination_region_allowed::METADATA,
            Self::SourceRegionAllowed => &source_region_allowed::METADATA,
            Self::GlobalProfileAllowed => &global_profile_allowed::METADATA,
            Self::ProfileAllowed => &profile_allowed::METADATA,
            Self::ProfileDestinationsKnown => &profile_destinations_known::METADATA,
            Self::InferenceDeniedByScp => &inference_denied_by_scp::METADATA,
            Self::RuleReceivesInference => &rule_receives_inference::METADATA,
            Self::InvocationLoggingEnabled => &invocation_logging_enabled::METADATA,
            Self::InvocationLoggingModalities => &invocation_logging_modalities::METADATA,
            Self::InvocationLoggingBucketEncrypted => &invocation_logging_bucket_encrypted::METADATA,
            Self::InvocationLoggingBucketPrivate => &invocation_logging_bucket_private::METADATA,
            Self::InvocationLoggingBucketRetained => &invocation_logging_bucket_retained::METADATA,
            Self::InvocationLoggingGroupEncrypted => &invocation_logging_group_encrypted::METADATA,
            Self::InvocationLoggingGroupRetained => &invocation_logging_group_retained::METADATA,
            Self::InvocationLoggingDelivering => &invocation_logging_delivering::METADATA,
            Self::TrailRecordsInference => &trail_records_inference::METADATA,
            Self::ProfileDestinationsAllowed => &profile_destinations_allowed::METADATA,
            Self::ProfileReachAllowed => &profile_reach_allowed::METADATA,
            Self::DataRetentionAllowed => &data_retention_allowed::METADATA,
            Self::GuardrailStaysInRegion => &guardrail_stays_in_region::METADATA,
            Self::GuardrailEnforced => &guardrail_enforced::METADATA,
            Self::CustomModelEncrypted => &custom_model_encrypted::METADATA,
            Self::ImportedModelEncrypted => &imported_model_encrypted::METADATA,
            Self::KnowledgeBaseEncrypted => &knowledge_base_encrypted::METADATA,
            Self::AgentEncrypted => &agent_encrypted::METADATA,
            Self::AgentHasGuardrail => &agent_has_guardrail::METADATA,
            Self::BatchOutputInRegion => &batch_output_in_region::METADATA,
            Self::VpcEndpointPresent => &vpc_endpoint_present::METADATA,
            Self::VpcEndpointRestricted => &vpc_endpoint_restricted::METADATA,
            Self::InvokeIsLeastPrivilege => &invoke_is_least_privilege::METADATA,
            Self::ManageAndInvokeSeparate => &manage_and_invoke_separate::METADATA,
            Self::ApiKeyLongTerm => &api_key_long_term::METADATA,
        }
    }

    /// Returns the control's name, such as `destination-region-allowed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.metadata().name
    }

    /// Returns the control's title, a few words that say what must hold.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.metadata().title
    }

    /// Returns how much a finding of this control matters.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.metadata().severity
    }

    /// Tells whether the control says what is permitted, so that an exception can lift it unasked.
    ///
    /// A denial by a service control policy is a fact about another policy, a destination that nobody
    /// lists is one about AWS, and a setting is one about the evidence: an exception lifts those only
    /// by naming the control.
    #[must_use]
    pub const fn is_about_permission(self) -> bool {
        matches!(
            self,
            Self::DestinationRegionAllowed
                | Self::SourceRegionAllowed
                | Self::GlobalProfileAllowed
                | Self::ProfileAllowed
        )
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod settings_tests;
#[cfg(test)]
mod tests;
