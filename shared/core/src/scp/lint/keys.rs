//! Traps of condition keys.

use super::{Look, Trap, covers, is_about_calls, regions};
use crate::scp::{
    Names, Truth,
    condition::{Comparison, Condition, Quantifier},
    reach::INVOKE,
    request::keys::{NO_SUCH, is_listed},
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
        let name = condition.key().strip_prefix("bedrock:");
        if name.is_some_and(|name| NO_SUCH.contains(&name)) {
            look.add(Trap::NoSuchKey, condition.written_key());
        } else if !is_listed(condition.key()) {
            look.add(Trap::Undocumented, condition.written_key());
        }
        for value in condition.undocumented_values() {
            look.add(Trap::Undocumented, value);
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
    let conditions = look.statement.conditions();
    let of_regions = conditions.iter().any(|other| other.key() == REGION);
    let guarded = of_regions || conditions.iter().any(is_present);
    if is_negated(condition) {
        let mut wide: Vec<String> = all_of(condition, TWO_PROFILES);
        wide.extend(all_of(condition, TWO_APPLICATIONS));
        for value in wide {
            look.add(Trap::ExemptsEveryProfile, &value);
        }
    } else if is_absent(condition) && of_regions {
        look.add(Trap::ExemptsEveryProfile, "Null");
    } else if is_text(condition) {
        by_name(look, condition.values());
    }
    if condition.holds_without_key() == Truth::True && !guarded && is_about_profiles(look) {
        look.add(Trap::ProfileKeyWithoutNullGuard, condition.written_key());
    }
}

/// Global profiles that are named where no application profile is, and no Region denies them either.
pub(super) fn by_name(look: &mut Look<'_>, values: &[String]) {
    let application = |value: &String| TWO_APPLICATIONS.iter().any(|arn| covers(value, arn));
    let named = values.iter().find(|value| names_global(value));
    let named = named.filter(|_| !values.iter().any(application) && !regions::denies_every_global(look));
    if let Some(value) = named {
        look.add(Trap::GlobalDeniedByName, value);
    }
}

fn names_global(pattern: &str) -> bool {
    let [other, global] = TWO_PROFILES;
    !covers(pattern, other) && (covers(pattern, global) || pattern.contains(":inference-profile/global."))
}

fn is_call(name: &str) -> bool {
    INVOKE.iter().any(|action| action.eq_ignore_ascii_case(name))
}

/// Tells whether it holds only where there is a profile.
pub(super) fn is_present(condition: &Condition) -> bool {
    asks_for_profile(condition) && condition.holds_without_key() == Truth::False
}

/// Tells whether it holds only where there is no profile.
fn is_absent(condition: &Condition) -> bool {
    let present = |value: &String| value.eq_ignore_ascii_case("false");
    asks_for_profile(condition) && !condition.values().iter().any(present)
}

fn asks_for_profile(condition: &Condition) -> bool {
    condition.key() == PROFILE && condition.operator().comparison == Comparison::Null
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
