//! Traps of how statements stand to one another.

use super::{Look, Trap, is_about_calls};
use crate::scp::{Effect, Names};

pub(super) fn look(look: &mut Look<'_>) {
    let sid = look.statement.sid().unwrap_or_default();
    if ["GRREGIONDENY", "CTMULTISERVICEPV1"]
        .iter()
        .any(|managed| sid.starts_with(managed))
    {
        look.add(Trap::ManagedByControlTower, sid);
    }
    // An Allow of everything is what AWS attaches everywhere; one of calls alone was written to let them through.
    let Names::Only(named) = look.statement.actions() else {
        return;
    };
    let narrow = !look.denies() && is_about_calls(look.statement) && !named.iter().any(|pattern| pattern == "*");
    let denied = look.policy.statements().iter().find(|statement| {
        statement.effect() == Effect::Deny
            && is_about_calls(statement)
            && matches!(statement.actions(), Names::AllBut(_))
    });
    if let Some(denied) = denied.filter(|_| narrow) {
        let index = denied.index().to_string();
        let label = denied.sid().unwrap_or(&index).to_owned();
        look.add(Trap::AllowBesideDeny, &label);
    }
}
