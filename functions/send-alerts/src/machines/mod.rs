//! Telling machines: an event on a bus and, where it is switched on, a finding in Security Hub.
//!
//! An announcement is taken when every machine that is switched on has taken it. Otherwise the
//! caller repeats it, to all of them: events have the same id then, and Security Hub ignores what
//! it knows.

pub(crate) mod asff;
pub mod event;

use std::collections::BTreeMap;

use crisguard_aws::{
    Disposition, Failure,
    client::Configuration,
    put_events::{Bus, Event, NotPut},
    securityhub::{Finding, NotImported, ProductArn, SecurityHub},
};

use crate::{
    config::Config,
    ports::{Announce, Announcement},
};

/// Takes events.
pub trait PutEvents {
    /// Puts each, and returns those that were not taken.
    fn put(&self, events: &[Event]) -> impl Future<Output = Vec<NotPut>>;
}

/// Takes findings.
pub trait ImportFindings {
    /// Imports each, and returns those that were not taken.
    fn import(&self, findings: &[Finding]) -> impl Future<Output = Vec<NotImported>>;
}

impl PutEvents for Bus {
    async fn put(&self, events: &[Event]) -> Vec<NotPut> {
        Self::put(self, events).await
    }
}

impl ImportFindings for SecurityHub {
    async fn import(&self, findings: &[Finding]) -> Vec<NotImported> {
        Self::import(self, findings).await
    }
}

/// The machines that are switched on.
#[derive(Clone, Debug)]
pub struct Machines<Events = Bus, Findings = SecurityHub> {
    events: Events,
    hub: Option<Hub<Findings>>,
}

/// Security Hub, and in whose name findings go there.
#[derive(Clone, Debug)]
struct Hub<Findings> {
    product: ProductArn,
    findings: Findings,
}

impl Machines {
    /// Names the machines that the configuration switches on.
    #[must_use]
    pub fn new(aws: &Configuration, config: &Config) -> Self {
        let hub = config.security_hub_product_arn.clone();
        Self::of(
            Bus::new(aws, &config.event_bus),
            hub.map(|product| (product.clone(), SecurityHub::new(aws, &product))),
        )
    }
}

impl<Events: PutEvents, Findings: ImportFindings> Announce for Machines<Events, Findings> {
    async fn announce(&self, announcements: &[Announcement]) -> Vec<Option<Failure>> {
        let (put, imported) = tokio::join!(self.put(announcements), self.import(announcements));
        put.into_iter()
            .zip(imported)
            .map(|(put, imported)| put.or(imported))
            .collect()
    }
}

impl<Events: PutEvents, Findings: ImportFindings> Machines<Events, Findings> {
    /// Names machines that are there already.
    pub fn of(events: Events, hub: Option<(ProductArn, Findings)>) -> Self {
        Self {
            events,
            hub: hub.map(|(product, findings)| Hub { product, findings }),
        }
    }

    async fn put(&self, announcements: &[Announcement]) -> Vec<Option<Failure>> {
        let events: Result<Vec<Event>, _> = announcements.iter().map(event::of).collect();
        let events = match events {
            Ok(events) => events,
            Err(error) => return vec![Some(unwritable("events:PutEvents", &error)); announcements.len()],
        };
        let mut answers = vec![None; announcements.len()];
        for NotPut { position, failure } in self.events.put(&events).await {
            if let Some(answer) = answers.get_mut(position) {
                *answer = Some(failure);
            }
        }
        answers
    }

    /// Imports the last state of each finding: what it came through on the way is history by then, and
    /// of several states in one request Security Hub would read only one.
    async fn import(&self, announcements: &[Announcement]) -> Vec<Option<Failure>> {
        let Some(Hub { product, findings: hub }) = &self.hub else {
            return vec![None; announcements.len()];
        };
        let mut last: BTreeMap<&str, &Announcement> = BTreeMap::new();
        for announcement in announcements {
            let known = last.entry(&announcement.line.id).or_insert(announcement);
            if announcement.sequence > known.sequence {
                *known = announcement;
            }
        }
        let findings: Result<Vec<Finding>, _> = last.values().map(|last| asff::of(last, product)).collect();
        let findings = match findings {
            Ok(findings) => findings,
            Err(error) => {
                let failure = unwritable("securityhub:BatchImportFindings", &error);
                return vec![Some(failure); announcements.len()];
            }
        };
        let not_imported = hub.import(&findings).await;
        let refused: BTreeMap<&str, &Failure> = not_imported
            .iter()
            .filter_map(|refused| Some((*last.keys().nth(refused.position)?, &refused.failure)))
            .collect();
        announcements
            .iter()
            .map(|announcement| {
                refused
                    .get(announcement.line.id.as_str())
                    .map(|failure| (*failure).clone())
            })
            .collect()
    }
}

/// Says that an announcement has no JSON: every one of the batch fails, for nothing was sent.
fn unwritable(action: &'static str, error: &serde_json::Error) -> Failure {
    Failure {
        action,
        resource: "an announcement".to_owned(),
        cause: format!("it cannot be written as JSON: {error}"),
        disposition: Disposition::WillNotPass,
    }
}
