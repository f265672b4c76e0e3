//! The call was made from an allowed Region.

use super::{Evidence, Metadata, metadata::mapped};
use crate::decision::{Basis, Decision, Severity, Violation};

pub(super) const METADATA: Metadata = Metadata {
    name: "source-region-allowed",
    title: "Bedrock is called only in allowed Regions",
    decides: "the Region that was called is one that the policy allows",
    broken: "call in another Region",
    severity: Severity::High,
    rationale: "The Region that is called receives the prompt, keeps the logs and stored data, and usually \
        processes the request itself. A call somewhere else escapes every setting made for the allowed Regions.",
    remedy: &[
        "Find the calls: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventId,AttributeValue=EVENT_ID`",
        "Set the application's Region (AWS_REGION, or the client's region parameter) to an allowed one",
        "Deny Bedrock in other Regions with an SCP on aws:RequestedRegion, exempting the profiles that you allow",
        "If it is intended, allow the Region in the policy, or add an exception with an owner and an expiry",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-regions.html",
    mapping: &[
        mapped("GDPR", "Art. 44-46 (transfers), Art. 32 (security of processing)"),
        mapped("APPI", "Art. 28, Art. 23 (security control)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.5.31"),
        mapped("NIST SP 800-53 r5", "SA-9(5), CM-7"),
    ],
};

pub(super) fn decide(evidence: &Evidence<'_>) -> Decision {
    if let Some(irrelevance) = evidence.irrelevant_to_the_call() {
        return Decision::NotApplicable(irrelevance);
    }
    let source_region = evidence.invocation.source.clone();
    if evidence.policy.permits_source(&source_region) {
        Decision::Compliant(Basis::SourceAllowed { source_region })
    } else {
        let allowed = evidence.policy.source_regions().named();
        Decision::NonCompliant(Violation::SourceNotAllowed { source_region, allowed })
    }
}
