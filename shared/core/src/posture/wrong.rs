//! Everything that can be wrong with settings, each a clause about the resources that have it.

use serde::{Deserialize, Serialize};

use crate::{policy::Modality, region::Region};

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Wrong {
    /// Model invocation logging is off.
    #[error("model invocation logging is off")]
    LoggingOff,
    /// Logging is configured, but delivers nowhere.
    #[error("model invocation logging is configured without a bucket or log group")]
    NoDestination,
    /// What is named does not exist.
    #[error("does not exist")]
    Missing,
    /// What is named belongs to another account.
    #[error("belongs to another account")]
    OtherAccount,
    /// What is named is in another Region.
    #[error("is in {region}")]
    OtherRegion {
        /// Where it is.
        region: Region,
    },
    /// A kind of data is not delivered.
    #[error("{modality} data is not logged")]
    ModalityOff {
        /// The kind of data.
        modality: Modality,
    },
    /// What is large or binary is not logged, for only a bucket takes it.
    #[error("takes nothing that is binary or larger than 100 KB, and no bucket is named for it")]
    LargeDataLost,
    /// It is encrypted, if at all, with keys that AWS owns or manages.
    #[error("not encrypted with a customer-managed key")]
    WithoutCustomerKey,
    /// Its key is named by an id or alias: for what a service writes, KMS may look for it in another
    /// account, or fail
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionByDefault.html>).
    #[error("names its key as {key} instead of by the key's ARN, as what a service writes needs")]
    KeyNotByArn {
        /// How the key is named.
        key: String,
    },
    /// The key that encrypts it does not exist.
    #[error("encrypted with a key that does not exist")]
    KeyMissing,
    /// The key that encrypts it cannot be used.
    #[error("encrypted with a key in the state {state}, so nothing can be written or read")]
    KeyNotEnabled {
        /// The key's state, as KMS names it.
        state: String,
    },
    /// Not every way to public access is blocked.
    #[error("does not block public access in all four ways")]
    PublicAccessNotBlocked,
    /// Access control lists can grant access.
    #[error("has access control lists switched on")]
    AclsOn,
    /// Requests without TLS are not refused.
    #[error("its policy does not refuse requests without TLS")]
    PlainHttpAllowed,
    /// Bedrock is not let write.
    #[error("its policy does not let Bedrock write logs for this account")]
    BedrockMayNotWrite,
    /// Bedrock is let write for whoever asks it to.
    #[error("its policy lets Bedrock write for other accounts, too")]
    BedrockMayWriteForOthers,
    /// Logs are deleted too early.
    #[error("deletes logs after {days} days, before the {asked} that the policy asks for")]
    DeletedEarly {
        /// After how many days.
        days: u32,
        /// What the policy asks for, in days.
        asked: u32,
    },
    /// Logs are deleted on a fixed day, however young they are.
    #[error("deletes logs on a fixed day, however young they are")]
    DeletedOnADay,
    /// Deliveries of logs failed.
    #[error("deliveries of logs failed within 24 h ({failures} in all)")]
    DeliveriesFailed {
        /// How many.
        failures: u64,
    },
    /// There is no trail.
    #[error("no trail records events here")]
    NoTrail,
    /// A trail is switched off.
    #[error("not logging")]
    TrailStopped,
    /// What a trail delivers does not come through.
    #[error("not delivering to its bucket ({error})")]
    TrailNotDelivering {
        /// What S3 answered.
        error: String,
    },
    /// A trail records another Region alone.
    #[error("records {region} alone")]
    TrailOfOneRegion {
        /// The Region that it records.
        region: Region,
    },
    /// A trail records no read-only management events of Bedrock, and calls of models are such.
    #[error("does not record Bedrock's read-only management events, which calls of models are")]
    TrailWithoutReads,
    /// A trail records only some of the calls of models.
    #[error("its event selectors leave out some calls of models")]
    TrailRecordsSome,
    /// The data-retention mode is not one that is allowed.
    #[error("the data-retention mode is {mode}")]
    RetentionNotAllowed {
        /// The mode, as Bedrock names it.
        mode: String,
    },
    /// A guardrail sends what it checks out of the allowed Regions.
    #[error("can send what it checks to {} through {profile}", listed(regions))]
    GuardrailLeaves {
        /// The guardrail profile's id.
        profile: String,
        /// The Regions that are not allowed.
        regions: Vec<Region>,
    },
    /// No guardrail is enforced.
    #[error("no guardrail is enforced for all calls")]
    NoEnforcedGuardrail,
    /// A guardrail is enforced, but not for all models.
    #[error("no guardrail is enforced for {}", models.join(", "))]
    ModelsWithoutGuardrail {
        /// The models that are left out.
        models: Vec<String>,
    },
    /// A guardrail is enforced for some models alone.
    #[error("a guardrail is enforced for {} alone", models.join(", "))]
    GuardrailForSome {
        /// The models for which one is enforced.
        models: Vec<String>,
    },
    /// A profile can reach Regions that are not allowed.
    #[error("can reach {}", listed(regions))]
    Reaches {
        /// The Regions that are not allowed.
        regions: Vec<Region>,
    },
    /// A profile can reach every commercial Region.
    #[error("can reach every commercial Region")]
    ReachesEverywhere,
    /// A statement of a service control policy denies calls through a profile that is permitted.
    #[error("fails: the statement {statement} of the service control policy {} denies it in {}",
        named(policy, policy_name.as_deref()), regions.join(", "))]
    DeniedByStatement {
        /// The policy's id.
        policy: String,
        /// The policy's name, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy_name: Option<String>,
        /// The statement's Sid, or its index from 0.
        statement: String,
        /// Where it is denied: Regions, or `unspecified`.
        regions: Vec<String>,
    },
    /// No service control policy of a level allows calls through a profile that is permitted.
    #[error("fails: no service control policy at {level} allows it in {} (attached: {policies})", regions.join(", "))]
    AllowedByNoStatement {
        /// The root, the unit, or `account`.
        level: String,
        /// The ids of the policies that are attached there.
        policies: String,
        /// Where it is not allowed: Regions, or `unspecified`.
        regions: Vec<String>,
    },
    /// No service control policy keeps a profile inside the allowed Regions.
    #[error("works, and the service control policies let it be processed in {}", listed(regions))]
    LetLeave {
        /// The Regions that are not allowed.
        regions: Vec<Region>,
    },
    /// No service control policy keeps a profile from any commercial Region.
    #[error("works, and the service control policies let it be processed in every commercial Region")]
    LetLeaveEverywhere,
    /// An agent has no guardrail.
    #[error("has no guardrail")]
    WithoutGuardrail,
    /// A batch job writes to another Region.
    #[error("writes its output to the bucket {bucket} in {region}")]
    OutputLeaves {
        /// The bucket.
        bucket: String,
        /// Where it is.
        region: Region,
    },
    /// There is no private endpoint.
    #[error("there is no VPC endpoint for bedrock-runtime")]
    NoVpcEndpoint,
    /// A private endpoint does not work.
    #[error("in the state {state}")]
    EndpointNotAvailable {
        /// The state, as EC2 names it.
        state: String,
    },
    /// A private endpoint lets everything through.
    #[error("its policy lets every principal do everything")]
    EndpointUnrestricted,
    /// IAM lets a principal call models, or profiles, without naming them.
    #[error("may invoke models or profiles that {policy} does not name")]
    InvokesEverything {
        /// The name or ARN of the policy that says so.
        policy: String,
    },
    /// One principal can both call models and change what proves it.
    #[error("may both invoke models and do {action}")]
    ManagesAndInvokes {
        /// An action that changes the evidence.
        action: String,
    },
    /// An API key never expires.
    #[error("does not expire")]
    NeverExpires,
    /// An API key was made to last longer than it should.
    #[error("lasts until {expires}, longer than {days} days")]
    ExpiresLate {
        /// When it expires.
        expires: jiff::civil::Date,
        /// For how many days it should last at most.
        days: i64,
    },
}

impl Wrong {
    /// Returns it with each of its free texts changed.
    #[must_use]
    pub(crate) fn with_texts(mut self, change: &dyn Fn(&str) -> String) -> Self {
        match &mut self {
            Self::KeyNotEnabled { state: text }
            | Self::KeyNotByArn { key: text }
            | Self::TrailNotDelivering { error: text }
            | Self::EndpointNotAvailable { state: text }
            | Self::RetentionNotAllowed { mode: text }
            | Self::GuardrailLeaves { profile: text, .. }
            | Self::OutputLeaves { bucket: text, .. }
            | Self::InvokesEverything { policy: text }
            | Self::ManagesAndInvokes { action: text } => *text = change(text),
            Self::DeniedByStatement {
                policy,
                policy_name,
                statement,
                ..
            } => {
                *policy = change(policy);
                *policy_name = policy_name.as_deref().map(change);
                *statement = change(statement);
            }
            Self::AllowedByNoStatement { level, policies, .. } => {
                *level = change(level);
                *policies = change(policies);
            }
            Self::ModelsWithoutGuardrail { models } | Self::GuardrailForSome { models } => {
                *models = models.iter().map(|model| change(model)).collect();
            }
            Self::LoggingOff
            | Self::NoDestination
            | Self::Missing
            | Self::OtherAccount
            | Self::OtherRegion { .. }
            | Self::ModalityOff { .. }
            | Self::LargeDataLost
            | Self::WithoutCustomerKey
            | Self::KeyMissing
            | Self::PublicAccessNotBlocked
            | Self::AclsOn
            | Self::PlainHttpAllowed
            | Self::BedrockMayNotWrite
            | Self::BedrockMayWriteForOthers
            | Self::DeletedEarly { .. }
            | Self::DeletedOnADay
            | Self::DeliveriesFailed { .. }
            | Self::NoTrail
            | Self::TrailStopped
            | Self::TrailOfOneRegion { .. }
            | Self::TrailWithoutReads
            | Self::TrailRecordsSome
            | Self::NoEnforcedGuardrail
            | Self::Reaches { .. }
            | Self::ReachesEverywhere
            | Self::LetLeave { .. }
            | Self::LetLeaveEverywhere
            | Self::WithoutGuardrail
            | Self::NoVpcEndpoint
            | Self::EndpointUnrestricted
            | Self::NeverExpires
            | Self::ExpiresLate { .. } => {}
        }
        self
    }
}

/// Names a policy by its id and, where it is known, its name.
fn named(policy: &str, name: Option<&str>) -> String {
    name.map_or_else(|| policy.to_owned(), |name| format!("{policy} ({name})"))
}

fn listed(regions: &[Region]) -> String {
    regions.iter().map(Region::as_str).collect::<Vec<_>>().join(", ")
}
