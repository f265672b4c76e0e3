//! On what of a caller a policy's judgements depend.

use super::statement::{Names, Statement};
use crate::scp::{
    Context,
    condition::{Comparison, Condition},
};

/// Tells on what of a caller a policy's judgements depend, so that those that do not can be shared.
///
/// It errs on the safe side: where it says no, two requests that differ in that alone are judged the same;
/// where it says yes, they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependence {
    /// On the account: its id in the ARNs of resource, caller and profile, and the keys that tell of it.
    pub account: bool,
    /// On who calls: the name in `aws:PrincipalArn`, and every other key that begins with `aws:principal`
    /// or `aws:user`.
    pub principal: bool,
}

/// Keys that say nothing of the account or of who calls.
const OF_NOBODY: [&str; 8] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:useragent",
    "aws:viaawsservice",
    "aws:calledvia",
    "aws:sourceip",
];

impl Dependence {
    pub(super) fn of(statements: &[Statement]) -> Self {
        let mut dependence = Self {
            account: false,
            principal: false,
        };
        for statement in statements {
            let (Names::Only(resources) | Names::AllBut(resources)) = statement.resources();
            dependence.account |= resources.iter().any(|pattern| names_account(pattern));
            for key in statement.resource_variables() {
                dependence.add_key(key);
            }
            for condition in statement.conditions() {
                dependence.add(condition);
            }
        }
        dependence
    }

    /// Tells whether what statements say depends on the account, where it is known in which keys callers
    /// differ: in these, and in the account that ARNs have.
    pub(super) fn of_caller(statements: &[Statement], caller: &Context) -> bool {
        let differs = |key: &str| caller.value(key).is_some() || has_arn(key);
        statements.iter().any(|statement| {
            let (Names::Only(resources) | Names::AllBut(resources)) = statement.resources();
            resources.iter().any(|pattern| names_account(pattern))
                || statement.resource_variables().any(differs)
                || statement.conditions().iter().any(|condition| {
                    let key = condition.key();
                    let named = condition.values().iter().any(|value| names_account(value));
                    caller.value(key).is_some() || (has_arn(key) && named) || condition.variables().any(differs)
                })
        })
    }

    fn add(&mut self, condition: &Condition) {
        let key = condition.key();
        let presence = condition.operator().comparison == Comparison::Null;
        if presence || !has_arn(key) {
            self.add_key(key);
        } else {
            self.principal |= tells_of_caller(key);
            self.account |= condition.values().iter().any(|value| names_account(value));
        }
        for key in condition.variables() {
            self.add_key(key);
            // An ARN holds the account wherever it is put.
            self.account |= has_arn(key);
        }
    }

    fn add_key(&mut self, key: &str) {
        if OF_NOBODY.contains(&key) || key.starts_with("bedrock:") {
            return;
        }
        self.principal |= tells_of_caller(key);
        // Whether two accounts differ in it depends on the key; a caller's ARN is always there.
        self.account |= key != "aws:principalarn";
    }
}

/// Tells whether a key's value may be an ARN that has the account, and has it nowhere else.
fn has_arn(key: &str) -> bool {
    key == "aws:principalarn" || key.starts_with("bedrock:")
}

fn tells_of_caller(key: &str) -> bool {
    key.starts_with("aws:principal") || key.starts_with("aws:user")
}

/// Tells whether it can make a difference to a pattern which account an ARN has: not if whatever in it stands
/// for the account is a `*`. An ARN's account has colons around it, so a part of the pattern with none or with
/// other signs cannot be the account or a piece of it, unless it has a `?`, which may be such a colon.
fn names_account(pattern: &str) -> bool {
    if pattern == "*" {
        return false;
    }
    let last = pattern.matches('*').count();
    pattern.split('*').enumerate().any(|(place, literal)| {
        let colons = literal.matches(':').count();
        literal.split(':').enumerate().any(|(at, run)| {
            // The beginning and the end of an ARN are not its account.
            let outside = (place == 0 && at == 0) || (place == last && at == colons);
            let digits = !run.is_empty() && run.chars().all(|sign| sign.is_ascii_digit());
            run.contains(['?', '$']) || (digits && !outside)
        })
    })
}
