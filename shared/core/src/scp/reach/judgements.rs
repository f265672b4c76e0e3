//! What policies say of many requests, each judged once however many accounts share it.

use std::{collections::HashMap, sync::Arc};

use crate::scp::{
    Judged, Matched, Request,
    organization::{Chain, Level, Scp},
};

/// What has been judged of one list of requests.
///
/// A policy that does not depend on the account is judged once for the whole organization, and a set of
/// policies is put together once for all the levels that it is attached to.
pub(crate) struct Judgements {
    requests: Vec<Request>,
    shared: Cache,
    own: Cache,
}

/// What was judged of policies (by their address, which stays theirs as long as the policy is held) and of
/// sets of them.
struct Cache {
    policies: HashMap<usize, (Arc<Scp>, Arc<Row<Judged>>)>,
    levels: HashMap<Vec<usize>, Arc<Row<AtLevel>>>,
}

/// One value for each request; many requests have the same.
pub(crate) struct Row<T> {
    values: Vec<T>,
    of: Vec<u32>,
}

/// What the policies of a level say of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AtLevel {
    /// The statements that deny it, as (policy's place in the level, statement).
    pub(crate) denies: Vec<(usize, Arc<str>)>,
    /// The keys on which it depends whether another statement denies it.
    pub(crate) may_deny: Vec<String>,
    /// Whether one allows it.
    pub(crate) allows: Allows,
}

/// Whether a policy of the level allows a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Allows {
    /// One does.
    Yes,
    /// It depends on these keys.
    Perhaps(Vec<String>),
    /// None does.
    No,
}

impl Judgements {
    /// Takes the requests as they are for one account.
    pub(crate) fn new(requests: Vec<Request>) -> Self {
        Self {
            requests,
            shared: Cache::empty(),
            own: Cache::empty(),
        }
    }

    /// Goes on to another account: the same requests in the same order, made by it. Judgements that do not
    /// depend on the account stay.
    pub(crate) fn turn_to(&mut self, requests: Vec<Request>) {
        self.requests = requests;
        self.own = Cache::empty();
    }

    /// Tells whether a policy of the chain says different things of different accounts.
    pub(crate) fn depends_on_account(chain: &Chain) -> bool {
        chain.policies().any(|(_, scp)| scp.policy().depends_on_account())
    }

    /// Returns what a level says of each request.
    pub(crate) fn level(&mut self, level: &Level) -> Arc<Row<AtLevel>> {
        let key: Vec<usize> = level.policies().iter().map(address).collect();
        let own = level.policies().iter().any(|scp| scp.policy().depends_on_account());
        let cache = if own { &self.own } else { &self.shared };
        if let Some(known) = cache.levels.get(&key) {
            return Arc::clone(known);
        }
        let rows: Vec<Arc<Row<Judged>>> = level.policies().iter().map(|scp| self.policy(scp)).collect();
        let row = Arc::new(put_together(&rows, self.requests.len()));
        let cache = if own { &mut self.own } else { &mut self.shared };
        cache.levels.insert(key, Arc::clone(&row));
        row
    }

    fn policy(&mut self, scp: &Arc<Scp>) -> Arc<Row<Judged>> {
        let own = scp.policy().depends_on_account();
        let cache = if own { &mut self.own } else { &mut self.shared };
        let requests = &self.requests;
        let (_, row) = cache.policies.entry(address(scp)).or_insert_with(|| {
            let judged = requests.iter().map(|request| scp.policy().judge(request));
            (Arc::clone(scp), Arc::new(judged.collect()))
        });
        Arc::clone(row)
    }
}

fn address(scp: &Arc<Scp>) -> usize {
    Arc::as_ptr(scp).addr()
}

impl Cache {
    fn empty() -> Self {
        Self {
            policies: HashMap::new(),
            levels: HashMap::new(),
        }
    }
}

impl<T> Row<T> {
    /// Returns what there is of a request, by its place in the list.
    pub(crate) fn of(&self, request: usize) -> Option<&T> {
        self.values.get(*self.of.get(request)? as usize)
    }

    /// Returns every value that some request has.
    pub(crate) fn values(&self) -> &[T] {
        &self.values
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
            let place = match row.values.iter().position(|known| *known == value) {
                Some(place) => place,
                None => {
                    row.values.push(value);
                    row.values.len() - 1
                }
            };
            row.of.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
        row
    }
}

fn put_together(policies: &[Arc<Row<Judged>>], requests: usize) -> Row<AtLevel> {
    let mut row = Row {
        values: Vec::new(),
        of: Vec::with_capacity(requests),
    };
    let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
    for request in 0..requests {
        let combination: Vec<u32> = policies
            .iter()
            .filter_map(|policy| policy.of.get(request).copied())
            .collect();
        let place = match known.get(&combination) {
            Some(place) => *place,
            None => {
                row.values.push(AtLevel::of(policies.iter().map(|policy| policy.of(request))));
                let place = u32::try_from(row.values.len() - 1).unwrap_or(u32::MAX);
                known.insert(combination, place);
                place
            }
        };
        row.of.push(place);
    }
    row
}

impl AtLevel {
    fn of<'a>(policies: impl Iterator<Item = Option<&'a Judged>>) -> Self {
        let mut level = Self {
            denies: Vec::new(),
            may_deny: Vec::new(),
            allows: Allows::No,
        };
        for (place, judged) in policies.enumerate() {
            let Some(judged) = judged else { continue };
            match &judged.denies {
                Matched::No => {}
                Matched::Yes(statement) => level.denies.push((place, statement.label().into())),
                Matched::Unknown { keys, .. } => add(&mut level.may_deny, keys),
            }
            match (&judged.allows, &mut level.allows) {
                (Matched::Yes(_), allows) => *allows = Allows::Yes,
                (Matched::Unknown { keys, .. }, Allows::Perhaps(known)) => add(known, keys),
                (Matched::Unknown { keys, .. }, allows @ Allows::No) => {
                    let mut known = Vec::new();
                    add(&mut known, keys);
                    *allows = Allows::Perhaps(known);
                }
                (Matched::No, _) | (Matched::Unknown { .. }, Allows::Yes) => {}
            }
        }
        level
    }

    /// Tells whether the level surely lets nothing of the request through.
    pub(crate) fn denies_surely(&self) -> bool {
        !self.denies.is_empty() || self.allows == Allows::No
    }
}

fn add(known: &mut Vec<String>, keys: &[String]) {
    for key in keys {
        if !known.contains(key) {
            known.push(key.clone());
        }
    }
}
