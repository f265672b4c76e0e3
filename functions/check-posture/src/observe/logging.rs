//! Model invocation logging of a Region, and everything that it delivers to.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::{bedrock, cloudwatch::Span, logs, s3};
use crisguard_core::{
    policy::Modality,
    posture::{
        Bucket, BucketSettings, Delivery, Encryption, ExpiresWhen, Expiry, InvocationLogging, LogGroup, LoggingPosture,
        NotObserved, Observed, PublicAccessBlock,
    },
    region::Region,
};
use futures_util::future::join_all;
use tokio::sync::OnceCell;

use super::{everywhere::Eye, observed, resources, traffic, unseen};
use crate::{once::Once, ports::ReadMetrics};

/// The metrics that count deliveries that failed
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-runtime-metrics.html>).
const FAILURES: [&str; 3] = [
    "ModelInvocationLogsCloudWatchDeliveryFailure",
    "ModelInvocationLogsS3DeliveryFailure",
    "ModelInvocationLargeDataS3DeliveryFailure",
];

/// Looks at logging in one Region.
pub(super) async fn observe(eye: &Eye<'_>, region: &Region) -> LoggingPosture {
    let bedrock = eye.aws.bedrock(region.as_str());
    let (configuration, failed_deliveries) = tokio::join!(eye.ask(bedrock.logging()), failed_deliveries(eye, region));
    let configuration = configuration.map(|logging| logging.map(configured));
    let named = configuration.as_ref().ok().and_then(Option::as_ref);
    let buckets: BTreeSet<&String> = named
        .into_iter()
        .flat_map(InvocationLogging::deliveries)
        .map(|delivery| &delivery.bucket)
        .collect();
    let log_groups: BTreeSet<&String> = named
        .into_iter()
        .filter_map(|logging| logging.log_group.as_ref())
        .collect();
    let public_access = async {
        if buckets.is_empty() {
            Ok(None)
        } else {
            eye.buckets.of_the_account(eye).await
        }
    };
    let (buckets, log_groups, public_access) = tokio::join!(
        join_all(buckets.iter().map(async |name| {
            let bucket = eye.buckets.bucket(eye, name).await;
            ((*name).clone(), bucket)
        })),
        join_all(log_groups.iter().map(async |name| {
            let log_group = log_group(eye, region, name).await;
            ((*name).clone(), log_group)
        })),
        public_access,
    );
    let buckets: BTreeMap<String, Observed<Bucket>> = buckets.into_iter().collect();
    let log_groups: BTreeMap<String, Observed<Option<LogGroup>>> = log_groups.into_iter().collect();
    let of_groups = log_groups.values().flatten().flatten();
    let of_groups = of_groups.filter_map(|group| group.key.as_deref());
    let of_buckets = buckets.values().flatten().filter_map(key_of);
    // A key is named in the Region of what it encrypts; an ARN names it anywhere.
    let keys = resources::keys(eye, region, of_groups.chain(of_buckets)).await;
    LoggingPosture {
        configuration,
        buckets,
        public_access,
        log_groups,
        keys,
        failed_deliveries,
    }
}

fn key_of(bucket: &Bucket) -> Option<&str> {
    match bucket {
        Bucket::Own(settings) => match settings.encryption.as_ref().ok()? {
            Some(Encryption::Kms(key)) => key.as_deref(),
            Some(Encryption::S3Managed) | None => None,
        },
        Bucket::Missing | Bucket::Foreign => None,
    }
}

fn configured(logging: bedrock::Logging) -> InvocationLogging {
    let delivery = |place: bedrock::Prefix| Delivery {
        bucket: place.bucket,
        prefix: place.prefix.unwrap_or_default(),
    };
    let flags = [
        (Modality::Text, logging.text),
        (Modality::Image, logging.image),
        (Modality::Embedding, logging.embedding),
        (Modality::Video, logging.video),
        (Modality::Audio, logging.audio),
    ];
    let (log_group, large_data) = match logging.log_group {
        Some(group) => (Some(group.name), group.large_bodies),
        None => (None, None),
    };
    InvocationLogging {
        s3: logging.bucket.map(delivery),
        log_group,
        large_data: large_data.map(delivery),
        delivers: flags
            .into_iter()
            .filter_map(|(modality, flag)| Some((modality, flag?)))
            .collect(),
    }
}

async fn log_group(eye: &Eye<'_>, region: &Region, name: &str) -> Observed<Option<LogGroup>> {
    let group = eye.ask(eye.aws.log_groups(region.as_str()).describe(name)).await?;
    // Groups of this class keep events for two days, whatever is set
    // (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html>).
    let passing = |group: &logs::LogGroup| group.class.as_deref() == Some("DELIVERY");
    Ok(group.map(|group| LogGroup {
        retention_days: if passing(&group) {
            Some(2)
        } else {
            group.retention_in_days
        },
        key: group.key,
    }))
}

/// Counts the deliveries that failed within a day.
async fn failed_deliveries(eye: &Eye<'_>, region: &Region) -> Observed<u64> {
    let until = eye.sweep.now.as_second();
    let span = Span {
        from: until - 86_400,
        until,
        period: 3600,
    };
    let series = FAILURES.map(traffic::of_bedrock);
    let sums = observed(eye.sums(region, &series, span).await)?;
    let failures = sums.iter().flat_map(BTreeMap::values).map(|sum| traffic::whole(*sum));
    Ok(failures.fold(0, u64::saturating_add))
}

/// The buckets of a sweep: one that several Regions deliver to is read once.
#[derive(Debug)]
pub(super) struct Buckets {
    owned: OnceCell<Observed<BTreeMap<String, Option<String>>>>,
    of_the_account: OnceCell<Observed<Option<PublicAccessBlock>>>,
    each: Once<String, Observed<Bucket>>,
}

impl Buckets {
    pub(super) fn unseen() -> Self {
        Self {
            owned: OnceCell::new(),
            of_the_account: OnceCell::new(),
            each: Once::new(),
        }
    }

    /// Lists the account's own buckets, with their Regions where they are said.
    async fn owned(&self, eye: &Eye<'_>) -> &Observed<BTreeMap<String, Option<String>>> {
        let list = async || {
            let listed = eye.ask(eye.aws.buckets(eye.sweep.hub.home.as_str()).list()).await?;
            Ok(listed.into_iter().map(|bucket| (bucket.name, bucket.region)).collect())
        };
        self.owned.get_or_init(list).await
    }

    /// Reads which ways to public access are blocked for the whole account.
    async fn of_the_account(&self, eye: &Eye<'_>) -> Observed<Option<PublicAccessBlock>> {
        let read = async || {
            let buckets = eye.aws.buckets(eye.sweep.hub.home.as_str());
            let block = eye.ask(buckets.public_access_block(eye.account.as_str())).await?;
            Ok(block.map(blocked))
        };
        self.of_the_account.get_or_init(read).await.clone()
    }

    /// Returns where a bucket is; `None` if there is none of this name.
    pub(super) async fn region_of(&self, eye: &Eye<'_>, name: &str) -> Observed<Option<Region>> {
        if let Ok(owned) = self.owned(eye).await
            && let Some(Some(region)) = owned.get(name)
        {
            return region.parse().map(Some).map_err(|_| not_a_region(region));
        }
        match eye
            .ask(eye.aws.buckets(eye.sweep.hub.home.as_str()).bucket(name).head(None))
            .await?
        {
            s3::Head::Missing => Ok(None),
            s3::Head::Forbidden { region, failure } => match region {
                Some(region) => region.parse().map(Some).map_err(|_| not_a_region(&region)),
                None => Err(unseen(&failure)),
            },
            s3::Head::Found { region } => match region {
                Some(region) => region.parse().map(Some).map_err(|_| not_a_region(&region)),
                None => Err(NotObserved::new("s3:ListBucket", "the answer names no Region")),
            },
        }
    }

    /// Looks at a bucket.
    pub(super) async fn bucket(&self, eye: &Eye<'_>, name: &String) -> Observed<Bucket> {
        self.each.get(name, self.look(eye, name)).await
    }

    async fn look(&self, eye: &Eye<'_>, name: &str) -> Observed<Bucket> {
        let owned = self.owned(eye).await.as_ref().map_err(Clone::clone)?;
        let Some(listed) = owned.get(name) else {
            return match eye
                .ask(eye.aws.buckets(eye.sweep.hub.home.as_str()).bucket(name).head(None))
                .await?
            {
                s3::Head::Missing => Ok(Bucket::Missing),
                s3::Head::Forbidden { .. } | s3::Head::Found { .. } => Ok(Bucket::Foreign),
            };
        };
        let region: Region = match listed {
            Some(region) => region.parse().map_err(|_| not_a_region(region))?,
            None => match self.region_of(eye, name).await? {
                Some(region) => region,
                None => return Ok(Bucket::Missing),
            },
        };
        let there = eye.aws.buckets(region.as_str()).bucket(name);
        let (encryption, public_access, ownership, policy, lifecycle) = tokio::join!(
            eye.ask(there.encryption()),
            eye.ask(there.public_access_block()),
            eye.ask(there.ownership()),
            eye.ask(there.policy()),
            eye.ask(there.lifecycle()),
        );
        // S3 lists a bucket for a while after it was deleted
        // (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel>).
        let gone = [
            encryption.as_ref().err(),
            public_access.as_ref().err(),
            ownership.as_ref().err(),
            policy.as_ref().err(),
            lifecycle.as_ref().err(),
        ];
        if gone
            .into_iter()
            .flatten()
            .any(|error| error.cause.starts_with("NoSuchBucket"))
        {
            return Ok(Bucket::Missing);
        }
        Ok(Bucket::Own(Box::new(BucketSettings {
            region,
            encryption: encryption.and_then(encrypted),
            public_access: public_access.map(|block| block.map(blocked)),
            ownership,
            policy,
            lifecycle: lifecycle.map(|rules| rules.iter().flat_map(expiries).collect()),
        })))
    }
}

fn not_a_region(name: &str) -> NotObserved {
    NotObserved::new(
        "s3:ListAllMyBuckets",
        &format!("`{name}`, where the bucket is, is not the name of a Region"),
    )
}

fn blocked(block: s3::PublicAccessBlock) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: block.block_public_acls,
        ignore_public_acls: block.ignore_public_acls,
        block_public_policy: block.block_public_policy,
        restrict_public_buckets: block.restrict_public_buckets,
    }
}

/// Reads the algorithm by the names that S3 gives it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionByDefault.html>).
fn encrypted(encryption: Option<s3::Encryption>) -> Observed<Option<Encryption>> {
    let Some(s3::Encryption { algorithm, key }) = encryption else {
        return Ok(None);
    };
    match algorithm.as_str() {
        "AES256" => Ok(Some(Encryption::S3Managed)),
        "aws:kms" | "aws:kms:dsse" => Ok(Some(Encryption::Kms(key))),
        other => Err(NotObserved::new(
            "s3:GetEncryptionConfiguration",
            &format!("the algorithm {other} is not known"),
        )),
    }
}

/// Returns what an enabled rule deletes; what it only moves or aborts stays.
fn expiries(rule: &s3::LifecycleRule) -> Vec<Expiry> {
    if rule.status != "Enabled" {
        return Vec::new();
    }
    let expiry = |when| Expiry {
        prefix: rule.prefix.clone().unwrap_or_default(),
        when,
    };
    let days = rule.expires_after.map(ExpiresWhen::AfterDays);
    let date = rule.expires_on.as_ref().map(|_| ExpiresWhen::OnADay);
    let noncurrent = rule.noncurrent_expires_after.map(ExpiresWhen::NoncurrentAfterDays);
    [days, date, noncurrent].into_iter().flatten().map(expiry).collect()
}
