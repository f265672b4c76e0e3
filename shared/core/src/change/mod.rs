//! Changes of settings: which management events there are, and what each can affect.
//!
//! The names are CloudTrail's, which differ from the API's for some of S3's
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>).

mod events;
mod evidence;
mod patterns;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use events::{EVENTS, Kind, Row, Suspicion};
pub use evidence::Evidence;
pub use patterns::{Forwarded, bus_pattern, patterns};

use crate::{
    account::AccountId,
    cloudtrail::{self, ManagementEvent, Rejection},
    posture::Area,
    region::Region,
};

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

impl ChangeMade {
    /// The most changes that are told of a finding.
    const TOLD: usize = 5;

    /// Returns the latest of some changes, in their order: of the same event by the same principal only
    /// the last, so that one that is repeated does not push out the others. What takes
    /// a setting away comes before what changes it, and that before what changes something that it rests on.
    #[must_use]
    pub fn latest(changes: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let changes: BTreeSet<Self> = changes.into_iter().collect();
        let mut last: BTreeMap<(String, String), Self> = BTreeMap::new();
        for change in changes {
            last.insert((change.event_name.clone(), change.principal.clone()), change);
        }
        let mut last: Vec<(Suspicion, Self)> = last
            .into_values()
            .map(|change| (events::suspicion(&change.event_name), change))
            .collect();
        last.sort();
        let others = last.len().saturating_sub(Self::TOLD);
        let told: BTreeSet<Self> = last.into_iter().skip(others).map(|(_, change)| change).collect();
        told.into_iter().collect()
    }
}

/// Reads an event of EventBridge; `None` if it changes no setting: another event, or a call that failed.
///
/// ```
/// let event = br#"{"source": "aws.bedrock", "detail-type": "AWS API Call via CloudTrail", "detail": {
///   "eventSource": "bedrock.amazonaws.com", "eventName": "DeleteModelInvocationLoggingConfiguration",
///   "eventID": "1", "eventTime": "2026-11-22T03:00:00Z", "awsRegion": "eu-west-1",
///   "recipientAccountId": "111122223333",
///   "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve"}}}"#;
/// let change = crisguard_core::change::parse(event).unwrap().unwrap();
/// assert_eq!(change.made.principal, "arn:aws:iam::111122223333:user/eve");
/// ```
///
/// # Errors
///
/// Fails if the event, or what is needed of its record, is not of its form.
pub fn parse(envelope: &[u8]) -> Result<Option<Change>, Rejection> {
    let Some(event) = cloudtrail::parse_management_event(envelope)? else {
        return Ok(None);
    };
    let mut rows = EVENTS.iter();
    let row = rows.find(|row| row.source == event.source && row.names.contains(&event.name.as_str()));
    Ok(row.filter(|_| !event.failed).map(|row| row.change(event)))
}

impl Row {
    fn change(&self, event: ManagementEvent) -> Change {
        let changed = self.changed.and_then(|(kind, member)| {
            let name = event.parameters.get(member)?.as_str()?;
            Some(match kind {
                Kind::Bucket => Changed::Bucket(name.to_owned()),
                Kind::LogGroup => Changed::LogGroup(name.to_owned()),
                Kind::Key => Changed::Key(key_id(name).to_owned()),
            })
        });
        Change {
            account: event.account,
            region: event.region.clone(),
            areas: self.areas.iter().copied().collect(),
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
