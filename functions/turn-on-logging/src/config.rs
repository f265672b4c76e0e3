//! The function's configuration.

use crisguard_lambda::{
    config::{ConfigurationError, Variables},
    logging::LogLevel,
};

/// What the template and the Lambda service tell the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `AWS_REGION`, set by Lambda: where logging is turned on.
    pub region: String,
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
        let region = variables.required("AWS_REGION");
        let log_level = variables.optional("CRISGUARD_LOG_LEVEL");
        let read = || {
            Some(Self {
                region: region?,
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
        let set = |name: &str| (name == "CRISGUARD_LOG_LEVEL").then(|| "lo=ud".to_owned());
        let error = Config::read(Variables::new(set)).unwrap_err();
        insta::assert_snapshot!(error, @r#"the function's environment variables are not complete: AWS_REGION is not set; CRISGUARD_LOG_LEVEL: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5"#);
    }
}
