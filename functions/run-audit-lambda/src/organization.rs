//! The organization as it is: read from AWS Organizations when somebody asks about it.

use crisguard_aws::{Disposition, Failure, everywhere::Everywhere};
use crisguard_core::{posture::NotObserved, scp::organization::OrganizationDocument};
use crisguard_lambda::organization::document;

use crate::config::Config;

/// The session's name, by which the role's account knows who assumed it.
const SESSION: &str = "crisguard-run-audit";
const ASSUME: &str = "sts:AssumeRole";

/// Whoever can read a whole organization.
pub trait ReadOrganization {
    /// Reads it.
    fn whole(&self) -> impl Future<Output = Result<OrganizationDocument, NotRead>>;
}

/// AWS Organizations, as the role that may read it where there is one.
#[derive(Clone, Debug)]
pub struct Organizations {
    aws: Everywhere,
    config: Config,
}

/// Tells why the organization was not read. It is never taken for one without policies.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// AWS refused or did not answer.
    #[error("the organization was not read; {}", remedy(failure, .assumes.as_deref()))]
    Refused {
        /// The role in whose name it was asked, where that is not the function's own.
        assumes: Option<String>,
        /// What failed.
        #[source]
        failure: Failure,
    },
    /// There is none.
    #[error("the account of {0} is in no organization; give the policies as `scps`")]
    InNone(String),
    /// What was answered is not understood.
    #[error("the organization was not read: {} says what is not understood: {}", .0.action, .0.cause)]
    NotUnderstood(NotObserved),
    /// Lambda would have ended the invocation.
    #[error(
        "the organization was not read within {0} seconds, for AWS Organizations answers a few calls a second: give the \
         function more time (Timeout in infra/run-audit.yaml), or write it to a file by {{\"organization\": true}} \
         when less is going on"
    )]
    Late(u64),
}

impl Organizations {
    /// Takes the account that the function runs in.
    #[must_use]
    pub fn new(aws: Everywhere, config: Config) -> Self {
        Self { aws, config }
    }
}

impl ReadOrganization for Organizations {
    async fn whole(&self) -> Result<OrganizationDocument, NotRead> {
        let home = self.config.home.as_str();
        let role = self.config.organization_role.as_ref();
        let refused = |failure| NotRead::Refused {
            assumes: role.map(|role| role.arn.clone()),
            failure,
        };
        let organization = match role {
            Some(role) => {
                let session = self.aws.roles(home).assume(role, SESSION).await.map_err(refused)?;
                self.aws.assuming(&session).organization(home)
            }
            None => self.aws.organization(home),
        };
        let member = organization.membership().await.map_err(refused)?;
        let asked_as = role.map_or("this function", |role| &role.arn);
        let member = member.ok_or_else(|| NotRead::InNone(asked_as.to_owned()))?;
        let tree = organization.whole().await.map_err(refused)?;
        document(member, tree).map_err(NotRead::NotUnderstood)
    }
}

/// Says what to do about a failure.
fn remedy(failure: &Failure, assumes: Option<&str>) -> String {
    let action = failure.action;
    match (failure.disposition, assumes) {
        (Disposition::MayPass, _) => "ask again, for it may pass".to_owned(),
        (Disposition::WillNotPass, Some(role)) if action == ASSUME => format!(
            "let {role} be assumed by this function's role, with the external id that it asks for \
             (RunAuditRoleArn and ExternalId of infra/organization-role.yaml)"
        ),
        (Disposition::WillNotPass, Some(role)) => {
            format!("allow {action} to {role} (infra/organization-role.yaml)")
        }
        (Disposition::WillNotPass, None) => format!(
            "this function's role needs {action} in the management account or a delegated administrator's \
             (ReadsOrganization of infra/run-audit.yaml), or a role there that it assumes (OrganizationRoleArn)"
        ),
    }
}
