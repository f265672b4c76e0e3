//! The profile is on the policy's allow-list, where there is one.

use super::{Evidence, Metadata, metadata::mapped};
use crate::decision::{Basis, Decision, Irrelevance, Severity, Violation};

pub(super) const METADATA: Metadata = Metadata {
    name: "profile-allowed",
    title: "Only inference profiles on the allow-list are used",
    decides: "the inference profile is on the policy's allow-list, where the policy has one",
    broken: "unlisted profile used",
    severity: Severity::High,
    rationale: "A company that has examined certain profiles wants no others: each profile has its own \
        destination Regions, and new ones appear without notice.",
    remedy: &[
        "Use a profile of the allow-list in the application",
        "Grant bedrock:InvokeModel only on the profiles that are allowed, by their ARNs and bedrock:InferenceProfileArn",
        "If it is intended, add the profile to profiles.allow in the policy, or add an exception",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html",
    mapping: &[
        mapped("GDPR", "Art. 25 (protection by design)"),
        mapped("APPI", "Art. 23 (security control)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.8.9"),
        mapped("NIST SP 800-53 r5", "CM-7(5), AC-6"),
    ],
};

pub(super) fn decide(evidence: &Evidence<'_>) -> Decision {
    let Some(allow_list) = evidence.policy.allow_list() else {
        return Decision::NotApplicable(Irrelevance::NoRule);
    };
    if let Some(irrelevance) = evidence.irrelevant_to_the_call() {
        return Decision::NotApplicable(irrelevance);
    }
    let target = &evidence.invocation.target;
    let listed = |profile: &str| allow_list.iter().any(|pattern| pattern.matches(profile));
    match (target.profile_label(), target.profile()) {
        (Some(profile), _) if listed(profile) => Decision::Compliant(Basis::ProfileAllowed {
            profile: profile.to_owned(),
        }),
        (Some(profile), Some(_)) => Decision::NonCompliant(Violation::ProfileNotAllowed {
            profile: profile.to_owned(),
        }),
        // An application profile that is not listed by its ARN may have been made from one that is.
        _ => evidence.without_system_profile(),
    }
}
