//! What could not be read, as people read it: the records of a file with the same reason are one line.

use crisguard_core::{policy::Language, tally::Rejected};

/// How many runs of records a line names.
const RUNS: usize = 8;

/// Records of one file that could not be read for one reason, or the file itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread<'a> {
    pub(super) file: &'a str,
    pub(super) reason: &'a str,
    /// In ascending order; none where it is the file.
    pub(super) records: Vec<u64>,
    /// For how many entries of the audit it stands.
    pub(super) entries: usize,
}

impl Unread<'_> {
    /// Names the records: `2`, `2-15`, `0-3, 5, 7-9`; where there are too many runs, the first of them and `…`.
    /// Tells whether it came to that, too.
    pub(super) fn runs(&self) -> (String, bool) {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for &record in &self.records {
            match runs.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(record) => *last = record,
                _ => runs.push((record, record)),
            }
        }
        let mut named: Vec<String> = runs
            .iter()
            .take(RUNS)
            .map(|(first, last)| {
                if first == last {
                    first.to_string()
                } else {
                    format!("{first}-{last}")
                }
            })
            .collect();
        let cut = runs.len() > RUNS;
        if cut {
            named.push("…".to_owned());
        }
        (named.join(", "), cut)
    }
}

/// Groups what could not be read by file and reason, in the order in which each first comes.
pub(super) fn unread(rejected: &[Rejected], language: Language) -> Vec<Unread<'_>> {
    let mut groups: Vec<Unread<'_>> = Vec::new();
    for one in rejected {
        let Rejected { file, record, .. } = one;
        let reason = one.reason_in(language);
        // Entries come file by file, so only the last groups can be of the same one.
        let same = groups
            .iter_mut()
            .rev()
            .take_while(|group| group.file == file)
            .find(|group| group.reason == reason && group.records.is_empty() == record.is_none());
        match same {
            Some(group) => {
                group.records.extend(record);
                group.entries = group.entries.saturating_add(1);
            }
            None => groups.push(Unread {
                file,
                reason,
                records: record.iter().copied().collect(),
                entries: 1,
            }),
        }
    }
    groups
}
