//! Traps of actions and resources.

use super::{Look, Trap, covers, is_about_calls, keys};
use crate::scp::{Effect, Names};

const PROFILE: &str = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.amazon.nova-lite-v1:0";

pub(super) fn look(look: &mut Look<'_>) {
    let (Names::Only(actions) | Names::AllBut(actions)) = look.statement.actions();
    let lets_through = match look.statement.actions() {
        Names::Only(_) => !look.denies(),
        Names::AllBut(_) => look.denies(),
    };
    for pattern in actions {
        if pattern.to_ascii_lowercase().starts_with("bedrock:converse") {
            look.add(Trap::NoSuchAction, pattern);
        }
        let more = covers(pattern, "bedrock:InvokeAgent") && covers(pattern, "bedrock:InvokeModel");
        let whole = covers(pattern, "bedrock:CreateAgent");
        if lets_through && more && !whole {
            look.add(Trap::InvokeWildcard, pattern);
        }
    }
    resources(look);
    if look.denies() {
        mantle(look, actions);
    }
}

fn resources(look: &mut Look<'_>) {
    for pattern in look.statement.undocumented_resources() {
        look.add(Trap::Undocumented, pattern);
    }
    let excepted = match look.statement.resources() {
        Names::AllBut(excepted) => excepted,
        Names::Only(named) if look.denies() && is_about_calls(look.statement) => return keys::by_name(look, named),
        Names::Only(_) => return,
    };
    let model = excepted.iter().find(|pattern| pattern.contains(":foundation-model"));
    let profiles = excepted.iter().any(|pattern| covers(pattern, PROFILE));
    let models_only = look.statement.conditions().iter().any(keys::is_present);
    if let Some(model) = model.filter(|_| look.denies() && is_about_calls(look.statement) && !profiles && !models_only)
    {
        look.add(Trap::NotResourceWithoutProfiles, model);
    }
}

fn mantle(look: &mut Look<'_>, actions: &[String]) {
    let Names::Only(_) = look.statement.actions() else {
        return;
    };
    let bedrock = actions
        .iter()
        .find(|pattern| pattern.to_ascii_lowercase().starts_with("bedrock:"));
    let denied_elsewhere = look.policy.statements().iter().any(|statement| {
        let about = match statement.actions() {
            Names::Only(named) => named
                .iter()
                .any(|pattern| covers(pattern, "bedrock-mantle:CreateInference")),
            Names::AllBut(excepted) => !excepted
                .iter()
                .any(|pattern| covers(pattern, "bedrock-mantle:CreateInference")),
        };
        about && statement.effect() == Effect::Deny
    });
    if let Some(pattern) = bedrock.filter(|_| is_about_calls(look.statement) && !denied_elsewhere) {
        look.add(Trap::MantleNotCovered, pattern);
    }
}
