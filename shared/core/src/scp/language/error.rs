//! Why a text is not a service control policy.

use std::fmt;

/// Tells where a policy is wrong, what is wrong with it, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    path: String,
    problem: Problem,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is no JSON.
    #[error("this is not JSON ({0}); mend the syntax")]
    NotJson(String),
    /// An object has a member twice.
    #[error("`{0}` is written twice, and AWS does not say which one it takes; merge them")]
    Twice(String),
    /// A value has another type than it must have.
    #[error("this is {found}; write {expected}")]
    Type {
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// An element is not there.
    #[error("`{0}` is missing; add it")]
    Missing(&'static str),
    /// Two elements exclude one another.
    #[error("`{0}` and `{1}` stand together; keep one of them")]
    Both(&'static str, &'static str),
    /// An element names nothing.
    #[error("this list is empty; name at least one")]
    Empty,
    /// The element tells whom the policy is about.
    #[error(
        "a service control policy has no `{0}`, it is about everyone in the accounts below; take it out and \
         name callers in `Condition`, with `aws:PrincipalArn`"
    )]
    Principal(&'static str),
    /// The language has no such element.
    #[error("`{0}` is no element of a service control policy; take it out, or mend its spelling{1}")]
    Element(String, Suggestion),
    /// The language has no such version.
    #[error("`{0}` is no version of the language; write `2012-10-17`")]
    Version(String),
    /// The effect is neither of the two.
    #[error("`{0}` is no effect; write `Allow` or `Deny`")]
    Effect(String),
    /// An action does not name its service.
    #[error("`{0}` is no action; write `*`, or service and name such as `bedrock:InvokeModel`")]
    Action(String),
    /// A resource is no ARN.
    #[error("`{0}` is no resource; write `*`, or an ARN such as `arn:aws:bedrock:*::foundation-model/*`")]
    Resource(String),
    /// The language has no such condition operator.
    #[error(
        "`{0}` is no condition operator; write one such as `StringEquals`, with `ForAnyValue:` or `ForAllValues:` \
         before it, or `IfExists` after it, where that is meant{1}"
    )]
    Operator(String, Suggestion),
    /// `Null` stands with a modifier.
    #[error("`{0}` is no condition operator, for `Null` stands alone; write `Null`")]
    Null(String),
    /// Two statements have the same name.
    #[error("the `Sid` `{0}` is another statement's, too; rename one of them")]
    Sid(String),
}

/// The right spelling, where only that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion(pub(super) Option<&'static str>);

impl PolicyError {
    pub(super) fn new(path: impl fmt::Display, problem: Problem) -> Self {
        let path = path.to_string();
        Self { path, problem }
    }

    /// Returns where it is, such as `Statement[2].Condition.StringNotEquals`; empty for the whole policy.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what is wrong there.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the policy: {}", self.problem),
            path => write!(f, "{path}: {}", self.problem),
        }
    }
}

impl std::error::Error for PolicyError {}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |right| write!(f, " (`{right}`?)"))
    }
}

/// A place in a policy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    pub(super) fn member(&'p self, name: &'p str) -> Self {
        Self::Member(self, name)
    }

    pub(super) fn item(&'p self, index: usize) -> Self {
        Self::Item(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(above, name) => write!(f, "{above}.{name}"),
            Self::Item(above, index) => write!(f, "{above}[{index}]"),
        }
    }
}
