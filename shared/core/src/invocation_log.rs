//! From an entry of Bedrock's log of model invocations to an [`Invocation`].
//!
//! Prompts and answers (`input`, `output`), `requestMetadata` and everything else are not read at all.
//! Members: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html>; AWS does not list
//! `inferenceRegion`, which entries of cross-Region inference have.

use serde::Deserialize;

use crate::{
    cloudtrail::{
        EventIdentity, Failure, Half, Invocation, Operation, Principal, ProcessedIn, Rejection,
        lenient::{Object, Text},
        read, required,
    },
    model::ModelReference,
    region::{DestinationRegion, Region, SourceRegion},
};

/// What `schemaType` says in an entry.
pub const SCHEMA_TYPE: &str = "ModelInvocationLog";
/// The line that Bedrock writes where logs are delivered to, before any entry; it is no JSON.
pub const FIRST_LINE: &str = "Permissions are correctly set for Amazon Bedrock logs.";

/// What stands as the event's type of an invocation that was read from the log.
const EVENT_TYPE: &str = "ModelInvocationLog";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryWire<'a> {
    #[serde(borrow, default)]
    schema_type: Text<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default)]
    account_id: Text<'a>,
    #[serde(borrow, default)]
    region: Text<'a>,
    #[serde(borrow, default)]
    request_id: Text<'a>,
    #[serde(borrow, default)]
    operation: Text<'a>,
    #[serde(borrow, default)]
    model_id: Text<'a>,
    #[serde(borrow, default)]
    identity: Object<IdentityWire<'a>>,
    #[serde(borrow, default)]
    inference_region: Text<'a>,
    #[serde(borrow, default)]
    error_code: Text<'a>,
}

#[derive(Deserialize)]
struct IdentityWire<'a> {
    #[serde(borrow, default)]
    arn: Text<'a>,
}

/// Parses one entry of the log.
///
/// The event is known by its request: an entry has no event id. Where it does not name the Region that processed
/// it, none is assumed, for it may name a model where the caller named a profile.
///
/// # Errors
///
/// Fails if the text is not an entry, or lacks its request id, operation, time, Region or account. An error shows
/// nothing of what the entry holds.
pub fn parse(json: &[u8]) -> Result<Invocation, Rejection> {
    let entry: EntryWire<'_> = read(json)?;
    if entry.schema_type.text() != Some(SCHEMA_TYPE) {
        return Err(Rejection::Member {
            path: "schemaType",
            problem: "is not `ModelInvocationLog`",
        });
    }
    let request_id: String = required("requestId", &entry.request_id)?
        .trim()
        .chars()
        .take(128)
        .collect();
    let name = required("operation", &entry.operation)?;
    let source: Region = parsed("region", "is not the name of a Region", &entry.region)?;
    let failure = match &entry.error_code {
        Text::Absent => None,
        Text::Is(code) => Some(Failure::classify(code, None)),
        Text::Other(kind) => Some(Failure::classify(kind, None)),
    };
    Ok(Invocation {
        identity: EventIdentity {
            event_id: request_id.clone(),
            event_name: name.to_owned(),
            event_type: EVENT_TYPE.to_owned(),
            original_event_id: None,
            parent_request_id: None,
        },
        time: parsed("timestamp", "is not an RFC 3339 time", &entry.timestamp)?,
        account: parsed("accountId", "is not a 12-digit account id", &entry.account_id)?,
        operation: Operation::known(name)
            .unwrap_or_else(|| Operation::Other(name.chars().filter(|c| !c.is_control()).take(128).collect())),
        half: Half::Whole,
        target: match &entry.model_id {
            Text::Is(id) => ModelReference::parse(&id.chars().take(2048).collect::<String>()),
            Text::Absent => ModelReference::Absent,
            Text::Other(kind) => ModelReference::Unknown((*kind).to_owned()),
        },
        principal: Principal::from_arn(
            entry
                .identity
                .object()
                .and_then(|identity| identity.arn.filled())
                .unwrap_or("unknown (no identity.arn)"),
        ),
        processed_in: match &entry.inference_region {
            Text::Is(name) => match name.parse::<Region>() {
                Ok(region) if region == source => ProcessedIn::Source,
                Ok(region) => ProcessedIn::Destination(DestinationRegion(region)),
                Err(_) => ProcessedIn::Unreadable(name.chars().filter(|c| !c.is_control()).take(64).collect()),
            },
            Text::Other(kind) => ProcessedIn::Unreadable((*kind).to_owned()),
            Text::Absent => match &failure {
                Some(Failure::MayHaveBeenProcessed { .. }) | None => ProcessedIn::Unreported,
                Some(failure) => ProcessedIn::Nowhere(failure.clone()),
            },
        },
        source: SourceRegion(source),
        request_id: Some(request_id),
        failure,
    })
}

fn parsed<T: std::str::FromStr>(path: &'static str, problem: &'static str, text: &Text<'_>) -> Result<T, Rejection> {
    required(path, text)?
        .parse()
        .map_err(|_| Rejection::Member { path, problem })
}
