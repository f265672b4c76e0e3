//! From rows to what they come to.

use super::{Audit, Exits, Question, Read, Row, Tally};

/// Concludes a tally: see [`Tally::conclude`].
pub(super) fn conclude<E>(
    tally: Tally,
    spilled: impl IntoIterator<Item = Result<Vec<Row>, E>>,
    question: &Question<'_>,
) -> Result<Audit, E> {
    let mut rows = tally.rows.len() as u64;
    for part in spilled {
        rows += part?.len() as u64;
    }
    let counts = tally.counts;
    Ok(Audit {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        policy_sha256: question.policy.map(|policy| policy.sha256().to_owned()),
        asked: question.scope.clone(),
        read: Read {
            files: counts.files,
            bytes: counts.bytes,
            records: counts.not_bedrock + counts.not_inference + counts.rejected + rows,
            bedrock_records: counts.not_inference + rows,
            invocations: rows,
        },
        exits: Exits {
            compliant: 0,
            violation: 0,
            undecided: rows,
            not_applicable: counts.not_inference,
            not_bedrock: counts.not_bedrock,
            duplicate: 0,
            joined: 0,
            rejected: counts.rejected,
            out_of_scope: 0,
        },
        rejected_not_listed: counts.rejected.saturating_sub(tally.rejected.len() as u64),
        rejected: tally.rejected.into_sorted_vec(),
        first_seen: None,
        last_seen: None,
        routes: Vec::new(),
        flows: Vec::new(),
        findings: Vec::new(),
        accounts: Vec::new(),
        coverage: tally.days.answer(&question.scope, counts.unplaced_files),
    })
}
