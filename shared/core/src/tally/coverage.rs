//! For which days there are log files, by account and Region.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{CoverageAnswer, Covered, Gap, GapReason, LogFileName, Scope, UnknownPlace};
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
    /// files of these, too. Of files of other kinds nothing is missing, unless there is no log file beside them.
    pub(super) fn answer(
        &self,
        scope: &Scope,
        (unplaced_files, other_files): (u64, u64),
        called: Called,
    ) -> CoverageAnswer {
        let placed_files = self.each().map(|(_, _, _, files)| files.all).sum();
        let unplaced_files = unplaced_files + if placed_files == 0 { other_files } else { 0 };
        let mut answer = CoverageAnswer {
            from: None,
            to: None,
            placed_files,
            unplaced_files,
            covered: Vec::new(),
            gaps: Vec::new(),
            unknown: Vec::new(),
        };
        let no_called = Called::new();
        self.look(
            scope,
            if unplaced_files == 0 { &called } else { &no_called },
            &mut answer,
        );
        let mut told = called;
        let covered = answer.covered.iter();
        told.extend(covered.map(|covered| (covered.account.clone(), covered.region.clone())));
        answer.unknown = unknown(scope, &told);
        answer
    }

    /// Looks for what is covered, and for gaps.
    fn look(&self, scope: &Scope, called: &Called, answer: &mut CoverageAnswer) {
        let Some((from, to)) = self.window(scope) else {
            return;
        };
        (answer.from, answer.to) = (Some(from), Some(to));
        let nothing = BTreeMap::new();
        let mut places = self.places(scope);
        places.extend(called.iter().cloned());
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
mod tests {
    use super::*;

    const A: &str = "111122223333";
    const B: &str = "444455556666";

    /// Files of days in November 2026, and whether they could be read.
    fn days(files: &[(&str, &str, i8, bool)]) -> Days {
        let mut days = Days::none();
        for (account, region, day, readable) in files {
            let name = LogFileName {
                account: account.parse().unwrap(),
                region: region.parse().unwrap(),
                day: Date::constant(2026, 11, *day),
            };
            days.add(&name, *readable);
        }
        days
    }

    fn scope(from: Option<&str>, to: Option<&str>, accounts: &[&str], regions: &[&str]) -> Scope {
        Scope {
            from: from.map(|from| from.parse().unwrap()),
            to: to.map(|to| to.parse().unwrap()),
            accounts: accounts.iter().map(|account| account.parse().unwrap()).collect(),
            regions: regions.iter().map(|region| region.parse().unwrap()).collect(),
        }
    }

    fn gaps(days: &Days, scope: &Scope) -> Vec<String> {
        let written = |gap: &Gap| {
            let Gap {
                account,
                region,
                from,
                to,
                reason,
            } = gap;
            format!("{account} {region} {}..{} {reason:?}", from.day(), to.day())
        };
        days.answer(scope, (0, 0), Called::new())
            .gaps
            .iter()
            .map(written)
            .collect()
    }

    #[test]
    fn a_gap_is_a_run_of_days_between_the_first_and_the_last_that_were_seen() {
        let days = days(&[
            (A, "eu-west-1", 3, true),
            (A, "eu-west-1", 3, true),
            (A, "eu-west-1", 7, true),
            (A, "eu-west-1", 8, true),
            (B, "us-east-1", 9, true),
        ]);
        let everything = Scope::everything();
        assert_eq!(
            gaps(&days, &everything),
            [
                format!("{A} eu-west-1 4..6 NoLogFile"),
                format!("{A} eu-west-1 9..9 NoLogFile"),
                format!("{B} us-east-1 3..8 NoLogFile")
            ]
        );
        let answer = days.answer(&everything, (2, 0), Called::new());
        let covered: Vec<(u64, u64)> = answer
            .covered
            .iter()
            .map(|covered| (covered.days, covered.files))
            .collect();
        assert_eq!(
            (answer.placed_files, answer.unplaced_files, covered),
            (5, 2, vec![(3, 4), (1, 1)])
        );
    }

    #[test]
    fn a_day_of_which_a_file_could_not_be_read_is_a_gap() {
        let days = days(&[
            (A, "eu-west-1", 3, false),
            (A, "eu-west-1", 4, true),
            (A, "eu-west-1", 4, false),
            (A, "eu-west-1", 6, false),
            (A, "eu-west-1", 7, true),
            (A, "eu-west-1", 8, false),
        ]);
        assert_eq!(
            gaps(&days, &Scope::everything()),
            [
                format!("{A} eu-west-1 3..4 NotRead"),
                format!("{A} eu-west-1 5..5 NoLogFile"),
                format!("{A} eu-west-1 6..6 NotRead"),
                format!("{A} eu-west-1 8..8 NotRead")
            ]
        );
    }

    #[test]
    fn what_is_asked_for_is_looked_at_whether_anything_is_there_or_not() {
        let days = days(&[
            (A, "eu-west-1", 3, true),
            (A, "eu-west-1", 20, true),
            (B, "us-east-1", 5, true),
        ]);
        // To midnight is to the day before.
        let asked = scope(Some("2026-11-02T12:00:00Z"), Some("2026-11-05T00:00:00Z"), &[A], &[]);
        assert_eq!(
            gaps(&days, &asked),
            [
                format!("{A} eu-west-1 2..2 NoLogFile"),
                format!("{A} eu-west-1 4..4 NoLogFile"),
                format!("{A} us-east-1 2..4 NoLogFile")
            ]
        );
        let asked = scope(
            Some("2026-11-03T00:00:00Z"),
            Some("2026-11-04T00:00:00Z"),
            &[A, B],
            &["eu-west-1"],
        );
        assert_eq!(gaps(&days, &asked), [format!("{B} eu-west-1 3..3 NoLogFile")]);
        assert_eq!(days.answer(&asked, (0, 0), Called::new()).covered.len(), 2);
        // From one end alone, at least that day.
        let asked = scope(Some("2026-11-25T00:00:00Z"), None, &[], &["us-east-1"]);
        assert_eq!(
            gaps(&days, &asked),
            [
                format!("{A} us-east-1 25..25 NoLogFile"),
                format!("{B} us-east-1 25..25 NoLogFile")
            ]
        );
        let asked = scope(None, Some("2026-11-02T00:00:00Z"), &[A], &["eu-west-1"]);
        assert_eq!(gaps(&days, &asked), [format!("{A} eu-west-1 1..1 NoLogFile")]);
    }

    #[test]
    fn what_is_asked_for_and_lacks_every_file_is_missing_while_others_have_some() {
        let days = days(&[(A, "eu-west-1", 3, true), (A, "eu-west-1", 4, true)]);
        assert_eq!(
            gaps(&days, &scope(None, None, &[B], &[])),
            [format!("{B} eu-west-1 3..4 NoLogFile")]
        );
        assert_eq!(
            gaps(&days, &scope(None, None, &[], &["us-east-1"])),
            [format!("{A} us-east-1 3..4 NoLogFile")]
        );
    }

    /// Files whose names tell nothing may be of what was asked for, or not: only records can tell.
    #[test]
    fn what_is_asked_for_and_nothing_is_known_to_be_of_cannot_be_told() {
        let unknown = |days: &Days, scope: &Scope, called: &[(&str, &str)]| {
            let called = called.iter();
            let called = called.map(|(account, region)| (account.parse().unwrap(), region.parse().unwrap()));
            let answer = days.answer(scope, (1, 0), called.collect());
            assert_eq!(answer.has_no_gap(), answer.gaps.is_empty() && answer.unknown.is_empty());
            let one = |place: &UnknownPlace| {
                let account = place.account.as_ref().map_or("-", AccountId::as_str);
                format!("{account} {}", place.region.as_ref().map_or("-", Region::as_str))
            };
            answer.unknown.iter().map(one).collect::<Vec<_>>()
        };
        let nothing = Days::none();
        let (west, both) = (["eu-west-1"], ["eu-west-1", "us-east-1"]);
        let called = [(A, "eu-west-1"), (B, "us-east-1")];
        let asked = |accounts: &[&str], regions: &[&str]| scope(None, None, accounts, regions);
        assert_eq!(unknown(&nothing, &asked(&[], &west), &[]), ["- eu-west-1"]);
        assert_eq!(unknown(&nothing, &asked(&[A], &[]), &[]), [format!("{A} -")]);
        assert_eq!(unknown(&nothing, &asked(&[], &both), &called[..1]), ["- us-east-1"]);
        assert_eq!(
            unknown(&nothing, &asked(&[A, B], &[]), &called[..1]),
            [format!("{B} -")]
        );
        // Both were met, and not together.
        assert_eq!(
            unknown(&nothing, &asked(&[B], &west), &called),
            [format!("{B} eu-west-1")]
        );
        assert_eq!(unknown(&nothing, &asked(&[A], &west), &called), [""; 0]);
        assert_eq!(unknown(&nothing, &Scope::everything(), &[]), [""; 0]);
        // Where days are looked at, it is told as days without a log file.
        let day = scope(Some("2026-11-03T00:00:00Z"), None, &[A], &west);
        assert_eq!(unknown(&nothing, &day, &[]), [""; 0]);
        let elsewhere = days(&[(B, "us-east-1", 3, true)]);
        assert_eq!(unknown(&elsewhere, &asked(&[A], &west), &[]), [""; 0]);
    }

    /// A record in another's file tells that there must be files of its own.
    #[test]
    fn whoever_calls_must_have_log_files() {
        let days = days(&[(A, "eu-west-1", 3, true), (A, "eu-west-1", 4, true)]);
        let called = |unplaced_files| {
            let called = [(A, "eu-west-1"), (B, "us-east-1")];
            let called = called.map(|(account, region)| (account.parse().unwrap(), region.parse().unwrap()));
            days.answer(&Scope::everything(), (unplaced_files, 7), called.into())
        };
        let answer = called(0);
        assert_eq!((answer.unplaced_files, answer.covered.len()), (0, 2));
        let [gap] = &answer.gaps[..] else {
            panic!("{:?}", answer.gaps);
        };
        assert_eq!((gap.account.as_str(), gap.from.day(), gap.to.day()), (B, 3, 4));
        // It may be in one of those that do not say of which they are.
        let answer = called(1);
        assert_eq!((answer.unplaced_files, answer.gaps.len()), (1, 0));
    }

    #[test]
    fn files_of_another_kind_say_nothing_of_what_is_missing_without_log_files() {
        let logs = days(&[(A, "eu-west-1", 3, true)]).answer(&Scope::everything(), (0, 7), Called::new());
        assert_eq!((logs.unplaced_files, logs.gaps.len()), (0, 0));
        let alone = Days::none().answer(&Scope::everything(), (1, 7), Called::new());
        assert_eq!(alone.unplaced_files, 8);
    }

    #[test]
    fn without_files_and_places_nothing_is_missing() {
        let nothing = Days::none();
        assert_eq!(nothing.answer(&Scope::everything(), (1, 0), Called::new()).to, None);
        let asked = scope(
            Some("2026-11-03T00:00:00Z"),
            Some("2026-11-02T00:00:00Z"),
            &[A],
            &["eu-west-1"],
        );
        assert_eq!(nothing.answer(&asked, (1, 0), Called::new()).from, None);
    }
}
