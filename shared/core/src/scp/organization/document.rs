//! An organization as it is exported and imported: one JSON document.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{account::AccountId, scp::language::json::once};

/// An organization's tree, the policies that are attached to it and their text.
///
/// Written from what Organizations answers: `DescribeOrganization`, `ListRoots`, `ListParents` (or
/// `ListChildren`), `ListPoliciesForTarget` with the filter `SERVICE_CONTROL_POLICY`, which lists only
/// what is attached directly, and `DescribePolicy`
/// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "crisguard organization", extend("$id" = "urn:crisguard:organization:1"))]
pub struct OrganizationDocument {
    /// The version of this form: 1.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// The organization's id, such as `o-a1b2c3d4e5`; the key `aws:PrincipalOrgID` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The management account, to which no service control policy applies.
    #[schemars(with = "String")]
    pub management_account: AccountId,
    /// The root.
    pub root: RootNode,
    /// Every organizational unit, in any order.
    #[serde(default)]
    pub units: Vec<UnitNode>,
    /// Every account, the management account too or not, in any order.
    pub accounts: Vec<AccountNode>,
    /// Every policy that is attached; `p-FullAWSAccess`, which AWS wrote, may be left out.
    pub policies: Vec<PolicyNode>,
}

/// The root of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RootNode {
    /// Its id, such as `r-ab12`.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the policy type `SERVICE_CONTROL_POLICY` is `ENABLED` (`ListRoots`, `PolicyTypes`). While
    /// it is not, no service control policy applies.
    pub scps_enabled: bool,
    /// The ids of the policies that are attached here.
    pub policies: Vec<String>,
}

/// An organizational unit.
pub type UnitNode = Node<String>;

/// An account.
pub type AccountNode = Node<AccountId>;

/// A unit or an account: what is under a root or unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Node", bound = "")]
pub struct Node<Id> {
    /// Its id: such as `ou-ab12-11111111` of a unit, 12 digits of an account.
    #[schemars(with = "String")]
    pub id: Id,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The id of the root or unit that it is under.
    pub parent: String,
    /// The ids of the policies that are attached here.
    pub policies: Vec<String>,
}

/// A service control policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyNode {
    /// Its id, such as `p-a1b2c3d4`.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its text.
    pub content: Content,
}

/// A policy's text: the JSON object itself, or a string that holds it, as `DescribePolicy` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(#[serde(deserialize_with = "once")] pub Value);

impl Content {
    /// Returns the policy's JSON.
    #[must_use]
    pub fn json(&self) -> Cow<'_, str> {
        match &self.0 {
            Value::String(text) => Cow::Borrowed(text),
            object => Cow::Owned(object.to_string()),
        }
    }
}

impl JsonSchema for Content {
    fn schema_name() -> Cow<'static, str> {
        "Content".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The policy's JSON, or a string that holds it.",
            "type": ["object", "string"]
        })
    }
}
