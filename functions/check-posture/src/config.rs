//! The function's configuration.

use crisguard_core::region::Region;
use crisguard_lambda::{
    config::{ConfigurationError, Variables},
    logging::LogLevel,
    policy_in_force::Scope,
};

/// What the template tells the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `AWS_LAMBDA_FUNCTION_NAME`: the metrics' dimension, set by Lambda.
    pub function_name: String,
    /// `CRISGUARD_POLICY_BUCKET`: where the policy is.
    pub policy_bucket: String,
    /// `CRISGUARD_POLICY_KEY`: the policy's object key.
    pub policy_key: String,
    /// `CRISGUARD_FINDINGS_QUEUE_URL`: where decisions go.
    pub findings_queue_url: String,
    /// Whose Regions these are: `CRISGUARD_ACCOUNT` and `CRISGUARD_ORGANIZATION_PATH`.
    pub scope: Scope,
    /// `AWS_REGION`, set by Lambda: the home Region is the one in which this function runs.
    pub home: Region,
    /// `CRISGUARD_LOG_LEVEL`, `info` if it is not set.
    pub log_level: LogLevel,
}

impl Config {
    /// Reads every variable.
    ///
    /// # Errors
    ///
    /// Fails with one error that names every variable that is missing or wrong.
    pub fn read(mut variables: Variables<impl Fn(&str) -> Option<String>>) -> Result<Self, ConfigurationError> {
        let function_name = variables.required("AWS_LAMBDA_FUNCTION_NAME");
        let policy_bucket = variables.required("CRISGUARD_POLICY_BUCKET");
        let policy_key = variables.required("CRISGUARD_POLICY_KEY");
        let findings_queue_url = variables.required("CRISGUARD_FINDINGS_QUEUE_URL");
        let account = variables.required("CRISGUARD_ACCOUNT");
        let organization_path = variables.optional("CRISGUARD_ORGANIZATION_PATH");
        let home = variables.required("AWS_REGION");
        let log_level = variables.optional("CRISGUARD_LOG_LEVEL");
        let read = || {
            Some(Self {
                function_name: function_name?,
                policy_bucket: policy_bucket?,
                policy_key: policy_key?,
                findings_queue_url: findings_queue_url?,
                scope: Scope {
                    account: account?,
                    organization_path: organization_path?,
                },
                home: home?,
                log_level: log_level?.unwrap_or_else(LogLevel::info),
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
