//! What is left of a policy once it is known who calls.

use super::{Dependence, Policy, statement::Statement};
use crate::scp::{
    Context, Truth,
    condition::Condition,
    request::{Known, Value},
};

/// What is known through the caller alone.
struct Caller<'c>(&'c Context);

impl Known for Caller<'_> {
    fn value(&self, key: &str) -> &Value {
        self.0.value(key).unwrap_or(&Value::Unknown)
    }
}

impl Policy {
    /// Returns the answer to each condition that asks about the caller alone, in the order of the
    /// statements; of the others, that it is unknown. Of two callers with the same answers the same
    /// is left of the policy.
    pub(crate) fn answers(&self, caller: &Context) -> Vec<Truth> {
        let conditions = self.statements.iter().flat_map(Statement::conditions);
        conditions.map(|condition| answer(condition, caller)).collect()
    }

    /// Returns the policy without what the answers settle: conditions that hold, and statements of which one
    /// does not. The statements that are left keep their index.
    pub(crate) fn given(&self, answers: &[Truth]) -> Self {
        let mut answers = answers.iter();
        let left = self.statements.iter().filter_map(|statement| {
            let conditions = statement.conditions();
            let answers: Vec<Truth> = answers.by_ref().take(conditions.len()).copied().collect();
            if answers.contains(&Truth::False) {
                return None;
            }
            let open = conditions.iter().zip(answers);
            let open = open.filter(|(_, answer)| *answer != Truth::True);
            Some(statement.with_conditions(open.map(|(condition, _)| condition.clone()).collect()))
        });
        let statements: Box<[Statement]> = left.collect();
        Self {
            document: self.document.clone(),
            size: self.size,
            dependence: Dependence::of(&statements),
            statements,
        }
    }

    /// Tells whether its judgements depend on the account, where requests of different accounts differ in
    /// nothing but these keys of their callers and the account in ARNs.
    pub(crate) fn depends_on_caller(&self, caller: &Context) -> bool {
        Dependence::of_caller(&self.statements, caller)
    }
}

fn answer(condition: &Condition, caller: &Context) -> Truth {
    let about_caller =
        caller.value(condition.key()).is_some() && condition.variables().all(|key| caller.value(key).is_some());
    if about_caller {
        condition.holds(&Caller(caller))
    } else {
        Truth::Unknown
    }
}
