//! The function's configuration.

use crisguard_lambda::{
    config::{ConfigurationError, Variables},
    logging::LogLevel,
};

/// What the template tells the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `AWS_LAMBDA_FUNCTION_NAME`: the metrics' dimension, set by Lambda.
    pub function_name: String,
    /// `CRISGUARD_TABLE`: the memory.
    pub table: String,
    /// `CRISGUARD_TOPIC_ARN`: where alerts go.
    pub topic_arn: String,
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
        let table = variables.required("CRISGUARD_TABLE");
        let topic_arn = variables.required("CRISGUARD_TOPIC_ARN");
        let log_level = variables.optional("CRISGUARD_LOG_LEVEL");
        let read = || {
            Some(Self {
                function_name: function_name?,
                table: table?,
                topic_arn: topic_arn?,
                log_level: log_level?.unwrap_or_else(LogLevel::info),
            })
        };
        read().ok_or_else(|| variables.into_error())
    }
}
