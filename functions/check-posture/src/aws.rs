//! The world as it is: AWS behind each port.

use crisguard_aws::{
    Failure,
    account::Account,
    everywhere::Everywhere,
    s3::{Bucket, Fetched, Object},
    sqs::Queue,
    sts::Role,
};
use crisguard_core::account::AccountId;

use crate::ports::{KeepReports, Kept, Ports};

/// The most that is read of what is known: that of an account with thousands of keys.
pub const LARGEST_KNOWN: usize = 4 * 1024 * 1024;

/// AWS behind each port.
#[derive(Debug)]
pub struct Aws {
    /// The account.
    pub account: Account,
    /// Its settings.
    pub world: World,
    /// Where decisions go.
    pub queue: Queue,
    /// Where reports are kept.
    pub reports: Reports,
}

/// An account in all its Regions.
#[derive(Debug)]
pub struct World {
    /// The account's id.
    pub account: AccountId,
    /// Its services.
    pub everywhere: Everywhere,
    /// The role that may read the organization, where it is not this function's own.
    pub organization_role: Option<Role>,
}

/// The bucket of reports.
#[derive(Debug)]
pub struct Reports {
    /// The bucket.
    pub bucket: Bucket,
    /// The object that says what is known from when it was last looked.
    pub known: Object,
    /// That object's key.
    pub known_key: String,
    /// The object with the account's own lists of inference profiles.
    pub profiles: Object,
    /// That object's key.
    pub profiles_key: String,
}

impl Ports for Aws {
    type Account = Account;
    type World = World;
    type Queue = Queue;
    type Reports = Reports;

    fn account(&self) -> &Account {
        &self.account
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn queue(&self) -> &Queue {
        &self.queue
    }

    fn reports(&self) -> &Reports {
        &self.reports
    }
}

impl KeepReports for Reports {
    async fn store(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        self.bucket.put(key, json, "application/json").await
    }

    async fn known(&self) -> Result<Option<Kept>, Failure> {
        kept(&self.known).await
    }

    async fn keep_known(&self, over: Option<&str>, json: Vec<u8>) -> Result<bool, Failure> {
        self.bucket
            .put_over(&self.known_key, over, json, "application/json")
            .await
    }

    async fn profiles(&self) -> Result<Option<Kept>, Failure> {
        kept(&self.profiles).await
    }

    async fn keep_profiles(&self, over: Option<&str>, json: Vec<u8>) -> Result<bool, Failure> {
        self.bucket
            .put_over(&self.profiles_key, over, json, "application/json")
            .await
    }
}

async fn kept(object: &Object) -> Result<Option<Kept>, Failure> {
    match object.fetch(None).await {
        Ok(Fetched::Content { bytes, etag }) => Ok(Some(Kept { json: bytes, tag: etag })),
        Ok(Fetched::Unchanged) => Ok(None),
        Err(failure) if failure.cause.starts_with("NoSuchKey") => Ok(None),
        Err(failure) => Err(failure),
    }
}
