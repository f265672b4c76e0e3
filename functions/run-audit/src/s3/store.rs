//! S3, as an audit needs it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crisguard_aws::{
    Failure,
    client::{self, Configuration},
    s3::{Bucket, Keys, KeysPage},
};

/// Whoever keeps objects.
pub trait Store {
    /// Lists a page of a bucket's keys.
    fn keys(
        &self,
        bucket: &str,
        asked: Keys<'_>,
        next: Option<&str>,
    ) -> impl Future<Output = Result<KeysPage, Failure>>;

    /// Reads an object of at most `largest` bytes.
    fn read(&self, bucket: &str, key: &str, largest: usize) -> impl Future<Output = Result<Vec<u8>, Failure>>;

    /// Writes an object.
    fn write(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
    ) -> impl Future<Output = Result<(), Failure>>;
}

/// S3 in whichever Region a bucket is.
#[derive(Debug)]
pub struct Aws {
    configuration: Configuration,
    home: String,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

impl Aws {
    /// Takes what clients are made from, and the Region to ask in first.
    #[must_use]
    pub fn new(configuration: &Configuration, home: &str) -> Self {
        Self {
            configuration: client::patient(configuration),
            home: home.to_owned(),
            buckets: Mutex::default(),
        }
    }

    async fn bucket(&self, name: &str) -> Result<Bucket, Failure> {
        let known = self
            .buckets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let bucket = Bucket::new(&self.configuration, &self.home, name).where_it_is().await?;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(buckets.entry(name.to_owned()).or_insert(bucket).clone())
    }
}

impl Store for Aws {
    async fn keys(&self, bucket: &str, asked: Keys<'_>, next: Option<&str>) -> Result<KeysPage, Failure> {
        self.bucket(bucket).await?.keys(asked, next).await
    }

    async fn read(&self, bucket: &str, key: &str, largest: usize) -> Result<Vec<u8>, Failure> {
        self.bucket(bucket).await?.read(key, largest).await
    }

    async fn write(&self, bucket: &str, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<(), Failure> {
        self.bucket(bucket).await?.put(key, bytes, content_type).await
    }
}
