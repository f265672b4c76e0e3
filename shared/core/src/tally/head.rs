//! All of a tally but its rows, as it is stored and handed on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Id, LookedUp, Rejected, Tally,
    coverage::Days,
    elsewhere::Elsewhere,
    evidence::{AllEvidence, Evidence},
};

/// What is counted without more being known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) files: u64,
    pub(super) unplaced_files: u64,
    /// Files of other kinds than log files, by their paths.
    pub(super) other_files: u64,
    /// Pages of the event history, which are no files.
    pub(super) pages: u64,
    pub(super) paths_without_file: u64,
    pub(super) bytes: u64,
    pub(super) not_bedrock: u64,
    pub(super) not_inference: u64,
    pub(super) rejected: u64,
}

impl Counts {
    pub(super) const ZERO: Self = Self {
        files: 0,
        unplaced_files: 0,
        other_files: 0,
        pages: 0,
        paths_without_file: 0,
        bytes: 0,
        not_bedrock: 0,
        not_inference: 0,
        rejected: 0,
    };

    pub(super) fn add(&mut self, other: Self) {
        let Self {
            files,
            unplaced_files,
            other_files,
            pages,
            paths_without_file,
            bytes,
            not_bedrock,
            not_inference,
            rejected,
        } = other;
        self.files += files;
        self.unplaced_files += unplaced_files;
        self.other_files += other_files;
        self.pages += pages;
        self.paths_without_file += paths_without_file;
        self.bytes += bytes;
        self.not_bedrock += not_bedrock;
        self.not_inference += not_inference;
        self.rejected += rejected;
    }
}

#[derive(Serialize)]
struct HeadToWrite<'a> {
    counts: Counts,
    rejected: Vec<&'a Rejected>,
    rejected_at: &'a Elsewhere,
    without_file_at: &'a Elsewhere,
    days: &'a Days,
    looked_up: &'a BTreeSet<LookedUp>,
    odd_ids: Vec<&'a String>,
    evidence: Vec<&'a Evidence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    counts: Counts,
    rejected: Vec<Rejected>,
    rejected_at: Elsewhere,
    without_file_at: Elsewhere,
    days: Days,
    looked_up: BTreeSet<LookedUp>,
    odd_ids: Vec<String>,
    evidence: Vec<Evidence>,
}

/// Writes everything but the rows, which [`super::Row::to_bytes`] writes.
impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sorted: BTreeMap<Id, &Evidence> = self.evidence.iter().map(|known| (known.id, &known.evidence)).collect();
        let mut rejected: Vec<&Rejected> = self.rejected.iter().collect();
        rejected.sort_unstable();
        HeadToWrite {
            counts: self.counts,
            rejected,
            rejected_at: &self.rejected_at,
            without_file_at: &self.without_file_at,
            days: &self.days,
            looked_up: &self.looked_up,
            odd_ids: self.odd_ids.values().collect(),
            evidence: sorted.into_values().collect(),
        }
        .serialize(serializer)
    }
}

/// Reads everything but the rows; ids are made anew, so that none can stand for anything else.
impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Head {
            counts,
            rejected,
            rejected_at,
            without_file_at,
            days,
            looked_up,
            odd_ids,
            evidence: distinct,
        } = Head::deserialize(deserializer)?;
        let mut evidence = AllEvidence::none();
        for one in distinct {
            evidence.learn(one);
        }
        Ok(Self {
            counts,
            rejected: rejected.into(),
            rejected_at,
            without_file_at,
            days,
            looked_up,
            odd_ids: odd_ids.into_iter().map(|text| (Id::of_event(&text), text)).collect(),
            evidence,
            rows: Vec::new(),
        })
    }
}
