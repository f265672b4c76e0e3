//! Amazon SQS: messages to a FIFO queue, in batches of which every answer is read.

use aws_config::SdkConfig;
use aws_sdk_sqs::{
    Client,
    types::{BatchResultErrorEntry, SendMessageBatchRequestEntry},
};

use crate::{Disposition, Failure};

const ACTION: &str = "sqs:SendMessage";
/// The most messages in one batch
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>).
const LARGEST_BATCH: usize = 10;
/// The most bytes in one batch, over all its messages: 1 MiB.
const LARGEST_BATCH_BYTES: usize = 1_048_576;

/// A message for a FIFO queue.
#[derive(Clone, Debug)]
pub struct OutgoingMessage {
    /// The text to send.
    pub body: String,
    /// Messages of one group are delivered one after the other.
    pub group: String,
    /// The queue drops a message with an id that it accepted in the last five minutes.
    pub deduplication_id: String,
}

/// A message that the queue did not accept.
#[derive(Clone, Debug)]
pub struct Unsent {
    /// The message's position among those that were to be sent, from 0.
    pub position: usize,
    /// Why.
    pub failure: Failure,
}

/// A FIFO queue to send to.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// Names a queue by its URL.
    #[must_use]
    pub fn new(configuration: &SdkConfig, url: &str) -> Self {
        Self {
            client: Client::new(configuration),
            url: url.to_owned(),
        }
    }

    /// Sends every message, in as few batches as the quotas allow, and returns those that the
    /// queue did not accept. A message that is in no answer at all counts as not accepted.
    pub async fn send(&self, messages: &[OutgoingMessage]) -> Vec<Unsent> {
        let mut unsent = Vec::new();
        for batch in batches(messages) {
            unsent.extend(self.send_batch(&batch).await);
        }
        unsent
    }

    async fn send_batch(&self, batch: &[(usize, &OutgoingMessage)]) -> Vec<Unsent> {
        let all_unsent = |failure: &Failure| {
            batch
                .iter()
                .map(|(position, _)| Unsent {
                    position: *position,
                    failure: failure.clone(),
                })
                .collect()
        };
        let entries: Result<Vec<_>, _> = batch
            .iter()
            .map(|(position, message)| {
                SendMessageBatchRequestEntry::builder()
                    .id(position.to_string())
                    .message_body(&message.body)
                    .message_group_id(&message.group)
                    .message_deduplication_id(&message.deduplication_id)
                    .build()
            })
            .collect();
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return all_unsent(&self.failure(error.to_string(), Disposition::WillNotPass)),
        };
        match self
            .client
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries))
            .send()
            .await
        {
            Err(error) => all_unsent(&Failure::of(ACTION, &self.url, &error)),
            Ok(answer) => batch
                .iter()
                .filter_map(|(position, _)| {
                    let id = position.to_string();
                    if answer.successful().iter().any(|entry| entry.id() == id) {
                        return None;
                    }
                    let refused = answer.failed().iter().find(|entry| entry.id() == id);
                    Some(Unsent {
                        position: *position,
                        failure: self.refusal(refused),
                    })
                })
                .collect(),
        }
    }

    fn refusal(&self, entry: Option<&BatchResultErrorEntry>) -> Failure {
        match entry {
            Some(entry) => {
                let disposition = if entry.sender_fault() {
                    Disposition::WillNotPass
                } else {
                    Disposition::MayPass
                };
                self.failure(
                    format!("{}: {}", entry.code(), entry.message().unwrap_or("no message")),
                    disposition,
                )
            }
            None => self.failure(
                "the answer does not mention the message".to_owned(),
                Disposition::MayPass,
            ),
        }
    }

    fn failure(&self, cause: String, disposition: Disposition) -> Failure {
        Failure {
            action: ACTION,
            resource: self.url.clone(),
            cause,
            disposition,
        }
    }
}

/// Splits the messages where a batch would exceed ten messages or its bytes.
fn batches(messages: &[OutgoingMessage]) -> Vec<Vec<(usize, &OutgoingMessage)>> {
    let mut batches: Vec<Vec<(usize, &OutgoingMessage)>> = Vec::new();
    let mut bytes = 0;
    for (position, message) in messages.iter().enumerate() {
        let size = message.body.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < LARGEST_BATCH && bytes + size <= LARGEST_BATCH_BYTES => {
                batch.push((position, message));
                bytes += size;
            }
            _ => {
                batches.push(vec![(position, message)]);
                bytes = size;
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::{operation::send_message_batch::SendMessageBatchOutput, types::SendMessageBatchResultEntry};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn message(size: usize) -> OutgoingMessage {
        OutgoingMessage {
            body: "x".repeat(size),
            group: "g".to_owned(),
            deduplication_id: "d".to_owned(),
        }
    }

    fn sizes(messages: &[OutgoingMessage]) -> Vec<usize> {
        batches(messages).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_has_ten_messages_and_a_mebibyte_at_most() {
        assert_eq!(sizes(&vec![message(1); 21]), [10, 10, 1]);
        assert_eq!(sizes(&vec![message(LARGEST_BATCH_BYTES / 2); 3]), [2, 1]);
        assert_eq!(sizes(&[]), [] as [usize; 0]);
    }

    #[tokio::test]
    async fn failed_and_unmentioned_entries_are_unsent() {
        let accepted = |id: &str| {
            SendMessageBatchResultEntry::builder()
                .id(id)
                .message_id("m")
                .md5_of_message_body("0")
                .build()
                .unwrap()
        };
        let refused = || {
            BatchResultErrorEntry::builder()
                .id("1")
                .code("InternalError")
                .sender_fault(false)
                .build()
                .unwrap()
        };
        let rule = mock!(Client::send_message_batch).then_output(move || {
            SendMessageBatchOutput::builder()
                .successful(accepted("0"))
                .failed(refused())
                .build()
                .unwrap()
        });
        let client = mock_client!(aws_sdk_sqs, RuleMode::MatchAny, [&rule]);
        let queue = Queue {
            client,
            url: "https://queue".to_owned(),
        };
        let unsent: Vec<String> = queue
            .send(&vec![message(1); 3])
            .await
            .iter()
            .map(|unsent| format!("{}: {}", unsent.position, unsent.failure.cause))
            .collect();
        assert_eq!(
            unsent,
            [
                "1: InternalError: no message",
                "2: the answer does not mention the message"
            ]
        );
    }
}
