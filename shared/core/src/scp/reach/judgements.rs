//! What policies say of many requests, each judged once however many accounts share it.

use std::{collections::HashMap, sync::Arc};

use crate::scp::{
    Judged, Outcome, Request, levels,
    organization::{Chain, Level, Scp},
};

/// What has been judged of one list of requests.
///
/// A policy that does not depend on the account is judged once for the whole organization.
pub(crate) struct Judgements {
    requests: Vec<Request>,
    /// By the policy's address, which stays its own as long as it is held.
    shared: HashMap<usize, Known>,
    own: HashMap<usize, Known>,
}

struct Known {
    _held: Arc<Scp>,
    judged: Arc<Row<Judged>>,
}

/// A policy of a chain: the place of its level, and its place in that.
pub(crate) type Place = (usize, usize);

/// One value for each request; many requests have the same.
#[derive(Debug)]
pub(crate) struct Row<T> {
    values: Vec<T>,
    of: Vec<u32>,
}

impl Judgements {
    /// Takes the requests as one account makes them.
    pub(crate) fn new(requests: Vec<Request>) -> Self {
        Self {
            requests,
            shared: HashMap::new(),
            own: HashMap::new(),
        }
    }

    /// Goes on to another account: the same requests in the same order, made by it. Judgements that do not
    /// depend on the account stay.
    pub(crate) fn turn_to(&mut self, requests: Vec<Request>) {
        self.requests = requests;
        self.own.clear();
    }

    /// Returns what the levels above an account come to for each request.
    pub(crate) fn outcomes(&mut self, chain: &Chain) -> Row<Outcome<Place>> {
        let policies: Vec<Arc<Row<Judged>>> = chain.policies().map(|(_, scp)| self.judged(scp)).collect();
        let sizes: Vec<usize> = chain.levels().iter().map(|level| level.policies().len()).collect();
        Row::combined(&policies, self.requests.len(), |judged| outcome(&sizes, judged))
    }

    fn judged(&mut self, scp: &Arc<Scp>) -> Arc<Row<Judged>> {
        let own = scp.policy().depends_on_account();
        let known = if own { &mut self.own } else { &mut self.shared };
        let requests = &self.requests;
        let known = known.entry(address(scp)).or_insert_with(|| Known {
            _held: Arc::clone(scp),
            judged: Arc::new(requests.iter().map(|request| scp.policy().judge(request)).collect()),
        });
        Arc::clone(&known.judged)
    }
}

/// Tells what sets two accounts' chains apart: the same outcomes come of those that have the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Signature(Vec<(Option<Arc<str>>, Vec<usize>)>);

impl Signature {
    pub(crate) fn of(chain: &Chain) -> Self {
        let last = chain.levels().len().saturating_sub(1);
        let level = |(place, level): (usize, &Arc<Level>)| {
            // The account's own level is called `account` in verdicts, whatever its id.
            let name = (place != last).then(|| level.shared_name());
            (name, level.policies().iter().map(address).collect())
        };
        Self(chain.levels().iter().enumerate().map(level).collect())
    }
}

fn address(scp: &Arc<Scp>) -> usize {
    Arc::as_ptr(scp).addr()
}

/// Takes what each policy of the chain says, level by level.
fn outcome(sizes: &[usize], judged: &[&Judged]) -> Outcome<Place> {
    let mut judged = judged.iter();
    let each = sizes.iter().enumerate().map(|(level, size)| {
        let policies: Vec<(Place, &Judged)> = judged
            .by_ref()
            .take(*size)
            .enumerate()
            .map(|(place, judged)| ((level, place), *judged))
            .collect();
        policies
    });
    levels(each)
}

impl<T> Row<T> {
    /// Returns what there is of a request, by its place in the list.
    pub(crate) fn of(&self, request: usize) -> Option<&T> {
        self.values.get(*self.of.get(request)? as usize)
    }

    /// Makes a row of what others have for the same request; each combination of values is looked at once.
    fn combined<U>(rows: &[Arc<Row<U>>], requests: usize, combine: impl Fn(&[&U]) -> T) -> Self {
        let mut row = Self {
            values: Vec::new(),
            of: Vec::with_capacity(requests),
        };
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut combination: Vec<u32> = Vec::with_capacity(rows.len());
        for request in 0..requests {
            combination.clear();
            combination.extend(rows.iter().filter_map(|row| row.of.get(request)));
            let place = known.get(&combination).copied().unwrap_or_else(|| {
                let values: Vec<&U> = rows.iter().filter_map(|row| row.of(request)).collect();
                row.values.push(combine(&values));
                let place = place(row.values.len() - 1);
                known.insert(combination.clone(), place);
                place
            });
            row.of.push(place);
        }
        row
    }
}

impl<T: PartialEq> FromIterator<T> for Row<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut row = Self {
            values: Vec::new(),
            of: Vec::new(),
        };
        for value in all {
            // Few differ: a policy has few statements.
            let known = row.values.iter().position(|known| *known == value);
            let index = known.unwrap_or_else(|| {
                row.values.push(value);
                row.values.len() - 1
            });
            row.of.push(place(index));
        }
        row
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
