//! Which rows are invocations, which tell more of one, and which were read before.

use std::{cmp::Ordering, collections::HashMap};

use foldhash::fast::RandomState;
use jiff::Timestamp;

use super::{
    Id, Question, Row, Scope,
    evidence::{AllEvidence, Evidence, Role},
    judge::{Judge, Places},
};
use crate::{
    account::AccountId,
    cloudtrail::{Operation, ProcessedIn},
    region::SourceRegion,
};

/// How many places are taken in that others report of a request: no request is processed in more, and whoever makes
/// records up could have each of a hundred thousand decided about each place of all others.
const MOST_PLACES: usize = 8;
/// What stands for the places that are more than that.
const TOO_MANY: &str = "more than 8 Regions";

/// How rows left that are no invocations of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) duplicate: u64,
    pub(super) joined: u64,
    pub(super) out_of_scope: u64,
    /// Rows whose evidence the tally does not have.
    pub(super) lost: u64,
}

/// Resolves rows, group by group.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    evidence: &'a AllEvidence,
    facts: Vec<Facts>,
    /// From which time on, and before which, in microseconds.
    window: (i64, i64),
    numbers: Numbers,
    judge: Judge<'a>,
    left: Left,
    members: Vec<Member>,
}

/// The numbers of places that no record names.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    /// One that nobody reports.
    unreported: u32,
    /// That too many are reported to be looked at: where it was is not known then, whatever else is found.
    too_many: u32,
}

/// What matters of evidence where rows are resolved.
#[derive(Clone, Copy, Debug)]
struct Facts {
    level: Level,
    /// Stands for the names of the event that tell events with the same id apart.
    name: u32,
    /// Stands for the account and Region.
    home: u32,
    /// Whether its account and Region are asked for.
    asked: bool,
    /// Where it was processed, as far as this evidence alone tells.
    own: u32,
    /// Whether that is more than that it does not say.
    says: bool,
    /// The place that it reports, so that other records of the request can be read with it.
    reports: Option<u32>,
    /// What it reports that is not the name of a Region.
    garbled: Option<u32>,
    /// Whether it says that no model saw the request.
    nowhere: bool,
}

/// How much a record tells of a request, most first: it is told by the first that there is.
///
/// A log's entry comes before a stream's end, for it names the profile as the call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Call,
    Log,
    Completion,
}

/// A row of a group, with where its evidence stands.
#[derive(Clone, Copy, Debug)]
struct Member {
    row: Row,
    evidence: usize,
    facts: Facts,
}

impl Member {
    /// Orders the members of a group so that records of the same event stand side by side; the order in which they
    /// were read has no part in it.
    fn by_identity(&self, other: &Self) -> Ordering {
        (self.facts.level, self.event(), self.facts.name).cmp(&(other.facts.level, other.event(), other.facts.name))
    }

    /// Returns the event, where it tells records of the group apart: the ends of one stream are one event, however
    /// often they are recorded, and so are the entries of one request.
    fn event(&self) -> Option<Id> {
        (self.facts.level == Level::Call).then_some(self.row.event)
    }
}

/// The places that records of one request report.
#[derive(Clone, Debug)]
struct Reported {
    places: Vec<u32>,
    garbled: Vec<u32>,
    /// The number of a place that nobody reports, where some record is of a request that a model saw.
    unreported: Option<u32>,
    /// The number of too many places, where there are.
    too_many: Option<u32>,
}

impl Reported {
    const fn nothing() -> Self {
        Self {
            places: Vec::new(),
            garbled: Vec::new(),
            unreported: None,
            too_many: None,
        }
    }

    fn hear(&mut self, facts: &Facts, numbers: Numbers) {
        if !facts.nowhere {
            self.unreported = Some(numbers.unreported);
        }
        let mut add = |list: &mut Vec<u32>, place: Option<u32>| match place {
            Some(place) if list.contains(&place) => {}
            Some(_) if list.len() == MOST_PLACES => self.too_many = Some(numbers.too_many),
            place => list.extend(place),
        };
        add(&mut self.places, facts.reports);
        add(&mut self.garbled, facts.garbled);
    }

    /// Returns where a record's request may have been processed, by all that is known.
    ///
    /// A place that can be read stands against one that cannot; a record's own word is heard in any case.
    fn with(&self, facts: &Facts) -> impl Iterator<Item = u32> {
        let heard = if self.places.is_empty() {
            &self.garbled
        } else {
            &self.places
        };
        let own = (facts.says || heard.is_empty()).then_some(facts.own);
        // A call that was refused by one record, and answered by another: nobody knows where.
        let somewhere = self.unreported.filter(|_| facts.nowhere && heard.is_empty());
        let others = somewhere.into_iter().chain(self.too_many);
        own.into_iter().chain(others).chain(heard.iter().copied())
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn new(question: &'a Question<'a>, evidence: &'a AllEvidence) -> Self {
        let mut places = Places::none();
        let mut names: HashMap<(&Operation, &str), u32, RandomState> = HashMap::with_hasher(RandomState::default());
        let mut homes: HashMap<(&AccountId, &SourceRegion), u32, RandomState> =
            HashMap::with_hasher(RandomState::default());
        let facts = evidence
            .iter()
            .map(|known| {
                let next = u32::try_from(homes.len()).unwrap_or(u32::MAX);
                let home = (&known.evidence.account, &known.evidence.source);
                let home = *homes.entry(home).or_insert(next);
                let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
                let name = (&known.evidence.operation, known.evidence.event_type.as_str());
                let name = *names.entry(name).or_insert(next);
                // Entries of one request are one, whatever they call it.
                let name = if known.evidence.role == Role::Log { 0 } else { name };
                Facts::of(&known.evidence, (home, name), &question.scope, &mut places)
            })
            .collect();
        let Scope { from, to, .. } = question.scope;
        Self {
            numbers: Numbers {
                unreported: places.number(&ProcessedIn::Unreported),
                too_many: places.number(&ProcessedIn::Unreadable(TOO_MANY.to_owned())),
            },
            evidence,
            facts,
            window: (from.map_or(i64::MIN, at_or_after), to.map_or(i64::MAX, at_or_after)),
            judge: Judge::new(question, evidence, places),
            left: Left {
                duplicate: 0,
                joined: 0,
                out_of_scope: 0,
                lost: 0,
            },
            members: Vec::new(),
        }
    }

    /// Resolves rows among which are all of each of their groups.
    pub(super) fn resolve(&mut self, mut rows: Vec<Row>) {
        rows.sort_unstable();
        for group in rows.chunk_by(|one, next| one.group == next.group) {
            self.group(group);
        }
    }

    /// Returns how the rows left, and the judge of those that are invocations.
    pub(super) fn end(self) -> (Left, Judge<'a>) {
        (self.left, self.judge)
    }

    fn group(&mut self, rows: &[Row]) {
        let mut members = std::mem::take(&mut self.members);
        members.clear();
        for row in rows {
            let place = self.evidence.place(row.evidence);
            match place.and_then(|place| Some((place, *self.facts.get(place)?))) {
                Some((evidence, facts)) => members.push(Member {
                    row: *row,
                    evidence,
                    facts,
                }),
                None => self.left.lost += 1,
            }
        }
        match members.as_slice() {
            [] => {}
            [alone] => self.alone(alone),
            _ => {
                members
                    .sort_by(|one, other| (one.facts.home.cmp(&other.facts.home)).then_with(|| one.by_identity(other)));
                // Whoever could choose ids of requests could bring those of two accounts into one group.
                for home in members.chunk_by(|one, next| one.facts.home == next.facts.home) {
                    self.together(home);
                }
            }
        }
        self.members = members;
    }

    /// Resolves the only row of its group.
    fn alone(&mut self, member: &Member) {
        if self.is_asked(member) {
            let case = self.judge.case(member.evidence, member.facts.own, &member.row);
            self.judge.count(case, &member.row);
        } else {
            self.left.out_of_scope += 1;
        }
    }

    /// Resolves the rows of one request, sorted by identity.
    fn together(&mut self, members: &[Member]) {
        let Some(level) = members.first().map(|first| first.facts.level) else {
            return;
        };
        let (tell, more) = members.split_at(members.partition_point(|member| member.facts.level == level));
        let mut lent = Reported::nothing();
        let mut heard: Vec<&Member> = more.iter().collect();
        if heard.len() > MOST_PLACES {
            // Which of them are heard first must not depend on which names were read first.
            heard.sort_unstable_by_key(|member| member.row);
        }
        for member in heard {
            lent.hear(&member.facts, self.numbers);
        }
        let mut any = false;
        for same in identities(tell) {
            any |= self.invocation(same, &lent);
        }
        for same in identities(more) {
            if any {
                self.left.joined += 1;
                self.left.duplicate += same.len() as u64 - 1;
            } else {
                self.left.out_of_scope += same.len() as u64;
            }
        }
    }

    /// Resolves the rows of one event that tells of an invocation; returns whether it is asked for.
    ///
    /// Where they differ, or the places that are reported do, the worst that they can mean is what counts.
    fn invocation(&mut self, same: &[Member], lent: &Reported) -> bool {
        let mut reported = lent.clone();
        for member in same {
            reported.hear(&member.facts, self.numbers);
        }
        let mut worst: Option<(usize, u32, &Member)> = None;
        for member in same {
            if !self.is_asked(member) {
                continue;
            }
            for place in reported.with(&member.facts) {
                let case = self.judge.case(member.evidence, place, &member.row);
                let is_worse = worst.is_none_or(|(than, other_place, other)| {
                    let rank = |case, place, member: &Member| {
                        let says = member.facts.reports.is_some();
                        (self.judge.outcome(case), self.judge.places.precedence(place), says)
                    };
                    let (this, that) = (rank(case, place, member), rank(than, other_place, other));
                    // Of what is alike the first row stays, and they are sorted.
                    this > that
                });
                if is_worse {
                    worst = Some((case, place, member));
                }
            }
        }
        if let Some((case, _, member)) = worst {
            self.judge.count(case, &member.row);
            self.left.duplicate += same.len() as u64 - 1;
            true
        } else {
            self.left.out_of_scope += same.len() as u64;
            false
        }
    }

    fn is_asked(&self, member: &Member) -> bool {
        let (from, to) = self.window;
        member.facts.asked && (from..to).contains(&member.row.time)
    }
}

/// Returns the first microsecond that is not before a time.
fn at_or_after(time: Timestamp) -> i64 {
    let microsecond = time.as_microsecond();
    microsecond + i64::from(Timestamp::from_microsecond(microsecond).is_ok_and(|whole| whole < time))
}

/// Returns the runs of records of the same event.
fn identities(members: &[Member]) -> impl Iterator<Item = &[Member]> {
    members.chunk_by(|one, next| one.by_identity(next) == Ordering::Equal)
}

impl Facts {
    fn of(evidence: &Evidence, (home, name): (u32, u32), scope: &Scope, places: &mut Places) -> Self {
        let level = match evidence.role {
            Role::Call | Role::StreamCall => Level::Call,
            Role::Log => Level::Log,
            Role::Completion => Level::Completion,
        };
        let said = &evidence.processed_in;
        // A model's own id is processed where it was called; of a call that was concluded when it was read.
        let in_source = level == Level::Log && evidence.target.stays_in_source() && *said == ProcessedIn::Unreported;
        let own = if in_source { &ProcessedIn::Source } else { said };
        let reports = match (said, level) {
            (ProcessedIn::Destination(_), _) | (ProcessedIn::Source, Level::Log | Level::Completion) => true,
            // Of a model that cannot leave it may have been concluded, and is no word about another target.
            (ProcessedIn::Source, Level::Call) => {
                !evidence.target.stays_in_source() && evidence.operation != Operation::CreateInference
            }
            (ProcessedIn::Unreported | ProcessedIn::Unreadable(_) | ProcessedIn::Nowhere(_), _) => false,
        };
        let number = places.number(own);
        Self {
            level,
            name,
            home,
            asked: scope.has_place(&evidence.account, &evidence.source.0),
            own: number,
            says: !matches!(own, ProcessedIn::Unreported | ProcessedIn::Unreadable(_)),
            reports: reports.then_some(number),
            garbled: matches!(said, ProcessedIn::Unreadable(_)).then_some(number),
            nowhere: matches!(own, ProcessedIn::Nowhere(_)),
        }
    }
}
