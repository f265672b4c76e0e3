//! A call through a permitted profile was not refused by a service control policy.

mod statement;

use super::{Evidence, Metadata, metadata::mapped};
use crate::{
    cloudtrail::{BlockedRegion, Denial, Failure, Half},
    decision::{Basis, Decision, EvidenceGap, Irrelevance, Severity, Violation},
    policy::Reach,
    region::DestinationRegion,
};

pub use statement::name_statements;

pub(super) const METADATA: Metadata = Metadata {
    name: "inference-denied-by-scp",
    title: "Permitted inference profiles are not broken by a service control policy",
    decides: "no call through a profile that the policy permits was refused because a service control policy blocks one of its Regions",
    broken: "SCP breaks inference",
    severity: Severity::Medium,
    rationale: "If a service control policy blocks one destination Region of a profile, every call through \
        the profile fails, although the policy permits it. The error names a Region that nobody called.",
    remedy: &[
        "Read the statement: `aws organizations describe-policy --policy-id POLICY_ID` (management or delegated account)",
        "Change the statement that denies (another SCP never lifts a deny): exempt the profile with ArnNotLike bedrock:InferenceProfileArn, and pin the Regions that it may reach",
        "Or allow the blocked Region in the SCP: that opens it to every service",
        "Or call a model that needs no cross-Region inference, in the Region itself",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(b) (availability)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.8.6"),
        mapped("NIST SP 800-53 r5", "AC-3, CP-10"),
    ],
};

pub(super) fn decide(evidence: &Evidence<'_>) -> Decision {
    let Evidence {
        invocation,
        policy,
        catalogue,
    } = evidence;
    if invocation.half == Half::StreamCompletion {
        return Decision::NotApplicable(Irrelevance::DecidedAtStreamCall);
    }
    let denial = match (&invocation.failure, invocation.target.profile()) {
        (Some(Failure::Denied(Denial::ServiceControlPolicy(denial))), _) => denial,
        (Some(Failure::Denied(Denial::Unexplained)), Some(profile))
            if policy.permits_profile(profile) && policy.permits_source(&invocation.source) =>
        {
            let profile = profile.id().to_owned();
            return Decision::Undecided(EvidenceGap::DenialNotExplained { profile });
        }
        _ => return Decision::NotApplicable(Irrelevance::NotDeniedByScp),
    };
    let Some(profile) = invocation.target.profile() else {
        return evidence.without_system_profile();
    };
    let blocked = denial.blocked.clone();
    let permitted = policy.permits_profile(profile) && policy.permits_source(&invocation.source);
    let name = profile.id().to_owned();
    let region_permitted = match &blocked {
        BlockedRegion::Region(region) => {
            *region == invocation.source.0 || policy.permits_destination(&DestinationRegion(region.clone()))
        }
        BlockedRegion::Unspecified => true,
        BlockedRegion::NotNamed => match policy.reach_of(profile, &invocation.source, catalogue) {
            Reach::Inside(_) => true,
            _ if !permitted => false,
            Reach::Outside(_) | Reach::EveryCommercialRegion | Reach::Unknown => {
                return Decision::Undecided(EvidenceGap::BlockedRegionNotNamed { profile: name });
            }
        },
    };
    if permitted && region_permitted {
        let (policy, explicit) = (denial.policy.clone(), denial.explicit);
        Decision::NonCompliant(Violation::DeniedByScp {
            profile: name,
            blocked,
            policy,
            explicit,
            by: Vec::new(),
        })
    } else {
        Decision::Compliant(Basis::RefusedAsIntended { blocked })
    }
}
