//! Changes of settings: which management events there are, and what each can affect.
//!
//! The events are listed in `events.json`, which the patterns of `infra/change-region.yaml` are
//! tested against, each with its page. The names are CloudTrail's, which differ from the API's for
//! some of S3's
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>).

mod evidence;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use evidence::Evidence;

use crate::{
    account::AccountId,
    cloudtrail::{self, ManagementEvent, Rejection},
    posture::Area,
    region::Region,
};

const EVENTS: &str = include_str!("events.json");

/// Which events change settings.
#[derive(Clone, Debug)]
pub struct Events(Vec<Row>);

/// Tells why the list of events could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the list of events that change settings is damaged")]
pub struct EventsError(#[from] serde_json::Error);

/// Some events that affect the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    source: String,
    names: BTreeSet<String>,
    areas: BTreeSet<Area>,
    /// What the event changes, where only some of its kind are evidence.
    #[serde(default)]
    resource: Option<Named>,
    /// Whether other Regions are affected, too.
    #[serde(default)]
    everywhere: bool,
    #[expect(dead_code, reason = "for whoever reads the list, and for the tests of the templates")]
    page: String,
}

/// Where an event names what it changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    kind: Kind,
    /// The member of `requestParameters`.
    member: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Bucket,
    LogGroup,
    Key,
}

/// Something that was changed, of which only some are evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Changed {
    Bucket(String),
    LogGroup(String),
    /// By its id, without the ARN around it.
    Key(String),
}

/// A change of settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The account.
    pub account: AccountId,
    /// The Region in which it was made.
    pub region: Region,
    /// What it can affect.
    pub areas: BTreeSet<Area>,
    /// Whether it can affect other Regions, too.
    pub everywhere: bool,
    /// Who made it, and when.
    pub made: ChangeMade,
    changed: Option<Changed>,
}

/// Who changed a setting, how and when: what people are told of a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangeMade {
    /// When.
    pub time: Timestamp,
    /// The event's name, such as `DeleteModelInvocationLoggingConfiguration`.
    pub event_name: String,
    /// The record's id, with which people find it.
    pub event_id: String,
    /// The Region in whose event history the record is.
    pub region: Region,
    /// The user or role.
    pub principal: String,
}

impl Events {
    /// Reads the list that is part of this program.
    ///
    /// # Errors
    ///
    /// Fails if the list is damaged, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, EventsError> {
        Ok(Self(serde_json::from_str(EVENTS)?))
    }

    /// Reads an event of EventBridge; `None` if it changes no setting: another event, or a call that
    /// failed.
    ///
    /// ```
    /// use crisguard_core::change::Events;
    /// let event = br#"{"source": "aws.bedrock", "detail-type": "AWS API Call via CloudTrail", "detail": {
    ///   "eventSource": "bedrock.amazonaws.com", "eventName": "DeleteModelInvocationLoggingConfiguration",
    ///   "eventID": "1", "eventTime": "2026-11-22T03:00:00Z", "awsRegion": "eu-west-1",
    ///   "recipientAccountId": "111122223333",
    ///   "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve"}}}"#;
    /// let change = Events::embedded().unwrap().parse(event).unwrap().unwrap();
    /// assert_eq!(change.made.principal, "arn:aws:iam::111122223333:user/eve");
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the event, or what is needed of its record, is not of its form.
    pub fn parse(&self, envelope: &[u8]) -> Result<Option<Change>, Rejection> {
        let Some(event) = cloudtrail::parse_management_event(envelope)? else {
            return Ok(None);
        };
        let row = self
            .0
            .iter()
            .find(|row| row.source == event.source && row.names.contains(&event.name));
        Ok(row.filter(|_| !event.failed).map(|row| row.change(event)))
    }
}

impl Row {
    fn change(&self, event: ManagementEvent) -> Change {
        let changed = self.resource.as_ref().and_then(|named| {
            let name = event.parameters.get(&named.member)?.as_str()?;
            Some(match named.kind {
                Kind::Bucket => Changed::Bucket(name.to_owned()),
                Kind::LogGroup => Changed::LogGroup(name.to_owned()),
                Kind::Key => Changed::Key(key_id(name).to_owned()),
            })
        });
        Change {
            account: event.account,
            region: event.region.clone(),
            areas: self.areas.clone(),
            everywhere: self.everywhere,
            made: ChangeMade {
                time: event.time,
                event_name: event.name,
                event_id: event.id,
                region: event.region,
                principal: event.principal.name().to_owned(),
            },
            changed,
        }
    }
}

/// Returns a key's id, which stands at the end of its ARN.
fn key_id(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, id)| id)
}

#[cfg(test)]
mod tests;
