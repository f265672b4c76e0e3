//! What is wrong with rules and the bus, gathered by kind so that one sentence names all rules.

use std::collections::{BTreeMap, BTreeSet};

use super::{Intended, deployed};
use crate::{
    change::{self, Forwarded},
    pattern,
    posture::{Bus, Home, NotObserved, OwnHome, RegionRules, Rule, RuleProblem, Target, names},
    region::Region,
};

/// The longest ARN of an unknown target that is shown, in characters.
const LONGEST_TARGET: usize = 200;
/// The most problems, rules of one problem and refusals that are told. Whoever may change a Region's
/// rules could otherwise write so many that the finding is too large to be sent or remembered.
const MOST: usize = 20;
/// Stands for those that are not told.
const MORE: &str = "…";

/// Problems, and what could not be looked at.
#[derive(Debug)]
pub(super) struct Problems {
    found: Vec<RuleProblem>,
    not_observed: BTreeSet<NotObserved>,
}

/// What one rule must be.
struct Expected<'a> {
    name: String,
    /// `None` for a rule beyond those that the policy in force compiles to.
    pattern: Option<String>,
    /// The SHA-256 that its description must name, if it is compiled from the policy.
    policy_sha256: Option<&'a str>,
    /// The only ARN to which it sends; none for a rule that counts.
    target: Option<String>,
}

impl Problems {
    /// Looks at the rules of the default bus and, in the home Region, at the bus.
    pub(super) fn of(observed: &RegionRules, intended: &Intended<'_>) -> Self {
        let mut problems = Self {
            found: Vec::new(),
            not_observed: BTreeSet::new(),
        };
        match &observed.rules {
            Err(not_observed) => problems.not_observed(not_observed),
            Ok(rules) => problems.compare(rules, &in_every_region(&observed.region, rules, intended)),
        }
        match &observed.home {
            // A member account has no bus: the one to which it forwards is looked at where it is.
            Some(_) if !intended.hub.is_of(intended.account) => {}
            Some(Home::Own(home)) => problems.look_at_bus(home, intended),
            Some(Home::Member(_)) => {
                let cause = "the bus was not looked at, for it was taken to be another account's";
                problems.not_observed(&NotObserved::new("events:DescribeEventBus", cause));
            }
            None => {}
        }
        problems
    }

    pub(super) fn add(&mut self, problem: RuleProblem) {
        let unlike = self
            .found
            .iter_mut()
            .try_fold(problem, |problem, known| known.absorb(problem).err());
        if self.found.len() < MOST {
            self.found.extend(unlike);
        }
    }

    pub(super) fn not_observed(&mut self, not_observed: &NotObserved) {
        self.not_observed.insert(not_observed.clone());
    }

    pub(super) fn into_parts(mut self) -> (Vec<RuleProblem>, Vec<NotObserved>) {
        for problem in &mut self.found {
            problem.name_at_most(MOST, MORE);
        }
        (self.found, self.not_observed.into_iter().take(MOST).collect())
    }

    fn look_at_bus(&mut self, home: &OwnHome, intended: &Intended<'_>) {
        let bus = names::BUS.to_owned();
        match &home.bus {
            Err(not_observed) => self.not_observed(not_observed),
            // Without the bus there are no rules on it to speak of.
            Ok(Bus::Missing) => return self.add(RuleProblem::BusMissing { bus }),
            Ok(Bus::Standing { policy }) => {
                let intended = deployed::bus_policy(intended);
                if !policy
                    .as_deref()
                    .is_some_and(|policy| deployed::same_policy(policy, &intended))
                {
                    self.add(RuleProblem::BusPolicy { bus });
                }
            }
        }
        match &home.rules {
            Err(not_observed) => self.not_observed(not_observed),
            Ok(rules) => {
                let inference = Expected {
                    name: names::INFERENCE.to_owned(),
                    pattern: Some(pattern::unfiltered()),
                    policy_sha256: None,
                    target: Some(deployed::events_queue(intended)),
                };
                let changes = Expected {
                    name: names::CHANGES.to_owned(),
                    pattern: Some(change::bus_pattern()),
                    policy_sha256: None,
                    target: Some(deployed::changes_queue(intended)),
                };
                self.compare(rules, &[inference, changes]);
            }
        }
    }

    fn compare(&mut self, rules: &BTreeMap<String, Rule>, expected: &[Expected<'_>]) {
        for expected in expected {
            match rules.get(&expected.name) {
                None => self.add(RuleProblem::Missing {
                    rules: vec![expected.name.clone()],
                }),
                Some(rule) => self.compare_rule(rule, expected),
            }
        }
    }

    fn compare_rule(&mut self, rule: &Rule, expected: &Expected<'_>) {
        let rules = || vec![expected.name.clone()];
        if rule.state.as_deref() != Some(names::STATE) {
            let state = rule.state.clone().unwrap_or_else(|| "UNKNOWN".to_owned());
            self.add(RuleProblem::State { state, rules: rules() });
        }
        let named = rule.description.as_deref().and_then(sha256_in);
        if expected.policy_sha256.is_some_and(|sha256| named != Some(sha256)) {
            // Its pattern is that of the other policy, too: saying so twice tells nothing.
            self.add(RuleProblem::OtherPolicy {
                policy_sha256: named.map(str::to_owned),
                rules: rules(),
            });
        } else if let Some(pattern) = &expected.pattern
            && !rule
                .pattern
                .as_deref()
                .is_some_and(|found| deployed::same_pattern(found, pattern))
        {
            self.add(RuleProblem::Pattern { rules: rules() });
        }
        match &rule.targets {
            Err(not_observed) => self.not_observed(not_observed),
            Ok(targets) => self.compare_targets(targets, expected),
        }
    }

    fn compare_targets(&mut self, targets: &[Target], expected: &Expected<'_>) {
        let rules = || vec![expected.name.clone()];
        let is_expected = |target: &&Target| expected.target.as_ref() == Some(&target.arn);
        let (own, unknown): (Vec<&Target>, Vec<&Target>) = targets.iter().partition(is_expected);
        match &expected.target {
            Some(target) if own.is_empty() => self.add(RuleProblem::TargetMissing {
                target: target.clone(),
                rules: rules(),
            }),
            Some(_) | None => {}
        }
        if own.iter().any(|target| target.rewrites) {
            self.add(RuleProblem::TargetRewrites { rules: rules() });
        }
        for target in unknown {
            let arn = target.arn.chars().filter(|c| !c.is_control()).take(LONGEST_TARGET);
            self.add(RuleProblem::TargetUnknown {
                target: arn.collect(),
                rules: rules(),
            });
        }
    }
}

/// Returns what must stand on the default bus of every Region.
///
/// Where a rule forwards everything, the compiled ones need not stand. Those that stand beyond what
/// the policy compiles to let through more than they must, and are not held against any pattern.
fn in_every_region<'a>(region: &Region, rules: &BTreeMap<String, Rule>, intended: &Intended<'a>) -> Vec<Expected<'a>> {
    let forwarding = |name: String, pattern: Option<String>| Expected {
        name,
        pattern,
        policy_sha256: Some(intended.policy_sha256),
        target: Some(deployed::bus(intended)),
    };
    let counting = |name: &str, pattern: String| Expected {
        name: name.to_owned(),
        pattern: Some(pattern),
        policy_sha256: None,
        target: None,
    };
    let mut expected: Vec<Expected<'a>> = match intended.compiled {
        Ok(compiled) if !rules.contains_key(names::FORWARD_ALL) => compiled
            .patterns
            .iter()
            .zip(1..)
            .map(|(pattern, number)| forwarding(names::forward(number), Some(pattern.json.clone())))
            .collect(),
        // A policy that cannot be compiled can only be deployed with everything forwarded.
        Ok(_) | Err(_) => vec![forwarding(names::FORWARD_ALL.to_owned(), Some(pattern::unfiltered()))],
    };
    let beyond: Vec<Expected<'a>> = rules
        .keys()
        .filter(|name| names::is_forward(name) && !expected.iter().any(|expected| expected.name == **name))
        .map(|name| forwarding(name.clone(), None))
        .collect();
    expected.extend(beyond);
    expected.push(counting(names::SEEN_CALLS, pattern::seen_calls()));
    expected.push(counting(names::SEEN_COMPLETIONS, pattern::seen_completions()));
    let of_changes = change::patterns(region.as_str()).into_iter();
    expected.extend(of_changes.map(|Forwarded { rule, pattern }| Expected {
        name: rule,
        pattern: Some(pattern),
        policy_sha256: None,
        target: Some(deployed::bus(intended)),
    }));
    expected
}

/// Finds the SHA-256 that a rule's description names.
fn sha256_in(description: &str) -> Option<&str> {
    description
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
