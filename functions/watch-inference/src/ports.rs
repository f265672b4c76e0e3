//! What the use case needs of the world, one capability a trait: whoever reads the policy can
//! do nothing else.

use crisguard_aws::{
    Failure,
    s3::{Fetched, Object},
    sqs::{OutgoingMessage, Queue, Unsent},
};

/// Reads the policy document.
pub trait ReadPolicy {
    /// Returns where the document is, for people.
    fn address(&self) -> String;

    /// Reads the document unless it is still the version with the tag `known`.
    fn read(&self, known: Option<&str>) -> impl Future<Output = Result<Fetched, Failure>>;
}

/// Hands findings on.
pub trait SendFindings {
    /// Sends every message, and returns those that were not accepted.
    fn send(&self, messages: &[OutgoingMessage]) -> impl Future<Output = Vec<Unsent>>;
}

impl ReadPolicy for Object {
    fn address(&self) -> String {
        Self::address(self)
    }

    async fn read(&self, known: Option<&str>) -> Result<Fetched, Failure> {
        self.fetch(known).await
    }
}

impl SendFindings for Queue {
    async fn send(&self, messages: &[OutgoingMessage]) -> Vec<Unsent> {
        Self::send(self, messages).await
    }
}
