//! The world as it is: AWS behind each port.

use crisguard_aws::{
    Failure,
    account::ListedRegion,
    client::Configuration,
    everywhere::Everywhere,
    s3::{Bucket, Fetched, Object},
    sqs::Queue,
    sts::Role,
};
use crisguard_core::{
    account::AccountId,
    posture::{Hub, NotObserved, Observed},
};

use crate::{
    config::{Config, MemberRole},
    observe::{
        observed,
        organizations::{Organizations, SESSION},
    },
    ports::{Content, KeepReports, Kept, ListRegions, Ports},
};

/// AWS behind each port.
#[derive(Debug)]
pub struct Aws {
    /// Where crisguard stands.
    pub hub: Hub,
    /// The settings of the account in which it does.
    pub own: World,
    /// The role by which other accounts let themselves be looked at, if they do.
    pub member_role: Option<MemberRole>,
    /// Where decisions go.
    pub queue: Queue,
    /// Where reports are kept.
    pub reports: Reports,
}

impl Aws {
    /// Takes what the template tells the function.
    #[must_use]
    pub fn new(aws: &Configuration, config: &Config) -> Self {
        let (hub, everywhere) = (config.hub(), Everywhere::new(aws));
        let role = config.organization_role.clone();
        Self {
            own: World {
                everywhere: everywhere.clone(),
                organizations: Organizations::new(hub.clone(), everywhere, role),
            },
            member_role: config.member_role.clone(),
            queue: Queue::new(aws, &config.findings_queue_url),
            reports: Reports::new(aws, config.home.as_str(), &config.reports_bucket),
            hub,
        }
    }
}

/// An account in all its Regions.
#[derive(Debug)]
pub struct World {
    /// Its services.
    pub everywhere: Everywhere,
    /// The organization, read as whoever may.
    pub organizations: Organizations,
}

/// The bucket of reports.
#[derive(Debug)]
pub struct Reports {
    aws: Configuration,
    name: String,
    bucket: Bucket,
}

impl Reports {
    /// Takes the bucket's Region and name.
    #[must_use]
    pub fn new(aws: &Configuration, region: &str, name: &str) -> Self {
        Self {
            aws: aws.clone(),
            name: name.to_owned(),
            bucket: Bucket::new(aws, region, name),
        }
    }
}

impl Ports for Aws {
    type World = World;
    type Organization = Organizations;
    type Queue = Queue;
    type Reports = Reports;

    fn own(&self) -> &World {
        &self.own
    }

    fn looks_at_members(&self) -> bool {
        self.member_role.is_some()
    }

    async fn member(&self, account: &AccountId) -> Observed<World> {
        let Some(MemberRole { name, external_id }) = &self.member_role else {
            let cause = "crisguard was given no role to look at other accounts by (the parameter MemberRoleName)";
            return Err(NotObserved::new("sts:AssumeRole", cause));
        };
        let home = &self.hub.home;
        let role = Role {
            arn: format!("arn:{}:iam::{account}:role/{name}", home.partition()),
            external_id: external_id.clone(),
        };
        let own = &self.own.everywhere;
        let session = observed(own.roles(home.as_str()).assume(&role, SESSION).await)?;
        Ok(World {
            everywhere: own.assuming(&session),
            organizations: self.own.organizations.clone(),
        })
    }

    fn organization(&self) -> &Organizations {
        &self.own.organizations
    }

    fn queue(&self) -> &Queue {
        &self.queue
    }

    fn reports(&self) -> &Reports {
        &self.reports
    }
}

impl ListRegions for World {
    async fn regions(&self) -> Result<Vec<ListedRegion>, Failure> {
        self.everywhere.account().regions().await
    }
}

impl KeepReports for Reports {
    fn bucket(&self) -> &str {
        &self.name
    }

    async fn store(&self, key: &str, content: Content) -> Result<(), Failure> {
        let (bytes, content_type) = content.into_parts();
        self.bucket.put(key, bytes, content_type).await
    }

    async fn read(&self, key: &str, largest: usize) -> Result<Option<Kept>, Failure> {
        let object = Object::new(&self.aws, &self.name, key, largest);
        match object.fetch(None).await {
            Ok(Fetched::Content { bytes, etag }) => Ok(Some(Kept { json: bytes, tag: etag })),
            Ok(Fetched::Unchanged) => Ok(None),
            Err(failure) if failure.cause.starts_with("NoSuchKey") => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn replace(&self, key: &str, over: Option<&str>, content: Content) -> Result<bool, Failure> {
        let (bytes, content_type) = content.into_parts();
        self.bucket.put_over(key, over, bytes, content_type).await
    }
}
