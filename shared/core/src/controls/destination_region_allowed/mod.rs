//! The Region that processed the request is allowed.

use super::{Evidence, Metadata, metadata::mapped};
use crate::{
    catalog::Destinations,
    cloudtrail::{Half, ProcessedIn},
    decision::{Basis, Decision, EvidenceGap, Irrelevance, Severity, Violation},
    policy::{Reach, RegionSet},
};

pub(super) const METADATA: Metadata = Metadata {
    name: "destination-region-allowed",
    title: "Prompts are processed only in allowed Regions",
    decides: "the Region that processed the request, as its record says, is one that the policy allows",
    broken: "prompt left the Regions",
    severity: Severity::Critical,
    rationale: "Cross-Region inference sends the prompt and its answer to another Region without asking. \
        Where that Region is not allowed, personal or regulated data has left the place that was promised.",
    remedy: &[
        "Find the calls: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventId,AttributeValue=EVENT_ID`",
        "See where the profile can go: `aws bedrock get-inference-profile --region SOURCE --inference-profile-identifier PROFILE`",
        "Call the model in the Region itself, or through a profile that stays inside the allowed Regions",
        "Until the application is changed, deny the profile: an SCP that denies bedrock:InvokeModel* with ArnLike bedrock:InferenceProfileArn",
        "In that SCP, name the profile: `\"ArnLike\": {\"bedrock:InferenceProfileArn\": \"arn:aws:bedrock:*:*:inference-profile/PROFILE\"}`",
        "If it is intended, allow the Region in the policy, or add an exception with an owner and an expiry",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/cross-region-inference.html",
    mapping: &[
        mapped("GDPR", "Art. 44-46 (transfers), Art. 30(1)(e) (records)"),
        mapped("APPI", "Art. 28 (provision to a third party in a foreign country)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.5.31, A.8.12"),
        mapped("NIST SP 800-53 r5", "AC-4, SA-9(5), SA-9(8)"),
    ],
};

pub(super) fn decide(evidence: &Evidence<'_>) -> Decision {
    let Evidence { invocation, policy, .. } = evidence;
    match &invocation.processed_in {
        ProcessedIn::Nowhere(failure) => Decision::NotApplicable(Irrelevance::ProcessedNowhere {
            failure: failure.clone(),
        }),
        ProcessedIn::Source => Decision::NotApplicable(Irrelevance::ProcessedInSource),
        _ if *policy.destination_regions() == RegionSet::Every => Decision::Compliant(Basis::EveryDestinationAllowed),
        ProcessedIn::Destination(destination) if policy.permits_destination(destination) => {
            Decision::Compliant(Basis::DestinationAllowed {
                destination: destination.clone(),
            })
        }
        ProcessedIn::Destination(destination) => Decision::NonCompliant(Violation::DestinationNotAllowed {
            destination: destination.clone(),
            allowed: policy.destination_regions().named(),
        }),
        ProcessedIn::Unreadable(reported) => Decision::Undecided(EvidenceGap::RegionUnreadable {
            reported: reported.clone(),
        }),
        ProcessedIn::Unreported => unreported(evidence),
    }
}

/// Decides where the record does not say: by everywhere it could have been.
fn unreported(evidence: &Evidence<'_>) -> Decision {
    let invocation = evidence.invocation;
    match (invocation.half, &invocation.failure) {
        // A stream that failed may never have a record of its end.
        (Half::StreamCall, None) => Decision::NotApplicable(Irrelevance::DecidedAtStreamEnd),
        (Half::StreamCompletion, _) => Decision::Undecided(EvidenceGap::StreamRegionNotReported),
        (Half::Whole | Half::StreamCall, _) => match invocation.target.profile() {
            Some(profile) => {
                let destinations = evidence.catalogue.destinations(profile.id(), &invocation.source);
                by_reach(evidence, profile.id(), destinations)
            }
            None => match evidence.application_profile() {
                Some((arn, destinations)) => by_reach(evidence, arn, Some(&destinations)),
                None => evidence.without_system_profile(),
            },
        },
    }
}

fn by_reach(evidence: &Evidence<'_>, profile: &str, destinations: Option<&Destinations>) -> Decision {
    let Evidence {
        invocation,
        policy,
        catalogue,
    } = evidence;
    let name = profile.to_owned();
    let source_region = invocation.source.clone();
    match policy.reach_into(destinations, &source_region) {
        Reach::Inside(reachable) => Decision::Compliant(Basis::EveryReachableRegionAllowed {
            profile: name,
            source_region,
            reachable,
        }),
        Reach::Outside(not_allowed) => Decision::Undecided(EvidenceGap::RegionNotReported {
            profile: name,
            not_allowed,
        }),
        Reach::EveryCommercialRegion => Decision::Undecided(EvidenceGap::GlobalRegionNotReported { profile: name }),
        Reach::Unknown => Decision::Undecided(EvidenceGap::ProfileNotCatalogued {
            profile: name,
            source_region,
            as_of: catalogue.as_of(),
        }),
    }
}
