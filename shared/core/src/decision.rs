//! What a control decides, and on what evidence.

use std::{collections::BTreeSet, fmt};

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloudtrail::{BlockedRegion, Failure},
    controls::ControlId,
    region::{DestinationRegion, Region, SourceRegion},
};

/// How much a finding matters, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Informational,
    /// To be looked at some day.
    Low,
    /// To be looked at this week.
    Medium,
    /// To be looked at today.
    High,
    /// To be looked at now.
    Critical,
}

impl Severity {
    /// Returns the severity's name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The outcome of one control for one invocation.
///
/// There is no default: a control that cannot tell says so with [`Decision::Undecided`], and an
/// undecided assessment is shown and counted. It never counts as compliant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "decision", content = "reason")]
pub enum Decision {
    /// The evidence shows that the policy is kept.
    Compliant(Basis),
    /// The evidence shows that the policy is broken.
    NonCompliant(Violation),
    /// The evidence does not reach.
    Undecided(EvidenceGap),
    /// The control has nothing to say about this invocation.
    NotApplicable(Irrelevance),
}

impl Decision {
    /// Returns the outcome's name as it stands in reports and messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Compliant(_) => "compliant",
            Self::NonCompliant(_) => "non-compliant",
            Self::Undecided(_) => "undecided",
            Self::NotApplicable(_) => "not-applicable",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compliant(basis) => basis.fmt(f),
            Self::NonCompliant(violation) => violation.fmt(f),
            Self::Undecided(gap) => gap.fmt(f),
            Self::NotApplicable(irrelevance) => irrelevance.fmt(f),
        }
    }
}

/// Why an invocation is compliant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Basis {
    /// The reported destination Region is allowed.
    #[error("it was processed in {destination}, which the policy allows")]
    DestinationAllowed {
        /// The Region that processed the request.
        destination: DestinationRegion,
    },
    /// The policy allows every destination Region.
    #[error("the policy allows every destination Region")]
    EveryDestinationAllowed,
    /// The Region was not reported, but every one that the profile can reach is allowed.
    #[error("no Region was reported, but {profile} reaches only {reachable} from {source_region}, and the policy allows them all",
        reachable = listed(reachable))]
    EveryReachableRegionAllowed {
        /// The profile that was called.
        profile: String,
        /// The Region that was called.
        source_region: SourceRegion,
        /// Every Region that the catalogue lists for this profile and source.
        reachable: BTreeSet<Region>,
    },
    /// The account's own list of profiles has the destination.
    #[error("AWS lists {destination} for {profile} from {source_region}, by the account's own list of {listed_at}")]
    DestinationListed {
        /// The Region that processed the request.
        destination: DestinationRegion,
        /// The profile that was called, or the first of the model's that has the destination.
        profile: String,
        /// The Region that was called.
        source_region: SourceRegion,
        /// When the list was taken.
        listed_at: Timestamp,
    },
    /// The catalogue has the destination; nothing newer tells of the profile.
    #[error("the catalogue of {as_of} lists {destination} for {profile} from {source_region}")]
    DestinationCatalogued {
        /// The Region that processed the request.
        destination: DestinationRegion,
        /// The profile that was called, or the first of the model's that has the destination.
        profile: String,
        /// The Region that was called.
        source_region: SourceRegion,
        /// The catalogue's date.
        as_of: Date,
    },
    /// The call was made from an allowed Region.
    #[error("it was called from {source_region}, which the policy allows")]
    SourceAllowed {
        /// The Region that was called.
        source_region: SourceRegion,
    },
    /// The profile is on the allow-list, or is of a kind that the policy allows.
    #[error("the policy allows the profile {profile}")]
    ProfileAllowed {
        /// The profile that was called.
        profile: String,
    },
    /// The request named a profile or model that is not a global profile.
    #[error("{target} is not a global profile")]
    NotGlobal {
        /// What the request named.
        target: String,
    },
    /// A service control policy refused a call that the policy forbids too.
    #[error("the service control policy refused a call that the crisguard policy forbids too (informational)")]
    RefusedAsIntended {
        /// The Region that the service control policy refused.
        blocked: BlockedRegion,
    },
    /// An exception of the policy covers it.
    #[error("the exception `{id}` of the policy covers it, until {expires}")]
    Exception {
        /// The exception's id.
        id: String,
        /// The last day on which it holds.
        expires: Date,
    },
}

/// How an invocation breaks the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Violation {
    /// It was processed in a Region that is not allowed.
    #[error("a prompt was processed in {destination}, which the policy does not allow (allowed: {allowed})",
        allowed = listed(allowed))]
    DestinationNotAllowed {
        /// The Region that processed the request.
        destination: DestinationRegion,
        /// The Regions that are allowed.
        allowed: BTreeSet<Region>,
    },
    /// It was called from a Region that is not allowed.
    #[error("Bedrock was called in {source_region}, which the policy does not allow as a source Region (allowed: {allowed})",
        allowed = listed(allowed))]
    SourceNotAllowed {
        /// The Region that was called.
        source_region: SourceRegion,
        /// The Regions that are allowed.
        allowed: BTreeSet<Region>,
    },
    /// A global profile was used although the policy denies them.
    #[error("the global profile {profile} was used: it can process a prompt in any commercial Region")]
    GlobalProfile {
        /// The profile that was called.
        profile: String,
    },
    /// A profile was used that is not on the allow-list.
    #[error("the profile {profile} is not on the policy's allow-list")]
    ProfileNotAllowed {
        /// The profile that was called.
        profile: String,
    },
    /// It was processed in a Region that the account's own list does not have for the profile.
    #[error(
        "a prompt was processed in {destination}, which AWS does not list for {profile} from {source_region} \
        (list of {listed_at})"
    )]
    DestinationNotListed {
        /// The Region that processed the request.
        destination: DestinationRegion,
        /// The profile that was called.
        profile: String,
        /// The Region that was called.
        source_region: SourceRegion,
        /// When the list was taken.
        listed_at: Timestamp,
    },
    /// A stream was processed in a Region that the account's own list has for no profile of the model.
    #[error(
        "a prompt was processed in {destination}, which AWS does not list for any profile of {model} from \
        {source_region} (list of {listed_at})"
    )]
    DestinationNotListedForModel {
        /// The Region that processed the request.
        destination: DestinationRegion,
        /// The foundation model.
        model: String,
        /// The Region that was called.
        source_region: SourceRegion,
        /// When the list was taken.
        listed_at: Timestamp,
    },
    /// A service control policy blocks a Region of a profile that the policy permits.
    #[error("the service control policy {policy} blocks {blocked} for {profile}, so the whole profile fails{by}",
        policy = policy.as_deref().unwrap_or("(not named in the message)"),
        by = denying(by))]
    DeniedByScp {
        /// The profile that was called.
        profile: String,
        /// The Region that was refused.
        blocked: BlockedRegion,
        /// The service control policy's ARN, where the message has it.
        policy: Option<String>,
        /// Whether a statement denies it, or none allows it.
        explicit: bool,
        /// The statements that surely deny it, where they are known: each must be changed for it to work.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        by: Vec<DenyingStatement>,
    },
}

/// The statement of a service control policy that denies a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenyingStatement {
    /// The policy's id.
    pub policy: String,
    /// The policy's name, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_name: Option<String>,
    /// The statement's Sid, or its index from 0.
    pub statement: String,
    /// When the policy was read.
    pub as_of: Timestamp,
}

fn denying(by: &[DenyingStatement]) -> String {
    if by.is_empty() {
        return String::new();
    }
    let each: Vec<String> = by.iter().map(ToString::to_string).collect();
    format!(" ({})", each.join("; "))
}

impl fmt::Display for DenyingStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            policy,
            policy_name,
            statement,
            as_of,
        } = self;
        write!(f, "the statement {statement} of {policy}")?;
        if let Some(name) = policy_name {
            write!(f, " {name}")?;
        }
        write!(f, " denies it, as read on {as_of:.0}")
    }
}

/// What is missing to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum EvidenceGap {
    /// The record does not say where the request was processed, and not every possible Region is allowed.
    #[error("the record does not say where it was processed; {profile} can reach {not_allowed}, which the policy does not allow",
        not_allowed = listed(not_allowed))]
    RegionNotReported {
        /// The profile that was called.
        profile: String,
        /// The Regions it can reach that are not allowed.
        not_allowed: BTreeSet<Region>,
    },
    /// The record does not say where the request was processed, and the profile can reach any commercial Region.
    #[error("the record does not say where it was processed; {profile} can reach any commercial Region")]
    GlobalRegionNotReported {
        /// The profile that was called.
        profile: String,
    },
    /// The end of a stream does not say where it was processed.
    #[error("the record of the stream's end does not say where it was processed")]
    StreamRegionNotReported,
    /// The record reports something that is not a Region name.
    #[error("the record's inferenceRegion is not the name of a Region: `{reported}`")]
    RegionUnreadable {
        /// What stands there, shortened.
        reported: String,
    },
    /// The catalogue does not list the profile for this source Region.
    #[error("the catalogue of {as_of} does not list {profile} for {source_region}, so where it can go is not known")]
    ProfileNotCatalogued {
        /// The profile that was called.
        profile: String,
        /// The Region that was called.
        source_region: SourceRegion,
        /// The catalogue's date.
        as_of: Date,
    },
    /// The catalogue does not have the destination, and nothing newer tells of the profile.
    #[error(
        "it was processed in {destination}, which the catalogue of {as_of} does not list for {profile} from \
        {source_region}, and no list of the account's own from within a day of the call tells of that profile"
    )]
    DestinationNotCatalogued {
        /// The Region that processed the request.
        destination: DestinationRegion,
        /// The profile that was called.
        profile: String,
        /// The Region that was called.
        source_region: SourceRegion,
        /// The catalogue's date.
        as_of: Date,
    },
    /// The catalogue has the destination for no profile of the model, and nothing newer tells of one.
    #[error(
        "it was processed in {destination}, which the catalogue of {as_of} does not list for any profile of \
        {model} from {source_region}, and no list of the account's own from within a day of the call has one"
    )]
    DestinationNotCataloguedForModel {
        /// The Region that processed the request.
        destination: DestinationRegion,
        /// The foundation model.
        model: String,
        /// The Region that was called.
        source_region: SourceRegion,
        /// The catalogue's date.
        as_of: Date,
    },
    /// The request named an id of an unknown kind.
    #[error("`{id}` starts with neither a known provider nor a known geography")]
    UnknownModelId {
        /// What the caller sent, shortened.
        id: String,
    },
    /// The request named an application inference profile; what it was made from is not in the record.
    #[error("{arn} is an application inference profile, and what it was made from is not in the record")]
    ApplicationProfileUnresolved {
        /// The profile's ARN.
        arn: String,
    },
    /// The request named a prompt, a prompt router or a Marketplace endpoint.
    #[error("{arn} stands for a model or profile that is not in the record")]
    IndirectTarget {
        /// The ARN that the caller sent.
        arn: String,
    },
    /// The record names no model.
    #[error("the record names no model")]
    ModelNotNamed,
    /// The denial's message does not name the Region that was blocked.
    #[error("a service control policy refused {profile}, but the message does not name the Region")]
    BlockedRegionNotNamed {
        /// The profile that was called.
        profile: String,
    },
    /// The request was denied, and the record does not say by what.
    #[error(
        "{profile} was denied, and the record has no message that says by what; it may be a service control policy"
    )]
    DenialNotExplained {
        /// The profile that was called.
        profile: String,
    },
    /// The policy differs by organizational unit, and the account's was not known at the time of the call.
    #[error(
        "the policy differs by organizational unit, and where account {account} stood in the organization at the time \
         of the call is not known; the nightly check keeps it where it can read the organization and the account"
    )]
    PlaceNotKnown {
        /// The record's account.
        account: String,
    },
    /// The policy for the record's account cannot be told.
    #[error("the policy for account {account} cannot be told: {reason}")]
    PolicyUnresolved {
        /// The record's account.
        account: String,
        /// What is missing.
        reason: String,
    },
}

/// Why a control has nothing to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Irrelevance {
    /// The request failed before any model saw it.
    #[error("the request was processed nowhere: {failure}")]
    ProcessedNowhere {
        /// How it failed.
        failure: Failure,
    },
    /// The request was processed in the Region that was called, which source-region-allowed judges.
    #[error("it was processed in the Region that was called; source-region-allowed judges that")]
    ProcessedInSource,
    /// The record reports no destination that could be looked up.
    #[error(
        "the record does not say where it was processed; destination-region-allowed judges where it could have been"
    )]
    DestinationNotReported,
    /// The destination of a stream is reported by the record of its end.
    #[error("the record of the stream's end decides it")]
    DecidedAtStreamEnd,
    /// The source, the profile and denials of a stream are decided by the record of its call.
    #[error("the record of the stream's call decides it")]
    DecidedAtStreamCall,
    /// The request named no inference profile.
    #[error("no inference profile was used")]
    NoProfile,
    /// The policy has no rule for this control.
    #[error("the policy has no rule for this")]
    NoRule,
    /// No service control policy refused the request.
    #[error("no service control policy refused it")]
    NotDeniedByScp,
}

/// An exception that would have covered the invocation, had it not expired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpiredException {
    /// The exception's id.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it held.
    pub expires: Date,
}

/// The decision of one control about one invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// The control that decided.
    pub control: ControlId,
    /// The decision and its reason.
    #[serde(flatten)]
    pub decision: Decision,
    /// Exceptions that match but have expired.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expired_exceptions: Vec<ExpiredException>,
}

/// Writes Regions as people list them, shortened.
fn listed(regions: &BTreeSet<Region>) -> String {
    let (shown, more) = shortened(regions);
    match (shown.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns the first eight Regions, and how many there are beside them.
pub(crate) fn shortened(regions: &BTreeSet<Region>) -> (Vec<&str>, usize) {
    const SHOWN: usize = 8;
    let shown = regions.iter().take(SHOWN).map(Region::as_str).collect();
    (shown, regions.len().saturating_sub(SHOWN))
}
