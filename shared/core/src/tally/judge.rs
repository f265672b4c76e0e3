//! Decides about invocations, each kind of them once.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use foldhash::fast::RandomState;
use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, Time},
    tz::Offset,
};

use super::{Id, Outcome, Question, Row, evidence::AllEvidence};
use crate::{
    account::AccountId,
    catalog::Live,
    cloudtrail::{Invocation, ProcessedIn},
    controls::{assess, without_policy},
    decision::Assessment,
    exit::Exit,
    finding::EXAMPLES,
    policy::{Policy, PolicyDocument, Unresolved},
};

/// Invocations that are decided alike: of the same evidence, processed in the same place, in the same stretch of
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct CaseKey {
    evidence: u32,
    place: u32,
    month: Month,
    /// How many of the times at which decisions change have passed.
    stretch: u32,
}

/// A month of a year (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// Returns the month of a time, with its first microsecond and the next one's.
    fn around(time: i64) -> (Self, Range<i64>) {
        let date = Offset::UTC.to_datetime(time_of(time)).date();
        let begins = |date: Date| Offset::UTC.to_timestamp(date.to_datetime(Time::midnight()));
        let first = date.first_of_month();
        let range = match (begins(first), first.checked_add(1.month()).map(begins)) {
            (Ok(first), Ok(Ok(next))) => first.as_microsecond()..next.as_microsecond(),
            // The first and last month there are: of them no more than this time is known.
            _ => time..time,
        };
        let month = Self {
            year: date.year(),
            month: date.month(),
        };
        (month, range)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// How often a case was met, and when.
#[derive(Clone, Debug)]
pub(super) struct Case {
    key: CaseKey,
    /// How it is decided; `None` without a policy.
    pub(super) outcome: Option<Outcome>,
    pub(super) invocations: u64,
    /// Microseconds since 1970.
    pub(super) first: i64,
    pub(super) last: i64,
    /// The least [`EXAMPLES`] of its events, in order.
    pub(super) events: Vec<Id>,
}

impl Case {
    pub(super) const fn month(&self) -> Month {
        self.key.month
    }

    fn count(&mut self, row: &Row) {
        self.invocations += 1;
        self.first = self.first.min(row.time);
        self.last = self.last.max(row.time);
        keep_least(&mut self.events, row.event);
    }
}

/// Keeps the least [`EXAMPLES`] events, in order, each once.
pub(super) fn keep_least(events: &mut Vec<Id>, event: Id) {
    if events.len() == EXAMPLES && events.last().is_some_and(|greatest| *greatest < event) {
        return;
    }
    if let Err(place) = events.binary_search(&event) {
        events.insert(place, event);
        events.truncate(EXAMPLES);
    }
}

/// Returns the time of so many microseconds since 1970; what is out of all range is the nearest time there is.
pub(super) fn time_of(microseconds: i64) -> Timestamp {
    let nearest = if microseconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_microsecond(microseconds).unwrap_or(nearest)
}

/// Where requests were processed, each place once.
#[derive(Debug)]
pub(super) struct Places {
    list: Vec<ProcessedIn>,
    known: HashMap<ProcessedIn, u32, RandomState>,
}

impl Places {
    pub(super) fn none() -> Self {
        Self {
            list: Vec::new(),
            known: HashMap::with_hasher(RandomState::default()),
        }
    }

    /// Returns the number of a place.
    pub(super) fn number(&mut self, place: &ProcessedIn) -> u32 {
        if let Some(number) = self.known.get(place) {
            return *number;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(place.clone());
        self.known.insert(place.clone(), number);
        number
    }

    fn of(&self, number: u32) -> &ProcessedIn {
        let place = usize::try_from(number).ok().and_then(|number| self.list.get(number));
        place.unwrap_or(&ProcessedIn::Unreported)
    }

    /// Orders places that records disagree on, so that it does not matter which was read first: another Region
    /// before the one that was called, and by name.
    pub(super) fn precedence(&self, number: u32) -> (u8, Reverse<&str>) {
        match self.of(number) {
            ProcessedIn::Nowhere(_) => (0, Reverse("")),
            ProcessedIn::Unreported => (1, Reverse("")),
            ProcessedIn::Unreadable(text) => (2, Reverse(text)),
            ProcessedIn::Source => (3, Reverse("")),
            ProcessedIn::Destination(region) => (4, Reverse(region.0.as_str())),
        }
    }
}

/// Decides about invocations by the question's policy, and counts them by how.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    question: &'a Question<'a>,
    evidence: &'a AllEvidence,
    pub(super) places: Places,
    /// The times, in microseconds, from which on something may be decided otherwise, in order.
    changes: Vec<i64>,
    policies: BTreeMap<AccountId, Result<Policy, Unresolved>>,
    /// The month of the last time that was looked at: most audits are of few.
    month: (Month, Range<i64>),
    pub(super) cases: Vec<Case>,
    numbers: HashMap<CaseKey, usize, RandomState>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(question: &'a Question<'a>, evidence: &'a AllEvidence, places: Places) -> Self {
        Self {
            question,
            evidence,
            places,
            changes: changes(question),
            policies: BTreeMap::new(),
            month: Month::around(0),
            cases: Vec::new(),
            numbers: HashMap::with_hasher(RandomState::default()),
        }
    }

    /// Returns the case of evidence, at the time of a row, that was processed in a place.
    pub(super) fn case(&mut self, evidence: usize, place: u32, row: &Row) -> usize {
        if !self.month.1.contains(&row.time) {
            self.month = Month::around(row.time);
        }
        let stretch = self.changes.partition_point(|change| *change <= row.time);
        let key = CaseKey {
            evidence: u32::try_from(evidence).unwrap_or(u32::MAX),
            place,
            month: self.month.0,
            stretch: u32::try_from(stretch).unwrap_or(u32::MAX),
        };
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let outcome = self.decided(key, row.time).and_then(|(_, assessments)| {
            Some(match Exit::of(&assessments?) {
                Exit::Violation => Outcome::Violation,
                Exit::Compliant => Outcome::Compliant,
                Exit::NotBedrock | Exit::NotApplicable => Outcome::NotApplicable,
                Exit::Undecided | Exit::Rejected => Outcome::Undecided,
            })
        });
        let number = self.cases.len();
        self.numbers.insert(key, number);
        self.cases.push(Case {
            key,
            outcome,
            invocations: 0,
            first: i64::MAX,
            last: i64::MIN,
            events: Vec::new(),
        });
        number
    }

    /// Returns how a case is decided.
    pub(super) fn outcome(&self, case: usize) -> Option<Outcome> {
        self.cases.get(case)?.outcome
    }

    /// Counts the invocation of a row as one of a case.
    pub(super) fn count(&mut self, case: usize, row: &Row) {
        if let Some(case) = self.cases.get_mut(case) {
            case.count(row);
        }
    }

    /// Returns each case that was met, with an invocation of it and what the controls decide.
    pub(super) fn each(mut self, mut told: impl FnMut(&Case, &Invocation, Option<&[Assessment]>)) {
        for case in std::mem::take(&mut self.cases) {
            if case.invocations > 0
                && let Some((invocation, assessments)) = self.decided(case.key, case.first)
            {
                told(&case, &invocation, assessments.as_deref());
            }
        }
    }

    fn decided(&mut self, key: CaseKey, time: i64) -> Option<(Invocation, Option<Vec<Assessment>>)> {
        let known = usize::try_from(key.evidence)
            .ok()
            .and_then(|place| self.evidence.iter().nth(place))?;
        let invocation = known
            .evidence
            .invocation(self.places.of(key.place).clone(), time_of(time));
        let Question {
            policy,
            places,
            catalogue,
            ..
        } = self.question;
        let assessments = policy.map(|document| {
            let account = &invocation.account;
            let policy = self.policies.entry(account.clone());
            match policy.or_insert_with(|| document.for_account(account, places.get(account))) {
                Ok(policy) => assess(&invocation, policy, catalogue),
                Err(unresolved) => without_policy(&invocation, &unresolved.to_string()),
            }
        });
        Some((invocation, assessments))
    }
}

/// Returns the times from which on the same evidence may be decided otherwise: exceptions run out, and the account's
/// own lists of profiles tell of calls from about the time that they were taken.
fn changes(question: &Question<'_>) -> Vec<i64> {
    let expiries = question
        .policy
        .into_iter()
        .flat_map(PolicyDocument::exceptions)
        .filter_map(|exception| {
            let day_after = exception.expires.tomorrow().ok()?.to_datetime(Time::midnight());
            Offset::UTC.to_timestamp(day_after).ok()
        });
    let lists = question.catalogue.live().observed().flat_map(|(_, at)| {
        let begins = at.checked_sub(Live::HOLDS_FOR);
        let ends = at
            .checked_add(Live::HOLDS_FOR)
            .and_then(|last| last.checked_add(SignedDuration::from_micros(1)));
        [begins, ends].into_iter().filter_map(Result::ok)
    });
    let mut changes: Vec<i64> = expiries.chain(lists).map(Timestamp::as_microsecond).collect();
    changes.sort_unstable();
    changes.dedup();
    changes
}
