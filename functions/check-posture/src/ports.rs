//! What the use case needs of the world besides the policy, one capability a trait. Nothing here
//! can change a setting: who looks may only look.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::{
    Failure,
    account::ListedRegion,
    cloudwatch::{Series, Span},
    events::{Bus, Rule, Target},
    organizations::{self, Node, Tree},
};
use crisguard_core::{
    account::AccountId,
    posture::{Area, Membership, NotObserved, Observed, Seen},
    region::Region,
    scp::organization::OrganizationDocument,
};
use crisguard_lambda::findings_queue::SendFindings;

use crate::observe::Sweep;

/// The action by which accounts are listed.
const LIST: &str = "organizations:ListAccountsForParent";

/// Everything that the function needs of the world besides the policy.
pub trait Ports {
    /// An account that can be looked at.
    type World: Look + ListRegions;
    /// The organization.
    type Organization: ReadOrganization;
    /// Where decisions go.
    type Queue: SendFindings;
    /// Where reports are kept.
    type Reports: KeepReports;

    /// Returns the account in which the function runs.
    fn own(&self) -> &Self::World;
    /// Tells whether there is a role by which other accounts let themselves be looked at.
    fn looks_at_members(&self) -> bool;
    /// Returns another account, as the role sees it that lets itself be assumed there; or why it cannot be.
    fn member(&self, account: &AccountId) -> impl Future<Output = Observed<Self::World>>;
    /// Returns the organization.
    fn organization(&self) -> &Self::Organization;
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

/// Reads the organization of the account in which the function runs.
pub trait ReadOrganization {
    /// Tells where an account stands in it.
    fn standing(&self, account: &AccountId) -> impl Future<Output = Observed<Membership>>;

    /// Reads what stands above an account, be it the management account.
    fn above(&self, account: &AccountId) -> impl Future<Output = Observed<OrganizationDocument>>;

    /// Reads which accounts there are, and under which units.
    fn structure(&self) -> impl Future<Output = Observed<Structure>>;

    /// Reads what is attached to all of them.
    fn whole(&self, structure: Structure) -> impl Future<Output = Observed<OrganizationDocument>>;
}

/// How an organization is built, without what is attached.
#[derive(Clone, Debug)]
pub struct Structure {
    /// Which organization it is.
    pub member: organizations::Membership,
    /// Its units and accounts.
    pub tree: Tree,
}

impl Structure {
    /// Returns the accounts that are in use.
    ///
    /// # Errors
    ///
    /// Fails if one of them is no account: it must not be left out.
    pub fn accounts(&self) -> Observed<BTreeSet<AccountId>> {
        let used = self.tree.accounts.iter().filter(|node| !node.closed);
        let read = |node: &Node| {
            let unclear = |_| NotObserved::new(LIST, &format!("`{}` is not the number of an account", node.id));
            node.id.parse().map_err(unclear)
        };
        used.map(read).collect()
    }
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
    /// Returns the name of the bucket.
    fn bucket(&self) -> &str;

    /// Stores something under a key.
    fn store(&self, key: &str, content: Content) -> impl Future<Output = Result<(), Failure>>;

    /// Reads what was stored under a key, of at most `largest` bytes; `None` if nothing was.
    fn read(&self, key: &str, largest: usize) -> impl Future<Output = Result<Option<Kept>, Failure>>;

    /// Stores something under a key, if what is there is still the version with the tag `over`, or still nothing; tells
    /// whether it was stored.
    fn replace(&self, key: &str, over: Option<&str>, content: Content) -> impl Future<Output = Result<bool, Failure>>;
}

/// Something to store, by its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// One JSON document.
    Json(Vec<u8>),
    /// One JSON document a line.
    JsonLines(Vec<u8>),
}

impl Content {
    /// Returns it as it is stored, with what kind it is.
    pub(crate) fn into_parts(self) -> (Vec<u8>, &'static str) {
        match self {
            Self::Json(bytes) => (bytes, "application/json"),
            Self::JsonLines(bytes) => (bytes, "application/x-ndjson"),
        }
    }
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
