//! crisguard's own rules stand in every enabled Region and receive what they must.

use super::{Metadata, metadata::mapped};
use crate::decision::Severity;

pub(super) const METADATA: Metadata = Metadata {
    name: "rule-receives-inference",
    title: "crisguard's own rules receive Bedrock's events in every enabled Region",
    severity: Severity::High,
    rationale: "Silence means compliance only while the rules stand: a rule that was deleted, switched to ENABLED or \
        compiled from another policy receives nothing or the wrong calls, and says nothing about it.",
    remedy: &[
        "Deploy again, which puts every rule back: `make deploy POLICY=policy.yaml`",
        "See who changed the rule: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventSource,AttributeValue=events.amazonaws.com`",
        "If calls were made but no event arrived, check that a multi-Region trail records read-only management events: `aws cloudtrail get-event-selectors --trail-name TRAIL`",
    ],
    documentation: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html",
    mapping: &[
        mapped("GDPR", "Art. 5(2), Art. 32(1)(d)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.15, A.8.16"),
        mapped("NIST SP 800-53 r5", "AU-5, SI-4"),
    ],
};
