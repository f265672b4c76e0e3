//! What an account keeps in Bedrock in one Region: models, agents, knowledge bases and batch jobs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Key, Observed};
use crate::region::Region;

/// The keys of KMS that encrypt, by the id, alias or ARN with which they are named; `None` for one
/// that does not exist.
pub type Keys = BTreeMap<String, Observed<Option<Key>>>;

/// The models that the account keeps in one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPosture {
    /// The key of each custom model, by the model's ARN; `None` for a key that AWS owns.
    pub custom: Observed<BTreeMap<String, Observed<Option<String>>>>,
    /// The key of each imported model, by the model's ARN; `None` for a key that AWS owns.
    pub imported: Observed<BTreeMap<String, Observed<Option<String>>>>,
    /// The keys that are named.
    pub keys: Keys,
}

/// The agents and knowledge bases of one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentPosture {
    /// The agents, by id.
    pub agents: Observed<BTreeMap<String, Observed<Agent>>>,
    /// The data sources of each knowledge base, by the knowledge base's id.
    pub knowledge_bases: Observed<BTreeMap<String, Observed<DataSources>>>,
    /// The keys that are named.
    pub keys: Keys,
}

/// The key of each data source of a knowledge base, by the data source's id; `None` for a key that
/// AWS owns.
pub type DataSources = BTreeMap<String, Observed<Option<String>>>;

/// An agent (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_Agent.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The key that encrypts it; `None` for a key that AWS owns.
    #[serde(default)]
    pub key: Option<String>,
    /// The id of its guardrail, if it has one.
    #[serde(default)]
    pub guardrail: Option<String>,
}

/// The batch inference jobs of one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchPosture {
    /// The bucket to which each job of late writes, by the job's ARN.
    pub jobs: Observed<BTreeMap<String, Observed<String>>>,
    /// Where those buckets are; `None` for one that no longer exists.
    pub buckets: BTreeMap<String, Observed<Option<Region>>>,
}

/// The VPC endpoints for bedrock-runtime in one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointPosture {
    /// The endpoints, by id.
    pub endpoints: Observed<BTreeMap<String, VpcEndpoint>>,
}

/// A VPC endpoint
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcEndpoint {
    /// Its state, such as `available`.
    pub state: String,
    /// Its policy, as JSON; without one, it lets everything through.
    #[serde(default)]
    pub policy: Option<String>,
}
