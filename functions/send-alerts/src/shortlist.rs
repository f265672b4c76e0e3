//! The findings that a message lists, out of however many there are to tell.

use std::collections::BTreeMap;

use crate::{
    memory::{Record, Versioned},
    notice::{LISTED, Place, place_by_waiting},
};

/// The findings that come first in a digest or reminder, as many as one lists, and the number of all.
///
/// Thousands of callers that go astray leave tens of thousands of findings to tell: kept whole,
/// they would exhaust the function's memory, and nobody would be told of any.
#[derive(Debug)]
pub(crate) struct Shortlist {
    first: BTreeMap<Place, Versioned<Record>>,
    total: usize,
}

impl Shortlist {
    /// Starts without a finding.
    pub(crate) const fn new() -> Self {
        Self {
            first: BTreeMap::new(),
            total: 0,
        }
    }

    /// Counts a finding, and keeps it if it is among the first so far.
    pub(crate) fn add(&mut self, record: Versioned<Record>) {
        self.total += 1;
        self.first.insert(place_by_waiting(&record.value), record);
        if self.first.len() > LISTED {
            self.first.pop_last();
        }
    }

    /// Returns the findings that come first, in their order.
    pub(crate) fn first(&self) -> impl Iterator<Item = &Versioned<Record>> {
        self.first.values()
    }

    /// Returns how many findings there are in all.
    pub(crate) const fn total(&self) -> usize {
        self.total
    }
}
