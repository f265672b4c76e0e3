//! Batches of SQS messages, and the answer that fails only the messages that failed.
//!
//! With `ReportBatchItemFailures` the event source mapping deletes every message that the answer
//! does not name. An answer with an *empty* identifier fails the whole batch, and so would one
//! made of a default for a missing id: so an id is a type that cannot be empty, and a batch with
//! a message that has none is refused as a whole, with an error that says so
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).

use serde::{Deserialize, Serialize};

/// The id that SQS gave a message; never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// Accepts an id unless it is empty.
    #[must_use]
    pub fn new(id: String) -> Option<Self> {
        (!id.is_empty()).then_some(Self(id))
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One message of a batch.
#[derive(Clone, Debug)]
pub struct Message {
    /// The id to fail it by.
    pub id: MessageId,
    /// The body as it was sent; empty if the event has none.
    pub body: String,
    /// The message group, if the queue is FIFO.
    pub group: Option<String>,
}

/// Tells why an event is not a batch that can be answered message by message.
#[derive(Debug, thiserror::Error)]
pub enum NotABatch {
    /// The event is not one of an SQS queue.
    #[error("the event is not a batch of an SQS queue (line {line}, column {column})")]
    Form {
        /// The line of the event where reading stopped.
        line: usize,
        /// The column where reading stopped.
        column: usize,
    },
    /// A message has no id, so it could not be failed alone.
    #[error("message {position} of {total} has no messageId, so it cannot be failed alone; the whole batch is failed")]
    NoMessageId {
        /// The message's position, from 1.
        position: usize,
        /// How many messages the batch has.
        total: usize,
    },
}

/// Reads the messages of an SQS event.
///
/// # Errors
///
/// Fails if the event is not a batch, or if a message has no id. Both fail the whole batch.
pub fn messages(event: &str) -> Result<Vec<Message>, NotABatch> {
    // The error's own text may quote the event, and the event is a customer's: only the place is kept.
    let event: Event = serde_json::from_str(event).map_err(|error| NotABatch::Form {
        line: error.line(),
        column: error.column(),
    })?;
    let total = event.records.len();
    let numbered = event.records.into_iter().zip(1..);
    numbered
        .map(|(record, position)| {
            let id = record
                .message_id
                .and_then(MessageId::new)
                .ok_or(NotABatch::NoMessageId { position, total })?;
            Ok(Message {
                id,
                body: record.body.unwrap_or_default(),
                group: record.attributes.message_group_id.filter(|group| !group.is_empty()),
            })
        })
        .collect()
}

/// The event as Lambda sends it.
///
/// Left out: receipt handles, MD5 sums, queue ARN and Region, message attributes, and all system
/// attributes but the group. Own structs rather than a crate's, because these refuse what the
/// answer could not name, and a function pays for no unused field.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: Option<String>,
    body: Option<String>,
    #[serde(default = "Attributes::absent")]
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    message_group_id: Option<String>,
}

impl Attributes {
    fn absent() -> Self {
        Self { message_group_id: None }
    }
}

/// The answer to a batch: the messages to deliver again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: MessageId,
}

impl BatchResponse {
    /// Fails these messages; every other message of the batch is done.
    pub fn failing(failed: impl IntoIterator<Item = MessageId>) -> Self {
        let batch_item_failures = failed
            .into_iter()
            .map(|item_identifier| ItemFailure { item_identifier })
            .collect();
        Self { batch_item_failures }
    }

    /// Returns the ids of the messages that will be delivered again.
    pub fn failures(&self) -> impl Iterator<Item = &MessageId> {
        self.batch_item_failures.iter().map(|failure| &failure.item_identifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_id_body_and_group() {
        let event = r#"{"Records":[
            {"messageId":"m-1","body":"{}","attributes":{"MessageGroupId":"g","SentTimestamp":"1"},"receiptHandle":"r"},
            {"messageId":"m-2"}]}"#;
        let read = messages(event).unwrap();
        let shown: Vec<_> = read
            .iter()
            .map(|message| (message.id.as_str(), message.body.as_str(), message.group.as_deref()))
            .collect();
        assert_eq!(shown, [("m-1", "{}", Some("g")), ("m-2", "", None)]);
    }

    #[test]
    fn a_message_without_an_id_fails_the_batch_with_its_position() {
        for id in [r#""messageId":"","#, ""] {
            let event = format!(r#"{{"Records":[{{"messageId":"m-1","body":""}},{{{id}"body":"secret"}}]}}"#);
            let error = messages(&event).unwrap_err();
            assert!(
                matches!(error, NotABatch::NoMessageId { position: 2, total: 2 }),
                "{error}"
            );
        }
    }

    #[test]
    fn an_event_of_another_kind_is_refused_without_being_quoted() {
        for event in [r#"{"Records":"secret"}"#, r#"{"secret":1}"#, "secret", ""] {
            let error = messages(event).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_answer_names_the_failed_messages() {
        let failed = MessageId::new("m-1".to_owned());
        let json = serde_json::to_string(&BatchResponse::failing(failed)).unwrap();
        assert_eq!(json, r#"{"batchItemFailures":[{"itemIdentifier":"m-1"}]}"#);
        assert_eq!(
            serde_json::to_string(&BatchResponse::failing([])).unwrap(),
            r#"{"batchItemFailures":[]}"#
        );
    }
}
