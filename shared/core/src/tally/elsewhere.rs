//! How much could not be read of files whose path says whose they are: what is of others than were asked for is no
//! gap in the answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LogFileName, Scope};
use crate::{account::AccountId, region::Region};

/// How much could not be read, by the account and Region that the path says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Elsewhere(BTreeMap<AccountId, BTreeMap<Region, u64>>);

impl Elsewhere {
    pub(super) const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Counts what could not be read of a file, if its path says whose it is.
    pub(super) fn add(&mut self, file: &str) {
        if let Some((account, region)) = LogFileName::place(file) {
            self.count(account, region, 1);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (account, regions) in other.0 {
            for (region, count) in regions {
                self.count(account.clone(), region, count);
            }
        }
    }

    fn count(&mut self, account: AccountId, region: Region, count: u64) {
        *self.0.entry(account).or_default().entry(region).or_insert(0) += count;
    }

    /// Counts what is of accounts and Regions that were not asked for.
    pub(super) fn outside(&self, scope: &Scope) -> u64 {
        let each = self
            .0
            .iter()
            .flat_map(|(account, regions)| regions.iter().map(move |(region, count)| (account, region, count)));
        each.filter(|(account, region, _)| !scope.has_place(account, region))
            .map(|(.., count)| count)
            .sum()
    }
}
