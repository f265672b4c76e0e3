//! What policies say of many requests, each judged once however many accounts share it.

use std::{collections::HashMap, sync::Arc};

use crate::scp::{
    Context, Judged, Outcome, Policy, Request, Truth, levels,
    organization::{Chain, Scp},
};

/// What has been judged of one list of requests.
///
/// What a policy asks about the caller is answered once for each account; what is left of it is the same for
/// all accounts with the same answers, and judged once for them all, unless an ARN in it names an account.
pub(crate) struct Judgements {
    requests: Vec<Request>,
    /// By the policy's identity.
    shared: HashMap<usize, Arc<Row<Judged>>>,
    own: HashMap<usize, Arc<Row<Judged>>>,
    given: HashMap<(usize, Vec<Truth>), Bound>,
    /// Policies stay at their address, which is their identity, as long as they are held.
    held: Vec<Arc<Policy>>,
}

/// A policy as it is for one caller.
#[derive(Clone)]
struct Bound {
    policy: Arc<Policy>,
    /// Whether other accounts' requests are judged otherwise.
    own: bool,
}

/// A chain as it is for one caller.
pub(crate) struct BoundChain {
    sizes: Vec<usize>,
    names: Vec<Arc<str>>,
    policies: Vec<Bound>,
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
            given: HashMap::new(),
            held: Vec::new(),
        }
    }

    /// Goes on to another account: the same requests in the same order, made by it. Judgements that do not
    /// depend on the account stay.
    pub(crate) fn turn_to(&mut self, requests: Vec<Request>) {
        self.requests = requests;
        self.own.clear();
    }

    /// Answers what the policies of a chain ask about the caller.
    pub(crate) fn bind(&mut self, chain: &Chain, caller: &Context) -> BoundChain {
        BoundChain {
            sizes: chain.levels().iter().map(|level| level.policies().len()).collect(),
            names: chain.levels().iter().map(|level| level.shared_name()).collect(),
            policies: chain.policies().map(|(_, scp)| self.bound(scp, caller)).collect(),
        }
    }

    fn bound(&mut self, scp: &Arc<Scp>, caller: &Context) -> Bound {
        let policy = scp.shared_policy();
        if !policy.depends_on_account() {
            return Bound { policy, own: false };
        }
        let answers = policy.answers(caller);
        let key = (address(&policy), answers);
        if let Some(known) = self.given.get(&key) {
            return known.clone();
        }
        let given = policy.given(&key.1);
        let bound = Bound {
            own: given.depends_on_caller(caller),
            policy: Arc::new(given),
        };
        self.given.insert(key, bound.clone());
        self.held.push(policy);
        bound
    }

    /// Returns what the levels above an account come to for each request.
    pub(crate) fn outcomes(&mut self, chain: &BoundChain) -> Row<Outcome<Place>> {
        let judged: Vec<Arc<Row<Judged>>> = chain.policies.iter().map(|bound| self.judged(bound)).collect();
        Row::combined(&judged, self.requests.len(), |judged| outcome(&chain.sizes, judged))
    }

    fn judged(&mut self, bound: &Bound) -> Arc<Row<Judged>> {
        let known = if bound.own { &mut self.own } else { &mut self.shared };
        let address = address(&bound.policy);
        if let Some(row) = known.get(&address) {
            return Arc::clone(row);
        }
        let judged = self.requests.iter().map(|request| bound.policy.judge(request));
        let row: Arc<Row<Judged>> = Arc::new(judged.collect());
        known.insert(address, Arc::clone(&row));
        self.held.push(Arc::clone(&bound.policy));
        row
    }
}

/// Tells what sets chains apart: the same outcomes come of those that have the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Signature(Vec<Arc<str>>, Vec<usize>, Vec<usize>);

impl BoundChain {
    /// Tells whether other accounts' requests are judged otherwise.
    pub(crate) fn is_own(&self) -> bool {
        self.policies.iter().any(|bound| bound.own)
    }

    /// Returns what sets it apart. The account's own level has another name in each, and is called `account`
    /// in verdicts.
    pub(crate) fn signature(&self) -> Signature {
        let units = self.names.len().saturating_sub(1);
        let policies = self.policies.iter().map(|bound| address(&bound.policy)).collect();
        Signature(
            self.names.iter().take(units).cloned().collect(),
            self.sizes.clone(),
            policies,
        )
    }
}

fn address(policy: &Arc<Policy>) -> usize {
    Arc::as_ptr(policy).addr()
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
