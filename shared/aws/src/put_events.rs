//! Amazon EventBridge: events onto a bus, in batches of which every entry's answer is read.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::{
    Client,
    operation::put_events::PutEventsOutput,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};

use crate::{Disposition, Failure};

const ACTION: &str = "events:PutEvents";
/// The most entries in one request
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
const LARGEST_BATCH: usize = 10;
/// One request, over all its entries, must be smaller than this: 1 MiB since January 2026
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size>).
const TOO_MANY_BYTES: usize = 1_048_576;
/// The codes of entries that may be taken another time; every other one is not worth a repetition
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>).
const PASSING: [&str; 2] = ["InternalFailure", "ThrottlingException"];

/// An event to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who says so; rules filter by it.
    pub source: String,
    /// What is in the detail; rules filter by it.
    pub detail_type: String,
    /// A JSON object.
    pub detail: String,
}

impl Event {
    /// Returns the bytes that EventBridge counts: those of the source, the type and the detail.
    fn size(&self) -> usize {
        self.source.len() + self.detail_type.len() + self.detail.len()
    }
}

/// An event that the bus did not take.
#[derive(Clone, Debug)]
pub struct NotPut {
    /// The event's position among those that were to be put, from 0.
    pub position: usize,
    /// Why.
    pub failure: Failure,
}

/// A bus to put events on.
///
/// EventBridge drops what is put on a bus that does not exist, and answers that it was taken
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-failure-handling>):
/// only the `default` bus is always there.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    name: String,
}

impl Bus {
    /// Names a bus by its name or ARN.
    #[must_use]
    pub fn new(configuration: &SdkConfig, name: &str) -> Self {
        Self {
            client: Client::new(configuration),
            name: name.to_owned(),
        }
    }

    /// Puts every event, in as few requests as the quotas allow, and returns those that the bus did
    /// not take. An event whose answer is missing or contradicts itself counts as not taken.
    pub async fn put(&self, events: &[Event]) -> Vec<NotPut> {
        let (fitting, oversized): (Vec<_>, Vec<_>) = events
            .iter()
            .enumerate()
            .partition(|(_, event)| event.size() < TOO_MANY_BYTES);
        let mut not_put: Vec<NotPut> = oversized
            .into_iter()
            .map(|(position, event)| NotPut {
                position,
                failure: self.failure(
                    format!(
                        "the event has {} bytes, and EventBridge takes fewer than {TOO_MANY_BYTES}",
                        event.size()
                    ),
                    Disposition::WillNotPass,
                ),
            })
            .collect();
        for batch in batches(fitting) {
            not_put.extend(self.put_batch(&batch).await);
        }
        not_put.sort_by_key(|event| event.position);
        not_put
    }

    async fn put_batch(&self, batch: &[(usize, &Event)]) -> Vec<NotPut> {
        let entries = batch
            .iter()
            .map(|(_, event)| {
                PutEventsRequestEntry::builder()
                    .event_bus_name(&self.name)
                    .source(&event.source)
                    .detail_type(&event.detail_type)
                    .detail(&event.detail)
                    .build()
            })
            .collect();
        let failures = match self.client.put_events().set_entries(Some(entries)).send().await {
            Err(error) => vec![Some(Failure::of(ACTION, &self.name, &error)); batch.len()],
            Ok(answer) => self.failures(batch.len(), &answer),
        };
        batch
            .iter()
            .zip(failures)
            .filter_map(|((position, _), failure)| {
                Some(NotPut {
                    position: *position,
                    failure: failure?,
                })
            })
            .collect()
    }

    /// Reads what became of each entry: the answer names them by their place in the request.
    fn failures(&self, entries: usize, answer: &PutEventsOutput) -> Vec<Option<Failure>> {
        let failures: Vec<Option<Failure>> = answer.entries().iter().map(|entry| self.refusal(entry)).collect();
        let failed = failures.iter().flatten().count();
        let says = usize::try_from(answer.failed_entry_count());
        if failures.len() == entries && says == Ok(failed) {
            return failures;
        }
        let failure = self.failure(
            format!(
                "the answer to {entries} entries has {} results, {failed} of them failures, and counts {} failures",
                failures.len(),
                answer.failed_entry_count()
            ),
            Disposition::MayPass,
        );
        vec![Some(failure); entries]
    }

    /// Returns why an entry was not taken; only an id without an error means that it was.
    fn refusal(&self, entry: &PutEventsResultEntry) -> Option<Failure> {
        if entry.error_code().is_none() && entry.event_id().is_some_and(|id| !id.is_empty()) {
            return None;
        }
        let (code, disposition) = match entry.error_code() {
            None => ("an answer without an event id", Disposition::MayPass),
            Some(code) if PASSING.contains(&code) => (code, Disposition::MayPass),
            Some(code) => (code, Disposition::WillNotPass),
        };
        let message = entry.error_message().unwrap_or("no message");
        Some(self.failure(format!("{code}: {message}"), disposition))
    }

    fn failure(&self, cause: String, disposition: Disposition) -> Failure {
        Failure {
            action: ACTION,
            resource: self.name.clone(),
            cause,
            disposition,
        }
    }
}

/// Groups events, each with its position, so that no group exceeds a quota.
fn batches(events: Vec<(usize, &Event)>) -> Vec<Vec<(usize, &Event)>> {
    let mut batches: Vec<Vec<(usize, &Event)>> = Vec::new();
    let mut bytes = 0;
    for (position, event) in events {
        match batches.last_mut() {
            Some(batch) if batch.len() < LARGEST_BATCH && bytes + event.size() < TOO_MANY_BYTES => {
                batch.push((position, event));
                bytes += event.size();
            }
            _ => {
                batches.push(vec![(position, event)]);
                bytes = event.size();
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::{
        error::ErrorMetadata,
        operation::put_events::PutEventsError,
        types::{builders::PutEventsResultEntryBuilder, error::InternalException},
    };
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn event(detail: &str) -> Event {
        Event {
            source: "crisguard".to_owned(),
            detail_type: "crisguard Finding".to_owned(),
            detail: detail.to_owned(),
        }
    }

    fn events(number: usize) -> Vec<Event> {
        (0..number).map(|n| event(&format!(r#"{{"n":{n}}}"#))).collect()
    }

    fn taken() -> PutEventsResultEntryBuilder {
        PutEventsResultEntry::builder().event_id("e")
    }

    fn refused(code: &str) -> PutEventsResultEntryBuilder {
        PutEventsResultEntry::builder().error_code(code).error_message("why")
    }

    fn answer(failed: i32, entries: Vec<PutEventsResultEntryBuilder>) -> PutEventsOutput {
        PutEventsOutput::builder()
            .failed_entry_count(failed)
            .set_entries(Some(
                entries.into_iter().map(PutEventsResultEntryBuilder::build).collect(),
            ))
            .build()
    }

    async fn put(events: &[Event], answer: fn() -> PutEventsOutput) -> Vec<NotPut> {
        let rule = mock!(Client::put_events).then_output(answer);
        bus(mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, [&rule]))
            .put(events)
            .await
    }

    fn bus(client: Client) -> Bus {
        Bus {
            client,
            name: "default".to_owned(),
        }
    }

    fn causes(not_put: &[NotPut]) -> Vec<(usize, &str, Disposition)> {
        not_put
            .iter()
            .map(|event| (event.position, event.failure.cause.as_str(), event.failure.disposition))
            .collect()
    }

    #[tokio::test]
    async fn ten_go_into_one_request_and_the_eleventh_into_another() {
        let ten = mock!(Client::put_events)
            .match_requests(|request| {
                let entries = request.entries();
                entries.len() == 10
                    && entries.iter().all(|entry| {
                        entry.event_bus_name() == Some("default")
                            && entry.source() == Some("crisguard")
                            && entry.detail_type() == Some("crisguard Finding")
                    })
            })
            .then_output(|| answer(0, vec![taken(); 10]));
        let one = mock!(Client::put_events)
            .match_requests(|request| {
                request
                    .entries()
                    .iter()
                    .map(|entry| entry.detail())
                    .eq([Some(r#"{"n":10}"#)])
            })
            .then_output(|| answer(1, vec![refused("InternalFailure")]));
        let bus = bus(mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, [&ten, &one]));
        let not_put = bus.put(&events(11)).await;
        assert_eq!((ten.num_calls(), one.num_calls()), (1, 1));
        assert_eq!(causes(&not_put), [(10, "InternalFailure: why", Disposition::MayPass)]);
    }

    #[tokio::test]
    async fn each_refused_entry_is_returned_by_its_position() {
        let not_put = put(&events(4), || {
            answer(
                3,
                vec![
                    refused("NotAuthorizedForSourceException"),
                    taken(),
                    refused("ThrottlingException"),
                    PutEventsResultEntry::builder(),
                ],
            )
        })
        .await;
        assert_eq!(
            causes(&not_put),
            [
                (0, "NotAuthorizedForSourceException: why", Disposition::WillNotPass),
                (2, "ThrottlingException: why", Disposition::MayPass),
                (3, "an answer without an event id: no message", Disposition::MayPass),
            ]
        );
        assert_eq!(
            not_put.first().unwrap().failure.to_string(),
            "events:PutEvents on default failed: NotAuthorizedForSourceException: why"
        );
    }

    #[tokio::test]
    async fn an_answer_that_contradicts_itself_takes_nothing() {
        let answers: [fn() -> PutEventsOutput; 3] = [
            || answer(0, vec![taken()]),
            || answer(1, vec![taken(), taken()]),
            || answer(0, vec![taken(), refused("InternalFailure")]),
        ];
        for answer in answers {
            let not_put = put(&events(2), answer).await;
            let positions: Vec<usize> = not_put.iter().map(|event| event.position).collect();
            assert_eq!(positions, [0, 1], "{:?}", causes(&not_put));
        }
    }

    #[tokio::test]
    async fn a_request_that_fails_fails_each_of_its_events() {
        let rule = mock!(Client::put_events).then_error(|| {
            let metadata = ErrorMetadata::builder()
                .code("AccessDeniedException")
                .message("no")
                .build();
            PutEventsError::InternalException(InternalException::builder().meta(metadata).build())
        });
        let client = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, [&rule]);
        let not_put = bus(client).put(&events(2)).await;
        assert_eq!(not_put.len(), 2);
        assert!(
            not_put
                .iter()
                .all(|event| event.failure.cause.starts_with("AccessDeniedException"))
        );
    }

    #[tokio::test]
    async fn what_is_too_large_is_not_put_and_the_rest_is_split_by_size() {
        // The source and the type take 26 bytes.
        let rest = "x".repeat(TOO_MANY_BYTES - 26);
        let half = "x".repeat(TOO_MANY_BYTES / 2 - 26);
        let rule = mock!(Client::put_events)
            .match_requests(|request| request.entries().len() == 1)
            .then_output(|| answer(0, vec![taken()]));
        let client = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, [&rule]);
        let not_put = bus(client).put(&[event(&rest), event(&half), event(&half)]).await;
        assert_eq!(rule.num_calls(), 2, "two halves are one byte too many for one request");
        assert_eq!(
            causes(&not_put),
            [(
                0,
                "the event has 1048576 bytes, and EventBridge takes fewer than 1048576",
                Disposition::WillNotPass
            )]
        );
    }
}
