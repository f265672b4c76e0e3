//! Policies to start from, written for the user's own Regions and profiles.

mod global_services;
mod grants;
mod guardrails;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use self::global_services::GLOBAL_SERVICES;
use super::{
    Policy, PolicyError,
    organization::{Chain, Scp},
    reach::{Call, Caller, INVOKE, Principal, Reach, Target, UNSPECIFIED, Verdict},
};
use crate::{
    account::AccountId,
    catalog::Destinations,
    inference_profile::InferenceProfile,
    region::{Region, SourceRegion},
};

/// A policy that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Denies every Region but the source Regions, with an exemption for the wanted profiles alone.
    RegionDeny,
    /// Denies what global profiles need.
    DenyGlobal,
    /// Denies calls without a guardrail, or without one of those that are named.
    RequireGuardrail,
    /// Denies using and making long-term API keys.
    DenyLongTermKeys,
    /// Allows a user or role to call geographic profiles and nothing else.
    InvokeGeographic,
    /// Allows a user or role to call global profiles and nothing else.
    InvokeGlobal,
    /// Lets the wanted profiles through a VPC endpoint and nothing else.
    VpcEndpoint,
}

/// What a policy is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// A service control policy: the root, a unit or an account.
    Organization,
    /// A policy of a user or role.
    Identity,
    /// The policy of a VPC endpoint.
    Endpoint,
}

/// What a policy is written for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The Regions that may be called.
    pub sources: Vec<SourceRegion>,
    /// The calls through inference profiles that must work; others are left out.
    pub targets: Vec<Target>,
    /// The account, for policies of one.
    pub account: Option<AccountId>,
    /// Guardrails by id or ARN; without any, every guardrail will do.
    pub guardrails: Vec<String>,
}

/// Tells why a policy cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// No source Region is named.
    #[error("it denies every Region but the source Regions, and none is named")]
    NoSource,
    /// Several source Regions are named.
    #[error("an endpoint stands in one Region, and several are named: {0}")]
    SeveralSources(String),
    /// No profile of the kind is wanted.
    #[error("no {0} inference profile is wanted from these source Regions")]
    NoProfile(&'static str),
    /// No account is named.
    #[error("it names the inference profiles of one account, and none is named")]
    NoAccount,
    /// A guardrail's id is none.
    #[error("`{0}` is neither the id nor the ARN of a guardrail")]
    Guardrail(String),
    /// The policy is longer than policies can be.
    #[error("it would come to {characters} characters, and {quota} fit")]
    TooLong {
        /// How long it is, without white space.
        characters: usize,
        /// How long such a policy can be.
        quota: usize,
    },
    /// The policy does not do what it is for.
    #[error("{profile} would not work under it: {verdict}")]
    NotVerified {
        /// The profile.
        profile: String,
        /// What it comes to.
        verdict: Verdict,
    },
    /// The policy cannot be read again.
    #[error("the policy that was written cannot be read")]
    Policy(#[from] PolicyError),
    /// The actions of calls cannot be read.
    #[error(transparent)]
    Action(#[from] super::NotAnAction),
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 7] = [
        Self::RegionDeny,
        Self::DenyGlobal,
        Self::RequireGuardrail,
        Self::DenyLongTermKeys,
        Self::InvokeGeographic,
        Self::InvokeGlobal,
        Self::VpcEndpoint,
    ];

    /// The most characters of a service control policy while AWS's quota has not been raised: the newer one is
    /// twice that (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>).
    pub const QUOTA: usize = 5120;

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegionDeny => "region-deny",
            Self::DenyGlobal => "deny-global",
            Self::RequireGuardrail => "require-guardrail",
            Self::DenyLongTermKeys => "deny-long-term-keys",
            Self::InvokeGeographic => "invoke-geographic",
            Self::InvokeGlobal => "invoke-global",
            Self::VpcEndpoint => "vpc-endpoint",
        }
    }

    /// Finds a template by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.name() == name)
    }

    /// Returns what the policy is attached to.
    #[must_use]
    pub const fn attachment(self) -> Attachment {
        match self {
            Self::RegionDeny | Self::DenyGlobal | Self::RequireGuardrail | Self::DenyLongTermKeys => {
                Attachment::Organization
            }
            Self::InvokeGeographic | Self::InvokeGlobal => Attachment::Identity,
            Self::VpcEndpoint => Attachment::Endpoint,
        }
    }

    /// Writes the policy. What is wanted is evaluated under it first.
    ///
    /// ```
    /// use crisguard_core::{catalog::Catalogue, region::SourceRegion, scp::{reach::Target, templates::{Template, Wanted}}};
    /// let tokyo = SourceRegion("ap-northeast-1".parse()?);
    /// let targets = Target::profiles("jp.*", std::slice::from_ref(&tokyo), &Catalogue::embedded()?);
    /// let wanted = Wanted { sources: vec![tokyo], targets, account: None, guardrails: Vec::new() };
    /// let policy = Template::RegionDeny.write(&wanted)?;
    /// let regions = &policy["Statement"][2]["Condition"]["StringNotEquals"]["aws:RequestedRegion"];
    /// assert_eq!(regions, &serde_json::json!(["ap-northeast-1", "ap-northeast-3"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if something is not named that the policy needs, or if it would be too long.
    pub fn write(self, wanted: &Wanted) -> Result<Value, TemplateError> {
        match self {
            Self::RegionDeny => region_deny(wanted),
            Self::DenyGlobal => {
                let policy = document([deny_global()]);
                verify(&policy, wanted, |profile| !profile.is_global())?;
                Ok(policy)
            }
            Self::RequireGuardrail => guardrails::require(&wanted.guardrails),
            Self::DenyLongTermKeys => Ok(deny_long_term_keys()),
            Self::InvokeGeographic => grants::invoke_geographic(wanted),
            Self::InvokeGlobal => grants::invoke_global(wanted),
            Self::VpcEndpoint => grants::vpc_endpoint(wanted),
        }
    }
}

fn document(statements: impl IntoIterator<Item = Value>) -> Value {
    let statements: Vec<Value> = statements.into_iter().collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Exempts the wanted profiles from a Region deny by their ARN, and pins the Regions that they may reach: a
/// profile that AWS lets reach further fails then, and does not leave
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html>).
fn region_deny(wanted: &Wanted) -> Result<Value, TemplateError> {
    let sources: Vec<&str> = wanted.sources.iter().map(|source| source.0.as_str()).collect();
    if sources.is_empty() {
        return Err(TemplateError::NoSource);
    }
    let profiles = wanted.profiles();
    // The third statement pins the Regions in any case. A pattern of global profiles stands for calls that go
    // anywhere, so it is the last that is taken.
    let wider: [fn(&InferenceProfile) -> bool; 2] = [|profile| !profile.is_global(), |_| true];
    let exempting = |by_geography: fn(&InferenceProfile) -> bool| {
        let arns = profiles.iter().map(|(source, profile, _)| {
            if by_geography(profile) {
                arn(source, "*", &format!("{}.*", profile.geography().prefix()))
            } else {
                arn(source, "*", profile.id())
            }
        });
        let mut arns: Vec<String> = arns.collect();
        arns.sort_unstable();
        arns.dedup();
        region_deny_of(&sources, &arns, &profiles)
    };
    let mut policy = exempting(|_| false);
    for by_geography in wider {
        if size(&policy) <= Template::QUOTA {
            break;
        }
        policy = exempting(by_geography);
    }
    within_quota(&policy, Template::QUOTA)?;
    verify(&policy, wanted, |_| true)?;
    Ok(policy)
}

fn region_deny_of(sources: &[&str], arns: &[String], profiles: &[Through<'_>]) -> Value {
    let outside = |regions: &[&str]| json!({"aws:RequestedRegion": regions});
    if profiles.is_empty() {
        return document([json!({
            "Sid": "RegionDeny",
            "Effect": "Deny",
            "NotAction": GLOBAL_SERVICES.as_slice(),
            "Resource": "*",
            "Condition": {"StringNotEquals": outside(sources)}
        })]);
    }
    let mut reached: Vec<&str> = sources.to_vec();
    for (_, _, destinations) in profiles {
        match destinations {
            Destinations::EveryCommercialRegion => reached.push(UNSPECIFIED),
            Destinations::Regions(regions) => reached.extend(regions.iter().map(Region::as_str)),
        }
    }
    reached.sort_unstable();
    reached.dedup();
    let left_alone: Vec<&str> = INVOKE.iter().chain(&GLOBAL_SERVICES).copied().collect();
    document([
        json!({
            "Sid": "RegionDenyExceptBedrockInvoke",
            "Effect": "Deny",
            "NotAction": left_alone,
            "Resource": "*",
            "Condition": {"StringNotEquals": outside(sources)}
        }),
        json!({
            "Sid": "BedrockInvokeOutsideOnlyViaProfile",
            "Effect": "Deny",
            "Action": INVOKE,
            "Resource": "*",
            "Condition": {
                "StringNotEquals": outside(sources),
                "ArnNotLike": {"bedrock:InferenceProfileArn": arns}
            }
        }),
        json!({
            "Sid": "BedrockInvokeNeverBeyondProfileRegions",
            "Effect": "Deny",
            "Action": INVOKE,
            "Resource": "*",
            "Condition": {"StringNotEquals": outside(&reached)}
        }),
    ])
}

/// Denies the Region-less evaluation that only global profiles need. A condition on the profile's ARN as well
/// would let a global profile through behind an application profile
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html>).
fn deny_global() -> Value {
    json!({
        "Sid": "DenyGlobalInference",
        "Effect": "Deny",
        "Action": "bedrock:InvokeModel*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": UNSPECIFIED}}
    })
}

/// Each of both endpoints has an action and a key of its own
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-permissions.html>,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrockpoweredbyawsmantle.html>).
fn deny_long_term_keys() -> Value {
    let deny = |sid: &str, action: &str, key: &str, value: &str| {
        json!({
            "Sid": sid,
            "Effect": "Deny",
            "Action": action,
            "Resource": "*",
            "Condition": {"StringEquals": {key: value}}
        })
    };
    document([
        deny(
            "DenyLongTermKeys",
            "bedrock:CallWithBearerToken",
            "bedrock:BearerTokenType",
            "LONG_TERM",
        ),
        deny(
            "DenyLongTermKeysOfMantle",
            "bedrock-mantle:CallWithBearerToken",
            "bedrock-mantle:BearerTokenType",
            "LONG_TERM",
        ),
        deny(
            "DenyMakingLongTermKeys",
            "iam:CreateServiceSpecificCredential",
            "iam:ServiceSpecificCredentialServiceName",
            "bedrock.amazonaws.com",
        ),
    ])
}

/// A call through a system-defined profile: from where, which, and to where.
type Through<'w> = (&'w SourceRegion, &'w InferenceProfile, &'w Destinations);

impl Wanted {
    fn profiles(&self) -> Vec<Through<'_>> {
        let through = self.targets.iter().filter_map(|target| match &target.call {
            Call::Profile(profile) => Some((&target.source, profile, &target.destinations)),
            _ => None,
        });
        through.filter(|(source, ..)| self.sources.contains(source)).collect()
    }
}

/// Returns the ARN of a system-defined profile; `account` can be a pattern.
fn arn(source: &SourceRegion, account: &str, profile: &str) -> String {
    format!(
        "arn:{}:bedrock:{source}:{account}:inference-profile/{profile}",
        source.0.partition()
    )
}

/// Returns the length of a policy as the console saves it.
fn size(policy: &Value) -> usize {
    policy.to_string().chars().count()
}

fn within_quota(policy: &Value, quota: usize) -> Result<(), TemplateError> {
    let characters = size(policy);
    if characters > quota {
        return Err(TemplateError::TooLong { characters, quota });
    }
    Ok(())
}

/// Evaluates the wanted calls under a service control policy: all that it is for must work.
fn verify(policy: &Value, wanted: &Wanted, is_for: impl Fn(&InferenceProfile) -> bool) -> Result<(), TemplateError> {
    let policy = Policy::from_document(policy.clone())?;
    let chain = Chain::of_files([("ou".to_owned(), Scp::new("the policy", policy))])?;
    let Some(account) = wanted.account.clone().or_else(|| "111122223333".parse().ok()) else {
        return Ok(());
    };
    let targets = wanted.targets.iter().filter(|target| match &target.call {
        Call::Profile(profile) => is_for(profile),
        _ => false,
    });
    let caller = Caller::new(account, &Principal::Ordinary);
    let reach = Reach::of_account(&chain, &caller, targets.cloned().collect())?;
    let wrong = reach.verdicts(caller.account()).find(|(_, verdict)| !verdict.works());
    match wrong {
        None => Ok(()),
        Some((target, verdict)) => Err(TemplateError::NotVerified {
            profile: target.call.name().to_owned(),
            verdict: verdict.clone(),
        }),
    }
}
