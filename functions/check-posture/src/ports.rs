//! What the use case needs of the world besides the policy, one capability a trait. Nothing here
//! can change a setting: who looks may only look.

use std::collections::BTreeMap;

use crisguard_aws::{
    Failure,
    account::{Account, ListedRegion},
    cloudwatch::{Series, Span},
    events::{Bus, Rule, Target},
    everywhere::Everywhere,
};
use crisguard_core::region::Region;

/// Lists Regions.
pub trait ListRegions {
    /// Lists every Region of the partition, and whether the account can use it.
    fn regions(&self) -> impl Future<Output = Result<Vec<ListedRegion>, Failure>>;
}

/// Reads the rules and buses of any Region.
pub trait ReadRules {
    /// Lists the rules of a bus whose names begin with `prefix`; of the default bus if none is named.
    fn rules(
        &self,
        region: &Region,
        bus: Option<&str>,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<Rule>, Failure>>;

    /// Lists where a rule sends.
    fn targets(
        &self,
        region: &Region,
        bus: Option<&str>,
        rule: &str,
    ) -> impl Future<Output = Result<Vec<Target>, Failure>>;

    /// Describes a bus; `None` if there is none of this name.
    fn bus(&self, region: &Region, name: &str) -> impl Future<Output = Result<Option<Bus>, Failure>>;
}

/// Reads the metrics of any Region.
pub trait ReadMetrics {
    /// Lists the series of a metric that have had data lately.
    fn list(
        &self,
        region: &Region,
        namespace: &str,
        metric: &str,
    ) -> impl Future<Output = Result<Vec<Series>, Failure>>;

    /// Reads the sum of each series in each period that has data, by the period's beginning.
    fn sums(
        &self,
        region: &Region,
        series: &[Series],
        span: Span,
    ) -> impl Future<Output = Result<Vec<BTreeMap<i64, f64>>, Failure>>;
}

impl ListRegions for Account {
    async fn regions(&self) -> Result<Vec<ListedRegion>, Failure> {
        Self::regions(self).await
    }
}

impl ReadRules for Everywhere {
    async fn rules(&self, region: &Region, bus: Option<&str>, prefix: &str) -> Result<Vec<Rule>, Failure> {
        self.events(region.as_str()).rules(bus, prefix).await
    }

    async fn targets(&self, region: &Region, bus: Option<&str>, rule: &str) -> Result<Vec<Target>, Failure> {
        self.events(region.as_str()).targets(bus, rule).await
    }

    async fn bus(&self, region: &Region, name: &str) -> Result<Option<Bus>, Failure> {
        self.events(region.as_str()).bus(name).await
    }
}

impl ReadMetrics for Everywhere {
    async fn list(&self, region: &Region, namespace: &str, metric: &str) -> Result<Vec<Series>, Failure> {
        self.metrics(region.as_str()).list(namespace, metric).await
    }

    async fn sums(&self, region: &Region, series: &[Series], span: Span) -> Result<Vec<BTreeMap<i64, f64>>, Failure> {
        self.metrics(region.as_str()).sums(series, span).await
    }
}
