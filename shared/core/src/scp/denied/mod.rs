//! Messages of denied requests, as people paste them: from a terminal, a log or a chat.

mod judged;
mod text;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::judged::{DeniedHere, NotEvaluated, UnderPolicies};
use self::text::Pasted;
use super::reach::{Call, Resource, Target};
use crate::{
    arn::Arn,
    catalog::{Catalogue, Destinations},
    cloudtrail::BlockedRegion,
    inference_profile::InferenceProfile,
    region::{Region, SourceRegion},
};

/// A denied request, as far as its message tells of it.
///
/// Other text may stand around the message, and lines may be broken, even within an ARN. The forms are those of
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.
///
/// ```
/// use crisguard_core::{cloudtrail::BlockedRegion, scp::denied::{DeniedMessage, DeniedResource, PolicyKind, Reason}};
/// let message = DeniedMessage::parse("botocore.errorfactory.AccessDeniedException: User: arn:aws:sts::111122223333:
///     assumed-role/chat/i-0abc is not authorized to perform: bedrock:InvokeModel on resource:
///     arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0 with an explicit deny
///     in a service control policy").unwrap();
/// assert_eq!(message.action.as_deref(), Some("bedrock:InvokeModel"));
/// let Some(DeniedResource::FoundationModel { region: BlockedRegion::Region(region), .. }) = &message.resource else {
///     panic!("a foundation model was denied");
/// };
/// assert_eq!(region.as_str(), "us-east-2");
/// assert_eq!(message.reason, Reason::Explicit { by: PolicyKind::ServiceControlPolicy, policy: None });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeniedMessage {
    /// Who called: an ARN.
    pub caller: Option<String>,
    /// The action, such as `bedrock:InvokeModel`.
    pub action: Option<String>,
    /// What it was to be done to.
    pub resource: Option<DeniedResource>,
    /// Why it was denied.
    pub reason: Reason,
}

/// What a denied request was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DeniedResource {
    /// A foundation model in a Region, or without one: a global profile's destination.
    FoundationModel {
        /// The model's id.
        model: String,
        /// The Region.
        region: BlockedRegion,
    },
    /// A system-defined inference profile in the Region that was called.
    Profile {
        /// The profile's id.
        id: String,
        /// The Region.
        source: Region,
    },
    /// An inference profile that an account made.
    ApplicationProfile {
        /// Its ARN.
        arn: String,
    },
    /// Anything else.
    Other {
        /// Its ARN, or `*`.
        arn: String,
    },
}

/// Why a request was denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Reason {
    /// A statement of a policy denies it.
    Explicit {
        /// The kind of policy.
        by: PolicyKind,
        /// Its ARN or id, which newer messages have.
        policy: Option<String>,
    },
    /// No policy of this kind allows it.
    Implicit {
        /// The kind of policy.
        by: PolicyKind,
    },
    /// The account has no access to the model.
    ModelAccess,
    /// The caller may not subscribe to the model in AWS Marketplace, which its first use needs.
    Subscription,
    /// The provider calls the model a legacy one, and the account has not used it lately.
    Legacy,
    /// The message does not say.
    Unexplained,
}

/// The kinds of policies that a message can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// A service control policy.
    ServiceControlPolicy,
    /// A resource control policy.
    ResourceControlPolicy,
    /// A policy of the user or role.
    IdentityBased,
    /// A policy of the resource.
    ResourceBased,
    /// The permissions boundary of the user or role.
    PermissionsBoundary,
    /// A policy given when the session began.
    Session,
    /// The policy of the VPC endpoint that was called.
    VpcEndpoint,
}

impl PolicyKind {
    /// Every kind with the words by which messages name it, without spaces.
    const NAMES: [(Self, &'static str); 7] = [
        (Self::ServiceControlPolicy, "servicecontrolpolicy"),
        (Self::ResourceControlPolicy, "resourcecontrolpolicy"),
        (Self::IdentityBased, "identity-basedpolicy"),
        (Self::ResourceBased, "resource-basedpolicy"),
        (Self::PermissionsBoundary, "permissionsboundary"),
        (Self::Session, "sessionpolicy"),
        (Self::VpcEndpoint, "vpcendpointpolicy"),
    ];
}

impl DeniedMessage {
    /// Finds the first denial in a text, or returns `None` if there is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let pasted = Pasted::new(text).first_message();
        let reason = reason(&pasted);
        let action = pasted
            .between("toperform:", &["onresource:", "withanexplicitdeny", "because"])
            .or_else(|| pasted.between("allowsthe", &["action"]))
            .filter(|action| action.contains(':'));
        if reason == Reason::Unexplained && action.is_none() && !pasted.says("accessdenied") {
            return None;
        }
        let resource = pasted.between("onresource:", &["withanexplicitdeny", "because"]);
        Some(Self {
            caller: pasted.between("user:", &["isnotauthorized"]),
            resource: resource.as_deref().and_then(DeniedResource::parse),
            action,
            reason,
        })
    }

    /// Returns the id of the policy that denies it, such as `p-a1b2c3d4`, where the message names it.
    #[must_use]
    pub fn policy_id(&self) -> Option<&str> {
        match &self.reason {
            Reason::Explicit { policy, .. } => policy.as_deref()?.rsplit('/').next(),
            _ => None,
        }
    }

    /// Returns the account of the caller.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        let account = Arn::parse(self.caller.as_deref()?)?.account;
        (!account.is_empty()).then_some(account)
    }

    /// Returns the calls that can have ended in this message: through which profile, from which Region. If it
    /// is known that the call was made from `source`, only those from there.
    ///
    /// A message names one evaluation that was denied, never the profile that was called.
    #[must_use]
    pub fn calls(&self, source: Option<&SourceRegion>, catalogue: &Catalogue) -> Vec<Target> {
        let from = |region: &Region| source.is_none_or(|source| source.0 == *region);
        match &self.resource {
            Some(DeniedResource::Profile { id, source }) => {
                let source = SourceRegion(source.clone());
                Target::profile(id, &source, catalogue).into_iter().collect()
            }
            Some(DeniedResource::ApplicationProfile { arn }) => {
                let region = Arn::parse(arn).and_then(|arn| arn.region.parse().ok());
                let sources: Vec<SourceRegion> = region.map(SourceRegion).into_iter().collect();
                Target::profiles(arn, &sources, catalogue)
            }
            Some(DeniedResource::FoundationModel { model, region }) => {
                let mut calls = Vec::new();
                for (id, sources) in catalogue.profiles() {
                    let behind = InferenceProfile::parse(id).is_some_and(|profile| profile.model() == model);
                    for (place, destinations) in sources {
                        if behind && from(place) && evaluates(place, destinations, region) {
                            calls.extend(Target::profile(id, &SourceRegion(place.clone()), catalogue));
                        }
                    }
                }
                if let BlockedRegion::Region(region) = region
                    && from(region)
                {
                    calls.push(Target::model(model, &SourceRegion(region.clone())));
                }
                calls.sort_by(|a, b| (a.call.name(), &a.source).cmp(&(b.call.name(), &b.source)));
                calls
            }
            Some(DeniedResource::Other { .. }) | None => Vec::new(),
        }
    }
}

/// Tells whether a call through a profile evaluates the model in `region`.
fn evaluates(source: &Region, destinations: &Destinations, region: &BlockedRegion) -> bool {
    match (region, destinations) {
        (BlockedRegion::Unspecified, Destinations::EveryCommercialRegion) => true,
        (BlockedRegion::Unspecified, Destinations::Regions(_)) | (BlockedRegion::NotNamed, _) => false,
        (BlockedRegion::Region(region), Destinations::EveryCommercialRegion) => region == source,
        (BlockedRegion::Region(region), Destinations::Regions(regions)) => region == source || regions.contains(region),
    }
}

impl DeniedResource {
    fn parse(text: &str) -> Option<Self> {
        // What some actions are done to.
        if text == "*" {
            return Some(Self::Other { arn: text.to_owned() });
        }
        let arn = Arn::parse(text)?;
        let other = || Self::Other { arn: text.to_owned() };
        if arn.service != "bedrock" {
            return Some(other());
        }
        let region = || match arn.region {
            "" => BlockedRegion::Unspecified,
            name => name.parse().map_or(BlockedRegion::NotNamed, BlockedRegion::Region),
        };
        Some(match (arn.typed_resource(), arn.region.parse()) {
            (Some(("foundation-model", model)), _) => Self::FoundationModel {
                model: model.to_owned(),
                region: region(),
            },
            (Some(("inference-profile", id)), Ok(source)) => Self::Profile {
                id: id.to_owned(),
                source,
            },
            (Some(("application-inference-profile", _)), _) => Self::ApplicationProfile { arn: text.to_owned() },
            _ => other(),
        })
    }

    /// Returns the Region in which it was denied, as `aws:RequestedRegion` has it, where it is told.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::FoundationModel { region, .. } => match region {
                BlockedRegion::Region(region) => Some(region.as_str()),
                BlockedRegion::Unspecified => Some(super::reach::UNSPECIFIED),
                BlockedRegion::NotNamed => None,
            },
            Self::Profile { source, .. } => Some(source.as_str()),
            Self::ApplicationProfile { arn } | Self::Other { arn } => Arn::parse(arn)
                .map(|arn| arn.region)
                .filter(|region| !region.is_empty()),
        }
    }

    /// Tells whether it is of this kind.
    #[must_use]
    pub fn is_a(&self, resource: Resource) -> bool {
        match self {
            Self::FoundationModel { .. } => resource == Resource::FoundationModel,
            Self::Profile { .. } | Self::ApplicationProfile { .. } => resource == Resource::Profile,
            Self::Other { .. } => false,
        }
    }

    /// Tells whether a call evaluates this kind of resource.
    #[must_use]
    pub fn is_asked_by(&self, call: &Call) -> bool {
        match self {
            Self::FoundationModel { .. } => !matches!(call, Call::Guardrail(_)),
            Self::Profile { .. } | Self::ApplicationProfile { .. } => {
                matches!(call, Call::Profile(_) | Call::Application { .. })
            }
            Self::Other { .. } => false,
        }
    }
}

fn reason(pasted: &Pasted) -> Reason {
    let mut found: Vec<(usize, Reason)> = Vec::new();
    for (by, name) in PolicyKind::NAMES {
        for article in ["a", "an"] {
            if let Some(rest) = pasted.after(&format!("explicitdenyin{article}{name}")) {
                let policy = rest.name();
                found.push((rest.place(), Reason::Explicit { by, policy }));
            }
        }
        if let Some(rest) = pasted.after(&format!("becauseno{name}allows")) {
            found.push((rest.place(), Reason::Implicit { by }));
        }
    }
    // What people write around a message may name other reasons.
    if let Some((_, reason)) = found.into_iter().min_by_key(|(place, _)| *place) {
        return reason;
    }
    if pasted.says("aws-marketplace:subscribe") || pasted.says("awsmarketplaceactions") {
        Reason::Subscription
    } else if pasted.says("don'thaveaccesstothemodel") || pasted.says("modelaccessisdenied") {
        Reason::ModelAccess
    } else if pasted.says("markedbyprovideraslegacy") {
        Reason::Legacy
    } else {
        Reason::Unexplained
    }
}

#[cfg(test)]
mod judged_tests;
#[cfg(test)]
mod tests;
