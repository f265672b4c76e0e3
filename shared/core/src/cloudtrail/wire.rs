//! The JSON of a CloudTrail record, as far as crisguard reads it.
//!
//! Left out on purpose: `responseElements`, `userAgent`, `sourceIPAddress` and everything else in
//! `requestParameters` (a mantle call's `metadata` is customer text). What is not read cannot leak.
//! Members: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{Object, Text};

/// The one member that tells whether the rest is worth reading.
#[derive(Debug, Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow, default, rename = "eventSource")]
    pub(super) event_source: Text<'a>,
}

/// A record of any Bedrock event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecordWire<'a> {
    #[serde(borrow, default)]
    pub(super) event_name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) event_type: Text<'a>,
    #[serde(borrow, default, rename = "eventID")]
    pub(super) event_id: Text<'a>,
    #[serde(borrow, default, rename = "requestID")]
    pub(super) request_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) event_time: Text<'a>,
    #[serde(borrow, default)]
    pub(super) aws_region: Text<'a>,
    #[serde(borrow, default)]
    pub(super) recipient_account_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) error_code: Text<'a>,
    #[serde(borrow, default)]
    pub(super) error_message: Text<'a>,
    #[serde(borrow, default)]
    pub(super) user_identity: Object<UserIdentityWire<'a>>,
    #[serde(borrow, default)]
    pub(super) request_parameters: Object<RequestParametersWire<'a>>,
    #[serde(borrow, default)]
    pub(super) additional_event_data: Object<AdditionalEventDataWire<'a>>,
    #[serde(borrow, default)]
    pub(super) service_event_details: Object<ServiceEventDetailsWire<'a>>,
    #[serde(borrow, default)]
    pub(super) tls_details: Object<TlsDetailsWire<'a>>,
    #[serde(borrow, default)]
    pub(super) addendum: Object<AddendumWire<'a>>,
    #[serde(borrow, default)]
    pub(super) resources: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) event_source: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestParametersWire<'a> {
    #[serde(borrow, default)]
    pub(super) model_id: Text<'a>,
    /// What bedrock-mantle calls its model.
    #[serde(borrow, default)]
    pub(super) model: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdditionalEventDataWire<'a> {
    #[serde(borrow, default)]
    pub(super) inference_region: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ServiceEventDetailsWire<'a> {
    #[serde(borrow, default, rename = "parentRequestId")]
    pub(super) parent_request_id: Text<'a>,
    /// Written with a capital in the record of a stream's end, unlike anywhere else.
    #[serde(borrow, default, rename = "AdditionalEventData")]
    pub(super) additional_event_data: Object<AdditionalEntriesWire<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AdditionalEntriesWire<'a> {
    #[serde(borrow, default, rename = "additionalEntries")]
    pub(super) additional_entries: Object<AdditionalEventDataWire<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TlsDetailsWire<'a> {
    #[serde(borrow, default)]
    pub(super) client_provided_host_header: Text<'a>,
}

/// Why a record was delivered late or again.
#[derive(Debug, Deserialize)]
pub(super) struct AddendumWire<'a> {
    #[serde(borrow, default, rename = "originalEventID")]
    pub(super) original_event_id: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ResourceWire<'a> {
    #[serde(borrow, default, rename = "ARN")]
    pub(super) arn: Text<'a>,
}

/// Who called. Every member but `type` may be missing
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserIdentityWire<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) arn: Text<'a>,
    #[serde(borrow, default)]
    pub(super) account_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) principal_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) user_name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) invoked_by: Text<'a>,
    #[serde(borrow, default)]
    pub(super) session_context: Object<SessionContextWire<'a>>,
    #[serde(borrow, default)]
    pub(super) on_behalf_of: Object<OnBehalfOfWire<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionContextWire<'a> {
    #[serde(borrow, default)]
    pub(super) session_issuer: Object<SessionIssuerWire<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SessionIssuerWire<'a> {
    #[serde(borrow, default)]
    pub(super) arn: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OnBehalfOfWire<'a> {
    #[serde(borrow, default)]
    pub(super) user_id: Text<'a>,
}

/// An event as EventBridge hands it on, around the record.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "Detail: Deserialize<'de>"))]
pub(super) struct EnvelopeWire<'a, Detail> {
    #[serde(borrow, default, rename = "detail-type")]
    pub(super) detail_type: Text<'a>,
    #[serde(borrow, default)]
    pub(super) source: Text<'a>,
    /// The account on whose bus AWS put the event; EventBridge writes it, whatever the record says.
    #[serde(borrow, default)]
    pub(super) account: Text<'a>,
    pub(super) detail: Detail,
}
