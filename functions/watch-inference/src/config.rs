//! The function's configuration.

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
    /// `CRISGUARD_FINDINGS_QUEUE_URL`: where findings go.
    pub findings_queue_url: String,
    /// Whose calls these are.
    pub scope: Scope,
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
                log_level: log_level?.unwrap_or_else(LogLevel::info),
            })
        };
        read().ok_or_else(|| variables.into_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, ConfigurationError> {
        let set: Vec<(String, String)> = set
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Config::read(Variables::new(move |name: &str| {
            set.iter().find(|(set, _)| set == name).map(|(_, value)| value.clone())
        }))
    }

    #[test]
    fn an_empty_path_is_one_that_was_not_given() {
        let config = read(&[
            ("AWS_LAMBDA_FUNCTION_NAME", "crisguard-watch-inference"),
            ("CRISGUARD_POLICY_BUCKET", "b"),
            ("CRISGUARD_POLICY_KEY", "policy.yaml"),
            ("CRISGUARD_FINDINGS_QUEUE_URL", "https://queue"),
            ("CRISGUARD_ACCOUNT", "111122223333"),
            ("CRISGUARD_ORGANIZATION_PATH", ""),
        ]);
        assert_eq!(config.unwrap().scope.organization_path, None);
    }

    #[test]
    fn one_error_names_every_problem() {
        let error = read(&[
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("CRISGUARD_POLICY_BUCKET", "b"),
            ("CRISGUARD_ACCOUNT", "1111"),
            ("CRISGUARD_ORGANIZATION_PATH", "ou-1"),
            ("CRISGUARD_LOG_LEVEL", "lo=ud=er"),
        ])
        .unwrap_err();
        insta::assert_snapshot!(error);
    }
}
