//! The function's configuration.

use crisguard_lambda::config::{Common, ConfigurationError, Variables};

/// What the template tells the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every function is told.
    pub common: Common,
    /// `CRISGUARD_FINDINGS_QUEUE_URL`: where findings go.
    pub findings_queue_url: String,
    /// `CRISGUARD_REPORTS_BUCKET`: where check-posture keeps the account's own lists of profiles.
    pub reports_bucket: String,
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
        let read = || {
            Some(Self {
                common: common?,
                findings_queue_url: findings_queue_url?,
                reports_bucket: reports_bucket?,
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
            "CRISGUARD_POLICY_BUCKET" => Some("b".to_owned()),
            _ => None,
        }))
        .unwrap_err();
        insta::assert_snapshot!(error);
    }
}
