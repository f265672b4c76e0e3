//! On which statements an undecided call depends.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Caller, DeniedBy, Target, evaluations, level_name};
use crate::scp::{
    Effect, NotAnAction, Statement, StatementRef, Truth,
    organization::{Chain, Scp},
    request::Request,
};

/// A statement that may deny or allow something of a call, and the keys that would tell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Depends {
    /// The policy's id, or the file that it is in.
    pub policy: Arc<str>,
    /// The statement's Sid, or its index from 0.
    pub statement: Arc<str>,
    /// The level that the policy is attached to: the root, a unit or the account.
    pub level: Arc<str>,
    /// `explicit`: the statement may deny; `implicit`: no statement of the level surely allows, and this one may.
    pub kind: DeniedBy,
    /// The condition keys as the statement writes them; `Resource` where AWS does not say how it reads a
    /// resource's pattern.
    pub keys: Vec<Arc<str>>,
}

/// Returns the statements on which a call depends that is neither surely denied nor surely let through.
///
/// # Errors
///
/// Never: the actions of calls are part of this program.
pub fn depends_by(target: &Target, chain: &Chain, caller: &Caller) -> Result<Vec<Depends>, NotAnAction> {
    let caller = caller.in_partition(target.source.0.partition());
    let mut all: Vec<Depends> = Vec::new();
    for name in target.call.actions() {
        for evaluation in evaluations(target, &caller, &name.parse()?) {
            let request = &evaluation.request;
            for (place, level) in chain.levels().iter().enumerate() {
                let open = |effect| {
                    let each = level.policies().iter();
                    let each =
                        each.flat_map(move |scp| scp.policy().matching(effect, request).map(move |one| (scp, one)));
                    each.collect::<Vec<_>>()
                };
                let allows = open(Effect::Allow);
                let allowed = allows.iter().any(|(_, (_, matches))| *matches == Truth::True);
                let may_allow = allows.into_iter().filter(|_| !allowed);
                let may_allow = may_allow.map(|one| (one, DeniedBy::Implicit));
                let may_deny = open(Effect::Deny).into_iter().map(|one| (one, DeniedBy::Explicit));
                for ((scp, (statement, matches)), kind) in may_deny.chain(may_allow) {
                    if matches == Truth::Unknown {
                        add(&mut all, scp, statement, &level_name(chain, place), kind, request);
                    }
                }
            }
        }
    }
    Ok(all)
}

fn add(all: &mut Vec<Depends>, scp: &Scp, statement: &Statement, level: &Arc<str>, kind: DeniedBy, request: &Request) {
    let mut gaps = Vec::new();
    statement.gaps(request, &mut gaps);
    let written = |key: Arc<str>| {
        let mut conditions = statement.conditions().iter();
        let condition = conditions.find(|condition| condition.key() == &*key);
        condition.map_or(key, |condition| condition.written_key().into())
    };
    let (policy, label) = (scp.shared_name(), scp.label(StatementRef::of(statement)));
    let is_same =
        |known: &Depends| (&known.policy, &known.statement, &known.level, known.kind) == (&policy, &label, level, kind);
    let place = all.iter().position(is_same).unwrap_or_else(|| {
        all.push(Depends {
            policy: Arc::clone(&policy),
            statement: Arc::clone(&label),
            level: Arc::clone(level),
            kind,
            keys: Vec::new(),
        });
        all.len() - 1
    });
    let Some(depends) = all.get_mut(place) else { return };
    for key in gaps.into_iter().map(written) {
        if !depends.keys.contains(&key) {
            depends.keys.push(key);
        }
    }
}
