//! What a run could not read, as metrics: its execution succeeds all the same, and the alarm `crisguard-audit-incomplete`
//! of infra/audit.yaml tells whoever does not read its answer.

use std::io;

use crisguard_core::tally::Audit;
use crisguard_lambda::metrics::Counts;
use jiff::Timestamp;

/// The function's name, as infra/run-audit.yaml has it.
const FUNCTION: &str = "crisguard-run-audit";
/// Batches of a run that left no tally.
const BATCHES_NOT_READ: &str = "AuditBatchesNotRead";
/// Objects and records of a run that could not be read, those of such batches among them.
const REJECTED: &str = "AuditRejected";

/// Counts what is missing.
pub(super) fn missing(audit: &Audit, batches_not_read: usize, now: Timestamp, out: impl io::Write) {
    let mut counts = Counts::of(&[BATCHES_NOT_READ, REJECTED]);
    counts.add(BATCHES_NOT_READ, batches_not_read);
    counts.add(REJECTED, usize::try_from(audit.exits.rejected).unwrap_or(usize::MAX));
    counts.write(FUNCTION, now, out);
}
