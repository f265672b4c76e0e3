//! What the use case needs of the world besides the policy, one capability a trait. Nothing here
//! can change a setting: who looks may only look.

use std::collections::BTreeMap;

use crisguard_aws::{
    Failure,
    account::{Account, ListedRegion},
    cloudwatch::{Series, Span},
    events::{Bus, Rule, Target},
};
use crisguard_core::{
    posture::{Area, Observed, Seen},
    region::Region,
};

use crisguard_lambda::findings_queue::SendFindings;

use crate::observe::Sweep;

/// Everything that the function needs of the world besides the policy.
pub trait Ports {
    /// The account.
    type Account: ListRegions;
    /// Its settings.
    type World: Look;
    /// Where decisions go.
    type Queue: SendFindings;
    /// Where reports are kept.
    type Reports: KeepReports;

    /// Returns the account.
    fn account(&self) -> &Self::Account;
    /// Returns its settings.
    fn world(&self) -> &Self::World;
    /// Returns the queue.
    fn queue(&self) -> &Self::Queue;
    /// Returns the store of reports.
    fn reports(&self) -> &Self::Reports;
}

/// Lists Regions.
pub trait ListRegions {
    /// Lists every Region of the partition, and whether the account can use it.
    fn regions(&self) -> impl Future<Output = Result<Vec<ListedRegion>, Failure>>;
}

/// Begins to look at an account.
pub trait Look {
    /// What looks, and keeps what it has seen until the sweep is over.
    type Eye<'a>: See
    where
        Self: 'a;

    /// Begins a sweep.
    fn sweep(&self, sweep: &Sweep) -> Self::Eye<'_>;
}

/// Looks at settings; what several Regions share is read once.
pub trait See {
    /// Looks at one area in one Region; in the home Region, if the area is the same in all.
    fn see(&self, area: Area, region: &Region) -> impl Future<Output = Seen>;

    /// Tells whether Bedrock counted an invocation in a Region within [`Use::DAYS`] days.
    ///
    /// [`Use::DAYS`]: crisguard_core::posture::Use::DAYS
    fn was_used(&self, region: &Region) -> impl Future<Output = Observed<bool>>;
}

/// Keeps reports, and what is known from when it was last looked.
pub trait KeepReports {
    /// Stores a report under a key.
    fn store(&self, key: &str, json: Vec<u8>) -> impl Future<Output = Result<(), Failure>>;

    /// Reads what is known from when it was last looked; `None` if it never was.
    fn known(&self) -> impl Future<Output = Result<Option<Kept>, Failure>>;

    /// Keeps what is known now, if what was known is still the version with the tag `over`, or still
    /// nothing; tells whether it was.
    fn keep_known(&self, over: Option<&str>, json: Vec<u8>) -> impl Future<Output = Result<bool, Failure>>;

    /// Reads the lists of inference profiles that were kept; `None` if none were.
    fn profiles(&self) -> impl Future<Output = Result<Option<Kept>, Failure>>;

    /// Keeps lists of inference profiles, if those that were kept are still the version with the tag
    /// `over`, or still none; tells whether they were.
    fn keep_profiles(&self, over: Option<&str>, json: Vec<u8>) -> impl Future<Output = Result<bool, Failure>>;
}

/// What was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// As it was written.
    pub json: Vec<u8>,
    /// The tag of its version.
    pub tag: Option<String>,
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
