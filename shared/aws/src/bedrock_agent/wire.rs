//! What agents and knowledge bases look like on the wire, as far as it is read.

use serde::{Deserialize, Serialize};

/// The most items of one page that every list allows.
const LARGEST_PAGE: u32 = 1000;

pub(super) fn key(encryption: Option<Encryption>) -> Option<String> {
    encryption.and_then(|encryption| encryption.kms_key_arn)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Question {
    pub(super) max_results: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

impl Question {
    pub(super) fn page(next_token: Option<String>) -> Self {
        Self {
            max_results: LARGEST_PAGE,
            next_token,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgentsPage {
    pub(super) agent_summaries: Vec<AgentSummary>,
    pub(super) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgentSummary {
    pub(super) agent_id: String,
}

#[derive(Deserialize)]
pub(super) struct AgentAnswer {
    pub(super) agent: AgentWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgentWire {
    pub(super) agent_id: String,
    pub(super) agent_arn: Option<String>,
    pub(super) agent_name: String,
    pub(super) agent_status: String,
    pub(super) customer_encryption_key_arn: Option<String>,
    pub(super) guardrail_configuration: Option<GuardrailWire>,
    pub(super) foundation_model: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GuardrailWire {
    pub(super) guardrail_identifier: Option<String>,
    pub(super) guardrail_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BasesPage {
    pub(super) knowledge_base_summaries: Vec<BaseSummary>,
    pub(super) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BaseSummary {
    pub(super) knowledge_base_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BaseAnswer {
    pub(super) knowledge_base: BaseWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BaseWire {
    pub(super) knowledge_base_id: String,
    pub(super) knowledge_base_arn: Option<String>,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) knowledge_base_configuration: BaseConfiguration,
    pub(super) storage_configuration: Option<Kind>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BaseConfiguration {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) managed_knowledge_base_configuration: Option<ManagedBase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ManagedBase {
    pub(super) server_side_encryption_configuration: Option<Encryption>,
}

#[derive(Deserialize)]
pub(super) struct Kind {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourcesPage {
    pub(super) data_source_summaries: Vec<SourceSummary>,
    pub(super) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceSummary {
    pub(super) data_source_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceAnswer {
    pub(super) data_source: SourceWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceWire {
    pub(super) data_source_id: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) data_source_configuration: SourceConfiguration,
    pub(super) server_side_encryption_configuration: Option<Encryption>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceConfiguration {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) s3_configuration: Option<BucketSource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BucketSource {
    pub(super) bucket_arn: String,
    pub(super) bucket_owner_account_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Encryption {
    pub(super) kms_key_arn: Option<String>,
}
