//! All that a record says but when and of which event: what many records have in common.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash},
};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::row::Id;
use crate::{
    account::AccountId,
    cloudtrail::{EventIdentity, Failure, Half, Invocation, Operation, Principal, ProcessedIn},
    model::ModelReference,
    region::SourceRegion,
};

/// Which part of a request a record tells of, and who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// The record of a call.
    Call,
    /// The record of a call that opened a stream.
    StreamCall,
    /// The record of a stream's end.
    Completion,
    /// An entry of the invocation log.
    Log,
}

impl Role {
    pub(super) const fn of(half: Half) -> Self {
        match half {
            Half::Whole => Self::Call,
            Half::StreamCall => Self::StreamCall,
            Half::StreamCompletion => Self::Completion,
        }
    }
}

/// What a record says, but for its time, ids and session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Evidence {
    pub(super) account: AccountId,
    pub(super) source: SourceRegion,
    pub(super) operation: Operation,
    pub(super) event_type: String,
    pub(super) role: Role,
    pub(super) target: ModelReference,
    pub(super) principal: String,
    pub(super) processed_in: ProcessedIn,
    pub(super) failure: Option<Failure>,
}

impl Evidence {
    fn of(invocation: &Invocation, role: Role) -> Self {
        Self {
            account: invocation.account.clone(),
            source: invocation.source.clone(),
            operation: invocation.operation.clone(),
            event_type: invocation.identity.event_type.clone(),
            role,
            target: invocation.target.clone(),
            principal: invocation.principal.name().to_owned(),
            processed_in: invocation.processed_in.clone(),
            failure: invocation.failure.clone(),
        }
    }

    /// Returns the parts of an invocation that its evidence is made of, in one order.
    fn parts(invocation: &Invocation, role: Role) -> impl Hash + '_ {
        (
            role,
            invocation.account.as_str(),
            invocation.source.0.as_str(),
            &invocation.operation,
            invocation.identity.event_type.as_str(),
            &invocation.target,
            invocation.principal.name(),
            &invocation.processed_in,
            &invocation.failure,
        )
    }

    fn is_of(&self, invocation: &Invocation, role: Role) -> bool {
        self.role == role
            && self.principal == invocation.principal.name()
            && self.target == invocation.target
            && self.processed_in == invocation.processed_in
            && self.source == invocation.source
            && self.account == invocation.account
            && self.operation == invocation.operation
            && self.failure == invocation.failure
            && self.event_type == invocation.identity.event_type
    }

    /// Returns the id of the evidence, made of all that it says.
    ///
    /// SHA-256, because callers choose what they send as a model's id: nobody is to find two that pass for one.
    fn id(&self) -> Id {
        // It can be written: nothing of it is a map whose keys are no texts. If it could not, it is not to be nothing.
        let canonical = serde_json::to_vec(self).unwrap_or_else(|_| format!("{self:?}").into_bytes());
        Id::of_parts(&[b"evidence", &canonical])
    }

    /// Makes of it the invocation that controls decide about.
    pub(super) fn invocation(&self, processed_in: ProcessedIn, time: Timestamp) -> Invocation {
        Invocation {
            identity: EventIdentity {
                event_id: String::new(),
                event_name: self.operation.name().to_owned(),
                event_type: self.event_type.clone(),
                original_event_id: None,
                parent_request_id: None,
            },
            time,
            account: self.account.clone(),
            source: self.source.clone(),
            operation: self.operation.clone(),
            half: match self.role {
                Role::Completion => Half::StreamCompletion,
                // Whatever there is of the stream's end has been joined: nothing else will tell where it went.
                Role::Call | Role::StreamCall | Role::Log => Half::Whole,
            },
            target: self.target.clone(),
            principal: Principal::kept(self.principal.clone()),
            processed_in,
            request_id: None,
            failure: self.failure.clone(),
        }
    }
}

/// Evidence with its id, and what groups of its account and Region are made of.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: Id,
    pub(super) evidence: Evidence,
    /// Stands for the account and Region in the group of a request.
    pub(super) requests: Id,
    /// Stands for the account, Region, name and type in the group of an event without a request.
    pub(super) events: Id,
}

impl Known {
    fn new(evidence: Evidence) -> Self {
        let (account, region) = (
            evidence.account.as_str().as_bytes(),
            evidence.source.0.as_str().as_bytes(),
        );
        let name = evidence.operation.name().as_bytes();
        Self {
            id: evidence.id(),
            requests: Id::of_parts(&[b"requests", account, region]),
            events: Id::of_parts(&[b"events", account, region, name, evidence.event_type.as_bytes()]),
            evidence,
        }
    }

    /// Returns the group of a request.
    pub(super) fn of_request(&self, request_id: &str) -> Id {
        self.requests
            .mixed(Id::of_uuid(request_id).unwrap_or_else(|| Id::of_parts(&[b"request", request_id.as_bytes()])))
    }
}

/// Distinct evidence, each once.
#[derive(Clone, Debug)]
pub(super) struct AllEvidence {
    list: Vec<Known>,
    places: HashMap<Id, usize, RandomState>,
    /// Where evidence stands in the list, by a hash of its parts that is this tally's own: so that what is known
    /// is found without copying and without SHA-256. Two with one hash cost time, nothing else.
    recent: HashMap<u64, usize, RandomState>,
    hashes: RandomState,
}

impl AllEvidence {
    pub(super) fn none() -> Self {
        Self {
            list: Vec::new(),
            places: HashMap::with_hasher(RandomState::default()),
            recent: HashMap::with_hasher(RandomState::default()),
            hashes: RandomState::default(),
        }
    }

    /// Returns the evidence of an invocation.
    pub(super) fn of(&mut self, invocation: &Invocation, role: Role) -> Option<&Known> {
        let hash = self.hashes.hash_one(Evidence::parts(invocation, role));
        let is_same = |place: &usize| {
            let known = self.list.get(*place);
            known.is_some_and(|known| known.evidence.is_of(invocation, role))
        };
        let place = self.recent.get(&hash).copied().filter(is_same).unwrap_or_else(|| {
            let place = self.learn(Evidence::of(invocation, role));
            self.recent.insert(hash, place);
            place
        });
        self.list.get(place)
    }

    /// Takes in evidence, and returns where it stands.
    pub(super) fn learn(&mut self, evidence: Evidence) -> usize {
        self.keep(Known::new(evidence))
    }

    fn keep(&mut self, known: Known) -> usize {
        let next = self.list.len();
        let place = *self.places.entry(known.id).or_insert(next);
        if place == next {
            self.list.push(known);
        }
        place
    }

    pub(super) fn merge(&mut self, other: Self) {
        for known in other.list {
            self.keep(known);
        }
    }

    /// Returns the evidence that stands at a place.
    pub(super) fn at(&self, place: usize) -> Option<&Known> {
        self.list.get(place)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.list.iter()
    }

    /// Returns where the evidence of an id stands in the order of [`AllEvidence::iter`].
    pub(super) fn place(&self, id: Id) -> Option<usize> {
        self.places.get(&id).copied()
    }
}
