//! The findings that a message lists, out of however many there are to tell.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{account::AccountId, decision::Severity};

use crate::{
    lifecycle::Standing,
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
    violations: Violations,
    accounts: BTreeSet<AccountId>,
}

/// How many of the findings to tell are violations: all others are undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Violations {
    pub(crate) count: usize,
    /// How severe the worst of them is.
    pub(crate) worst: Option<Severity>,
}

impl Violations {
    /// None yet.
    pub(crate) const NONE: Self = Self { count: 0, worst: None };

    /// Counts a finding if it is a violation.
    pub(crate) fn add(&mut self, record: &Record) {
        if record.standing() == Standing::NonCompliant {
            self.count += 1;
            self.worst = self.worst.max(Some(record.severity()));
        }
    }
}

impl Shortlist {
    /// Starts without a finding.
    pub(crate) const fn new() -> Self {
        Self {
            first: BTreeMap::new(),
            total: 0,
            violations: Violations::NONE,
            accounts: BTreeSet::new(),
        }
    }

    /// Counts a finding, and keeps it if it is among the first so far.
    pub(crate) fn add(&mut self, record: Versioned<Record>) {
        self.total += 1;
        self.violations.add(&record.value);
        let account = record.value.account();
        if !self.accounts.contains(account) {
            self.accounts.insert(account.clone());
        }
        self.first.insert(place_by_waiting(&record.value), record);
        if self.first.len() > LISTED {
            self.first.pop_last();
        }
    }

    /// Returns the findings that come first, in their order.
    pub(crate) fn first(&self) -> impl Iterator<Item = &Versioned<Record>> {
        self.first.values()
    }

    /// Returns how many of all the findings are violations.
    pub(crate) const fn violations(&self) -> Violations {
        self.violations
    }

    /// Returns the accounts of all the findings: those that find no room may be of others than those listed.
    pub(crate) const fn accounts(&self) -> &BTreeSet<AccountId> {
        &self.accounts
    }

    /// Returns how many findings there are in all.
    pub(crate) const fn total(&self) -> usize {
        self.total
    }
}
