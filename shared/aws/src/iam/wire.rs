//! What IAM answers, as far as it is read.

use serde::{Deserialize, Deserializer};

use super::{Authorization, InlinePolicy, ManagedPolicy, Principal, ServiceCredential, document};

#[derive(Deserialize)]
pub(super) struct CredentialsAnswer {
    #[serde(rename = "ListServiceSpecificCredentialsResult")]
    pub(super) result: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Credentials {
    #[serde(rename = "ServiceSpecificCredentials", deserialize_with = "members")]
    pub(super) listed: Vec<Credential>,
    pub(super) marker: Option<String>,
    pub(super) is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Credential {
    user_name: String,
    status: String,
    service_credential_alias: Option<String>,
    create_date: String,
    expiration_date: Option<String>,
    service_specific_credential_id: String,
    service_name: String,
}

impl From<Credential> for ServiceCredential {
    fn from(credential: Credential) -> Self {
        Self {
            id: credential.service_specific_credential_id,
            user: credential.user_name,
            service: credential.service_name,
            alias: credential.service_credential_alias,
            status: credential.status,
            created: credential.create_date,
            expires: credential.expiration_date,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct DetailsAnswer {
    #[serde(rename = "GetAccountAuthorizationDetailsResult")]
    pub(super) result: Details,
}

/// A page, of which all lists are optional: each has only what there was room for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Details {
    #[serde(default, deserialize_with = "members")]
    user_detail_list: Vec<Holder>,
    #[serde(default, deserialize_with = "members")]
    role_detail_list: Vec<Holder>,
    #[serde(default, deserialize_with = "members")]
    group_detail_list: Vec<Holder>,
    #[serde(default, deserialize_with = "members")]
    policies: Vec<Policy>,
    pub(super) is_truncated: bool,
    pub(super) marker: Option<String>,
}

impl Details {
    /// Reads the page; `None` if a policy's text is missing or cannot be decoded.
    pub(super) fn read(self) -> Option<Authorization> {
        let read = |holders: Vec<Holder>| holders.into_iter().map(Holder::read).collect::<Option<_>>();
        Some(Authorization {
            users: read(self.user_detail_list)?,
            roles: read(self.role_detail_list)?,
            groups: read(self.group_detail_list)?,
            policies: self.policies.into_iter().map(Policy::read).collect::<Option<_>>()?,
        })
    }
}

/// A user, a role or a group: they differ in what their members are called.
#[derive(Deserialize)]
struct Holder {
    #[serde(rename = "UserName", alias = "RoleName", alias = "GroupName")]
    name: String,
    #[serde(rename = "Arn")]
    arn: String,
    #[serde(rename = "Path")]
    path: String,
    #[serde(
        rename = "UserPolicyList",
        alias = "RolePolicyList",
        alias = "GroupPolicyList",
        default,
        deserialize_with = "members"
    )]
    inline: Vec<Inline>,
    #[serde(rename = "AttachedManagedPolicies", default, deserialize_with = "members")]
    attached: Vec<Attached>,
    #[serde(rename = "GroupList", default, deserialize_with = "members")]
    groups: Vec<String>,
    #[serde(rename = "PermissionsBoundary")]
    boundary: Option<Boundary>,
}

impl Holder {
    fn read(self) -> Option<Principal> {
        let inline = self.inline.into_iter().map(|policy| {
            Some(InlinePolicy {
                name: policy.policy_name,
                document: document(&policy.policy_document)?,
            })
        });
        Some(Principal {
            name: self.name,
            arn: self.arn,
            path: self.path,
            inline: inline.collect::<Option<_>>()?,
            attached: self.attached.into_iter().map(|policy| policy.policy_arn).collect(),
            groups: self.groups,
            boundary: self.boundary.map(|boundary| boundary.permissions_boundary_arn),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_name: String,
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    arn: String,
    #[serde(default, deserialize_with = "members")]
    policy_version_list: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    document: Option<String>,
    is_default_version: bool,
}

impl Policy {
    fn read(self) -> Option<ManagedPolicy> {
        let mut versions = self.policy_version_list.into_iter();
        let default = versions.find(|version| version.is_default_version)?;
        Some(ManagedPolicy {
            arn: self.arn,
            document: document(&default.document?)?,
        })
    }
}

/// Reads a list, whose items the Query protocol calls members.
fn members<'de, D: Deserializer<'de>, T: Deserialize<'de>>(list: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    struct Members<T> {
        #[serde(rename = "member", default = "Vec::new")]
        members: Vec<T>,
    }
    Ok(Members::deserialize(list)?.members)
}
