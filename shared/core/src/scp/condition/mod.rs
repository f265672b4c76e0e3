//! Conditions of a statement: an operator, a key, and the values that it is compared with.

mod operator;
mod value;

use std::sync::Arc;

#[cfg(test)]
pub(crate) use operator::COMPARISONS;
pub(crate) use operator::NotAnOperator;
pub use operator::{Comparison, Operator, Order, Quantifier};
use value::Test;

use super::{
    Truth,
    request::{Known, Value},
};

/// One condition of a statement.
#[derive(Clone, Debug)]
pub struct Condition {
    operator: Operator,
    written: Box<str>,
    key: Arc<str>,
    values: Box<[String]>,
    tests: Box<[Test]>,
    /// What it comes to where the key is not known.
    unknown: Truth,
}

impl Condition {
    pub(crate) fn new(operator: Operator, key: &str, values: Vec<String>, variables: bool) -> Self {
        let tests: Box<[Test]> = values
            .iter()
            .map(|value| Test::parse(operator.comparison, value, variables))
            .collect();
        let unknown = without_knowing(operator, &tests);
        Self {
            operator,
            written: key.into(),
            key: key.to_ascii_lowercase().into(),
            values: values.into(),
            tests,
            unknown,
        }
    }

    /// Returns the operator.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// Returns the key in lower case, for its case says nothing.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the key as the policy writes it.
    #[must_use]
    pub fn written_key(&self) -> &str {
        &self.written
    }

    /// Returns the values as the policy writes them.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Returns the keys of the variables in its values, in lower case.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.tests.iter().flat_map(Test::variables).map(|key| &**key)
    }

    /// Tells whether it holds.
    pub(crate) fn holds(&self, known: &impl Known) -> Truth {
        match known.value(&self.key) {
            Value::Unknown => self.unknown,
            Value::Absent => self.without(),
            // An empty list of values is a null data set.
            Value::Known(values) if values.is_empty() => self.without(),
            Value::Known(values) => self.holds_of(values, known),
        }
    }

    /// Tells whether it holds where the request does not have the key.
    pub(crate) fn holds_without_key(&self) -> Truth {
        self.without()
    }

    /// Returns those of its values, as they are written, of which AWS does not document what they match.
    pub(crate) fn undocumented_values(&self) -> impl Iterator<Item = &str> {
        let each = self.values.iter().zip(&self.tests);
        each.filter(|(_, test)| !test.is_documented())
            .map(|(written, _)| written.as_str())
    }

    /// Adds the keys on which it depends that nobody knows.
    pub(crate) fn gaps(&self, known: &impl Known, gaps: &mut Vec<Arc<str>>) {
        let mut any = false;
        for key in std::iter::once(&self.key).chain(self.tests.iter().flat_map(Test::variables)) {
            if known.is_unknown(key) {
                any = true;
                gaps.push(Arc::clone(key));
            }
        }
        // What is not documented, not the request, leaves it open: the key says where.
        if !any {
            gaps.push(Arc::clone(&self.key));
        }
    }

    /// Returns what it comes to where the request does not have the key.
    fn without(&self) -> Truth {
        match self.operator {
            Operator {
                comparison: Comparison::Null,
                ..
            } => self.presence(false),
            operator => absent(operator),
        }
    }

    /// Returns what it comes to where the request has the key with these values.
    fn holds_of(&self, values: &[String], known: &impl Known) -> Truth {
        if self.operator.comparison == Comparison::Null {
            // A value without a text is a null data set.
            return self.presence(!values.iter().all(String::is_empty));
        }
        match (self.operator.quantifier, values) {
            (Quantifier::Single, [value]) => self.matches(value, known),
            // AWS says that a key with several values needs a set operator, not what becomes of it without.
            (Quantifier::Single, _) => self.unknown,
            (Quantifier::Any | Quantifier::All, _) if values.iter().all(String::is_empty) => self.without(),
            (Quantifier::Any, _) => Truth::any(values.iter().map(|value| self.matches(value, known))),
            (Quantifier::All, _) => Truth::all(values.iter().map(|value| self.matches(value, known))),
        }
    }

    /// Tells whether one value of the request holds: one of the policy's values does, or none if it is negated.
    fn matches(&self, value: &str, known: &impl Known) -> Truth {
        let any = Truth::any(self.tests.iter().map(|test| test.matches(value, known)));
        if self.operator.is_negated() { any.negated() } else { any }
    }

    /// Tells whether `Null` holds; its value is whether the key is to be absent.
    fn presence(&self, present: bool) -> Truth {
        Truth::any(self.tests.iter().map(|test| match test {
            Test::Flag(absent) => Truth::from(*absent != present),
            _ => Truth::Unknown,
        }))
    }
}

/// Returns what an operator other than `Null` comes to where the request does not have the key.
fn absent(operator: Operator) -> Truth {
    match (operator.quantifier, operator.if_exists) {
        (Quantifier::All, _) | (Quantifier::Single, true) => Truth::True,
        // Both rules say something, and not the same.
        (Quantifier::Any, true) => Truth::Unknown,
        (Quantifier::Any, false) => Truth::False,
        (Quantifier::Single, false) => operator.is_negated().into(),
    }
}

/// Returns what an operator comes to where nobody knows the key: unknown, unless every value and none come
/// to the same.
fn without_knowing(operator: Operator, tests: &[Test]) -> Truth {
    if operator.comparison == Comparison::Null {
        let asked = |wanted: bool| {
            tests
                .iter()
                .any(|test| matches!(test, Test::Flag(flag) if *flag == wanted))
        };
        return match (asked(true), asked(false)) {
            (true, true) => Truth::True,
            _ if tests.is_empty() => Truth::False,
            _ => Truth::Unknown,
        };
    }
    let of_any_value = match tests {
        [] => operator.is_negated(),
        _ if tests.iter().any(Test::is_anything) => !operator.is_negated(),
        _ => return Truth::Unknown,
    };
    // Several values without a set operator are not documented, but this holds for every one of them.
    if Truth::from(of_any_value) == absent(operator) {
        absent(operator)
    } else {
        Truth::Unknown
    }
}
