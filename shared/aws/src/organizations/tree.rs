//! The organization's tree with its service control policies: above one account, or all of it.

use std::collections::BTreeSet;

use futures_util::{
    future::try_join,
    stream::{self, StreamExt as _, TryStreamExt as _},
};

use super::{Organization, PARENTS};
use crate::Failure;

/// How many calls of one reading are on their way at once. Organizations answers all callers of the organization together a
/// few times a second
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>).
pub const CALLS_AT_ONCE: usize = 4;
/// How many units can be one under another, and some more
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>).
const DEEPEST: usize = 16;
/// The policy that AWS attaches everywhere. Nobody can change it, so it is not asked for.
const FULL_AWS_ACCESS: &str = "p-FullAWSAccess";
/// What `ListParents` calls the root.
const IS_ROOT: &str = "ROOT";

/// An organization, or the part of it that stands above one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The root.
    pub root: Root,
    /// The organizational units.
    pub units: Vec<Node>,
    /// The accounts.
    pub accounts: Vec<Node>,
    /// Every policy that is attached to any of them, once; without `p-FullAWSAccess`, which everybody knows.
    pub policies: Vec<Policy>,
}

/// The root of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its id, such as `r-ab12`.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Whether service control policies are enabled.
    pub scps_enabled: bool,
    /// The ids of the service control policies that are attached to it; none while they are not enabled.
    pub policies: Vec<String>,
}

/// An organizational unit or an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its name, where it was asked for.
    pub name: Option<String>,
    /// The id of the root or unit that it is under.
    pub parent: String,
    /// The ids of the service control policies that are attached to it; none while they are not enabled.
    pub policies: Vec<String>,
    /// Whether it was said to be an account that nobody can use: closed, suspended or not yet open.
    pub closed: bool,
}

/// A service control policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its id, such as `p-a1b2c3d4`.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// What it says, as JSON.
    pub content: String,
}

impl Organization {
    /// Reads what stands above an account: each unit up to the root with what is attached there, and what that
    /// says. Each is asked for once. The management account may ask, and a delegated administrator
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html>).
    ///
    /// # Errors
    ///
    /// Fails at the first call that Organizations refuses or does not answer as it should; the failure names
    /// the action.
    pub async fn above(&self, account: &str) -> Result<Tree, Failure> {
        let (root, (account, units)) = try_join(self.root(), self.way_up(account)).await?;
        self.with_policies(root, units, vec![account]).await
    }

    /// Reads the whole organization: each unit and account with what is attached there, and what that says.
    /// Each is asked for once.
    ///
    /// # Errors
    ///
    /// Fails at the first call that Organizations refuses or does not answer as it should; the failure names
    /// the action.
    pub async fn whole(&self) -> Result<Tree, Failure> {
        let structure = self.structure().await?;
        self.with_what_is_attached(structure).await
    }

    /// Reads how the organization is built: each unit and account, as far as [`whole`](Self::whole) has them, but not
    /// what is attached to them, which takes a call for each.
    ///
    /// # Errors
    ///
    /// Fails at the first call that Organizations refuses or does not answer as it should; the failure names
    /// the action.
    pub async fn structure(&self) -> Result<Tree, Failure> {
        let root = self.root().await?;
        let (mut units, mut accounts) = (Vec::new(), Vec::new());
        let mut level = vec![root.id.clone()];
        for _ in 0..DEEPEST {
            if level.is_empty() {
                break;
            }
            let parents = stream::iter(&level);
            let below = parents.map(|parent| try_join(self.units(parent), self.accounts(parent)));
            let below: Vec<_> = below.buffered(CALLS_AT_ONCE / 2).try_collect().await?;
            let mut next = Vec::new();
            for (more, inside) in below {
                next.extend(more.iter().map(|unit| unit.id.clone()));
                units.extend(more);
                accounts.extend(inside);
            }
            level = next;
        }
        if !level.is_empty() {
            return Err(too_deep(super::UNITS, &root.id));
        }
        Ok(Tree {
            root,
            units,
            accounts,
            policies: Vec::new(),
        })
    }

    /// Adds what is attached to each node of a [`structure`](Self::structure), and what that says.
    ///
    /// # Errors
    ///
    /// Fails at the first call that Organizations refuses or does not answer as it should; the failure names
    /// the action.
    pub async fn with_what_is_attached(&self, structure: Tree) -> Result<Tree, Failure> {
        let Tree {
            root, units, accounts, ..
        } = structure;
        self.with_policies(root, units, accounts).await
    }

    /// Returns an account and the units above it, each with its parent.
    async fn way_up(&self, account: &str) -> Result<(Node, Vec<Node>), Failure> {
        let mut nodes = Vec::new();
        let mut child = account.to_owned();
        for _ in 0..DEEPEST {
            let parent = self.parent(&child).await?;
            let above = parent.id.clone();
            nodes.push(Node {
                id: std::mem::replace(&mut child, above),
                name: None,
                parent: parent.id,
                policies: Vec::new(),
                closed: false,
            });
            if parent.kind == IS_ROOT {
                let mut nodes = nodes.into_iter();
                let account = nodes.next().ok_or_else(|| too_deep(PARENTS, account))?;
                return Ok((account, nodes.collect()));
            }
        }
        Err(too_deep(PARENTS, account))
    }

    /// Adds what is attached to each node, and what each of the policies says.
    async fn with_policies(
        &self,
        mut root: Root,
        mut units: Vec<Node>,
        mut accounts: Vec<Node>,
    ) -> Result<Tree, Failure> {
        if root.scps_enabled {
            root.policies = self.attached(&root.id).await?;
            for nodes in [&mut units, &mut accounts] {
                let attached = stream::iter(nodes.iter()).map(|node| self.attached(&node.id));
                let attached: Vec<_> = attached.buffered(CALLS_AT_ONCE).try_collect().await?;
                for (node, attached) in nodes.iter_mut().zip(attached) {
                    node.policies = attached;
                }
            }
        }
        let named = units.iter().chain(&accounts).flat_map(|node| &node.policies);
        let named: BTreeSet<&String> = named.chain(&root.policies).collect();
        let named = named.into_iter().filter(|id| *id != FULL_AWS_ACCESS);
        let policies = stream::iter(named).map(|id| self.policy(id));
        let policies = policies.buffered(CALLS_AT_ONCE).try_collect().await?;
        Ok(Tree {
            root,
            units,
            accounts,
            policies,
        })
    }
}

fn too_deep(action: &'static str, resource: &str) -> Failure {
    let cause = format!("more than {DEEPEST} units are one under another");
    Failure::unclear(action, resource, cause)
}
