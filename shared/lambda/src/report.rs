//! Errors as people and the Lambda service read them: the whole chain, each cause once.

use std::{error::Error, fmt};

use lambda_runtime::Diagnostic;

/// What failed an invocation or a cold start.
///
/// The conversions that come with the runtime keep only the outermost message, which is the one
/// that says least; this one keeps the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    kind: &'static str,
    chain: String,
}

impl Report {
    /// Reports `error` with its causes under a `kind` by which it can be searched.
    #[must_use]
    pub fn of(kind: &'static str, error: &(dyn Error + 'static)) -> Self {
        Self {
            kind,
            chain: chain(error),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.chain)
    }
}

impl Error for Report {}

impl From<Report> for Diagnostic {
    fn from(report: Report) -> Self {
        Self {
            error_type: report.kind.to_owned(),
            error_message: report.chain,
        }
    }
}

/// Writes an error and its causes, leaving out a cause that its effect has already told.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the policy could not be read")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("access denied")]
    struct Inner;

    #[test]
    fn the_chain_is_told_once() {
        let diagnostic = Diagnostic::from(Report::of("PolicyNotRead", &Outer(Inner)));
        assert_eq!(diagnostic.error_type, "PolicyNotRead");
        assert_eq!(diagnostic.error_message, "the policy could not be read: access denied");
    }

    #[test]
    fn a_repeated_cause_is_left_out() {
        #[derive(Debug, thiserror::Error)]
        #[error("the table: access denied")]
        struct Repeating(#[source] Inner);
        assert_eq!(chain(&Repeating(Inner)), "the table: access denied");
    }
}
