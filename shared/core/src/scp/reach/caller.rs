//! Who calls: an account, and what is known of the principal in it.

use std::borrow::Cow;

use crate::{
    account::{AccountId, OrganizationPath},
    arn::Arn,
    scp::{Context, Value},
};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A role that no policy names: none of the exemptions for certain roles is for it.
    Ordinary,
    /// This one. An ARN with `*` for the account stands for the principal of that name in each account. Of a
    /// role's session it is not known which role's ARN `aws:PrincipalArn` has: the session's lacks the path.
    Arn(String),
    /// Anybody: what depends on who calls cannot be told.
    Unknown,
}

/// A caller in an account, with the condition keys that follow from that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    account: AccountId,
    service_linked: bool,
    ordinary: bool,
    context: Context,
}

impl Caller {
    /// The role that stands for every one that no policy names.
    ///
    /// It has no word in it, for patterns such as `role/*-role-*` name many.
    const ORDINARY: &'static str = "role/=,=,=";

    /// Makes the caller.
    #[must_use]
    pub fn new(account: AccountId, principal: &Principal) -> Self {
        let mut context = Context::new()
            .with("aws:PrincipalAccount", Value::known(account.as_str()))
            .with("aws:PrincipalIsAWSService", Value::known("false"));
        let arn = match principal {
            Principal::Ordinary => Some(format!("arn:aws:iam::{account}:{}", Self::ORDINARY)),
            Principal::Arn(arn) => Some(in_account(arn, &account)),
            Principal::Unknown => None,
        };
        let mut service_linked = false;
        if let Some(arn) = arn {
            let parts = Arn::parse(&arn);
            let resource = parts.map_or("", |arn| arn.resource);
            let is_session = parts.is_some_and(|arn| arn.service == "sts") && resource.starts_with("assumed-role/");
            service_linked = resource.starts_with("role/aws-service-role/");
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
            let kind = match resource.split('/').next() {
                Some("role" | "assumed-role") => Value::known("AssumedRole"),
                Some("user") => Value::known("User"),
                Some("root") => Value::known("Account"),
                _ => Value::Unknown,
            };
            context.set("aws:PrincipalType", kind);
            let named = if is_session { Value::Unknown } else { Value::known(arn) };
            context.set("aws:PrincipalArn", named);
        }
        Self {
            account,
            service_linked,
            ordinary: *principal == Principal::Ordinary,
            context,
        }
    }

    /// Returns the caller in a partition, of which an ordinary role's ARN tells.
    pub(crate) fn in_partition(&self, partition: &str) -> Cow<'_, Self> {
        if !self.ordinary || partition == "aws" {
            return Cow::Borrowed(self);
        }
        let mut caller = self.clone();
        let arn = format!("arn:{partition}:iam::{}:{}", self.account, Self::ORDINARY);
        caller.context.set("aws:PrincipalArn", Value::known(arn));
        Cow::Owned(caller)
    }

    /// Adds where the account stands in the organization.
    #[must_use]
    pub fn in_organization(mut self, id: &str, path: Option<&OrganizationPath>) -> Self {
        self.context.set("aws:PrincipalOrgID", Value::known(id));
        if let Some(path) = path {
            // The key's value ends in a slash:
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
            self.context
                .set("aws:PrincipalOrgPaths", Value::known(format!("{path}/")));
        }
        self
    }

    /// Returns the account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Tells whether it is a service-linked role, to which no service control policy applies: "SCPs do not
    /// affect any service-linked role"
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>).
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        self.service_linked
    }

    /// Returns what is known of condition keys through the caller.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }
}

fn in_account(arn: &str, account: &AccountId) -> String {
    match Arn::parse(arn) {
        Some(parts) if parts.account == "*" => {
            format!(
                "arn:{}:{}:{}:{account}:{}",
                parts.partition, parts.service, parts.region, parts.resource
            )
        }
        _ => arn.to_owned(),
    }
}
