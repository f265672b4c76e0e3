//! A global profile is used only where the policy allows it.

use super::{Evidence, Metadata, metadata::mapped};
use crate::{
    catalog::Destinations,
    decision::{Basis, Decision, Irrelevance, Severity, Violation},
};

pub(super) const METADATA: Metadata = Metadata {
    name: "global-profile-allowed",
    title: "Global inference profiles are used only where they are allowed",
    decides: "a global inference profile is used only where the policy allows it",
    broken: "global profile used",
    severity: Severity::High,
    rationale: "A global profile can process a prompt in any commercial Region, now and in the future. \
        A call that stayed near today says nothing about the next one.",
    remedy: &[
        "Replace the global profile in the application by a geographic one: `aws bedrock list-inference-profiles --region SOURCE --type-equals SYSTEM_DEFINED`",
        "Deny the global destination for everybody: an SCP that denies bedrock:InvokeModel* where aws:RequestedRegion is `unspecified`",
        "If it is intended, set profiles.global to allow in the policy (destinations stay as they are), or add an exception",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html",
    mapping: &[
        mapped("GDPR", "Art. 44-46 (transfers), Art. 25 (protection by design)"),
        mapped("APPI", "Art. 28"),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.8.12"),
        mapped("NIST SP 800-53 r5", "AC-4, SA-9(5)"),
    ],
};

pub(super) fn decide(evidence: &Evidence<'_>) -> Decision {
    if let Some(irrelevance) = evidence.irrelevant_to_the_call() {
        return Decision::NotApplicable(irrelevance);
    }
    let permitted = evidence.policy.permits_global_profiles();
    match evidence.invocation.target.profile() {
        Some(profile) if !profile.is_global() => Decision::Compliant(Basis::NotGlobal {
            target: profile.id().to_owned(),
        }),
        Some(profile) if permitted => Decision::Compliant(Basis::ProfileAllowed {
            profile: profile.id().to_owned(),
        }),
        Some(profile) => Decision::NonCompliant(Violation::GlobalProfile {
            profile: profile.id().to_owned(),
        }),
        None if permitted => Decision::NotApplicable(Irrelevance::NoRule),
        None => match evidence.application_profile() {
            Some((arn, Destinations::EveryCommercialRegion)) => Decision::NonCompliant(Violation::GlobalProfile {
                profile: arn.to_owned(),
            }),
            Some((arn, Destinations::Regions(_))) => Decision::Compliant(Basis::NotGlobal { target: arn.to_owned() }),
            None => evidence.without_system_profile(),
        },
    }
}
