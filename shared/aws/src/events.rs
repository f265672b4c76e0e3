//! Amazon EventBridge: what rules and buses of one Region are, read and never changed.

use aws_config::{Region, SdkConfig};
use aws_sdk_eventbridge::{Client, config, operation::describe_event_bus::DescribeEventBusError, types};

use crate::{Failure, pages::every_page, signed};

const LIST_RULES: &str = "events:ListRules";
const LIST_TARGETS: &str = "events:ListTargetsByRule";

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Its state, such as `ENABLED`.
    pub state: Option<String>,
    /// Its event pattern, as JSON.
    pub pattern: Option<String>,
    /// Its description.
    pub description: Option<String>,
}

/// Where a rule sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The target's ARN.
    pub arn: String,
    /// Whether something else than the event is sent: a constant, a part or a transformed text.
    pub rewrites: bool,
}

/// An event bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bus {
    /// Its resource policy, as JSON.
    pub policy: Option<String>,
}

/// EventBridge in one Region.
#[derive(Clone, Debug)]
pub struct Events {
    client: Client,
    region: String,
}

impl Events {
    /// Names a Region.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let there = config::Builder::from(configuration)
            .region(Region::new(region.to_owned()))
            .retry_partition(signed::partition("EventBridge", region, configuration));
        Self {
            client: Client::from_conf(there.build()),
            region: region.to_owned(),
        }
    }

    /// Lists the rules of a bus whose names begin with `prefix`; of the default bus if none is named
    /// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html>).
    ///
    /// # Errors
    ///
    /// Fails if EventBridge refuses or cannot be reached, or if there is no such bus.
    pub async fn rules(&self, bus: Option<&str>, prefix: &str) -> Result<Vec<Rule>, Failure> {
        let resource = self.resource(bus);
        every_page(LIST_RULES, &resource, async |next| {
            let request = self.client.list_rules().name_prefix(prefix);
            let page = request.set_event_bus_name(bus.map(str::to_owned)).set_next_token(next);
            let page = page.send().await;
            let page = page.map_err(|error| Failure::of(LIST_RULES, &resource, &error))?;
            Ok((page.rules().iter().filter_map(rule).collect(), page.next_token))
        })
        .await
    }

    /// Lists where a rule sends
    /// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html>).
    ///
    /// # Errors
    ///
    /// Fails if EventBridge refuses or cannot be reached, or if there is no such rule.
    pub async fn targets(&self, bus: Option<&str>, rule: &str) -> Result<Vec<Target>, Failure> {
        let resource = self.resource(bus);
        every_page(LIST_TARGETS, &resource, async |next| {
            let request = self.client.list_targets_by_rule().rule(rule);
            let page = request.set_event_bus_name(bus.map(str::to_owned)).set_next_token(next);
            let page = page.send().await;
            let page = page.map_err(|error| Failure::of(LIST_TARGETS, &resource, &error))?;
            Ok((page.targets().iter().map(target).collect(), page.next_token))
        })
        .await
    }

    /// Describes a bus; `None` if there is none of this name
    /// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEventBus.html>).
    ///
    /// # Errors
    ///
    /// Fails if EventBridge refuses or cannot be reached.
    pub async fn bus(&self, name: &str) -> Result<Option<Bus>, Failure> {
        match self.client.describe_event_bus().name(name).send().await {
            Ok(bus) => Ok(Some(Bus {
                policy: bus.policy().map(str::to_owned),
            })),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeEventBusError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failure::of(
                "events:DescribeEventBus",
                &self.resource(Some(name)),
                &error,
            )),
        }
    }

    fn resource(&self, bus: Option<&str>) -> String {
        format!("the event bus {} in {}", bus.unwrap_or("default"), self.region)
    }
}

fn rule(rule: &types::Rule) -> Option<Rule> {
    Some(Rule {
        name: rule.name()?.to_owned(),
        state: rule.state().map(|state| state.as_str().to_owned()),
        pattern: rule.event_pattern().map(str::to_owned),
        description: rule.description().map(str::to_owned),
    })
}

fn target(target: &types::Target) -> Target {
    Target {
        arn: target.arn().to_owned(),
        rewrites: target.input().is_some() || target.input_path().is_some() || target.input_transformer().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::{
        error::ErrorMetadata,
        operation::{
            describe_event_bus::DescribeEventBusOutput,
            list_rules::{ListRulesError, ListRulesOutput},
            list_targets_by_rule::ListTargetsByRuleOutput,
        },
        types::{RuleState, error::ResourceNotFoundException},
    };
    use aws_smithy_mocks::{Rule as Mock, RuleMode, mock, mock_client};

    use super::*;

    fn events(mocks: &[&Mock]) -> Events {
        let client = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, mocks);
        Events {
            client,
            region: "eu-west-1".to_owned(),
        }
    }

    #[tokio::test]
    async fn every_page_of_rules_is_read() {
        let called = |name: &str| {
            types::Rule::builder()
                .name(name)
                .state(RuleState::EnabledWithAllCloudtrailManagementEvents)
                .event_pattern("{}")
                .description("d")
                .build()
        };
        let first = mock!(Client::list_rules)
            .match_requests(|request| {
                request.event_bus_name().is_none()
                    && request.name_prefix() == Some("crisguard-")
                    && request.next_token().is_none()
            })
            .then_output(move || {
                ListRulesOutput::builder()
                    .rules(called("crisguard-a"))
                    .next_token("2")
                    .build()
            });
        let second = mock!(Client::list_rules)
            .match_requests(|request| request.next_token() == Some("2"))
            .then_output(move || ListRulesOutput::builder().rules(called("crisguard-b")).build());
        let rules = events(&[&first, &second]).rules(None, "crisguard-").await.unwrap();
        let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["crisguard-a", "crisguard-b"]);
        assert_eq!(
            rules[0].state.as_deref(),
            Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
        );
    }

    #[tokio::test]
    async fn a_list_without_an_end_is_an_error() {
        let endless = mock!(Client::list_rules).then_output(|| ListRulesOutput::builder().next_token("again").build());
        let failure = events(&[&endless]).rules(Some("crisguard"), "").await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            "events:ListRules on the event bus crisguard in eu-west-1 failed: the list has more than 100 pages"
        );
    }

    #[tokio::test]
    async fn a_refusal_names_the_permission() {
        let refused = mock!(Client::list_rules).then_error(|| {
            let metadata = ErrorMetadata::builder()
                .code("AccessDeniedException")
                .message("no")
                .build();
            ListRulesError::generic(metadata)
        });
        let failure = events(&[&refused]).rules(None, "crisguard-").await.unwrap_err();
        assert_eq!(failure.action, "events:ListRules");
        assert!(failure.cause.starts_with("AccessDeniedException"), "{failure}");
    }

    #[tokio::test]
    async fn a_target_tells_whether_it_changes_the_event() {
        let targets = mock!(Client::list_targets_by_rule)
            .match_requests(|request| request.rule() == Some("r") && request.event_bus_name() == Some("crisguard"))
            .then_output(|| {
                let target = |path: Option<&str>| {
                    types::Target::builder()
                        .id("t")
                        .arn("arn:x")
                        .set_input_path(path.map(str::to_owned))
                        .build()
                        .unwrap()
                };
                ListTargetsByRuleOutput::builder()
                    .targets(target(None))
                    .targets(target(Some("$.detail")))
                    .build()
            });
        let targets = events(&[&targets]).targets(Some("crisguard"), "r").await.unwrap();
        assert_eq!(
            targets.iter().map(|target| target.rewrites).collect::<Vec<_>>(),
            [false, true]
        );
    }

    #[tokio::test]
    async fn every_page_of_targets_is_read() {
        let page = |arn: &str| {
            let target = types::Target::builder().id("t").arn(arn).build().unwrap();
            ListTargetsByRuleOutput::builder().targets(target)
        };
        let first = mock!(Client::list_targets_by_rule)
            .match_requests(|request| request.next_token().is_none())
            .then_output(move || page("arn:a").next_token("2").build());
        let second = mock!(Client::list_targets_by_rule)
            .match_requests(|request| request.next_token() == Some("2"))
            .then_output(move || page("arn:b").build());
        let targets = events(&[&first, &second]).targets(None, "r").await.unwrap();
        let arns: Vec<&str> = targets.iter().map(|target| target.arn.as_str()).collect();
        assert_eq!(arns, ["arn:a", "arn:b"]);
    }

    #[tokio::test]
    async fn a_bus_that_is_not_there_is_no_failure() {
        let missing = mock!(Client::describe_event_bus).then_error(|| {
            DescribeEventBusError::ResourceNotFoundException(ResourceNotFoundException::builder().build())
        });
        assert_eq!(events(&[&missing]).bus("crisguard").await.unwrap(), None);
        let standing = mock!(Client::describe_event_bus)
            .then_output(|| DescribeEventBusOutput::builder().policy("{\"Statement\":[]}").build());
        let bus = events(&[&standing]).bus("crisguard").await.unwrap().unwrap();
        assert_eq!(bus.policy.as_deref(), Some("{\"Statement\":[]}"));
    }
}
