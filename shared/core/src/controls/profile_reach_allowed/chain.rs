//! What stands above the account, and what comes of calls under it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    account::AccountId,
    posture::{NotObserved, Wrong},
    scp::{
        organization::{Chain, Organization, OrganizationDocument},
        reach::{Caller, Denied, DeniedBy, Principal, Reach, Target},
    },
};

/// The action by which what a policy says is read.
const READ: &str = "organizations:DescribePolicy";

/// The levels above an account.
pub(super) struct Above<'a> {
    pub(super) account: &'a AccountId,
    document: &'a OrganizationDocument,
    organization: Organization,
    chain: Chain,
}

impl<'a> Above<'a> {
    /// Reads what Organizations answered; what cannot be understood was not observed.
    pub(super) fn read(document: &'a OrganizationDocument, account: &'a AccountId) -> Result<Self, NotObserved> {
        let unseen = |cause: &str| NotObserved::new(READ, cause);
        let organization = Organization::new(document.clone()).map_err(|error| unseen(&chain_of(&error)))?;
        let chain = organization.chain(account);
        let chain = chain.ok_or_else(|| unseen("the answers do not say what stands above the account"))?;
        Ok(Self {
            account,
            document,
            organization,
            chain,
        })
    }

    /// Evaluates calls by a role that no policy names.
    pub(super) fn reach(&self, targets: Vec<Target>) -> Result<Reach, NotObserved> {
        let mut caller = Caller::new(self.account.clone(), &Principal::Ordinary);
        if let Some(id) = self.organization.id() {
            caller = caller.in_organization(id, self.organization.path(self.account).as_ref());
        }
        let reach = Reach::of_account(&self.chain, &caller, targets);
        reach.map_err(|error| NotObserved::new(READ, &error.to_string()))
    }

    /// Returns what denies a call: each statement once, with where it does.
    pub(super) fn wrong(&self, denied: &[Denied]) -> Vec<Wrong> {
        let mut by_statement: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for one in denied {
            let by = (one.kind, &one.level, &one.policy, &one.statement);
            by_statement.entry(by).or_default().insert(one.region.to_string());
        }
        let wrong = by_statement
            .into_iter()
            .map(|((kind, level, policy, statement), regions)| {
                let regions = regions.into_iter().collect();
                match (kind, statement) {
                    (DeniedBy::Explicit, Some(statement)) => Wrong::DeniedByStatement {
                        policy: policy.to_string(),
                        policy_name: self.name(policy),
                        statement: statement.to_string(),
                        regions,
                    },
                    _ => Wrong::AllowedByNoStatement {
                        level: level.to_string(),
                        policies: policy.to_string(),
                        regions,
                    },
                }
            });
        // Attached at two levels, it is one statement.
        wrong.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn name(&self, id: &str) -> Option<String> {
        let policy = self.document.policies.iter().find(|policy| policy.id == id)?;
        policy.name.clone()
    }
}

/// Writes an error with what it comes from.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
