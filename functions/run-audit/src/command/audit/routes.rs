//! Flows, summed up to routes with how their invocations were decided.

use std::{cmp::Reverse, collections::BTreeMap};

use crisguard_core::tally::{Audit, Flow, Outcome};

/// Where prompts were processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place<'a> {
    /// In a Region.
    Region(&'a str),
    /// The evidence does not say.
    Unknown,
    /// Nowhere: the requests failed before a model saw them.
    Nowhere,
}

/// From where to where, and how it was decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route<'a> {
    pub(super) source: &'a str,
    pub(super) place: Place<'a>,
    pub(super) invocations: u64,
    /// How many were decided how; empty without a policy.
    pub(super) decided: BTreeMap<Outcome, u64>,
}

impl Route<'_> {
    /// Returns the worst decision; none without a policy.
    pub(super) fn worst(&self) -> Option<Outcome> {
        self.decided.keys().next_back().copied()
    }
}

/// Sums up the flows of an audit: the worst routes first, of those the most used.
pub(super) fn routes(audit: &Audit) -> Vec<Route<'_>> {
    let mut routes: BTreeMap<(&str, Place<'_>), Route<'_>> = BTreeMap::new();
    for flow in &audit.flows {
        let Flow {
            source,
            destination,
            processed_nowhere,
            outcome,
            invocations,
            ..
        } = flow;
        let place = match destination {
            Some(destination) => Place::Region(destination.0.as_str()),
            None if *processed_nowhere => Place::Nowhere,
            None => Place::Unknown,
        };
        let source = source.0.as_str();
        let route = routes.entry((source, place)).or_insert_with(|| Route {
            source,
            place,
            invocations: 0,
            decided: BTreeMap::new(),
        });
        route.invocations += invocations;
        if let Some(outcome) = outcome {
            *route.decided.entry(*outcome).or_default() += invocations;
        }
    }
    let mut routes: Vec<Route<'_>> = routes.into_values().collect();
    routes.sort_by_key(|route| (Reverse(route.worst()), Reverse(route.invocations)));
    routes
}
