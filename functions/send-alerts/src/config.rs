//! The function's configuration.

use crisguard_aws::securityhub::ProductArn;
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
    /// `CRISGUARD_TABLE`: the memory.
    pub table: String,
    /// `CRISGUARD_TOPIC_ARN`: where alerts go.
    pub topic_arn: String,
    /// `CRISGUARD_POLICY_BUCKET`: where the policy is, which says how people are told.
    pub policy_bucket: String,
    /// `CRISGUARD_POLICY_KEY`: the policy's object key.
    pub policy_key: String,
    /// `CRISGUARD_ACCOUNT` and `CRISGUARD_ORGANIZATION_PATH`.
    pub scope: Scope,
    /// `CRISGUARD_EVENT_BUS`: the bus on which transitions are announced.
    pub event_bus: String,
    /// `CRISGUARD_SECURITY_HUB_PRODUCT_ARN`: in whose name findings go to Security Hub, where they do.
    pub security_hub_product_arn: Option<ProductArn>,
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
        let policy_bucket = variables.required("CRISGUARD_POLICY_BUCKET");
        let policy_key = variables.required("CRISGUARD_POLICY_KEY");
        let account = variables.required("CRISGUARD_ACCOUNT");
        let organization_path = variables.optional("CRISGUARD_ORGANIZATION_PATH");
        let event_bus = variables.required("CRISGUARD_EVENT_BUS");
        let security_hub_product_arn = variables.optional("CRISGUARD_SECURITY_HUB_PRODUCT_ARN");
        let log_level = variables.optional("CRISGUARD_LOG_LEVEL");
        let read = || {
            Some(Self {
                function_name: function_name?,
                table: table?,
                topic_arn: topic_arn?,
                policy_bucket: policy_bucket?,
                policy_key: policy_key?,
                scope: Scope {
                    account: account?,
                    organization_path: organization_path?,
                },
                event_bus: event_bus?,
                security_hub_product_arn: security_hub_product_arn?,
                log_level: log_level?.unwrap_or_else(LogLevel::info),
            })
        };
        read().ok_or_else(|| variables.into_error())
    }
}
