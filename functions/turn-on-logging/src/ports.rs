//! What the function needs of AWS.

use crisguard_aws::{
    Failure,
    bedrock::{Bedrock, Logging},
    custom_resource::{NotAResponseUrl, ResponseUrl, Responses},
};

/// Reads, puts and deletes how a Region's invocations are logged.
pub trait ConfigureLogging {
    /// Returns what stands; `None` if nothing is logged.
    fn standing(&self) -> impl Future<Output = Result<Option<Logging>, Failure>>;

    /// Takes what stands away for this.
    fn put(&self, logging: &Logging) -> impl Future<Output = Result<(), Failure>>;

    /// Has nothing logged any more.
    fn delete(&self) -> impl Future<Output = Result<(), Failure>>;
}

/// Answers CloudFormation.
pub trait Answer {
    /// Returns where an answer goes.
    ///
    /// # Errors
    ///
    /// Fails if it would go to anybody else.
    fn address(&self, url: &str) -> Result<ResponseUrl, NotAResponseUrl>;

    /// Sends one.
    fn send(&self, to: &ResponseUrl, body: Vec<u8>) -> impl Future<Output = Result<(), Failure>>;
}

impl ConfigureLogging for Bedrock {
    async fn standing(&self) -> Result<Option<Logging>, Failure> {
        self.logging().await
    }

    async fn put(&self, logging: &Logging) -> Result<(), Failure> {
        self.put_logging(logging).await
    }

    async fn delete(&self) -> Result<(), Failure> {
        self.delete_logging().await
    }
}

impl Answer for Responses {
    fn address(&self, url: &str) -> Result<ResponseUrl, NotAResponseUrl> {
        Self::address(self, url)
    }

    async fn send(&self, to: &ResponseUrl, body: Vec<u8>) -> Result<(), Failure> {
        Self::send(self, to, body).await
    }
}
