//! The function's configuration.

use crisguard_aws::sts::Role;
use crisguard_core::region::Region;
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
    /// `AWS_REGION`, set by Lambda: the home Region is the one in which this function runs.
    pub home: Region,
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
        let role: Option<Option<String>> = variables.optional("CRISGUARD_ORGANIZATION_ROLE_ARN");
        let external_id = variables.optional("CRISGUARD_ORGANIZATION_EXTERNAL_ID");
        let home = variables.required("AWS_REGION");
        let read = || {
            Some(Self {
                common: common?,
                findings_queue_url: findings_queue_url?,
                reports_bucket: reports_bucket?,
                organization_role: match (role?, external_id?) {
                    (Some(arn), external_id) => Some(Role { arn, external_id }),
                    (None, _) => None,
                },
                home: home?,
            })
        };
        read().ok_or_else(|| variables.into_error())
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
            _ => None,
        }))
        .unwrap_err();
        insta::assert_snapshot!(error);
    }
}
