//! What is wrong with settings, of which resources, and what cannot be told of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{NotObserved, Wrong};
use crate::policy::Modality;

/// One thing that is wrong, and with which resources.
///
/// ```
/// use crisguard_core::posture::{Problem, Resource, Wrong};
/// let problem = Problem { of: vec![Resource::Bucket("logs".to_owned())], wrong: Wrong::Missing };
/// assert_eq!(problem.to_string(), "bucket logs: does not exist");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The resources, in the order in which they were found; none where it is the Region as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<Resource>,
    /// What is wrong with them.
    #[serde(flatten)]
    pub wrong: Wrong,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.of.is_empty() {
            let of: Vec<String> = self.of.iter().map(Resource::to_string).collect();
            write!(f, "{}: ", of.join(", "))?;
        }
        self.wrong.fmt(f)
    }
}

/// A resource whose settings are judged, by the name or ARN with which people find it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// A bucket, by its name.
    #[error("bucket {0}")]
    Bucket(String),
    /// A log group, by its name.
    #[error("log group {0}")]
    LogGroup(String),
    /// A trail of CloudTrail, by its ARN.
    #[error("trail {0}")]
    Trail(String),
    /// A guardrail, by its id.
    #[error("guardrail {0}")]
    Guardrail(String),
    /// A system-defined or application inference profile, by its id or ARN.
    #[error("inference profile {0}")]
    Profile(String),
    /// A custom model, by its ARN.
    #[error("custom model {0}")]
    CustomModel(String),
    /// An imported model, by its ARN.
    #[error("imported model {0}")]
    ImportedModel(String),
    /// A knowledge base, by its id.
    #[error("knowledge base {0}")]
    KnowledgeBase(String),
    /// A data source of a knowledge base, as `KNOWLEDGE_BASE/DATA_SOURCE`.
    #[error("data source {0}")]
    DataSource(String),
    /// An agent, by its id.
    #[error("agent {0}")]
    Agent(String),
    /// A batch inference job, by its ARN.
    #[error("batch inference job {0}")]
    BatchJob(String),
    /// A VPC endpoint, by its id.
    #[error("VPC endpoint {0}")]
    VpcEndpoint(String),
    /// A user, role or group of IAM, by its ARN.
    #[error("principal {0}")]
    Principal(String),
    /// A long-term API key of Bedrock, as `USER/KEY_ID`.
    #[error("API key {0}")]
    ApiKey(String),
}

impl Resource {
    /// Returns the name or ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Bucket(name)
            | Self::LogGroup(name)
            | Self::Trail(name)
            | Self::Guardrail(name)
            | Self::Profile(name)
            | Self::CustomModel(name)
            | Self::ImportedModel(name)
            | Self::KnowledgeBase(name)
            | Self::DataSource(name)
            | Self::Agent(name)
            | Self::BatchJob(name)
            | Self::VpcEndpoint(name)
            | Self::Principal(name)
            | Self::ApiKey(name) => name,
        }
    }

    /// Returns the resource with its name changed.
    #[must_use]
    pub(crate) fn renamed(mut self, change: &dyn Fn(&str) -> String) -> Self {
        let (Self::Bucket(name)
        | Self::LogGroup(name)
        | Self::Trail(name)
        | Self::Guardrail(name)
        | Self::Profile(name)
        | Self::CustomModel(name)
        | Self::ImportedModel(name)
        | Self::KnowledgeBase(name)
        | Self::DataSource(name)
        | Self::Agent(name)
        | Self::BatchJob(name)
        | Self::VpcEndpoint(name)
        | Self::Principal(name)
        | Self::ApiKey(name)) = &mut self;
        *name = change(name);
        self
    }
}

/// Something that cannot be told about settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Unknown {
    /// There was no time left to look at it.
    #[error("there was no time left to look at it")]
    NotReached,
    /// It could not be looked at.
    #[error("{0}")]
    NotObserved(NotObserved),
    /// The logging configuration does not say whether a kind of data is delivered, and AWS does not
    /// say what it does then
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_LoggingConfig.html>).
    #[error("the logging configuration does not say whether {modality} data is delivered")]
    ModalityUnstated {
        /// The kind of data.
        modality: Modality,
    },
    /// Bedrock answers without a data-retention mode
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetAccountDataRetention.html>).
    #[error("Bedrock does not say which data-retention mode is set")]
    DataRetentionUnstated,
    /// Nobody lists where a profile of inference or of guardrails can go.
    #[error("where {profile} can go from here is not listed")]
    DestinationsNotListed {
        /// The profile's id or ARN.
        profile: String,
    },
    /// Whether profiles work under the service control policies depends on the call.
    #[error("whether calls through {} work depends on {}, which differs from call to call", profiles.join(", "), keys.join(", "))]
    DependsOnTheCall {
        /// The profiles' ids or ARNs.
        profiles: Vec<String>,
        /// The condition keys that tell.
        keys: Vec<String>,
    },
    /// Nobody but its owner can read its settings.
    #[error("{of}: its settings cannot be read, for it belongs to another account")]
    OtherAccounts {
        /// The resource.
        of: Box<Resource>,
    },
    /// A part of an answer is of a form that is not known.
    #[error("{of}: {part} is not understood")]
    NotUnderstood {
        /// The resource.
        of: Box<Resource>,
        /// The part, such as a field or a policy.
        part: String,
    },
}

impl From<&NotObserved> for Unknown {
    fn from(not_observed: &NotObserved) -> Self {
        Self::NotObserved(not_observed.clone())
    }
}
