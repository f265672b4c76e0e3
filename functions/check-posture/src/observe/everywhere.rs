//! The account itself, seen through AWS.

use std::collections::BTreeMap;

use crisguard_aws::{
    Failure,
    cloudwatch::{Series, Span},
    events::{Bus, Rule, Target},
    everywhere::Everywhere,
};
use crisguard_core::{
    account::AccountId,
    arn::Arn,
    posture::{Area, Key, ListedProfile, Membership, NotObserved, Observed, Seen, Use},
    region::Region,
};
use tokio::sync::{OnceCell, Semaphore};

use super::{
    Sweep, guardrails, identity, logging, observed,
    organizations::Organizations,
    reach, resources, rules,
    traffic::{Calls, of_bedrock, whole},
    trails,
};
use crate::{
    aws::World,
    once::Once,
    ports::{Look, ReadMetrics, ReadRules, See},
};

/// How many calls are on their way at once. More are throttled before they are faster: an account has
/// ten to twenty of most of these a second in a Region, and a sweep asks all Regions at once
/// (<https://docs.aws.amazon.com/general/latest/gr/bedrock.html>).
pub const CALLS_AT_ONCE: usize = 24;
const SECONDS_A_DAY: i64 = 86_400;

/// One sweep over an account.
#[derive(Debug)]
pub struct Eye<'a> {
    pub(super) aws: &'a Everywhere,
    pub(super) account: AccountId,
    pub(super) sweep: Sweep,
    permits: Semaphore,
    calls: Once<Region, Result<Calls, Failure>>,
    used: Once<Region, Observed<bool>>,
    keys: Once<(Region, String), Observed<Option<Key>>>,
    pub(super) buckets: logging::Buckets,
    pub(super) trails: trails::Trails,
    pub(super) organization: OnceCell<Observed<Option<String>>>,
    pub(super) organizations: &'a Organizations,
    pub(super) membership: OnceCell<Observed<Membership>>,
    pub(super) profiles: Once<Region, Observed<BTreeMap<String, ListedProfile>>>,
}

impl Look for World {
    type Eye<'a> = Eye<'a>;

    fn sweep(&self, sweep: &Sweep) -> Eye<'_> {
        Eye {
            aws: &self.everywhere,
            account: sweep.account.clone(),
            sweep: sweep.clone(),
            permits: Semaphore::new(CALLS_AT_ONCE),
            calls: Once::new(),
            used: Once::new(),
            keys: Once::new(),
            buckets: logging::Buckets::unseen(),
            trails: trails::Trails::unseen(),
            organization: OnceCell::new(),
            organizations: &self.organizations,
            membership: OnceCell::new_with(sweep.membership.clone()),
            profiles: Once::new(),
        }
    }
}

impl Eye<'_> {
    /// Waits until a call may be made, makes it, and says what was observed.
    pub(super) fn ask<T>(&self, call: impl Future<Output = Result<T, Failure>>) -> impl Future<Output = Observed<T>> {
        let called = self.call(call);
        async { observed(called.await) }
    }

    /// The same for a reading that makes several calls at once.
    pub(super) fn read<T>(&self, at_once: usize, reading: impl Future<Output = T>) -> impl Future<Output = T> {
        let reading = Box::pin(reading);
        async move {
            let permits = u32::try_from(at_once.min(CALLS_AT_ONCE)).unwrap_or(1);
            let _permits = self.permits.acquire_many(permits).await.ok();
            reading.await
        }
    }

    /// Waits until a call may be made, and makes it.
    fn call<T>(&self, call: impl Future<Output = T>) -> impl Future<Output = T> {
        // A call of an SDK takes tens of kilobytes, and hundreds wait at once: they are small until
        // they are made.
        let call = Box::pin(call);
        async {
            // The semaphore is never closed: without a permit the call is made all the same.
            let _permit = self.permits.acquire().await.ok();
            call.await
        }
    }

    /// Returns what Bedrock counted in a Region within a day.
    pub(super) async fn calls(&self, region: &Region) -> Result<Calls, Failure> {
        self.calls.get(region, Calls::read(self, region, self.sweep.now)).await
    }

    /// A series without data for two weeks is not listed, so the sum over all models is asked for, too.
    async fn look_for_use(&self, region: &Region) -> Observed<bool> {
        let calls = observed(self.calls(region).await)?;
        if calls.were_made() {
            return Ok(true);
        }
        let until = self.sweep.now.as_second();
        let span = Span {
            from: until - i64::from(Use::DAYS) * SECONDS_A_DAY,
            until,
            period: 86_400,
        };
        let sums = observed(self.sums(region, &[of_bedrock("Invocations")], span).await)?;
        Ok(sums.iter().flat_map(BTreeMap::values).any(|sum| whole(*sum) > 0))
    }

    /// Looks at a key, by its id, alias or ARN; an ARN names the key's own Region.
    pub(super) async fn key(&self, region: &Region, name: &str) -> Observed<Option<Key>> {
        // AWS manages the keys of these aliases, and to ask for one that is not there yet makes it
        // (<https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk>).
        if name.contains("alias/aws/") {
            return Ok(Some(Key {
                customer_managed: false,
                state: Key::ENABLED.to_owned(),
            }));
        }
        let question = (region.clone(), name.to_owned());
        self.keys
            .get(&question, async {
                let Some(key) = self.ask(self.aws.keys(there(region, name)).describe(name)).await? else {
                    return Ok(None);
                };
                let unsaid = |what| NotObserved::new("kms:DescribeKey", &format!("the answer does not say {what}"));
                Ok(Some(Key {
                    customer_managed: key.manager.ok_or_else(|| unsaid("who manages the key"))? == "CUSTOMER",
                    state: key.state.ok_or_else(|| unsaid("the key's state"))?,
                }))
            })
            .await
    }
}

/// Returns the Region in which a key is: that of its ARN, or the one where it is named.
fn there<'a>(region: &'a Region, key: &'a str) -> &'a str {
    let of_arn = Arn::parse(key).map(|arn| arn.region);
    of_arn.filter(|region| !region.is_empty()).unwrap_or(region.as_str())
}

impl See for Eye<'_> {
    async fn see(&self, area: Area, region: &Region) -> Seen {
        match area {
            Area::Rules => {
                let calls = self.calls(region);
                Seen::Rules(Box::pin(rules::observe(self, self, calls, region, &self.sweep)).await)
            }
            Area::Logging => Seen::Logging(Box::pin(logging::observe(self, region)).await),
            Area::Trails => Seen::Trails(Box::pin(trails::observe(self, region)).await),
            Area::DataRetention => {
                let mode = self.ask(self.aws.bedrock(region.as_str()).data_retention()).await;
                Seen::DataRetention(mode.map(Some))
            }
            Area::Guardrails => Seen::Guardrails(Box::pin(guardrails::observe(self, region)).await),
            Area::Profiles => Seen::Profiles(Box::pin(resources::profiles(self, region)).await),
            Area::Reach => Seen::Reach(Box::pin(reach::observe(self, region)).await),
            Area::Models => Seen::Models(Box::pin(resources::models(self, region)).await),
            Area::Agents => Seen::Agents(Box::pin(resources::agents(self, region)).await),
            Area::Batches => Seen::Batches(Box::pin(resources::batches(self, region)).await),
            Area::Endpoints => Seen::Endpoints(Box::pin(resources::endpoints(self, region)).await),
            Area::Identity => Seen::Identity(Box::pin(identity::observe(self)).await),
        }
    }

    async fn was_used(&self, region: &Region) -> Observed<bool> {
        self.used.get(region, self.look_for_use(region)).await
    }
}

impl ReadRules for Eye<'_> {
    async fn rules(&self, region: &Region, bus: Option<&str>, prefix: &str) -> Result<Vec<Rule>, Failure> {
        self.call(self.aws.events(region.as_str()).rules(bus, prefix)).await
    }

    async fn targets(&self, region: &Region, bus: Option<&str>, rule: &str) -> Result<Vec<Target>, Failure> {
        self.call(self.aws.events(region.as_str()).targets(bus, rule)).await
    }

    async fn bus(&self, region: &Region, name: &str) -> Result<Option<Bus>, Failure> {
        self.call(self.aws.events(region.as_str()).bus(name)).await
    }
}

impl ReadMetrics for Eye<'_> {
    async fn list(&self, region: &Region, namespace: &str, metric: &str) -> Result<Vec<Series>, Failure> {
        self.call(self.aws.metrics(region.as_str()).list(namespace, metric))
            .await
    }

    async fn sums(&self, region: &Region, series: &[Series], span: Span) -> Result<Vec<BTreeMap<i64, f64>>, Failure> {
        self.call(self.aws.metrics(region.as_str()).sums(series, span)).await
    }
}
