//! The function's configuration.

use crisguard_aws::securityhub::ProductArn;
use crisguard_lambda::config::{Common, ConfigurationError, Variables};

/// What the template tells the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every function is told; the policy says how people are told.
    pub common: Common,
    /// `CRISGUARD_TABLE`: the memory.
    pub table: String,
    /// `CRISGUARD_TOPIC_ARN`: where alerts go.
    pub topic_arn: String,
    /// `CRISGUARD_EVENT_BUS`: the bus on which transitions are announced.
    pub event_bus: String,
    /// `CRISGUARD_SECURITY_HUB_PRODUCT_ARN`: in whose name findings go to Security Hub, where they do.
    pub security_hub_product_arn: Option<ProductArn>,
}

impl Config {
    /// Reads every variable.
    ///
    /// # Errors
    ///
    /// Fails with one error that names every variable that is missing or wrong.
    pub fn read(mut variables: Variables<impl Fn(&str) -> Option<String>>) -> Result<Self, ConfigurationError> {
        let common = Common::read(&mut variables);
        let table = variables.required("CRISGUARD_TABLE");
        let topic_arn = variables.required("CRISGUARD_TOPIC_ARN");
        let event_bus = variables.required("CRISGUARD_EVENT_BUS");
        let security_hub_product_arn = variables.optional("CRISGUARD_SECURITY_HUB_PRODUCT_ARN");
        let read = || {
            Some(Self {
                common: common?,
                table: table?,
                topic_arn: topic_arn?,
                event_bus: event_bus?,
                security_hub_product_arn: security_hub_product_arn?,
            })
        };
        read().ok_or_else(|| variables.into_error())
    }
}
