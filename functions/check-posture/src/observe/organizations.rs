//! The organization, read as whoever may.

use std::sync::Arc;

use crisguard_aws::{Failure, everywhere::Everywhere, organizations::Organization, sts::Role};
use crisguard_core::{
    account::AccountId,
    posture::{Hub, Membership, NotObserved, Observed},
    scp::organization::OrganizationDocument,
};
use crisguard_lambda::organization::document;

use super::observed;
use crate::ports::{ReadOrganization, Structure};

/// The session's name, by which a role's account knows who assumed it.
pub(crate) const SESSION: &str = "crisguard-check-posture";
const DESCRIBE: &str = "organizations:DescribeOrganization";

/// The organization of the account in which crisguard stands.
#[derive(Clone, Debug)]
pub struct Organizations {
    hub: Hub,
    own: Everywhere,
    role: Option<Role>,
}

impl Organizations {
    /// Takes that account, and the role that may read its organization where it is not the function's own.
    #[must_use]
    pub fn new(hub: Hub, own: Everywhere, role: Option<Role>) -> Self {
        Self { hub, own, role }
    }

    /// Returns the organization as whoever may read it.
    async fn reader(&self) -> Result<Organization, Failure> {
        let home = self.hub.home.as_str();
        Ok(match &self.role {
            Some(role) => {
                let session = self.own.roles(home).assume(role, SESSION).await?;
                self.own.assuming(&session).organization(home)
            }
            None => self.own.organization(home),
        })
    }
}

impl ReadOrganization for Organizations {
    async fn standing(&self, account: &AccountId) -> Observed<Membership> {
        let member = observed(self.own.organization(self.hub.home.as_str()).membership().await)?;
        let Some(member) = member else {
            return if self.hub.is_of(account) {
                Ok(Membership::None)
            } else {
                Err(in_none(&self.hub.account))
            };
        };
        if member.management_account == account.as_str() {
            return Ok(Membership::ManagementAccount);
        }
        let tree = async { self.reader().await?.above(account.as_str()).await };
        let above = observed(tree.await).and_then(|tree| document(member, tree));
        Ok(Membership::Member(above.map(Arc::new)))
    }

    async fn above(&self, account: &AccountId) -> Observed<OrganizationDocument> {
        let member = observed(self.own.organization(self.hub.home.as_str()).membership().await)?;
        let member = member.ok_or_else(|| in_none(&self.hub.account))?;
        let tree = async { self.reader().await?.above(account.as_str()).await };
        observed(tree.await).and_then(|tree| document(member, tree))
    }

    async fn structure(&self) -> Observed<Structure> {
        let member = observed(self.own.organization(self.hub.home.as_str()).membership().await)?;
        let member = member.ok_or_else(|| in_none(&self.hub.account))?;
        let tree = async { self.reader().await?.structure().await };
        let tree = observed(tree.await)?;
        Ok(Structure { member, tree })
    }

    async fn whole(&self, Structure { member, tree }: Structure) -> Observed<OrganizationDocument> {
        let tree = async { self.reader().await?.with_what_is_attached(tree).await };
        observed(tree.await).and_then(|tree| document(member, tree))
    }
}

fn in_none(own: &AccountId) -> NotObserved {
    NotObserved::new(DESCRIBE, &format!("the account {own} is in no organization"))
}
