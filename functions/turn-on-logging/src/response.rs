//! What CloudFormation is answered
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html>).

use serde::Serialize;

use crate::{Done, NotDone, request::Event};

/// The most characters of a reason and of data: an answer has 4096 bytes at most.
const LONGEST: usize = 400;

/// An answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response<'a> {
    status: Status,
    reason: String,
    physical_resource_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_resource_id: Option<&'a str>,
    data: Data,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Success,
    Failed,
}

/// What the template can refer to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    /// Where invocations were logged before; empty if nowhere else.
    replaced: String,
}

impl<'a> Response<'a> {
    /// Tells what came of an event.
    pub(crate) fn new(event: &'a Event, region: &str, outcome: &Result<Done, NotDone>) -> Self {
        let (status, reason) = match outcome {
            Ok(done) => (Status::Success, done.to_string()),
            Err(not_done) => (Status::Failed, not_done.to_string()),
        };
        let replaced = match outcome {
            Ok(Done::TurnedOn { instead_of: Some(old) }) => old.clone(),
            _ => String::new(),
        };
        let stack_id = event.text("StackId");
        // As it was: CloudFormation has a resource whose id has changed deleted.
        let physical_resource_id = event.text("PhysicalResourceId").map(str::to_owned);
        Self {
            status,
            reason: shortened(&reason),
            physical_resource_id: physical_resource_id.unwrap_or_else(|| id(stack_id, region)),
            stack_id,
            request_id: event.text("RequestId"),
            logical_resource_id: event.text("LogicalResourceId"),
            data: Data {
                replaced: shortened(&replaced),
            },
        }
    }
}

/// Names the one configuration that an account has in a Region.
fn id(stack_id: Option<&str>, region: &str) -> String {
    let account = stack_id.and_then(|arn| arn.split(':').nth(4));
    format!("invocation-logging-{}-{region}", account.unwrap_or("unknown"))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
