//! For which days there are log files, by account and Region.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{CoverageAnswer, Covered, Gap, GapReason, LogFileName, LookedUp, Scope, UnknownPlace};
use crate::{account::AccountId, region::Region};

/// Accounts, with Regions that they called.
pub(super) type Called = BTreeSet<(AccountId, Region)>;

/// The log files of each day, by account and Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Days(BTreeMap<AccountId, BTreeMap<Region, BTreeMap<Date, Files>>>);

/// The log files of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Files {
    all: u64,
    not_read: u64,
}

impl Days {
    pub(super) const fn none() -> Self {
        Self(BTreeMap::new())
    }

    pub(super) fn add(&mut self, name: &LogFileName, readable: bool) {
        let not_read = u64::from(!readable);
        self.put(
            name.account.clone(),
            name.region.clone(),
            name.day,
            Files { all: 1, not_read },
        );
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (account, regions) in other.0 {
            for (region, days) in regions {
                for (day, files) in days {
                    self.put(account.clone(), region.clone(), day, files);
                }
            }
        }
    }

    fn put(&mut self, account: AccountId, region: Region, day: Date, files: Files) {
        let days = self.0.entry(account).or_default().entry(region).or_default();
        let known = days.entry(day).or_insert(Files { all: 0, not_read: 0 });
        known.all += files.all;
        known.not_read += files.not_read;
    }

    /// Tells what is covered of what was asked for, and what is missing.
    ///
    /// It is told of every account and Region that any file is of and, where the question names accounts or Regions,
    /// of each of them, with every Region or account that is named or seen. `called` are the accounts and Regions that
    /// records in scope are of, whatever their files are called; if every file says of which it is, there must be log
    /// files of these, too, unless their event history was read instead. Of files of other kinds nothing is missing,
    /// unless there is no log file beside them.
    pub(super) fn answer(
        &self,
        scope: &Scope,
        (unplaced_files, other_files): (u64, u64),
        called: Called,
        looked_up: BTreeSet<LookedUp>,
    ) -> CoverageAnswer {
        let histories: Called = looked_up
            .iter()
            .map(|history| (history.account.clone(), history.region.clone()))
            .collect();
        let placed_files = self.each().map(|(_, _, _, files)| files.all).sum();
        let unplaced_files = unplaced_files + if placed_files == 0 { other_files } else { 0 };
        let mut answer = CoverageAnswer {
            from: None,
            to: None,
            placed_files,
            unplaced_files,
            looked_up: looked_up.into_iter().collect(),
            covered: Vec::new(),
            gaps: Vec::new(),
            unknown: Vec::new(),
        };
        let must_have_files = if unplaced_files == 0 {
            called.difference(&histories).cloned().collect()
        } else {
            Called::new()
        };
        self.look(scope, must_have_files, &mut answer);
        let mut told = called;
        told.extend(histories);
        let covered = answer.covered.iter();
        told.extend(covered.map(|covered| (covered.account.clone(), covered.region.clone())));
        answer.unknown = unknown(scope, &told);
        answer
    }

    /// Looks for what is covered, and for gaps.
    fn look(&self, scope: &Scope, must_have_files: Called, answer: &mut CoverageAnswer) {
        let Some((from, to)) = self.window(scope) else {
            return;
        };
        (answer.from, answer.to) = (Some(from), Some(to));
        let nothing = BTreeMap::new();
        let mut places = self.places(scope);
        places.extend(must_have_files);
        for (account, region) in places {
            let days = self
                .0
                .get(&account)
                .and_then(|regions| regions.get(&region))
                .unwrap_or(&nothing);
            let within = || days.range(from..=to);
            answer.covered.push(Covered {
                account: account.clone(),
                region: region.clone(),
                days: within().count() as u64,
                files: within().map(|(_, files)| files.all).sum(),
            });
            answer
                .gaps
                .extend(gaps(within(), from, to).into_iter().map(|(from, to, reason)| Gap {
                    account: account.clone(),
                    region: region.clone(),
                    from,
                    to,
                    reason,
                }));
        }
    }

    fn each(&self) -> impl Iterator<Item = (&AccountId, &Region, Date, Files)> {
        self.0.iter().flat_map(|(account, regions)| {
            regions
                .iter()
                .flat_map(move |(region, days)| days.iter().map(move |(day, files)| (account, region, *day, *files)))
        })
    }

    /// Returns the first and last day that are asked for, else the first and last that a file in scope is of, or any
    /// file where none is in scope: what is asked for and lacks every file is missing, not complete.
    fn window(&self, scope: &Scope) -> Option<(Date, Date)> {
        let in_scope = |(account, region, ..): &(&AccountId, &Region, Date, Files)| scope.has_place(account, region);
        let any = self.each().any(|place| in_scope(&place));
        let seen = || {
            self.each()
                .filter(|place| !any || in_scope(place))
                .map(|(_, _, day, _)| day)
        };
        let asked_from = scope.from.map(day_of);
        // What is asked for ends before this time: at midnight, with the day before.
        let asked_to = scope
            .to
            .map(|to| day_of(to.saturating_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(to)));
        let from = asked_from.or_else(|| seen().min()).or(asked_to)?;
        let to = asked_to.or_else(|| seen().max()).unwrap_or(from);
        // Of what is asked for from one end alone, at least that day is looked at.
        match (asked_from, asked_to) {
            (Some(_), None) => Some((from, to.max(from))),
            (None, Some(_)) => Some((from.min(to), to)),
            _ => (from <= to).then_some((from, to)),
        }
    }

    fn places(&self, scope: &Scope) -> BTreeSet<(AccountId, Region)> {
        let seen = || {
            self.0
                .iter()
                .flat_map(|(account, regions)| regions.keys().map(move |region| (account, region)))
        };
        let mut places: BTreeSet<(AccountId, Region)> = seen()
            .filter(|(account, region)| scope.has_place(account, region))
            .map(|(account, region)| (account.clone(), region.clone()))
            .collect();
        if scope.accounts.is_empty() && scope.regions.is_empty() {
            return places;
        }
        let accounts: BTreeSet<&AccountId> = if scope.accounts.is_empty() {
            self.0.keys().collect()
        } else {
            scope.accounts.iter().collect()
        };
        let regions: BTreeSet<&Region> = if scope.regions.is_empty() {
            seen().map(|(_, region)| region).collect()
        } else {
            scope.regions.iter().collect()
        };
        for account in accounts {
            places.extend(regions.iter().map(|region| (account.clone(), (*region).clone())));
        }
        places
    }
}

fn day_of(time: Timestamp) -> Date {
    Offset::UTC.to_datetime(time).date()
}

/// Returns runs of days without a file, and of days at which a file could not be read, in order.
fn gaps<'a>(days: impl Iterator<Item = (&'a Date, &'a Files)>, from: Date, to: Date) -> Vec<(Date, Date, GapReason)> {
    let mut gaps: Vec<(Date, Date, GapReason)> = Vec::new();
    // The first day that is not yet looked at; none after the last day that there is.
    let mut next = Some(from);
    for (day, files) in days {
        let yesterday = day.yesterday().ok();
        if let (Some(first), Some(last)) = (next, yesterday)
            && first <= last
        {
            gaps.push((first, last, GapReason::NoLogFile));
        }
        if files.not_read > 0 {
            match gaps.last_mut() {
                Some((_, last, GapReason::NotRead)) if Some(*last) == yesterday => *last = *day,
                _ => gaps.push((*day, *day, GapReason::NotRead)),
            }
        }
        next = day.tomorrow().ok();
    }
    if let Some(first) = next.filter(|first| *first <= to) {
        gaps.push((first, to, GapReason::NoLogFile));
    }
    gaps
}

/// Returns the accounts and Regions that are asked for, and of which nothing is told.
fn unknown(scope: &Scope, told: &Called) -> Vec<UnknownPlace> {
    if scope.accounts.is_empty() && scope.regions.is_empty() {
        return Vec::new();
    }
    let accounts: BTreeSet<&AccountId> = told.iter().map(|(account, _)| account).collect();
    let regions: BTreeSet<&Region> = told.iter().map(|(_, region)| region).collect();
    let mut unknown = Vec::new();
    for account in each(&scope.accounts) {
        for region in each(&scope.regions) {
            let place = UnknownPlace {
                account: account.clone(),
                region,
            };
            let is_told = match (&place.account, &place.region) {
                (Some(account), Some(region)) => told.contains(&(account.clone(), region.clone())),
                (Some(account), None) => accounts.contains(account),
                (None, Some(region)) => regions.contains(region),
                (None, None) => true,
            };
            if !is_told {
                unknown.push(place);
            }
        }
    }
    unknown
}

/// Returns each that is asked for, or one that is any.
fn each<T: Clone>(asked: &BTreeSet<T>) -> Vec<Option<T>> {
    if asked.is_empty() {
        vec![None]
    } else {
        asked.iter().cloned().map(Some).collect()
    }
}

impl Scope {
    /// Asks for everything.
    #[must_use]
    pub const fn everything() -> Self {
        Self {
            from: None,
            to: None,
            accounts: BTreeSet::new(),
            regions: BTreeSet::new(),
        }
    }

    /// Tells whether what an account called in a Region is asked for.
    #[must_use]
    pub fn has_place(&self, account: &AccountId, region: &Region) -> bool {
        (self.accounts.is_empty() || self.accounts.contains(account))
            && (self.regions.is_empty() || self.regions.contains(region))
    }
}

#[cfg(test)]
mod tests;
