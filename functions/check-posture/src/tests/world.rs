//! An account as a deployment leaves it, which a test then spoils.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use crisguard_aws::{
    Failure,
    account::ListedRegion,
    cloudwatch::{Series, Span},
    events::{Bus, Rule, Target},
};
use crisguard_core::{
    account::AccountId,
    catalog::Catalogue,
    change::{self, Forwarded},
    pattern,
    policy::PolicyDocument,
    posture::{Area, NotObserved, Observed, Seen, names},
    region::Region,
};
use crisguard_lambda::test_support::{FindingsQueue, failure};
use serde_json::{Value, json};

use super::{organization::Organization, reports::Reports};
use crate::{
    observe::{Sweep, rules, traffic::Calls},
    ports::{ListRegions, Look, Ports, ReadMetrics, ReadRules, See},
};

pub(super) const POLICY: &str =
    "version: 1\nregions: { source: [eu-west-1], destination: [eu-west-1] }\nprofiles: { global: deny }\n";
pub(super) const ACCOUNT: &str = "111122223333";
const BUS: &str = "arn:aws:events:eu-central-1:111122223333:event-bus/crisguard";

impl ListRegions for World {
    async fn regions(&self) -> Result<Vec<ListedRegion>, Failure> {
        let listed = |(name, enabled): (&str, bool)| ListedRegion {
            name: name.to_owned(),
            enabled,
        };
        self.listed
            .clone()
            .map(|regions| regions.into_iter().map(listed).collect())
    }
}

/// Everything that the function acts on.
pub(super) struct Fakes {
    pub(super) world: World,
    /// The other accounts, or why they cannot be looked at; there is no role for any, if there is nothing.
    pub(super) members: Option<BTreeMap<AccountId, Observed<World>>>,
    /// Whether no other account ever answers.
    pub(super) hangs: bool,
    /// Which accounts were entered.
    pub(super) entered: RefCell<Vec<AccountId>>,
    pub(super) organization: Organization,
    pub(super) queue: FindingsQueue,
    pub(super) reports: Reports,
}

impl Ports for Fakes {
    type World = World;
    type Organization = Organization;
    type Queue = FindingsQueue;
    type Reports = Reports;

    fn own(&self) -> &World {
        &self.world
    }

    fn looks_at_members(&self) -> bool {
        self.members.is_some()
    }

    async fn member(&self, account: &AccountId) -> Observed<World> {
        self.entered.borrow_mut().push(account.clone());
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let none = || Err(NotObserved::new("sts:AssumeRole", "there is no role"));
        let members = self.members.as_ref();
        members
            .and_then(|members| members.get(account).cloned())
            .unwrap_or_else(none)
    }

    fn organization(&self) -> &Organization {
        &self.organization
    }

    fn queue(&self) -> &FindingsQueue {
        &self.queue
    }

    fn reports(&self) -> &Reports {
        &self.reports
    }
}

/// A sweep over the account.
pub(super) struct Eye<'a> {
    world: &'a World,
    sweep: Sweep,
}

impl Look for World {
    type Eye<'a> = Eye<'a>;

    fn sweep(&self, sweep: &Sweep) -> Eye<'_> {
        Eye {
            world: self,
            sweep: sweep.clone(),
        }
    }
}

impl See for Eye<'_> {
    async fn see(&self, area: Area, region: &Region) -> Seen {
        self.world.looked.borrow_mut().push((region.to_string(), area));
        if self.world.slow == Some(area) {
            std::future::pending::<()>().await;
        }
        if area == Area::Rules {
            let calls = Calls::read(self.world, region, self.sweep.now);
            return Seen::Rules(rules::observe(self.world, self.world, calls, region, &self.sweep).await);
        }
        let name = serde_json::to_value(area).unwrap();
        let name = name.as_str().unwrap();
        let mut seen = well(area);
        if let Some(changes) = self.world.settings.get(&(region.to_string(), area)) {
            for (member, change) in changes.as_object().unwrap() {
                seen[member] = change.clone();
            }
        }
        if let (Area::Reach, Some(membership)) = (area, &self.sweep.membership) {
            seen["membership"] = serde_json::to_value(membership).unwrap();
        }
        serde_json::from_value(json!({ name: seen })).unwrap()
    }

    async fn was_used(&self, region: &Region) -> Observed<bool> {
        match self.world.used {
            Some(used) => Ok(used.contains(&region.as_str())),
            None => Err(NotObserved::new(
                "cloudwatch:ListMetrics",
                "AccessDenied (HTTP 403): no",
            )),
        }
    }
}

/// Returns an area as it is where all is well with a policy that asks for nothing.
fn well(area: Area) -> Value {
    let name = serde_json::to_value(area).unwrap();
    let path = format!(
        "{}/../../shared/core/src/controls/all_is_well/{}.json",
        env!("CARGO_MANIFEST_DIR"),
        name.as_str().unwrap()
    );
    let mut seen = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    as_texts(&mut seen);
    seen
}

fn as_texts(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(as_texts);
            if members.len() == 1 && members.contains_key("json") {
                *value = Value::String(members["json"].to_string());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_texts),
        _ => {}
    }
}

/// Rules, buses and metrics of every Region; the same in each but for what a test changes.
#[derive(Clone)]
pub(super) struct World {
    /// The Regions that AWS lists, or why it does not.
    pub(super) listed: Result<Vec<(&'static str, bool)>, Failure>,
    rules: BTreeMap<String, (Rule, Vec<Target>)>,
    pub(super) removed: Vec<(&'static str, String)>,
    pub(super) denied: Option<&'static str>,
    /// Sums by metric and, of EventBridge, by rule; each in every hour.
    pub(super) sums: BTreeMap<(&'static str, String), f64>,
    /// The dimensions under which Bedrock counts calls.
    pub(super) counted_by: Vec<BTreeMap<String, String>>,
    pub(super) spans: RefCell<Vec<Span>>,
    looks: Cell<usize>,
    pub(super) most_looks: Cell<usize>,
    /// Every look at an area of a Region.
    pub(super) looked: RefCell<Vec<(String, Area)>>,
    /// What differs from where all is well, by Region and area.
    pub(super) settings: BTreeMap<(String, Area), Value>,
    /// An area that is never seen.
    pub(super) slow: Option<Area>,
    /// Where Bedrock was used; nobody can tell, if there is nothing.
    pub(super) used: Option<&'static [&'static str]>,
}

impl World {
    pub(super) fn as_deployed() -> Self {
        Self::deployed_by(POLICY, Some(&ACCOUNT.parse().unwrap()))
    }

    /// Another account's, whose forwarders are deployed with patterns that name no account.
    pub(super) fn of_a_member() -> Self {
        Self::deployed_by(POLICY, None)
    }

    fn deployed_by(policy: &str, named: Option<&AccountId>) -> Self {
        let account = ACCOUNT.parse().unwrap();
        let policy = PolicyDocument::parse(policy.as_bytes()).unwrap();
        let policy = policy.for_account(&account, None).unwrap();
        let compiled = pattern::compile(&policy, &Catalogue::embedded().unwrap(), named).unwrap();
        let description = format!("Compiled from the policy with sha256 {}", compiled.policy_sha256);
        let mut rules = BTreeMap::new();
        let mut add = |name: &str, pattern: &str, target: Option<&str>| {
            let rule = Rule {
                name: name.to_owned(),
                state: Some(names::STATE.to_owned()),
                pattern: Some(pattern.to_owned()),
                description: Some(description.clone()),
            };
            let target = target.map(|arn| Target {
                arn: arn.to_owned(),
                rewrites: false,
            });
            rules.insert(name.to_owned(), (rule, target.into_iter().collect()));
        };
        for (pattern, number) in compiled.patterns.iter().zip(1..) {
            add(&names::forward(number), &pattern.json, Some(BUS));
        }
        add(names::SEEN_CALLS, &pattern::seen_calls(), None);
        add(names::SEEN_COMPLETIONS, &pattern::seen_completions(), None);
        let queue = "arn:aws:sqs:eu-central-1:111122223333:crisguard-events";
        add(names::INFERENCE, &pattern::unfiltered(), Some(queue));
        for Forwarded { rule, pattern } in change::patterns("eu-west-1") {
            add(&rule, &pattern, Some(BUS));
        }
        let changes = "arn:aws:sqs:eu-central-1:111122223333:crisguard-changes";
        add(names::CHANGES, &change::bus_pattern(), Some(changes));
        let counted = |metric, rule: &str, sum| ((metric, rule.to_owned()), sum);
        Self {
            listed: Ok(Vec::new()),
            rules,
            removed: Vec::new(),
            denied: None,
            sums: BTreeMap::from([
                counted("Invocations", "", 3.0),
                counted("TriggeredRules", names::SEEN_CALLS, 3.0),
                counted("TriggeredRules", &names::forward(1), 1.0),
            ]),
            counted_by: vec![BTreeMap::new()],
            spans: RefCell::default(),
            looks: Cell::new(0),
            most_looks: Cell::new(0),
            looked: RefCell::default(),
            settings: BTreeMap::new(),
            slow: None,
            used: Some(&[]),
        }
    }

    fn allow(&self, action: &'static str) -> Result<(), Failure> {
        if self.denied == Some(action) {
            Err(failure(action, "AccessDeniedException (HTTP 400): no"))
        } else {
            Ok(())
        }
    }

    fn is_removed(&self, region: &Region, name: &str) -> bool {
        let here = |(there, removed): &(&str, String)| *there == region.as_str() && removed == name;
        self.removed.iter().any(here)
    }
}

impl ReadRules for World {
    async fn rules(&self, region: &Region, bus: Option<&str>, prefix: &str) -> Result<Vec<Rule>, Failure> {
        self.looks.set(self.looks.get() + 1);
        self.most_looks.set(self.looks.get().max(self.most_looks.get()));
        tokio::task::yield_now().await;
        self.looks.set(self.looks.get() - 1);
        self.allow("events:ListRules")?;
        assert_eq!(prefix, "crisguard-");
        let on_bus = |name: &str| [names::INFERENCE, names::CHANGES].contains(&name) == bus.is_some();
        let rules = self.rules.values().map(|(rule, _)| rule);
        Ok(rules
            .filter(|rule| on_bus(&rule.name) && !self.is_removed(region, &rule.name))
            .cloned()
            .collect())
    }

    async fn targets(&self, _: &Region, _: Option<&str>, rule: &str) -> Result<Vec<Target>, Failure> {
        self.allow("events:ListTargetsByRule")?;
        Ok(self.rules[rule].1.clone())
    }

    async fn bus(&self, region: &Region, name: &str) -> Result<Option<Bus>, Failure> {
        self.allow("events:DescribeEventBus")?;
        assert_eq!((region.as_str(), name), ("eu-central-1", "crisguard"));
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "ForwardersOfThisAccount", "Effect": "Allow",
            "Principal": {{"AWS": "arn:aws:iam::{ACCOUNT}:root"}}, "Action": "events:PutEvents", "Resource": "{BUS}",
            "Condition": {{"StringEquals": {{"aws:PrincipalAccount": "{ACCOUNT}"}},
            "ArnLike": {{"aws:PrincipalArn": "arn:aws:iam::{ACCOUNT}:role/crisguard-forward-*"}}}}}}]}}"#
        );
        Ok((!self.is_removed(region, name)).then_some(Bus { policy: Some(policy) }))
    }
}

impl ReadMetrics for World {
    async fn list(&self, _: &Region, namespace: &str, metric: &str) -> Result<Vec<Series>, Failure> {
        self.allow("cloudwatch:ListMetrics")?;
        let series = |dimensions: &BTreeMap<String, String>| Series {
            namespace: namespace.to_owned(),
            metric: metric.to_owned(),
            dimensions: dimensions.clone(),
        };
        Ok(self.counted_by.iter().map(series).collect())
    }

    async fn sums(&self, _: &Region, series: &[Series], span: Span) -> Result<Vec<BTreeMap<i64, f64>>, Failure> {
        self.allow("cloudwatch:GetMetricData")?;
        self.spans.borrow_mut().push(span);
        let hourly = |series: &Series| {
            let rule = series.dimensions.get("RuleName").cloned().unwrap_or_default();
            let sum = self
                .sums
                .iter()
                .find(|((metric, of), _)| *metric == series.metric && *of == rule);
            let hours = (span.from..span.until).step_by(3600);
            sum.map(|(_, sum)| hours.map(|hour| (hour, *sum)).collect())
                .unwrap_or_default()
        };
        Ok(series.iter().map(hourly).collect())
    }
}
