//! The language of service control policies: IAM's, in full since September 2025, without principals
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html>).

mod action;
pub(crate) mod arn;
mod dependence;
mod error;
mod given;
pub(crate) mod json;
pub(crate) mod pattern;
mod statement;

use std::{fmt, hash};

use serde_json::Value;

use self::error::Path;
pub use self::{
    dependence::Dependence,
    error::{PolicyError, Problem, Suggestion},
    statement::{Effect, Names, Statement},
};

/// A service control policy.
///
/// ```
/// use crisguard_core::scp::Policy;
/// let json = br#"{"Version": "2012-10-17", "Statement": {"Sid": "Regions", "Effect": "Deny", "Action": "*",
///     "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}}"#;
/// let policy = Policy::parse(json)?;
/// assert_eq!(policy.statements()[0].sid(), Some("Regions"));
///
/// let error = Policy::parse(br#"{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": ["*", 1]}]}"#).unwrap_err();
/// assert_eq!(error.to_string(), "Statement[0].Resource[1]: this is a number; write a text");
/// # Ok::<(), crisguard_core::scp::PolicyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    document: Value,
    size: Size,
    statements: Box<[Statement]>,
    dependence: Dependence,
}

/// How long a policy is, in characters, as AWS counts them for the quota
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// As it is written: what the command line and the SDKs save.
    pub written: usize,
    /// Without white space between the elements: what the console saves.
    pub minified: usize,
}

/// A statement by its place in its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementRef(usize);

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// If it is no service control policy: the error names where, and what to write instead.
    pub fn parse(json: &[u8]) -> Result<Self, PolicyError> {
        let document = json::read(json)?;
        Self::of(document, Size::of(&String::from_utf8_lossy(json::without_mark(json))))
    }

    /// Makes a policy of a document, such as one of another policy that was changed.
    ///
    /// # Errors
    ///
    /// If it is no service control policy, as for [`Policy::parse`].
    pub fn from_document(document: Value) -> Result<Self, PolicyError> {
        let size = Size::of(&document.to_string());
        Self::of(document, size)
    }

    fn of(document: Value, size: Size) -> Result<Self, PolicyError> {
        let path = Path::Root;
        let mut variables = false;
        let mut json = None;
        for (name, value) in statement::object(&document, &path)? {
            let path = &path.member(name);
            match name.as_str() {
                "Version" => variables = with_variables(statement::text(value, path)?, path)?,
                "Id" => {
                    statement::text(value, path)?;
                }
                "Statement" => json = Some(value),
                other => return Err(statement::unknown_element(other, &["Version", "Id", "Statement"], path)),
            }
        }
        let Some(json) = json else {
            return Err(PolicyError::new(path, Problem::Missing("Statement")));
        };
        let path = path.member("Statement");
        let mut statements: Vec<Statement> = Vec::new();
        statement::each(json, &path, |json, path| {
            let statement = Statement::parse(json, statements.len(), variables, path)?;
            let same = |other: &&Statement| statement.sid().is_some() && other.sid() == statement.sid();
            if let Some(sid) = statements.iter().find(same).and_then(Statement::sid) {
                return Err(PolicyError::new(path.member("Sid"), Problem::Sid(sid.to_owned())));
            }
            statements.push(statement);
            Ok(())
        })?;
        if statements.is_empty() {
            return Err(PolicyError::new(path, Problem::Empty));
        }
        Ok(Self {
            dependence: Dependence::of(&statements),
            document,
            size,
            statements: statements.into(),
        })
    }

    /// Returns its statements, in their order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Returns a statement of it, if the reference is one to this policy.
    #[must_use]
    pub fn statement(&self, reference: StatementRef) -> Option<&Statement> {
        self.statements.get(reference.0)
    }

    /// Returns its JSON, with all members in the order in which they were written: to be changed and given to
    /// [`Policy::from_document`], or to be printed.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Returns how long it is.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// Tells on what of a caller its judgements depend.
    #[must_use]
    pub fn dependence(&self) -> Dependence {
        self.dependence
    }

    /// Tells whether its judgements depend on the account. If not, those of two requests that differ in
    /// nothing but the account are the same.
    #[must_use]
    pub fn depends_on_account(&self) -> bool {
        self.dependence.account
    }
}

/// Prints it without white space between the elements.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.document == other.document
    }
}

impl Eq for Policy {}

impl hash::Hash for Policy {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.document.hash(state);
    }
}

impl StatementRef {
    pub(crate) fn of(statement: &Statement) -> Self {
        Self(statement.index())
    }

    /// Returns its place in its policy, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

impl Size {
    fn of(json: &str) -> Self {
        let (mut minified, mut quoted, mut escaped) = (0_usize, false, false);
        for sign in json.chars() {
            if quoted || !sign.is_ascii_whitespace() {
                minified = minified.saturating_add(1);
            }
            match sign {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
        }
        Self {
            written: json.chars().count(),
            minified,
        }
    }
}

/// Tells whether a version of the language has variables; before 2012-10-17 they are plain text
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>).
fn with_variables(version: &str, path: &Path<'_>) -> Result<bool, PolicyError> {
    match version {
        "2012-10-17" => Ok(true),
        "2008-10-17" => Ok(false),
        other => Err(PolicyError::new(path, Problem::Version(other.to_owned()))),
    }
}

#[cfg(test)]
mod tests;
