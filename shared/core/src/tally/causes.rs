//! Findings, those of the same invocations together: what breaks three controls at once has one cause.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{AuditFinding, FindingDecision};
use crate::{
    account::AccountId,
    region::{DestinationRegion, SourceRegion},
};

/// What findings of the same invocations have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    decision: FindingDecision,
    account: &'a AccountId,
    source: &'a SourceRegion,
    destination: Option<&'a DestinationRegion>,
    profile: Option<&'a str>,
    model: Option<&'a str>,
    principal: &'a str,
    seen: (u64, Timestamp, Timestamp),
    events: Vec<&'a str>,
}

/// Puts findings of the same invocations together, decided one way by several controls: none is empty, and each
/// stands where its first finding does.
#[must_use]
pub fn causes(findings: &[AuditFinding]) -> Vec<Vec<&AuditFinding>> {
    let mut causes: Vec<Vec<&AuditFinding>> = Vec::new();
    let mut places: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    for finding in findings {
        let place = *places.entry(key(finding)).or_insert(causes.len());
        match causes.get_mut(place) {
            Some(cause) => cause.push(finding),
            None => causes.push(vec![finding]),
        }
    }
    causes
}

fn key(finding: &AuditFinding) -> Key<'_> {
    Key {
        decision: finding.decision,
        account: &finding.account,
        source: &finding.source_region,
        destination: finding.destination_region.as_ref(),
        profile: finding.profile.as_deref(),
        model: finding.model.as_deref(),
        principal: &finding.principal,
        seen: (finding.invocations, finding.first_seen, finding.last_seen),
        events: finding.event_ids.iter().map(String::as_str).collect(),
    }
}
