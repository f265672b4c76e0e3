//! Why a record or message could not be read.

use super::LARGEST_RECORD;

/// Tells why a record or message could not be read.
///
/// What it shows never holds the record's own values: they may be a customer's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is not JSON, or not a JSON object.
    #[error("it is not a JSON object of the expected form (line {line}, column {column})")]
    NotJson {
        /// The line at which reading stopped, from 1.
        line: usize,
        /// The column at which reading stopped, from 1.
        column: usize,
    },
    /// It is larger than any record can be.
    #[error("it is {bytes} bytes long; a record has at most {LARGEST_RECORD}")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A member that crisguard cannot do without is absent or of the wrong form.
    #[error("`{path}` {problem}")]
    Member {
        /// The member's path in the record.
        path: &'static str,
        /// What is wrong with it.
        problem: MemberProblem,
    },
}

/// What is wrong with a member that crisguard cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberProblem {
    /// It is not there.
    #[error("is absent")]
    Absent,
    /// It is a text without anything in it.
    #[error("is empty")]
    Empty,
    /// It is a number, an object or another kind of value.
    #[error("is not a text")]
    NoText,
    /// It is a text, and none that Regions are named by.
    #[error("is not the name of a Region")]
    NoRegion,
    /// It is a text, and no time.
    #[error("is not an RFC 3339 time")]
    NoTime,
    /// It is a text, and no account.
    #[error("is not a 12-digit account id")]
    NoAccount,
    /// The event and the record in it are of two accounts.
    #[error("is not the account whose record the event carries")]
    AnotherAccount,
    /// It is no entry of the log of model invocations.
    #[error("is not `ModelInvocationLog`")]
    NoInvocationLog,
}

impl From<serde_json::Error> for Rejection {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson {
            line: error.line(),
            column: error.column(),
        }
    }
}
