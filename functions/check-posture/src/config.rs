//! The function's configuration.

use std::{fmt, str::FromStr};

use crisguard_aws::sts::Role;
use crisguard_core::{
    posture::{Hub, OrganizationId},
    region::Region,
};
use crisguard_lambda::config::{Common, ConfigurationError, Variables};

/// What the template tells the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every function is told.
    pub common: Common,
    /// `CRISGUARD_FINDINGS_QUEUE_URL`: where decisions go.
    pub findings_queue_url: String,
    /// `CRISGUARD_REPORTS_BUCKET`: where reports are kept.
    pub reports_bucket: String,
    /// `CRISGUARD_ORGANIZATION_ROLE_ARN`: the role of the management account, or of a delegated administrator,
    /// that may read the organization, with `CRISGUARD_ORGANIZATION_EXTERNAL_ID`. Without it the function asks
    /// as itself.
    pub organization_role: Option<Role>,
    /// `CRISGUARD_MEMBER_ROLE_NAME`: the role by which other accounts let themselves be looked at. Without it only
    /// the account in which this function runs can be.
    pub member_role: Option<MemberRole>,
    /// `CRISGUARD_ORGANIZATION_ID`: the organization whose accounts may forward to the bus; none besides the
    /// function's own, without it.
    pub organization: Option<OrganizationId>,
    /// `AWS_REGION`, set by Lambda: the home Region is the one in which this function runs.
    pub home: Region,
}

/// The role that every other account has, by which it lets itself be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRole {
    /// Its name, the same in every account.
    pub name: RoleName,
    /// `CRISGUARD_MEMBER_EXTERNAL_ID`: what its trust policy asks for besides.
    pub external_id: Option<String>,
}

/// The name of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleName(String);

/// Tells why a text is not the name of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a role: up to 64 letters, digits and +=,.@_-, without path or ARN")]
pub struct NotARoleName(String);

impl FromStr for RoleName {
    type Err = NotARoleName;

    /// Accepts what IAM does
    /// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARoleName(text.chars().take(64).collect()))
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Config {
    /// Reads every variable.
    ///
    /// # Errors
    ///
    /// Fails with one error that names every variable that is missing or wrong.
    pub fn read(mut variables: Variables<impl Fn(&str) -> Option<String>>) -> Result<Self, ConfigurationError> {
        let common = Common::read(&mut variables);
        let findings_queue_url = variables.required("CRISGUARD_FINDINGS_QUEUE_URL");
        let reports_bucket = variables.required("CRISGUARD_REPORTS_BUCKET");
        let role = variables.with("CRISGUARD_ORGANIZATION_ROLE_ARN", "CRISGUARD_ORGANIZATION_EXTERNAL_ID");
        let member_role = variables.with("CRISGUARD_MEMBER_ROLE_NAME", "CRISGUARD_MEMBER_EXTERNAL_ID");
        let organization = variables.optional("CRISGUARD_ORGANIZATION_ID");
        let home = variables.required("AWS_REGION");
        let read = || {
            Some(Self {
                common: common?,
                findings_queue_url: findings_queue_url?,
                reports_bucket: reports_bucket?,
                organization_role: role?.map(|(arn, external_id)| Role { arn, external_id }),
                member_role: member_role?.map(|(name, external_id)| MemberRole { name, external_id }),
                organization: organization?,
                home: home?,
            })
        };
        read().ok_or_else(|| variables.into_error())
    }

    /// Returns where crisguard stands.
    #[must_use]
    pub fn hub(&self) -> Hub {
        Hub {
            account: self.common.policy.scope.account.clone(),
            home: self.home.clone(),
            organization: self.organization.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_names_every_problem() {
        let error = Config::read(Variables::new(|name: &str| match name {
            "CRISGUARD_ACCOUNT" => Some("1111".to_owned()),
            "AWS_REGION" => Some("Tokyo".to_owned()),
            "CRISGUARD_POLICY_BUCKET" => Some("b".to_owned()),
            "CRISGUARD_MEMBER_ROLE_NAME" => Some("arn:aws:iam::*:role/r".to_owned()),
            "CRISGUARD_ORGANIZATION_ID" => Some("*".to_owned()),
            _ => None,
        }))
        .unwrap_err();
        insta::assert_snapshot!(error);
    }
}
