//! What Organizations is asked, and what of its answers is read; times, ARNs and addresses of people are left
//! out (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html>).

use serde::{Deserialize, Serialize};

use super::{Membership, Node, Root, SCP};
use crate::signed::json;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EffectiveQuestion {
    pub(super) policy_type: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Effective {
    pub(super) effective_policy: EffectivePolicy,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EffectivePolicy {
    pub(super) policy_content: String,
}

/// A question that names nothing.
#[derive(Serialize)]
pub(super) struct Nothing {}

/// The same, for a page of the answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Nothing {
    pub(super) fn after(next_token: Option<String>) -> Page {
        Page { next_token }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfChild<'a> {
    pub(super) child_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfParent<'a> {
    pub(super) parent_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfTarget<'a> {
    pub(super) target_id: &'a str,
    pub(super) filter: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfPolicy<'a> {
    pub(super) policy_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    pub(super) organization: DescribedOrganization,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribedOrganization {
    id: String,
    master_account_id: String,
}

impl From<DescribedOrganization> for Membership {
    fn from(described: DescribedOrganization) -> Self {
        Self {
            id: described.id,
            management_account: described.master_account_id,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Roots {
    #[serde(default, deserialize_with = "json::list")]
    pub(super) roots: Vec<ListedRoot>,
    pub(super) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedRoot {
    id: String,
    name: Option<String>,
    #[serde(default, deserialize_with = "json::list")]
    policy_types: Vec<PolicyType>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyType {
    #[serde(rename = "Type")]
    kind: String,
    status: String,
}

impl From<ListedRoot> for Root {
    fn from(listed: ListedRoot) -> Self {
        // A type that is on its way in or out may already, or still, be applied: only one that is not
        // listed surely is not.
        let scps = listed.policy_types.iter().any(|each| {
            each.kind == SCP && ["ENABLED", "PENDING_ENABLE", "PENDING_DISABLE"].contains(&each.status.as_str())
        });
        Self {
            id: listed.id,
            name: listed.name,
            scps_enabled: scps,
            policies: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Parents {
    #[serde(default, deserialize_with = "json::list")]
    pub(super) parents: Vec<Parent>,
    pub(super) next_token: Option<String>,
}

/// What an account or a unit stands under.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Parent {
    pub(super) id: String,
    /// `ROOT` or `ORGANIZATIONAL_UNIT`.
    #[serde(rename = "Type")]
    pub(super) kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Units {
    #[serde(default, deserialize_with = "json::list")]
    pub(super) organizational_units: Vec<Listed>,
    pub(super) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Accounts {
    #[serde(default, deserialize_with = "json::list")]
    pub(super) accounts: Vec<ListedAccount>,
    pub(super) next_token: Option<String>,
}

/// A unit.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    id: String,
    name: Option<String>,
}

/// An account. `State` took the place of `Status`, which says less and is no longer sent everywhere
/// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedAccount {
    id: String,
    name: Option<String>,
    state: Option<String>,
    status: Option<String>,
}

impl ListedAccount {
    pub(super) fn under(self, parent: &str) -> Node {
        // One of which nothing is said may be in use, and so may one that is only on its way to be closed.
        let said = self.state.or(self.status);
        let closed = said.is_some_and(|said| ["CLOSED", "SUSPENDED", "PENDING_ACTIVATION"].contains(&said.as_str()));
        Node {
            id: self.id,
            name: self.name,
            parent: parent.to_owned(),
            policies: Vec::new(),
            closed,
        }
    }
}

impl Listed {
    pub(super) fn under(self, parent: &str) -> Node {
        Node {
            id: self.id,
            name: self.name,
            parent: parent.to_owned(),
            policies: Vec::new(),
            closed: false,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Targeted {
    #[serde(default, deserialize_with = "json::list")]
    pub(super) policies: Vec<Attached>,
    pub(super) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attached {
    pub(super) id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyAnswer {
    pub(super) policy: WholePolicy,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WholePolicy {
    pub(super) policy_summary: Summary,
    pub(super) content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Summary {
    pub(super) name: Option<String>,
}
