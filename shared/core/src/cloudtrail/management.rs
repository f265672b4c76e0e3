//! Any service's management event, with the parameters of its request.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Principal, Rejection, account_of, bounded, is_the_envelopes,
    lenient::{Object, Text},
    read, region_of, required, time_of,
    wire::{EnvelopeWire, UserIdentityWire},
};
use crate::{account::AccountId, region::Region};

const DETAIL_TYPE: &str = "AWS API Call via CloudTrail";

/// A management event.
#[derive(Debug)]
pub(crate) struct ManagementEvent {
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) time: Timestamp,
    pub(crate) region: Region,
    pub(crate) account: AccountId,
    pub(crate) principal: Principal,
    /// Whether the call failed.
    pub(crate) failed: bool,
    /// The parameters of the request; whoever reads them keeps names of resources alone.
    pub(crate) parameters: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventWire<'a> {
    #[serde(borrow, default)]
    event_source: Text<'a>,
    #[serde(borrow, default)]
    event_name: Text<'a>,
    #[serde(borrow, default, rename = "eventID")]
    event_id: Text<'a>,
    #[serde(borrow, default)]
    event_time: Text<'a>,
    #[serde(borrow, default)]
    aws_region: Text<'a>,
    #[serde(borrow, default)]
    recipient_account_id: Text<'a>,
    #[serde(borrow, default)]
    error_code: Text<'a>,
    #[serde(borrow, default)]
    user_identity: Object<UserIdentityWire<'a>>,
    #[serde(default)]
    request_parameters: Option<Value>,
}

/// Reads an event of EventBridge; `None` if it is not the record of a call.
pub(crate) fn parse(envelope: &[u8]) -> Result<Option<ManagementEvent>, Rejection> {
    bounded(envelope)?;
    let EnvelopeWire::<'_, EventWire<'_>> {
        detail_type,
        account,
        detail,
        ..
    } = read(envelope)?;
    if detail_type.text() != Some(DETAIL_TYPE) {
        return Ok(None);
    }
    let of_record = account_of(&detail.recipient_account_id, &detail.user_identity)?;
    is_the_envelopes(&account, &of_record)?;
    let text = |path, text| required(path, text).map(|text| text.chars().take(128).collect::<String>());
    Ok(Some(ManagementEvent {
        source: text("eventSource", &detail.event_source)?,
        name: text("eventName", &detail.event_name)?,
        id: text("eventID", &detail.event_id)?,
        time: time_of(&detail.event_time)?,
        region: region_of(&detail.aws_region)?,
        account: of_record,
        principal: Principal::from_wire(detail.user_identity.object()),
        failed: detail.error_code != Text::Absent,
        parameters: match detail.request_parameters {
            Some(Value::Object(parameters)) => parameters,
            _ => Map::new(),
        },
    }))
}
