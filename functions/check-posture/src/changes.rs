//! The messages of the changes queue, each through one exit.

use crisguard_core::{
    account::AccountId,
    change::{self, Change},
};
use crisguard_lambda::{
    batch::{Message, MessageId},
    metrics::Counts,
};

use crate::function::metric;

/// What a batch asks for.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Each change, with the message that brought it.
    pub(crate) changes: Vec<(MessageId, Change)>,
    /// The messages that could not be read; they are failed alone.
    pub(crate) rejected: Vec<MessageId>,
}

impl Batch {
    /// Reads every message, and counts those that are no change of this account's settings.
    pub(crate) fn read(messages: Vec<Message>, account: &AccountId, counts: &mut Counts) -> Self {
        let (mut changes, mut rejected) = (Vec::new(), Vec::new());
        counts.add(metric::CHANGES, messages.len());
        for message in messages {
            match change::parse(message.body.as_bytes()) {
                Ok(Some(change)) if change.account == *account => changes.push((message.id, change)),
                Ok(_) => counts.add(metric::CHANGES_NOT_APPLICABLE, 1),
                Err(rejection) => {
                    tracing::warn!(message_id = message.id.as_str(), error = %rejection, "a change cannot be read");
                    counts.add(metric::CHANGES_REJECTED, 1);
                    rejected.push(message.id);
                }
            }
        }
        Self { changes, rejected }
    }
}
