//! The organization: which policies stand at which level above each account.

mod chain;
mod document;
mod error;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use chain::{Chain, Exemption, FULL_AWS_ACCESS, Level, Scp};
pub use document::{AccountNode, Content, Node, OrganizationDocument, PolicyNode, RootNode, UnitNode};
pub use error::OrganizationError;

use super::language::json::without_mark;
use crate::account::{AccountId, OrganizationPath};

/// An organization that has been read and found sound: every parent, policy and account it names is there.
///
/// ```
/// use crisguard_core::scp::organization::Organization;
/// let organization = Organization::parse(br#"{
///   "version": 1, "id": "o-a1b2c3d4e5", "management_account": "111122223333",
///   "root": {"id": "r-ab12", "scps_enabled": true, "policies": ["p-FullAWSAccess"]},
///   "units": [{"id": "ou-ab12-11111111", "parent": "r-ab12", "policies": ["p-FullAWSAccess", "p-regions1"]}],
///   "accounts": [{"id": "222233334444", "parent": "ou-ab12-11111111", "policies": ["p-FullAWSAccess"]}],
///   "policies": [{"id": "p-regions1", "content": {"Version": "2012-10-17", "Statement": {
///     "Effect": "Deny", "Action": "*", "Resource": "*",
///     "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}}}]
/// }"#)?;
/// let chain = organization.chain(&"222233334444".parse()?).unwrap();
/// let levels: Vec<&str> = chain.levels().iter().map(|level| level.name()).collect();
/// assert_eq!(levels, ["r-ab12", "ou-ab12-11111111", "222233334444"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Organization {
    document: OrganizationDocument,
    /// The root and the units, by id.
    units: BTreeMap<String, Unit>,
    accounts: BTreeMap<AccountId, Account>,
}

/// The root or a unit: what is above it, and what is attached to it.
#[derive(Clone, Debug)]
struct Unit {
    parent: Option<String>,
    level: Arc<Level>,
}

#[derive(Clone, Debug)]
struct Account {
    parent: String,
    level: Arc<Level>,
}

impl Organization {
    /// Reads an organization's JSON, as [`OrganizationDocument`] has it.
    ///
    /// # Errors
    ///
    /// Fails at the first part that is unknown, missing or malformed, or that names something that is not
    /// there, and says which by its path.
    pub fn parse(json: &[u8]) -> Result<Self, OrganizationError> {
        let mut deserializer = serde_json::Deserializer::from_slice(without_mark(json));
        let document = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            OrganizationError::malformed(&path, &error.into_inner())
        })?;
        deserializer
            .end()
            .map_err(|error| OrganizationError::malformed(".", &error))?;
        Self::new(document)
    }

    /// Takes an organization that was put together from Organizations' answers.
    ///
    /// # Errors
    ///
    /// Fails if a policy cannot be read, or if a part names something that is not there.
    pub fn new(document: OrganizationDocument) -> Result<Self, OrganizationError> {
        error::supported(document.version)?;
        let scps = policies(&document)?;
        let units = units(&document, &scps)?;
        let accounts = accounts(&document, &scps, &units)?;
        Ok(Self {
            document,
            units,
            accounts,
        })
    }

    /// Returns the organization as it can be written to a file and read again.
    #[must_use]
    pub fn document(&self) -> &OrganizationDocument {
        &self.document
    }

    /// Returns the JSON Schema of the document (draft 2020-12).
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(OrganizationDocument).to_value()
    }

    /// Returns the organization's id, where it is known.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.document.id.as_deref()
    }

    /// Returns every account, in order.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.accounts.keys()
    }

    /// Returns what stands above an account, outermost first, or `None` if it is not in the organization.
    ///
    /// "SCPs don't affect users or roles in the management account"
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>).
    #[must_use]
    pub fn chain(&self, account: &AccountId) -> Option<Chain> {
        let Account { parent, level } = self.accounts.get(account)?;
        let mut levels = vec![Arc::clone(level)];
        levels.extend(self.above(parent).map(|(_, unit)| Arc::clone(&unit.level)));
        levels.reverse();
        let exempt = if *account == self.document.management_account {
            Some(Exemption::ManagementAccount)
        } else if self.document.root.scps_enabled {
            None
        } else {
            Some(Exemption::NotEnabled)
        };
        Some(Chain::new(levels, exempt))
    }

    /// Returns an account's place as the key `aws:PrincipalOrgPaths` has it, where the organization's id is
    /// known.
    #[must_use]
    pub fn path(&self, account: &AccountId) -> Option<OrganizationPath> {
        let account = self.accounts.get(account)?;
        let mut parts: Vec<&str> = self.above(&account.parent).map(|(id, _)| id).collect();
        parts.push(self.id()?);
        parts.reverse();
        parts.join("/").parse().ok()
    }

    /// Returns the place of every account that [`path`](Self::path) knows.
    #[must_use]
    pub fn places(&self) -> BTreeMap<AccountId, OrganizationPath> {
        let place = |account: &AccountId| Some((account.clone(), self.path(account)?));
        self.accounts().filter_map(place).collect()
    }

    /// Returns the unit and all above it, the root last.
    fn above<'o>(&'o self, unit: &'o str) -> impl Iterator<Item = (&'o str, &'o Unit)> {
        let mut next = Some(unit);
        std::iter::from_fn(move || {
            let id = next?;
            let unit = self.units.get(id)?;
            next = unit.parent.as_deref();
            Some((id, unit))
        })
    }

    /// Returns a copy in which the text of one policy is another, to see what that would change.
    ///
    /// # Errors
    ///
    /// Fails if there is no such policy, or the text cannot be read.
    pub fn with_policy(&self, id: &str, content: serde_json::Value) -> Result<Self, OrganizationError> {
        let mut document = self.document.clone();
        match document.policies.iter_mut().find(|policy| policy.id == id) {
            Some(policy) => policy.content = Content(content),
            None => return Err(OrganizationError::no_such_policy(id)),
        }
        Self::new(document)
    }
}

type Scps = BTreeMap<String, Arc<Scp>>;

fn policies(document: &OrganizationDocument) -> Result<Scps, OrganizationError> {
    let mut scps = Scps::new();
    for (index, node) in document.policies.iter().enumerate() {
        let scp = Scp::parse(&node.id, node.content.json().as_bytes())
            .map_err(|source| OrganizationError::policy(index, &node.id, source))?;
        if scps.insert(node.id.clone(), Arc::new(scp)).is_some() {
            return Err(OrganizationError::twice(&format!("policies[{index}].id"), &node.id));
        }
    }
    if let std::collections::btree_map::Entry::Vacant(entry) = scps.entry(FULL_AWS_ACCESS.to_owned()) {
        let scp = Scp::full_aws_access().map_err(|source| OrganizationError::policy(0, FULL_AWS_ACCESS, source))?;
        entry.insert(Arc::new(scp));
    }
    Ok(scps)
}

fn units(document: &OrganizationDocument, scps: &Scps) -> Result<BTreeMap<String, Unit>, OrganizationError> {
    let root = &document.root;
    let level = level(root.scps_enabled, "root", &root.id, &root.policies, scps)?;
    let mut units = BTreeMap::from([(root.id.clone(), Unit { parent: None, level })]);
    for (index, node) in document.units.iter().enumerate() {
        let level = self::level(
            root.scps_enabled,
            &format!("units[{index}]"),
            &node.id,
            &node.policies,
            scps,
        )?;
        let unit = Unit {
            parent: Some(node.parent.clone()),
            level,
        };
        if units.insert(node.id.clone(), unit).is_some() {
            return Err(OrganizationError::twice(&format!("units[{index}].id"), &node.id));
        }
    }
    for (index, node) in document.units.iter().enumerate() {
        if !units.contains_key(&node.parent) {
            return Err(OrganizationError::no_such_parent(
                &format!("units[{index}]"),
                &node.parent,
            ));
        }
    }
    match in_circle(document, &units) {
        Some((index, id)) => Err(OrganizationError::circle(index, id)),
        None => Ok(units),
    }
}

/// Returns the first unit from which no way leads to the root. Each step is gone once, however deep units are
/// nested in what claims to be an organization.
fn in_circle<'d>(document: &'d OrganizationDocument, units: &'d BTreeMap<String, Unit>) -> Option<(usize, &'d str)> {
    let mut reach_root: BTreeSet<&str> = BTreeSet::new();
    for (index, node) in document.units.iter().enumerate() {
        let mut way: BTreeSet<&str> = BTreeSet::new();
        let mut place = node.id.as_str();
        while !reach_root.contains(place) {
            if !way.insert(place) {
                return Some((index, &node.id));
            }
            match units.get(place).and_then(|unit| unit.parent.as_deref()) {
                Some(parent) => place = parent,
                None => break,
            }
        }
        reach_root.extend(way);
    }
    None
}

fn accounts(
    document: &OrganizationDocument,
    scps: &Scps,
    units: &BTreeMap<String, Unit>,
) -> Result<BTreeMap<AccountId, Account>, OrganizationError> {
    let mut accounts = BTreeMap::new();
    for (index, node) in document.accounts.iter().enumerate() {
        let path = format!("accounts[{index}]");
        if !units.contains_key(&node.parent) {
            return Err(OrganizationError::no_such_parent(&path, &node.parent));
        }
        let level = level(
            document.root.scps_enabled,
            &path,
            node.id.as_str(),
            &node.policies,
            scps,
        )?;
        let account = Account {
            parent: node.parent.clone(),
            level,
        };
        if accounts.insert(node.id.clone(), account).is_some() {
            return Err(OrganizationError::twice(&format!("{path}.id"), node.id.as_str()));
        }
    }
    Ok(accounts)
}

/// While policies are enabled there is at least one everywhere: a level without any was not read whole, and
/// would be taken to deny everything
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>).
fn level(
    enabled: bool,
    path: &str,
    name: &str,
    attached: &[String],
    scps: &Scps,
) -> Result<Arc<Level>, OrganizationError> {
    if enabled && attached.is_empty() {
        return Err(OrganizationError::nothing_attached(path, name));
    }
    let of = |(index, id): (usize, &String)| match scps.get(id) {
        Some(scp) => Ok(Arc::clone(scp)),
        None => Err(OrganizationError::unknown_policy(
            &format!("{path}.policies[{index}]"),
            id,
        )),
    };
    let policies = attached.iter().enumerate().map(of).collect::<Result<_, _>>()?;
    Ok(Arc::new(Level::new(name, policies)))
}
