//! Traps of condition keys.

use super::{Look, Trap, covers, is_about_calls};
use crate::scp::{
    Names,
    condition::{Comparison, Condition, Quantifier},
    reach::INVOKE,
};

pub(super) const PROFILE: &str = "bedrock:inferenceprofilearn";
pub(super) const REGION: &str = "aws:requestedregion";
const PRINCIPAL: &str = "aws:principalarn";

/// ARNs that no narrow pattern matches both of.
const TWO_PROFILES: [&str; 2] = [
    "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.one.model-a",
    "arn:aws:bedrock:eu-west-1:444455556666:inference-profile/global.other.model-b",
];
const TWO_APPLICATIONS: [&str; 2] = [
    "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3",
    "arn:aws:bedrock:eu-west-1:444455556666:application-inference-profile/z9y8x7",
];
const TWO_ROLES: [&str; 2] = [
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:iam::444455556666:role/path/z",
];

pub(super) fn look(look: &mut Look<'_>) {
    for condition in look.statement.conditions() {
        if condition.key() == "bedrock:guardrailarn" {
            look.add(Trap::NoSuchKey, condition.written_key());
        }
        if condition.operator().quantifier == Quantifier::Any && condition.operator().if_exists {
            look.add(Trap::Undocumented, &condition.operator().to_string());
        }
        if condition.key() == PROFILE {
            of_profile(look, condition);
        }
        if condition.key() == PRINCIPAL && look.denies() && is_negated(condition) {
            for value in all_of(condition, TWO_ROLES) {
                look.add(Trap::ExemptsEveryPrincipal, &value);
            }
        }
    }
}

fn of_profile(look: &mut Look<'_>, condition: &Condition) {
    if let Names::Only(named) = look.statement.actions() {
        let plain = named.iter().filter(|name| !name.contains(['*', '?']));
        let others: Vec<String> = plain.filter(|name| !is_call(name)).cloned().collect();
        for name in others {
            look.add(Trap::KeyNotOnAction, &name);
        }
    }
    if !look.denies() || !is_about_calls(look.statement) {
        return;
    }
    if is_negated(condition) {
        let mut wide: Vec<String> = all_of(condition, TWO_PROFILES);
        wide.extend(all_of(condition, TWO_APPLICATIONS));
        for value in wide {
            look.add(Trap::ExemptsEveryProfile, &value);
        }
        let conditions = look.statement.conditions();
        let guarded = conditions
            .iter()
            .any(|other| is_present(other) || other.key() == REGION);
        if !condition.operator().if_exists && !guarded && is_about_profiles(look) {
            look.add(Trap::ProfileKeyWithoutNullGuard, condition.written_key());
        }
    } else if is_text(condition) {
        let global = |value: &&String| value.contains(":inference-profile/global.");
        let application = |value: &String| value.contains(":application-inference-profile/");
        let values = condition.values();
        if let Some(value) = values.iter().find(global).filter(|_| !values.iter().any(application)) {
            look.add(Trap::GlobalDeniedByName, value);
        }
    }
}

fn is_call(name: &str) -> bool {
    INVOKE.iter().any(|action| action.eq_ignore_ascii_case(name))
}

/// Tells whether it holds only where there is a profile.
pub(super) fn is_present(condition: &Condition) -> bool {
    let present =
        condition.operator().comparison == Comparison::Null && condition.values().iter().any(|value| value == "false");
    condition.key() == PROFILE && present
}

pub(super) fn is_negated(condition: &Condition) -> bool {
    matches!(
        condition.operator().comparison,
        Comparison::Text { not: true, .. } | Comparison::Arn { not: true, .. }
    )
}

pub(super) fn is_text(condition: &Condition) -> bool {
    matches!(
        condition.operator().comparison,
        Comparison::Text { not: false, .. } | Comparison::Arn { not: false, .. }
    )
}

/// Tells whether the statement's resources are about the profiles themselves, not about models alone.
fn is_about_profiles(look: &Look<'_>) -> bool {
    let [profile, _] = TWO_PROFILES;
    match look.statement.resources() {
        Names::Only(named) => named.iter().any(|pattern| covers(pattern, profile)),
        Names::AllBut(excepted) => !excepted.iter().any(|pattern| covers(pattern, profile)),
    }
}

/// Returns the values that match two texts which have nothing to do with one another.
fn all_of(condition: &Condition, texts: [&str; 2]) -> Vec<String> {
    let wide = condition
        .values()
        .iter()
        .filter(|value| texts.iter().all(|text| covers(value, text)));
    wide.cloned().collect()
}
