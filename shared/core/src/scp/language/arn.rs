//! Patterns of ARNs, as conditions and `Resource` have them.

use std::sync::Arc;

use super::pattern::{Pattern, Syntax};
use crate::{
    arn::Arn,
    scp::{Truth, request::Known},
};

/// The parts of an ARN's pattern, each matched by itself
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>).
#[derive(Clone, Debug)]
pub(crate) struct ArnPattern {
    parts: Box<[Pattern]>,
}

/// A pattern in `Resource` or `NotResource`.
#[derive(Clone, Debug)]
pub(crate) enum ResourcePattern {
    /// `*`: everything.
    Anything,
    /// An ARN.
    Arn {
        parts: ArnPattern,
        /// The same as one text, whose `*` match colons, too.
        whole: Pattern,
        /// Whether each `*` before the resource's own part ends its part.
        expands: bool,
        /// Whether a variable stands before the resource's own part, where AWS says that none can.
        misplaced: bool,
    },
}

impl ArnPattern {
    pub(crate) fn parse(text: &str, variables: bool) -> Self {
        let syntax = Syntax {
            wildcards: true,
            variables,
        };
        let parts = split(text, variables).map(|part| Pattern::parse(part, syntax));
        Self { parts: parts.collect() }
    }

    /// Returns the keys of the variables in it.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Arc<str>> {
        self.parts.iter().flat_map(Pattern::variables)
    }

    /// Tells whether an ARN matches. What is no ARN does not; a pattern with fewer than six parts that has
    /// nothing against it may, for AWS says of identity policies alone that it completes them.
    pub(crate) fn matches(&self, text: &str, known: &impl Known) -> Truth {
        let Some(arn) = Arn::parse(text) else {
            return Truth::False;
        };
        let texts = ["arn", arn.partition, arn.service, arn.region, arn.account, arn.resource];
        let parts = self.parts.iter().zip(texts);
        let matched = Truth::all(parts.map(|(pattern, text)| pattern.matches(text, false, known)));
        if self.is_complete() {
            matched
        } else {
            matched.and(Truth::Unknown)
        }
    }

    /// Tells whether it has all parts of an ARN.
    pub(crate) fn is_complete(&self) -> bool {
        self.parts.len() == 6
    }
}

impl ResourcePattern {
    pub(crate) fn parse(text: &str, variables: bool) -> Self {
        if text == "*" {
            return Self::Anything;
        }
        let syntax = Syntax {
            wildcards: true,
            variables,
        };
        let inside = |part: &str| part.trim_end_matches('*').contains('*');
        let parts = ArnPattern::parse(text, variables);
        Self::Arn {
            misplaced: parts.parts.iter().take(5).any(Pattern::is_variable),
            parts,
            whole: Pattern::parse(text, syntax),
            expands: !split(text, variables).take(5).any(inside),
        }
    }

    /// Returns the keys of the variables in it.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Arc<str>> {
        match self {
            Self::Anything => None,
            Self::Arn { parts, .. } => Some(parts.variables()),
        }
        .into_iter()
        .flatten()
    }

    /// Tells whether AWS documents what it matches: each `*` in the right place ends its part, all parts are there
    /// or a `*` at the end stands for them, and no variable is where none can be.
    pub(crate) fn is_documented(&self) -> bool {
        match self {
            Self::Anything => true,
            Self::Arn {
                parts,
                whole,
                expands,
                misplaced,
            } => !misplaced && (parts.is_complete() || (*expands && whole.ends_open())),
        }
    }

    /// Tells whether a resource matches: part by part, or because a `*` at the end of a part "can expand to
    /// match beyond the colon boundaries"
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>).
    /// Of a `*` within a part the page does not say that.
    pub(crate) fn matches(&self, text: &str, known: &impl Known) -> Truth {
        match self {
            Self::Anything => Truth::True,
            Self::Arn {
                parts,
                whole,
                expands,
                misplaced,
            } => {
                let expanded = whole.matches(text, false, known);
                // What matches part by part matches as a whole.
                let matched = match (*expands, parts.is_complete()) {
                    (true, true) => expanded,
                    (true, false) => parts.matches(text, known).or(expanded),
                    (false, _) => parts.matches(text, known).or(expanded.and(Truth::Unknown)),
                };
                if *misplaced {
                    matched.and(Truth::Unknown)
                } else {
                    matched
                }
            }
        }
    }
}

/// Splits a pattern at the colons that are not a variable's.
fn split(text: &str, variables: bool) -> impl Iterator<Item = &str> {
    let mut inside = false;
    let mut colons = 0_u8;
    text.split(move |sign| {
        match sign {
            '{' if variables => inside = true,
            '}' => inside = false,
            ':' if !inside && colons < 5 => {
                colons = colons.saturating_add(1);
                return true;
            }
            _ => {}
        }
        false
    })
}
