//! The event that EventBridge gets for each transition: a published form, for other people's rules.

use crisguard_aws::put_events::Event;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::Serialize;

use crate::{lifecycle::Transition, line::Line, ports::Announcement};

/// The version of the detail; it changes when a member changes its meaning, not when one is added.
pub const VERSION: u32 = 1;
/// The event's `source`. The function may put no other.
pub const SOURCE: &str = "crisguard";
/// The event's `detail-type`.
pub const DETAIL_TYPE: &str = "crisguard Finding";

/// What happened to a finding: the `detail` of an event with source `crisguard` and detail type
/// `crisguard Finding`. New members may be added to it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "crisguard Finding")]
pub struct Detail<'a> {
    /// The version of this form.
    #[schemars(extend("const" = VERSION))]
    version: u32,
    /// The same however often this transition is announced: an event whose id was seen before is a
    /// repetition.
    id: String,
    /// What happened.
    transition: Transition,
    /// When it was noticed.
    at: Timestamp,
    /// The finding as alerts show it.
    finding: &'a Line,
}

impl<'a> Detail<'a> {
    /// Says what happened.
    #[must_use]
    pub fn of(announcement: &'a Announcement) -> Self {
        let finding = &announcement.line;
        Self {
            version: VERSION,
            id: format!("{}-{}", finding.id, announcement.sequence),
            transition: announcement.transition,
            at: announcement.at,
            finding,
        }
    }
}

/// Writes the event for an announcement.
pub(crate) fn of(announcement: &Announcement) -> Result<Event, serde_json::Error> {
    Ok(Event {
        source: SOURCE.to_owned(),
        detail_type: DETAIL_TYPE.to_owned(),
        detail: serde_json::to_string(&Detail::of(announcement))?,
    })
}

/// Returns the JSON Schema of the detail: `docs/finding-event.schema.json`.
///
/// Every member that is always written is required, so that consumers can rely on it.
#[must_use]
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Detail<'_>>()
}
