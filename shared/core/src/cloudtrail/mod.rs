//! From CloudTrail's JSON to an [`Invocation`], tolerant of everything but a lie.
//!
//! Unknown members and unexpected kinds of members are passed over; what is absent stays absent.
//! A record that lacks what crisguard cannot do without (event id, name, time, Region, account) is
//! rejected with the member's path, and the function that reads it counts the rejection.

mod alike;
mod failure;
mod invocation;
pub(crate) mod lenient;
mod management;
mod operation;
mod principal;
mod rejection;
mod wire;

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use alike::{Alike, Particulars};
pub use failure::{BlockedRegion, Denial, Failure, ScpDenial};
pub use invocation::{EventIdentity, Half, Invocation, ProcessedIn};
pub(crate) use management::{ManagementEvent, parse as parse_management_event};
pub use operation::Operation;
pub use principal::Principal;
pub use rejection::{MemberProblem, Rejection};

use crate::{
    account::AccountId,
    model::ModelReference,
    region::{DestinationRegion, Region, SourceRegion},
};
use lenient::{Object, Text};
use wire::{EnvelopeWire, Head, RecordWire, ResourceWire, UserIdentityWire};

/// The `eventSource` values of Bedrock. Real records say `bedrock.amazonaws.com` for the runtime
/// too; the third is what some published rules look for, and is accepted in case it ever comes.
pub const EVENT_SOURCES: [&str; 3] = [
    "bedrock.amazonaws.com",
    "bedrock-mantle.amazonaws.com",
    "bedrock-runtime.amazonaws.com",
];
/// The `detail-type` values under which EventBridge hands on CloudTrail's records.
pub const DETAIL_TYPES: [&str; 2] = ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"];
/// The largest record read, in bytes: CloudTrail's own limit is 256 KB, event data stores' 1 MB.
pub const LARGEST_RECORD: usize = 1024 * 1024;

const MANTLE_SOURCE: &str = "bedrock-mantle.amazonaws.com";

/// What one CloudTrail record is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Another service's event.
    NotBedrock,
    /// A Bedrock event that sends no prompt to a model.
    NotInference {
        /// The event's name, shortened.
        event_name: String,
    },
    /// An inference request.
    Inference(Box<Invocation>),
}

/// Parses an EventBridge event, which carries one CloudTrail record as its `detail`.
///
/// An event of another detail-type is [`Record::NotBedrock`]: Bedrock sends state changes of its
/// own that are no CloudTrail records.
///
/// # Errors
///
/// Fails if the text is not an event, or its record cannot be read or is of another account than the event.
pub fn parse_envelope(json: &[u8]) -> Result<Record, Rejection> {
    bounded(json)?;
    // In one pass where every part is of the form it should be; else part by part, which tells what is wrong.
    if let Ok(EnvelopeWire {
        detail_type,
        source,
        account,
        detail: Object::Is(wire),
    }) = read(json)
    {
        return if carries_bedrock(&detail_type, &source) {
            of_the_envelope(&account, read_bedrock(&wire)?)
        } else {
            Ok(Record::NotBedrock)
        };
    }
    let envelope: EnvelopeWire<'_, &RawValue> = read(json)?;
    if carries_bedrock(&envelope.detail_type, &envelope.source) {
        of_the_envelope(&envelope.account, parse_record(envelope.detail.get().as_bytes())?)
    } else {
        Ok(Record::NotBedrock)
    }
}

/// Takes a record only where it is of the account that its event came from.
fn of_the_envelope(account: &Text<'_>, record: Record) -> Result<Record, Rejection> {
    if let Record::Inference(invocation) = &record {
        is_the_envelopes(account, &invocation.account)?;
    }
    Ok(record)
}

/// Rejects a record that speaks for another account than the one on whose bus AWS put it: of the events of many
/// accounts none is to be evidence about another, whoever finds a way to write its detail.
fn is_the_envelopes(envelopes: &Text<'_>, account: &AccountId) -> Result<(), Rejection> {
    if *envelopes == Text::Absent || envelopes.text() == Some(account.as_str()) {
        return Ok(());
    }
    Err(Rejection::Member {
        path: "account",
        problem: MemberProblem::AnotherAccount,
    })
}

fn carries_bedrock(detail_type: &Text<'_>, source: &Text<'_>) -> bool {
    detail_type.text().is_some_and(|kind| DETAIL_TYPES.contains(&kind))
        && source.text().is_some_and(|source| source.starts_with("aws.bedrock"))
}

/// Parses one CloudTrail record.
///
/// ```
/// use crisguard_core::cloudtrail::{Record, parse_record};
/// let record = br#"{"eventSource": "s3.amazonaws.com", "eventName": "PutObject"}"#;
/// assert_eq!(parse_record(record)?, Record::NotBedrock);
/// # Ok::<(), crisguard_core::cloudtrail::Rejection>(())
/// ```
///
/// # Errors
///
/// Fails if the text is not a record, or is a Bedrock inference record that lacks its event id,
/// name, time, Region or account.
pub fn parse_record(json: &[u8]) -> Result<Record, Rejection> {
    bounded(json)?;
    // Most records of a log file are other services', and one member tells so.
    let head: Head<'_> = read(json)?;
    match bedrock_source(&head.event_source)? {
        Some(_) => read_bedrock(&read(json)?),
        None => Ok(Record::NotBedrock),
    }
}

/// Parses one CloudTrail record that is probably Bedrock's, as [`parse_record`] does.
///
/// # Errors
///
/// Fails where [`parse_record`] does.
pub fn parse_probable(json: &[u8]) -> Result<Record, Rejection> {
    bounded(json)?;
    match read(json) {
        Ok(wire) => read_bedrock(&wire),
        // Of another service's record only one member has to be as it should.
        Err(_) => parse_record(json),
    }
}

fn read_bedrock(wire: &RecordWire<'_>) -> Result<Record, Rejection> {
    match bedrock_source(&wire.event_source)? {
        Some(source) => Request::read(wire, source == MANTLE_SOURCE),
        None => Ok(Record::NotBedrock),
    }
}

/// Returns Bedrock's source, `None` for another service's; what cannot be read may be Bedrock's.
fn bedrock_source<'a>(event_source: &'a Text<'_>) -> Result<Option<&'a str>, Rejection> {
    match event_source {
        Text::Other(_) => required("eventSource", event_source).map(Some),
        Text::Is(_) | Text::Absent => Ok(event_source.text().filter(|source| EVENT_SOURCES.contains(source))),
    }
}

/// Reads JSON; text that is UTF-8 throughout, as all should be, is checked for it once rather than
/// string by string.
pub(crate) fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> serde_json::Result<T> {
    match str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(json),
    }
}

fn bounded(json: &[u8]) -> Result<(), Rejection> {
    if json.len() > LARGEST_RECORD {
        return Err(Rejection::TooLarge { bytes: json.len() });
    }
    Ok(())
}

/// The parts of a Bedrock record that tell whether it is inference, and which half of it.
struct Request<'a> {
    wire: &'a RecordWire<'a>,
    operation: Operation,
    half: Half,
}

impl<'a> Request<'a> {
    fn read(wire: &'a RecordWire<'a>, mantle: bool) -> Result<Record, Rejection> {
        let event_name = required("eventName", &wire.event_name)?;
        match Self::recognise(wire, event_name, mantle) {
            Some(request) => request
                .invocation(event_name, mantle)
                .map(Box::new)
                .map(Record::Inference),
            None => Ok(Record::NotInference {
                event_name: event_name.chars().take(128).collect(),
            }),
        }
    }

    fn recognise(wire: &'a RecordWire<'a>, event_name: &str, mantle: bool) -> Option<Self> {
        if mantle {
            let operation = (event_name == Operation::MANTLE).then_some(Operation::CreateInference)?;
            return Some(Self {
                wire,
                operation,
                half: Half::Whole,
            });
        }
        let other = || Operation::Other(event_name.chars().filter(|c| !c.is_control()).take(128).collect());
        let known = Operation::known(event_name);
        if wire.event_type.text() == Some("AwsServiceEvent") {
            let ends_stream = known.as_ref().is_some_and(Operation::is_streaming)
                || parent_request_id(wire).is_some()
                || *reported_at_end(wire) != Text::Absent
                || names_a_destination(wire);
            let operation = ends_stream.then(|| known.unwrap_or_else(other))?;
            return Some(Self {
                wire,
                operation,
                half: Half::StreamCompletion,
            });
        }
        let host = wire
            .tls_details
            .object()
            .and_then(|tls| tls.client_provided_host_header.text());
        let counts = || names_a_destination(wire) || Operation::may_be_inference(event_name, host);
        let operation = known.or_else(|| counts().then(other))?;
        let half = if operation.is_streaming() {
            Half::StreamCall
        } else {
            Half::Whole
        };
        Some(Self { wire, operation, half })
    }

    fn invocation(self, event_name: &str, mantle: bool) -> Result<Invocation, Rejection> {
        let Self { wire, operation, half } = self;
        let source = SourceRegion(region_of(&wire.aws_region)?);
        let time = time_of(&wire.event_time)?;
        let completion = half == Half::StreamCompletion;
        let identity = EventIdentity {
            event_id: required("eventID", &wire.event_id)?.trim().chars().take(128).collect(),
            event_name: event_name.to_owned(),
            event_type: wire.event_type.filled().unwrap_or("AwsApiCall").to_owned(),
            original_event_id: wire
                .addendum
                .object()
                .and_then(|addendum| addendum.original_event_id.filled())
                .map(|id| id.trim().chars().take(128).collect()),
            parent_request_id: parent_request_id(wire).filter(|_| completion).map(str::to_owned),
        };
        let target = if completion {
            target_of_completion(wire)
        } else {
            target_of_call(wire, mantle)
        };
        let failure = match &wire.error_code {
            Text::Absent => None,
            Text::Is(code) => Some(Failure::classify(code, wire.error_message.text())),
            Text::Other(kind) => Some(Failure::classify(kind, None)),
        };
        let reported = match reported_at_end(wire) {
            at_end if completion && *at_end != Text::Absent => at_end,
            _ => reported(wire),
        };
        let processed_in = match reported {
            Text::Is(name) => match name.parse::<Region>() {
                Ok(region) if region == source.0 => ProcessedIn::Source,
                Ok(region) => ProcessedIn::Destination(DestinationRegion(region)),
                Err(_) => ProcessedIn::Unreadable(name.chars().filter(|c| !c.is_control()).take(64).collect()),
            },
            Text::Other(kind) => ProcessedIn::Unreadable((*kind).to_owned()),
            // However a stream ended, a model had begun to answer.
            Text::Absent if completion => ProcessedIn::Unreported,
            Text::Absent => match &failure {
                Some(Failure::MayHaveBeenProcessed { .. }) | None if mantle || target.stays_in_source() => {
                    ProcessedIn::Source
                }
                Some(Failure::MayHaveBeenProcessed { .. }) | None => ProcessedIn::Unreported,
                Some(failure) => ProcessedIn::Nowhere(failure.clone()),
            },
        };
        Ok(Invocation {
            identity,
            time,
            account: account(wire)?,
            source,
            operation,
            half,
            target,
            principal: Principal::from_wire(wire.user_identity.object()),
            processed_in,
            request_id: wire.request_id.filled().map(|id| id.chars().take(128).collect()),
            failure,
        })
    }
}

pub(crate) fn required<'a>(path: &'static str, text: &'a Text<'_>) -> Result<&'a str, Rejection> {
    match text {
        Text::Is(text) if !text.trim().is_empty() => Ok(text),
        Text::Is(_) => Err(Rejection::Member {
            path,
            problem: MemberProblem::Empty,
        }),
        Text::Absent => Err(Rejection::Member {
            path,
            problem: MemberProblem::Absent,
        }),
        Text::Other(_) => Err(Rejection::Member {
            path,
            problem: MemberProblem::NoText,
        }),
    }
}

fn region_of(text: &Text<'_>) -> Result<Region, Rejection> {
    let path = "awsRegion";
    let problem = MemberProblem::NoRegion;
    let name = required(path, text)?;
    name.parse().map_err(|_| Rejection::Member { path, problem })
}

fn time_of(text: &Text<'_>) -> Result<Timestamp, Rejection> {
    let path = "eventTime";
    let problem = MemberProblem::NoTime;
    let time = required(path, text)?;
    time.parse().map_err(|_| Rejection::Member { path, problem })
}

fn account(wire: &RecordWire<'_>) -> Result<AccountId, Rejection> {
    account_of(&wire.recipient_account_id, &wire.user_identity)
}

/// Returns the account whose record it is: the recipient's, else the caller's.
fn account_of(recipient: &Text<'_>, identity: &Object<UserIdentityWire<'_>>) -> Result<AccountId, Rejection> {
    let callers = || identity.object().and_then(|identity| identity.account_id.filled());
    let text = recipient.filled().or_else(callers).ok_or(Rejection::Member {
        path: "recipientAccountId",
        problem: MemberProblem::Absent,
    })?;
    text.parse().map_err(|_| Rejection::Member {
        path: "recipientAccountId",
        problem: MemberProblem::NoAccount,
    })
}

const ABSENT: &Text<'static> = &Text::Absent;
const NOT_AN_OBJECT: &Text<'static> = &Text::Other("additionalEventData is not an object");

/// Returns what a call reports as its destination.
///
/// Some exports write `additionalEventData` as a text; what it says is then not known, which is
/// not the same as that it says nothing.
fn reported<'a>(wire: &'a RecordWire<'a>) -> &'a Text<'a> {
    match &wire.additional_event_data {
        Object::Absent => ABSENT,
        Object::Is(data) => &data.inference_region,
        Object::Other => NOT_AN_OBJECT,
    }
}

/// Tells whether the record has `inferenceRegion` where calls have it, which only inference does.
fn names_a_destination(wire: &RecordWire<'_>) -> bool {
    let data = wire.additional_event_data.object();
    data.is_some_and(|data| data.inference_region != Text::Absent)
}

fn reported_at_end<'a>(wire: &'a RecordWire<'a>) -> &'a Text<'a> {
    wire.service_event_details
        .object()
        .and_then(|details| details.additional_event_data.object())
        .and_then(|data| data.additional_entries.object())
        .map_or(ABSENT, |entries| &entries.inference_region)
}

fn parent_request_id<'a>(wire: &'a RecordWire<'a>) -> Option<&'a str> {
    wire.service_event_details
        .object()
        .and_then(|details| details.parent_request_id.filled())
}

fn target_of_call(wire: &RecordWire<'_>, mantle: bool) -> ModelReference {
    let parameters = wire.request_parameters.object();
    let named = parameters.map_or(ABSENT, |parameters| match (&parameters.model_id, mantle) {
        (Text::Absent, _) => &parameters.model,
        (_, true) if parameters.model != Text::Absent => &parameters.model,
        (model_id, _) => model_id,
    });
    match named {
        // Nothing on bedrock-mantle crosses Regions, whatever its name looks like.
        Text::Is(id) if mantle => ModelReference::FoundationModel(bounded_id(id).into_owned()),
        Text::Is(id) => ModelReference::parse(&bounded_id(id)),
        Text::Absent => ModelReference::Absent,
        Text::Other(kind) => ModelReference::Unknown((*kind).to_owned()),
    }
}

/// Cuts off what is longer than any model's id: AWS takes 2,048 characters
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html>).
fn bounded_id(id: &str) -> Cow<'_, str> {
    match id.char_indices().nth(2048) {
        Some((end, _)) => id.get(..end).unwrap_or_default().into(),
        None => id.into(),
    }
}

/// Reads the foundation model from `resources`: the record of a stream's end names nothing else.
fn target_of_completion(wire: &RecordWire<'_>) -> ModelReference {
    wire.resources
        .and_then(|raw| Vec::<ResourceWire<'_>>::deserialize(&mut serde_json::Deserializer::from_str(raw.get())).ok())
        .and_then(|resources| {
            resources
                .iter()
                .filter_map(|resource| resource.arn.filled().map(|arn| ModelReference::parse(&bounded_id(arn))))
                .find(|target| matches!(target, ModelReference::FoundationModel(_)))
        })
        .unwrap_or(ModelReference::Absent)
}

#[cfg(test)]
mod tests;
