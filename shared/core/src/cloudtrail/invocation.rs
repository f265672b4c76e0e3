//! One inference request, as far as one CloudTrail record tells of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Failure, Operation, Principal};
use crate::{
    account::AccountId,
    digest,
    model::ModelReference,
    region::{DestinationRegion, SourceRegion},
};

/// What makes two records the same event.
///
/// Two different events can share an `eventID`, so its name and type belong to it. The two records
/// of a stream's end (a management event and, on some trails, its data-event copy) are one event,
/// keyed by the request that they end. A record that CloudTrail delivers again with more in it
/// (`addendum`) is the event that it names as its original.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EventIdentity {
    /// `eventID`: what people look up.
    pub event_id: String,
    /// `eventName`.
    pub event_name: String,
    /// `eventType`.
    pub event_type: String,
    /// `addendum.originalEventID` of a record that was delivered again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_event_id: Option<String>,
    /// `serviceEventDetails.parentRequestId` of a stream's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_request_id: Option<String>,
}

impl EventIdentity {
    /// Returns 32 hexadecimal digits that stand for the event.
    #[must_use]
    pub fn hashed(&self) -> String {
        let Self {
            event_id,
            event_name,
            event_type,
            original_event_id,
            parent_request_id,
        } = self;
        let event_id = original_event_id.as_ref().unwrap_or(event_id);
        match parent_request_id {
            Some(parent) => digest::of_parts(&["end-of-stream", parent, event_name], 16),
            None => digest::of_parts(&["event", event_id, event_name, event_type], 16),
        }
    }
}

/// Which part of the request the record tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// The whole request.
    Whole,
    /// The call that opened a stream: it decides source, profile and denials.
    StreamCall,
    /// The end of a stream: it decides the destination, and names no profile
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html#cloudtrail-stream-completion-events>).
    StreamCompletion,
}

/// Where the request was processed, as far as the record tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum ProcessedIn {
    /// In the Region that was called: reported, or the only possibility.
    Source,
    /// In another Region, which the record reports.
    Destination(DestinationRegion),
    /// The record does not say.
    Unreported,
    /// The record says something that is not a Region name (shortened).
    Unreadable(String),
    /// Nowhere: the request failed before any model saw it.
    Nowhere(Failure),
}

impl ProcessedIn {
    /// Returns the Region that processed the request, where that is known.
    #[must_use]
    pub fn destination(&self, source: &SourceRegion) -> Option<DestinationRegion> {
        match self {
            Self::Source => Some(DestinationRegion(source.0.clone())),
            Self::Destination(destination) => Some(destination.clone()),
            Self::Unreported | Self::Unreadable(_) | Self::Nowhere(_) => None,
        }
    }
}

/// An inference request, parsed from one CloudTrail record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invocation {
    /// What makes another record the same event.
    pub identity: EventIdentity,
    /// When it was called, or when its stream ended.
    pub time: Timestamp,
    /// The account that was called.
    pub account: AccountId,
    /// The Region that was called.
    pub source: SourceRegion,
    /// The API.
    pub operation: Operation,
    /// Which part of the request the record tells of.
    pub half: Half,
    /// What the request was addressed to; of a stream's end, only the foundation model.
    pub target: ModelReference,
    /// Who called.
    pub principal: Principal,
    /// Where it was processed.
    pub processed_in: ProcessedIn,
    /// `requestID`, which a stream's end names as its parent and the invocation log as its request.
    pub request_id: Option<String>,
    /// How it failed, if it did.
    pub failure: Option<Failure>,
}
