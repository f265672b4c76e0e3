//! The messages about some invocations, joined: times are the earliest and the latest, and the worst
//! reason stands.

use std::collections::BTreeSet;

use crisguard_core::finding::{EXAMPLES, Finding};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The messages about some invocations, as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// Times and examples over all messages, the reason of the latest violation, or of the latest
    /// gap if there is none. Its own `count` and `identities` are empty here.
    pub finding: Finding,
    /// The time of the message that gave the reason.
    reason_at: Timestamp,
}

impl Gathered {
    pub(super) fn first(message: &Finding) -> Self {
        Self {
            finding: Finding {
                count: 0,
                identities: BTreeSet::new(),
                ..message.clone()
            },
            reason_at: message.last_seen,
        }
    }

    pub(super) fn join(&mut self, message: &Finding) {
        // The latest reason, but a violation is not undone by a later gap: the two can share an id,
        // and people must be told of the violation even if both come before anybody was told. The
        // texts break a tie, so that the order of messages does not matter.
        let rank = |finding: &Finding, at: Timestamp| {
            let texts = (finding.explanation.clone(), finding.policy_sha256.clone());
            (finding.verdict.is_violation(), at, texts)
        };
        let before = &self.finding;
        let joined = |reason: &Finding| Finding {
            first_seen: before.first_seen.min(message.first_seen),
            last_seen: before.last_seen.max(message.last_seen),
            event_ids: examples(&before.event_ids, &message.event_ids),
            sessions: examples(&before.sessions, &message.sessions),
            count: 0,
            identities: BTreeSet::new(),
            ..reason.clone()
        };
        if rank(message, message.last_seen) > rank(before, self.reason_at) {
            self.finding = joined(message);
            self.reason_at = message.last_seen;
        } else {
            self.finding = joined(before);
        }
    }
}

/// Keeps the smallest few, so that the order of messages does not matter.
fn examples(some: &BTreeSet<String>, more: &BTreeSet<String>) -> BTreeSet<String> {
    some.union(more).take(EXAMPLES).cloned().collect()
}
