//! What AWS Organizations answered, as the organization that policies are evaluated in.

use crisguard_aws::organizations::{Membership, Node, Tree};
use crisguard_core::{
    posture::{NotObserved, Observed},
    scp::organization::{AccountNode, Content, OrganizationDocument, PolicyNode, RootNode, UnitNode},
};

const ORGANIZATION: &str = "organizations:DescribeOrganization";
const PARENTS: &str = "organizations:ListParents";

/// Puts an organization together from which one it is and how it is built.
///
/// # Errors
///
/// Fails if an account that is named is none: what was answered was not understood, and so was not observed.
pub fn document(member: Membership, tree: Tree) -> Observed<OrganizationDocument> {
    let management = member.management_account.parse().map_err(|_| {
        let cause = format!("`{}` is not the number of an account", member.management_account);
        NotObserved::new(ORGANIZATION, &cause)
    })?;
    let Tree {
        root,
        units,
        accounts,
        policies,
    } = tree;
    let accounts = accounts.into_iter().map(|node| {
        let id = node.id.parse();
        let id =
            id.map_err(|_| NotObserved::new(PARENTS, &format!("`{}` is not the number of an account", node.id)))?;
        let Node {
            name, parent, policies, ..
        } = node;
        Ok(AccountNode {
            id,
            name,
            parent,
            policies,
        })
    });
    Ok(OrganizationDocument {
        version: 1,
        id: Some(member.id),
        management_account: management,
        root: RootNode {
            id: root.id,
            name: root.name,
            scps_enabled: root.scps_enabled,
            policies: root.policies,
        },
        units: units
            .into_iter()
            .map(|unit| UnitNode {
                id: unit.id,
                name: unit.name,
                parent: unit.parent,
                policies: unit.policies,
            })
            .collect(),
        accounts: accounts.collect::<Observed<_>>()?,
        policies: policies
            .into_iter()
            .map(|policy| PolicyNode {
                id: policy.id,
                name: policy.name,
                content: Content(policy.content.into()),
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use crisguard_aws::organizations::{Policy, Root};
    use crisguard_core::scp::organization::Organization;

    use super::*;

    fn tree() -> Tree {
        let node = |id: &str, parent: &str, policy: &str| Node {
            id: id.to_owned(),
            name: None,
            parent: parent.to_owned(),
            policies: vec![policy.to_owned()],
            closed: false,
        };
        Tree {
            root: Root {
                id: "r-ab12".to_owned(),
                name: Some("Root".to_owned()),
                scps_enabled: true,
                policies: vec!["p-FullAWSAccess".to_owned()],
            },
            units: vec![node("ou-ab12-11111111", "r-ab12", "p-regions1")],
            accounts: vec![node("111122223333", "ou-ab12-11111111", "p-FullAWSAccess")],
            policies: vec![Policy {
                id: "p-regions1".to_owned(),
                name: Some("Regions".to_owned()),
                content: r#"{"Statement": {"Sid": "S", "Effect": "Allow", "Action": "*", "Resource": "*"}}"#.to_owned(),
            }],
        }
    }

    fn member(management_account: &str) -> Membership {
        Membership {
            id: "o-a1b2c3d4e5".to_owned(),
            management_account: management_account.to_owned(),
        }
    }

    #[test]
    fn what_organizations_answers_is_an_organization() {
        let document = document(member("444455556666"), tree()).unwrap();
        assert_eq!(document.policies[0].name.as_deref(), Some("Regions"));
        let organization = Organization::new(document).unwrap();
        let account = "111122223333".parse().unwrap();
        let chain = organization.chain(&account).unwrap();
        let levels: Vec<&str> = chain.levels().iter().map(|level| level.name()).collect();
        assert_eq!(levels, ["r-ab12", "ou-ab12-11111111", "111122223333"]);
        let policies: Vec<&str> = chain.policies().map(|(_, scp)| scp.name()).collect();
        assert_eq!(policies, ["p-FullAWSAccess", "p-regions1", "p-FullAWSAccess"]);
        let path = organization.path(&account).unwrap();
        assert_eq!(path.to_string(), "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111");
    }

    #[test]
    fn what_is_no_account_was_not_observed() {
        let action = |answer: Observed<OrganizationDocument>| answer.unwrap_err().action;
        assert_eq!(action(document(member("somebody"), tree())), ORGANIZATION);
        let mut strange = tree();
        strange.accounts[0].id = "somebody".to_owned();
        assert_eq!(action(document(member("444455556666"), strange)), PARENTS);
    }
}
