//! What stands above one account: its levels, from the root to the account itself.

use std::{fmt, sync::Arc};

use serde::Serialize;

use crate::scp::{Effect, Policy, PolicyError, StatementRef};

/// The id of the policy that AWS attaches everywhere, and which allows everything.
pub const FULL_AWS_ACCESS: &str = "p-FullAWSAccess";

const FULL_AWS_ACCESS_JSON: &[u8] =
    br#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// A service control policy with the name by which people know it: its id, or the file that it is in.
#[derive(Clone, Debug)]
pub struct Scp {
    name: Arc<str>,
    policy: Arc<Policy>,
    allows_something: bool,
}

/// A level of the organization with what is attached there.
#[derive(Clone, Debug)]
pub struct Level {
    name: Arc<str>,
    policies: Vec<Arc<Scp>>,
}

/// The levels above an account, outermost first, the account itself last.
///
/// "For a permission to be allowed for a specific account, there must be an explicit Allow statement at
/// every level from the root through each OU in the direct path to the account (including the target
/// account itself)"
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>).
#[derive(Clone, Debug)]
pub struct Chain {
    levels: Vec<Arc<Level>>,
    exempt: Option<Exemption>,
}

/// Why no service control policy applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exemption {
    /// It is the management account.
    ManagementAccount,
    /// The caller is a service-linked role.
    ServiceLinkedRole,
    /// The organization has not enabled service control policies.
    NotEnabled,
}

impl fmt::Display for Exemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ManagementAccount => "no service control policy applies to the management account",
            Self::ServiceLinkedRole => "no service control policy applies to a service-linked role",
            Self::NotEnabled => "the organization has not enabled service control policies",
        })
    }
}

impl Scp {
    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be read.
    pub fn parse(name: &str, json: &[u8]) -> Result<Self, PolicyError> {
        Ok(Self::new(name, Policy::parse(json)?))
    }

    /// Names a policy that was read.
    #[must_use]
    pub fn new(name: &str, policy: Policy) -> Self {
        let allows_something = policy
            .statements()
            .iter()
            .any(|statement| statement.effect() == Effect::Allow);
        Self {
            name: name.into(),
            policy: Arc::new(policy),
            allows_something,
        }
    }

    /// Returns it with a number behind its name where another policy has the same: a change is of one of them.
    fn named_apart(self, known: &[Arc<Self>]) -> Self {
        let is_another = |name: &str| {
            known
                .iter()
                .any(|other| *other.name == *name && other.policy != self.policy)
        };
        let numbered = (2..).map(|number| format!("{} ({number})", self.name));
        let free = numbered
            .take(known.len().saturating_add(1))
            .find(|name| !is_another(name));
        match free.filter(|_| is_another(&self.name)) {
            Some(name) => Self {
                name: name.into(),
                ..self
            },
            None => self,
        }
    }

    /// Makes the policy that AWS attaches everywhere.
    ///
    /// # Errors
    ///
    /// Never: its text is part of this program.
    pub fn full_aws_access() -> Result<Self, PolicyError> {
        Self::parse(FULL_AWS_ACCESS, FULL_AWS_ACCESS_JSON)
    }

    /// Returns its id or file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Returns how people know one of its statements: the Sid, or the index from 0.
    #[must_use]
    pub fn label(&self, statement: StatementRef) -> Arc<str> {
        let sid = self.policy.statement(statement).and_then(|statement| statement.sid());
        sid.map_or_else(|| statement.index().to_string().into(), Into::into)
    }

    /// Returns what it says.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn shared_policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy)
    }
}

impl Level {
    /// Names a level, with what is attached to it.
    #[must_use]
    pub fn new(name: &str, policies: Vec<Arc<Scp>>) -> Self {
        Self {
            name: name.into(),
            policies,
        }
    }

    /// Returns its id: that of the root, of a unit or of the account.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Returns what is attached to it.
    #[must_use]
    pub fn policies(&self) -> &[Arc<Scp>] {
        &self.policies
    }
}

impl Chain {
    pub(super) fn new(levels: Vec<Arc<Level>>, exempt: Option<Exemption>) -> Self {
        Self { levels, exempt }
    }

    /// Puts files where they stand in an organization that is not known further: at `root`, at an
    /// organizational unit (`ou`, or any other name; several are levels one under another, in this
    /// order), or at the `account`.
    ///
    /// Two policies of the same name are told apart by a number behind that of the second.
    ///
    /// Where no file allows anything, `FullAWSAccess` stands beside it, as AWS attaches it. A file that has a
    /// statement with the effect `Allow` is an allow-list and stands for itself: beside `FullAWSAccess` it
    /// would do nothing
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>).
    ///
    /// ```
    /// use crisguard_core::scp::organization::{Chain, Scp};
    /// let json = br#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}}"#;
    /// let chain = Chain::of_files([("ou".to_owned(), Scp::parse("deny.json", json)?)])?;
    /// let attached: Vec<usize> = chain.levels().iter().map(|level| level.policies().len()).collect();
    /// assert_eq!(attached, [1, 2, 1]);
    /// # Ok::<(), crisguard_core::scp::PolicyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Never: `FullAWSAccess` is part of this program.
    pub fn of_files(files: impl IntoIterator<Item = (String, Scp)>) -> Result<Self, PolicyError> {
        let mut root = Vec::new();
        let mut units: Vec<(String, Vec<Arc<Scp>>)> = Vec::new();
        let mut account = Vec::new();
        let mut known: Vec<Arc<Scp>> = Vec::new();
        for (level, scp) in files {
            let scp = Arc::new(scp.named_apart(&known));
            known.push(Arc::clone(&scp));
            match level.as_str() {
                "root" => root.push(scp),
                "account" => account.push(scp),
                _ => match units.iter_mut().find(|(name, _)| *name == level) {
                    Some((_, unit)) => unit.push(scp),
                    None => units.push((level, vec![scp])),
                },
            }
        }
        if units.is_empty() {
            units.push(("ou".to_owned(), Vec::new()));
        }
        let full = Arc::new(Scp::full_aws_access()?);
        let level = |(name, mut policies): (String, Vec<Arc<Scp>>)| {
            if !policies.iter().any(|scp| scp.allows_something) {
                policies.insert(0, Arc::clone(&full));
            }
            Arc::new(Level::new(&name, policies))
        };
        let levels = std::iter::once(("root".to_owned(), root))
            .chain(units)
            .chain(std::iter::once(("account".to_owned(), account)));
        Ok(Self::new(levels.map(level).collect(), None))
    }

    /// Returns the levels, outermost first.
    #[must_use]
    pub fn levels(&self) -> &[Arc<Level>] {
        &self.levels
    }

    /// Returns why none of them applies to anybody in the account, if so.
    #[must_use]
    pub fn exempt(&self) -> Option<Exemption> {
        self.exempt
    }

    /// Returns every policy on the way with its level, outermost first.
    pub fn policies(&self) -> impl Iterator<Item = (&Arc<Level>, &Arc<Scp>)> {
        self.levels
            .iter()
            .flat_map(|level| level.policies.iter().map(move |scp| (level, scp)))
    }

    /// Returns a copy with one more policy, at the account.
    #[must_use]
    pub fn with_more(&self, scp: &Arc<Scp>) -> Self {
        let mut more = self.clone();
        if let Some(level) = more.levels.last_mut() {
            let mut policies = level.policies.clone();
            policies.push(Arc::clone(scp));
            *level = Arc::new(Level::new(&level.name, policies));
        }
        more
    }

    /// Returns a copy in which one policy, wherever it is attached, is another.
    #[must_use]
    pub fn with(&self, name: &str, scp: &Arc<Scp>) -> Self {
        let levels = self.levels.iter().map(|level| {
            if level.policies.iter().any(|attached| attached.name() == name) {
                let policies = level
                    .policies
                    .iter()
                    .map(|attached| Arc::clone(if attached.name() == name { scp } else { attached }));
                Arc::new(Level::new(&level.name, policies.collect()))
            } else {
                Arc::clone(level)
            }
        });
        Self::new(levels.collect(), self.exempt)
    }
}
