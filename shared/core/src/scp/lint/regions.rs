//! Traps of Region denies.

use super::{
    Look, Trap, covers, is_about_calls,
    keys::{PROFILE, REGION, is_negated, is_text},
};
use crate::scp::{
    Effect, Names, Statement,
    reach::{INVOKE, UNSPECIFIED},
};

pub(super) fn look(look: &mut Look<'_>) {
    for condition in look
        .statement
        .conditions()
        .iter()
        .filter(|condition| condition.key() == REGION)
    {
        if condition
            .values()
            .iter()
            .any(|value| value.eq_ignore_ascii_case("global"))
        {
            look.add(Trap::RegionNamedGlobal, "global");
        }
        // A list of Regions that are let through: what a deny leaves out, or what an Allow allows.
        let lets_through = if look.denies() {
            is_negated(condition)
        } else {
            is_text(condition)
        };
        let global = condition.values().iter().find(|value| covers(value, UNSPECIFIED));
        if let Some(value) = global.filter(|_| lets_through && is_about_calls(look.statement) && !denies_global(look)) {
            look.add(Trap::AllowsGlobal, value);
        }
        if !look.denies() {
            continue;
        }
        if is_text(condition) && is_about_calls(look.statement) && !denies_global(look) {
            look.add(Trap::DeniedRegionsMissGlobal, &condition.values().join(", "));
        }
        exempt(look);
    }
}

/// Tells whether some statement denies the global destination by its Region.
fn denies_global(look: &Look<'_>) -> bool {
    look.policy.statements().iter().any(is_of_global)
}

/// Tells whether some statement does for every profile, whatever its name.
pub(super) fn denies_every_global(look: &Look<'_>) -> bool {
    let of_profile = |statement: &Statement| statement.conditions().iter().any(|one| one.key() == PROFILE);
    let mut statements = look.policy.statements().iter();
    statements.any(|statement| is_of_global(statement) && !of_profile(statement))
}

fn is_of_global(statement: &Statement) -> bool {
    let mut regions = statement
        .conditions()
        .iter()
        .filter(|condition| condition.key() == REGION)
        .peekable();
    denies_calls(statement)
        && regions.peek().is_some()
        && regions.all(|condition| {
            let named = condition.values().iter().any(|value| covers(value, UNSPECIFIED));
            named != is_negated(condition)
        })
}

fn denies_calls(statement: &Statement) -> bool {
    statement.effect() == Effect::Deny && is_about_calls(statement)
}

/// Calls of models that a Region deny leaves out, and no other statement holds to Regions.
fn exempt(look: &mut Look<'_>) {
    let Names::AllBut(excepted) = look.statement.actions() else {
        return;
    };
    let calls = excepted
        .iter()
        .find(|pattern| INVOKE.iter().any(|action| covers(pattern, action)));
    let elsewhere = look.policy.statements().iter().any(|statement| {
        denies_calls(statement) && statement.conditions().iter().any(|condition| condition.key() == REGION)
    });
    if let Some(pattern) = calls.filter(|_| !elsewhere).cloned() {
        look.add(Trap::BedrockExemptFromRegions, &pattern);
    }
}
