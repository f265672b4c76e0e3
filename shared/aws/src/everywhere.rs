//! One account in all its Regions: clients for each, over the connections and credentials of all.

use aws_config::SdkConfig;

use crate::{cloudwatch::Metrics, events::Events};

/// The account in every Region.
#[derive(Clone, Debug)]
pub struct Everywhere {
    configuration: SdkConfig,
}

impl Everywhere {
    /// Takes the configuration that every client is made from.
    #[must_use]
    pub fn new(configuration: &SdkConfig) -> Self {
        Self {
            configuration: configuration.clone(),
        }
    }

    /// Returns EventBridge in a Region.
    #[must_use]
    pub fn events(&self, region: &str) -> Events {
        Events::new(&self.configuration, region)
    }

    /// Returns CloudWatch in a Region.
    #[must_use]
    pub fn metrics(&self, region: &str) -> Metrics {
        Metrics::new(&self.configuration, region)
    }
}
