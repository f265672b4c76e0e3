//! Telling machines: events on a bus.

use crisguard_aws::{
    Failure,
    client::Configuration,
    put_events::{Bus, Event},
};
use serde_json::json;

use crate::{
    config::Config,
    ports::{Announce, Announcement},
};

/// The machines that are switched on.
#[derive(Clone, Debug)]
pub struct Machines {
    bus: Bus,
}

impl Machines {
    /// Names the machines that the configuration switches on.
    #[must_use]
    pub fn new(aws: &Configuration, config: &Config) -> Self {
        Self {
            bus: Bus::new(aws, &config.event_bus),
        }
    }
}

impl Announce for Machines {
    async fn announce(&self, announcements: &[Announcement]) -> Vec<Option<Failure>> {
        let events: Vec<Event> = announcements
            .iter()
            .map(|announcement| Event {
                source: "crisguard".to_owned(),
                detail_type: "crisguard Finding".to_owned(),
                detail: json!({
                    "version": 1,
                    "id": format!("{}-{}", announcement.line.id, announcement.sequence),
                    "transition": announcement.transition,
                    "at": announcement.at,
                    "finding": announcement.line,
                })
                .to_string(),
            })
            .collect();
        let mut answers: Vec<Option<Failure>> = events.iter().map(|_| None).collect();
        for not_put in self.bus.put(&events).await {
            if let Some(answer) = answers.get_mut(not_put.position) {
                *answer = Some(not_put.failure);
            }
        }
        answers
    }
}
