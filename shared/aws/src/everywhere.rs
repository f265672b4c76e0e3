//! One account in all its Regions: clients for each, over the connections and credentials of all.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_config::{
    SdkConfig,
    retry::{RetryConfig, RetryMode},
    timeout::TimeoutConfig,
};

use crate::{
    account::Account,
    bedrock::Bedrock,
    bedrock_agent::Agents,
    cloudtrail::Trails,
    cloudwatch::Metrics,
    ec2::Networks,
    events::Events,
    iam::Identities,
    kms::Keys,
    logs::LogGroups,
    organizations::Organization,
    s3::Buckets,
    sts::{Roles, Session},
};

/// How long an operation may take with all its attempts and what it waits between them.
const OPERATION: Duration = Duration::from_mins(1);

/// The account in every Region. A service's client in a Region is made once and kept.
#[derive(Clone, Debug)]
pub struct Everywhere {
    configuration: SdkConfig,
    places: Arc<Mutex<BTreeMap<String, Arc<Place>>>>,
}

/// The clients of one Region that were asked for.
#[derive(Debug, Default)]
struct Place {
    agents: OnceLock<Agents>,
    bedrock: OnceLock<Bedrock>,
    buckets: OnceLock<Buckets>,
    events: OnceLock<Events>,
    identities: OnceLock<Identities>,
    keys: OnceLock<Keys>,
    log_groups: OnceLock<LogGroups>,
    metrics: OnceLock<Metrics>,
    networks: OnceLock<Networks>,
    organization: OnceLock<Organization>,
    roles: OnceLock<Roles>,
    trails: OnceLock<Trails>,
}

impl Everywhere {
    /// Takes the configuration that every client is made from.
    ///
    /// Whoever looks everywhere asks much in a short time: where a service throttles, the SDK's
    /// adaptive mode sends less to that service in that Region, instead of spending all attempts
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>). That may take
    /// ten seconds before the first retry, so each operation is given more time. Other clients keep
    /// the mode they have: they would wait for their turn with a message in hand.
    #[must_use]
    pub fn new(configuration: &SdkConfig) -> Self {
        let retry = configuration.retry_config().cloned();
        let retry = retry.unwrap_or_else(RetryConfig::standard);
        let timeouts = configuration.timeout_config().map(TimeoutConfig::to_builder);
        let timeouts = timeouts.unwrap_or_else(TimeoutConfig::builder);
        Self {
            configuration: configuration
                .to_builder()
                .retry_config(retry.with_retry_mode(RetryMode::Adaptive))
                .timeout_config(timeouts.operation_timeout(OPERATION).build())
                .build(),
            places: Arc::default(),
        }
    }

    /// Returns the account of a role that was assumed, as the role sees it.
    #[must_use]
    pub fn assuming(&self, session: &Session) -> Self {
        Self {
            configuration: session.of(&self.configuration),
            places: Arc::default(),
        }
    }

    /// Returns the account itself, which knows its Regions.
    #[must_use]
    pub fn account(&self) -> Account {
        Account::new(&self.configuration)
    }

    /// Returns the agents and knowledge bases of Bedrock in a Region.
    #[must_use]
    pub fn agents(&self, region: &str) -> Agents {
        let new = || Agents::new(&self.configuration, region);
        self.place(region).agents.get_or_init(new).clone()
    }

    /// Returns Bedrock in a Region.
    #[must_use]
    pub fn bedrock(&self, region: &str) -> Bedrock {
        let new = || Bedrock::new(&self.configuration, region);
        self.place(region).bedrock.get_or_init(new).clone()
    }

    /// Returns S3, asked in a Region.
    #[must_use]
    pub fn buckets(&self, region: &str) -> Buckets {
        let new = || Buckets::new(&self.configuration, region);
        self.place(region).buckets.get_or_init(new).clone()
    }

    /// Returns EventBridge in a Region.
    #[must_use]
    pub fn events(&self, region: &str) -> Events {
        let new = || Events::new(&self.configuration, region);
        self.place(region).events.get_or_init(new).clone()
    }

    /// Returns IAM, as it is reached in the partition of a Region.
    #[must_use]
    pub fn identities(&self, region: &str) -> Identities {
        let new = || Identities::new(&self.configuration, region);
        self.place(region).identities.get_or_init(new).clone()
    }

    /// Returns KMS in a Region.
    #[must_use]
    pub fn keys(&self, region: &str) -> Keys {
        let new = || Keys::new(&self.configuration, region);
        self.place(region).keys.get_or_init(new).clone()
    }

    /// Returns CloudWatch Logs in a Region.
    #[must_use]
    pub fn log_groups(&self, region: &str) -> LogGroups {
        let new = || LogGroups::new(&self.configuration, region);
        self.place(region).log_groups.get_or_init(new).clone()
    }

    /// Returns CloudWatch in a Region.
    #[must_use]
    pub fn metrics(&self, region: &str) -> Metrics {
        let new = || Metrics::new(&self.configuration, region);
        self.place(region).metrics.get_or_init(new).clone()
    }

    /// Returns EC2's networks in a Region.
    #[must_use]
    pub fn networks(&self, region: &str) -> Networks {
        let new = || Networks::new(&self.configuration, region);
        self.place(region).networks.get_or_init(new).clone()
    }

    /// Returns the organization, as it is reached in the partition of a Region.
    #[must_use]
    pub fn organization(&self, region: &str) -> Organization {
        let new = || Organization::new(&self.configuration, region);
        self.place(region).organization.get_or_init(new).clone()
    }

    /// Returns STS in a Region.
    #[must_use]
    pub fn roles(&self, region: &str) -> Roles {
        let new = || Roles::new(&self.configuration, region);
        self.place(region).roles.get_or_init(new).clone()
    }

    /// Returns CloudTrail in a Region.
    #[must_use]
    pub fn trails(&self, region: &str) -> Trails {
        let new = || Trails::new(&self.configuration, region);
        self.place(region).trails.get_or_init(new).clone()
    }

    fn place(&self, region: &str) -> Arc<Place> {
        // A place is only ever added whole, so one that panicked left nothing half done.
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.entry(region.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use aws_smithy_async::time::TimeSource;
    use tokio::time::Instant;

    use super::*;
    use crate::{
        replay::{Replay, Reply, ok},
        sts::Role,
    };

    #[test]
    fn a_client_is_made_once_for_a_region() {
        let everywhere = Everywhere::new(&Replay::new([]).configuration());
        let clone = everywhere.clone();
        let place = |region: &str| everywhere.place(region);
        drop(everywhere.bedrock("eu-west-1"));
        assert!(clone.place("eu-west-1").bedrock.get().is_some());
        assert!(Arc::ptr_eq(&place("eu-west-1"), &clone.place("eu-west-1")));
        assert!(!Arc::ptr_eq(&place("eu-west-1"), &place("eu-west-2")));
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_region_throttles_is_slowed_down_there_alone() {
        // How fast a Region is asked, all clients of the process share: no other test asks these.
        let throttled = || Reply::new(400, r#"{"__type":"ThrottlingException"}"#);
        let found = || ok(r#"{"KeyMetadata":{"KeyId":"k"}}"#);
        let replay = Replay::new([throttled()].into_iter().chain((0..9).map(|_| found())));
        let configuration = replay.configuration().to_builder().time_source(Paused(Instant::now()));
        let everywhere = Everywhere::new(&configuration.build());
        everywhere.keys("eu-west-3").describe("k").await.unwrap();
        let waited = async |region: &str| {
            let begun = Instant::now();
            for _ in 0..4 {
                everywhere.keys(region).describe("k").await.unwrap();
            }
            begun.elapsed()
        };
        let elsewhere = waited("eu-south-1").await;
        let there = waited("eu-west-3").await;
        assert_eq!(elsewhere, Duration::ZERO);
        assert!(
            there > Duration::from_secs(1) && there < Duration::from_secs(10),
            "{there:?}"
        );
    }

    /// Many accounts are looked at by one process, one of which may have its calls throttled by whoever likes to.
    #[tokio::test(start_paused = true)]
    async fn what_one_account_is_throttled_for_slows_no_other() {
        let given = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAOTHER</AccessKeyId>\
            <SecretAccessKey>hidden</SecretAccessKey><SessionToken>token</SessionToken>\
            <Expiration>2126-11-22T04:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
        let throttled = || Reply::new(400, r#"{"__type":"ThrottlingException"}"#);
        let found = || ok(r#"{"KeyMetadata":{"KeyId":"k"}}"#);
        let replies = [ok(given), ok(given), throttled()].into_iter();
        let rules = || ok(r#"{"Rules":[]}"#);
        let of_an_sdk = [throttled()].into_iter().chain((0..9).map(|_| rules()));
        let replay = Replay::new(replies.chain((0..9).map(|_| found())).chain(of_an_sdk));
        let configuration = replay.configuration().to_builder().time_source(Paused(Instant::now()));
        let own = Everywhere::new(&configuration.build());
        let account = async |account: &str| {
            let role = Role {
                arn: format!("arn:aws:iam::{account}:role/r"),
                external_id: None,
            };
            own.assuming(&own.roles("eu-west-2").assume(&role, "s").await.unwrap())
        };
        let (slow, other) = (account("222233334444").await, account("333344445555").await);
        slow.keys("eu-west-2").describe("k").await.unwrap();
        let waited = async |account: &Everywhere| {
            let begun = Instant::now();
            for _ in 0..4 {
                account.keys("eu-west-2").describe("k").await.unwrap();
            }
            begun.elapsed()
        };
        assert_eq!(waited(&other).await, Duration::ZERO);
        assert!(waited(&slow).await > Duration::from_secs(1));

        slow.events("eu-west-2").rules(None, "crisguard-").await.unwrap();
        let waited = async |account: &Everywhere| {
            let begun = Instant::now();
            for _ in 0..4 {
                account.events("eu-west-2").rules(None, "crisguard-").await.unwrap();
            }
            begun.elapsed()
        };
        assert_eq!(waited(&other).await, Duration::ZERO);
        assert!(waited(&slow).await > Duration::from_secs(1));
    }

    /// A clock that goes as tests let time pass.
    #[derive(Debug)]
    struct Paused(Instant);

    impl TimeSource for Paused {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000) + self.0.elapsed()
        }
    }

    #[tokio::test]
    async fn only_who_looks_everywhere_slows_down_and_keeps_the_number_of_attempts() {
        let configuration = Replay::new([]).configuration();
        let everywhere = Everywhere::new(&configuration);
        let timeouts = everywhere.configuration.timeout_config().unwrap();
        assert_eq!(
            (timeouts.operation_timeout(), timeouts.operation_attempt_timeout()),
            (Some(OPERATION), Some(Duration::from_secs(5)))
        );
        let retry = everywhere.configuration.retry_config().unwrap();
        assert_eq!((retry.mode(), retry.max_attempts()), (RetryMode::Adaptive, 3));
        assert_eq!(configuration.retry_config().unwrap().mode(), RetryMode::Standard);
    }
}
