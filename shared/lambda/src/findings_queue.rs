//! The port by which findings are handed on: whoever has it can do nothing else.

use crisguard_aws::sqs::{OutgoingMessage, Queue, Unsent};

/// Hands findings on.
pub trait SendFindings {
    /// Sends every message, and returns those that were not accepted.
    fn send(&self, messages: &[OutgoingMessage]) -> impl Future<Output = Vec<Unsent>>;
}

impl SendFindings for Queue {
    async fn send(&self, messages: &[OutgoingMessage]) -> Vec<Unsent> {
        Self::send(self, messages).await
    }
}
