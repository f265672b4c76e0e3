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
use crisguard_core::{catalog::Catalogue, pattern, policy::PolicyDocument, posture::names, region::Region};
use crisguard_lambda::test_support::failure;

use crate::ports::{ListRegions, ReadMetrics, ReadRules};

pub(super) const POLICY: &str =
    "version: 1\nregions: { source: [eu-west-1], destination: [eu-west-1] }\nprofiles: { global: deny }\n";
pub(super) const ACCOUNT: &str = "111122223333";
const BUS: &str = "arn:aws:events:eu-central-1:111122223333:event-bus/crisguard";

/// The Regions that AWS lists, or why it does not.
pub(super) struct Account(pub(super) Result<Vec<(&'static str, bool)>, Failure>);

impl ListRegions for Account {
    async fn regions(&self) -> Result<Vec<ListedRegion>, Failure> {
        let listed = |(name, enabled): (&str, bool)| ListedRegion {
            name: name.to_owned(),
            enabled,
        };
        self.0.clone().map(|regions| regions.into_iter().map(listed).collect())
    }
}

/// Rules, buses and metrics of every Region; the same in each but for what a test changes.
pub(super) struct World {
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
}

impl World {
    pub(super) fn as_deployed() -> Self {
        let account = ACCOUNT.parse().unwrap();
        let policy = PolicyDocument::parse(POLICY.as_bytes()).unwrap();
        let policy = policy.for_account(&account, None).unwrap();
        let compiled = pattern::compile(&policy, &Catalogue::embedded().unwrap(), Some(&account)).unwrap();
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
        let counted = |metric, rule: &str, sum| ((metric, rule.to_owned()), sum);
        Self {
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
        let on_bus = |name: &str| (name == names::INFERENCE) == bus.is_some();
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
