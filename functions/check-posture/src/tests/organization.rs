//! An organization, each of whose accounts is in a unit of its own.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use crisguard_aws::organizations;
use crisguard_core::{
    account::AccountId,
    posture::{Membership, Observed},
    scp::organization::OrganizationDocument,
};
use serde_json::json;

use crate::ports::{ReadOrganization, Structure};

/// An organization, or why it cannot be read.
pub(super) struct Organization {
    /// Its root's children, of which some are accounts directly under it, and whether they are closed.
    pub(super) accounts: Observed<Vec<(&'static str, bool)>>,
    /// Why what is attached cannot be read.
    pub(super) attached: Observed<()>,
    /// How often it was asked, by what was asked for.
    pub(super) asked: RefCell<BTreeMap<&'static str, usize>>,
}

impl Organization {
    fn ask(&self, what: &'static str) {
        *self.asked.borrow_mut().entry(what).or_insert(0) += 1;
    }

    /// Each account is in a unit of its own, named by the account.
    fn document(accounts: &[(&str, bool)]) -> OrganizationDocument {
        let unit = |account: &str| format!("ou-ab12-{account}");
        let full = json!(["p-FullAWSAccess"]);
        let units = accounts
            .iter()
            .map(|(id, _)| json!({"id": unit(id), "parent": "r-ab12", "policies": full}));
        let nodes = accounts
            .iter()
            .map(|(id, _)| json!({"id": id, "parent": unit(id), "policies": full}));
        serde_json::from_value(json!({
            "version": 1, "id": "o-a1b2c3d4e5", "management_account": "999988887777",
            "root": {"id": "r-ab12", "scps_enabled": true, "policies": full},
            "units": units.collect::<Vec<_>>(), "accounts": nodes.collect::<Vec<_>>(), "policies": []
        }))
        .unwrap()
    }
}

impl ReadOrganization for Organization {
    async fn standing(&self, account: &AccountId) -> Observed<Membership> {
        let above = self.above(account).await;
        Ok(Membership::Member(above.map(Arc::new)))
    }

    async fn above(&self, account: &AccountId) -> Observed<OrganizationDocument> {
        self.ask("above");
        let accounts = self.accounts.clone()?;
        let here: Vec<_> = accounts.into_iter().filter(|(id, _)| *id == account.as_str()).collect();
        Ok(Self::document(&here))
    }

    async fn structure(&self) -> Observed<Structure> {
        self.ask("structure");
        let node = |(id, closed): (&str, bool)| organizations::Node {
            id: id.to_owned(),
            name: None,
            parent: "r-ab12".to_owned(),
            policies: Vec::new(),
            closed,
        };
        Ok(Structure {
            member: organizations::Membership {
                id: "o-a1b2c3d4e5".to_owned(),
                management_account: "999988887777".to_owned(),
            },
            tree: organizations::Tree {
                root: organizations::Root {
                    id: "r-ab12".to_owned(),
                    name: None,
                    scps_enabled: true,
                    policies: Vec::new(),
                },
                units: Vec::new(),
                accounts: self.accounts.clone()?.into_iter().map(node).collect(),
                policies: Vec::new(),
            },
        })
    }

    async fn whole(&self, _: Structure) -> Observed<OrganizationDocument> {
        self.ask("whole");
        self.attached.clone()?;
        Ok(Self::document(&self.accounts.clone()?))
    }
}
