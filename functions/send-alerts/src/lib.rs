//! Findings in, exact counts in DynamoDB, alerts to people and transitions to machines.
//!
//! Decode, [`mod@count`] or [`mod@observe`], [`mod@tell`], [`mod@announce`]: each message is
//! remembered once for all time, then people and machines are told what they do not know yet.
//! Every message leaves through one counted exit, and a partial failure is a failure: a message
//! that was remembered but not told is delivered again, and told then. What time alone brings
//! about is the hourly [`mod@review`]'s.
//!
//! [`run`] and [`review::review`] know nothing of Lambda: they take messages, ports, rules and the time.

pub mod announce;
pub mod canary;
mod chat;
mod clean;
pub mod config;
pub mod count;
pub mod digest;
mod function;
pub mod lifecycle;
pub mod line;
pub mod machines;
pub mod memory;
mod notice;
pub mod observe;
pub mod ports;
pub mod review;
pub mod rules;
mod shortlist;
pub mod tell;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{account::AccountId, finding};
use crisguard_lambda::{
    batch::{Message, MessageId},
    report::chain,
};
use jiff::Timestamp;

use count::Counted;
pub use function::{SendAlerts, metric};
use memory::{MemoryError, Subject};
pub use notice::TextError;
use observe::Observation;
use ports::{Announce, Publish, Recall, Remember};
use rules::Rules;
pub use texts::Texts;

/// What the use case acts on.
#[derive(Debug)]
pub struct Ports<Memory, Topic, Machines> {
    /// The account in which crisguard stands, and the memory with it.
    pub home: AccountId,
    /// Where counts and alerts are remembered.
    pub memory: Memory,
    /// Where people are told.
    pub topic: Topic,
    /// Where machines are told.
    pub machines: Machines,
    /// The words.
    pub texts: Texts,
}

/// How every message of a batch left, and what was published.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Each message's way out, in no particular order.
    pub exits: Vec<(MessageId, WayOut)>,
    /// How many alerts and resolutions were published.
    pub alerts_published: usize,
    /// How many transitions machines have taken.
    pub announced: usize,
    /// How many findings the policy mutes that people would have been told of.
    pub muted: usize,
}

/// The one counted way out of a delivery of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Something of it was new and is remembered, and people know or will know by the digest.
    Counted,
    /// All of it was known before, and people know or will know by the digest.
    Duplicate,
    /// It is a canary, and its account and Region are remembered; nobody is told.
    Canary,
    /// It is not a finding that this version understands.
    Rejected,
    /// It could not be counted or told, or stands behind such a message: it is delivered again.
    Retried,
}

impl WayOut {
    /// Tells whether the message is to be delivered again.
    #[must_use]
    pub fn fails(self) -> bool {
        matches!(self, Self::Rejected | Self::Retried)
    }
}

/// Remembers a batch of findings and tells people and machines what they do not know yet.
///
/// Messages of one group are handled in their order; after the first that fails, the group's
/// later ones fail too, for a FIFO queue must not deliver them before it
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
pub async fn run<Memory: Recall + Remember, Topic: Publish, Machines: Announce>(
    ports: &Ports<Memory, Topic, Machines>,
    rules: &Rules,
    messages: Vec<Message>,
    now: Timestamp,
) -> Outcome {
    let mut outcome = Outcome {
        exits: Vec::new(),
        alerts_published: 0,
        announced: 0,
        muted: 0,
    };
    for group in groups(messages) {
        run_group(ports, rules, group, now, &mut outcome).await;
    }
    outcome
}

/// Sorts messages by their groups, each in its order; a message without a group is one of its own.
fn groups(messages: Vec<Message>) -> impl Iterator<Item = Vec<Message>> {
    let mut groups: BTreeMap<String, Vec<Message>> = BTreeMap::new();
    for message in messages {
        let group = match &message.group {
            Some(group) => format!("group {group}"),
            None => format!("message {}", message.id.as_str()),
        };
        groups.entry(group).or_default().push(message);
    }
    groups.into_values()
}

async fn run_group<Memory: Recall + Remember, Topic: Publish, Machines: Announce>(
    ports: &Ports<Memory, Topic, Machines>,
    rules: &Rules,
    group: Vec<Message>,
    now: Timestamp,
    outcome: &mut Outcome,
) {
    let mut subjects = BTreeSet::new();
    let mut remembered = Vec::new();
    let mut blocked = false;
    for message in group {
        let way_out = if blocked {
            WayOut::Retried
        } else {
            remember(ports, &message, now, &mut subjects).await
        };
        blocked |= way_out.fails();
        let exits = if way_out.fails() {
            &mut outcome.exits
        } else {
            &mut remembered
        };
        exits.push((message.id, way_out));
    }

    let mut told = true;
    for subject in &subjects {
        told &= tell_about(ports, rules, subject, now, outcome).await;
    }
    let exits = remembered
        .into_iter()
        .map(|(id, way_out)| (id, if told { way_out } else { WayOut::Retried }));
    outcome.exits.extend(exits);
}

/// Tells people and machines about a subject: a refusal by the ones does not keep it from the others.
async fn tell_about<Memory: Recall + Remember, Topic: Publish, Machines: Announce>(
    ports: &Ports<Memory, Topic, Machines>,
    rules: &Rules,
    subject_id: &str,
    now: Timestamp,
    outcome: &mut Outcome,
) -> bool {
    let subject = match ports.memory.partition(&memory::subject_partition(subject_id)).await {
        Ok(documents) => Subject::read(&documents, now),
        Err(failure) => Err(MemoryError::from(failure)),
    };
    let subject = match subject {
        Ok(subject) => subject,
        Err(error) => {
            tracing::error!(subject_id, error = chain(&error), "a subject could not be read");
            return false;
        }
    };
    let people = tell::tell(ports, rules, subject_id, &subject, now).await;
    let machines = announce::announce(ports, &subject, now).await;
    let mut told = true;
    match people {
        Ok(telling) => {
            outcome.alerts_published += telling.published;
            outcome.muted += telling.muted;
        }
        Err(error) => {
            tracing::error!(
                subject_id,
                error = chain(&error),
                "people could not be told about a subject"
            );
            told = false;
        }
    }
    match machines {
        Ok(announced) => outcome.announced += announced,
        Err(error) => {
            tracing::error!(
                subject_id,
                error = chain(&error),
                "machines could not be told about a subject"
            );
            told = false;
        }
    }
    told
}

async fn remember<Memory: Recall + Remember, Topic, Machines>(
    Ports { home, memory, .. }: &Ports<Memory, Topic, Machines>,
    message: &Message,
    now: Timestamp,
    subjects: &mut BTreeSet<String>,
) -> WayOut {
    let message_id = message.id.as_str();
    let remembered = match finding::Message::from_json(&message.body) {
        Ok(finding::Message::Invocations(finding)) => {
            let counted = count::count(memory, &finding, now).await;
            subjects.insert(finding.subject);
            counted.map(|counted| match counted {
                Counted::New(_) => WayOut::Counted,
                Counted::Known => WayOut::Duplicate,
            })
        }
        Ok(finding::Message::Posture(finding)) => {
            let observed = observe::observe(memory, &finding, now).await;
            subjects.insert(finding.subject);
            observed.map(|observed| match observed {
                Observation::New => WayOut::Counted,
                Observation::Known => WayOut::Duplicate,
            })
        }
        Ok(finding::Message::Canary(arrival)) => canary::remember(memory, home, &arrival, now)
            .await
            .map(|()| WayOut::Canary),
        Err(error) => {
            // Only the outermost message: what lies beneath may quote the body.
            tracing::error!(message_id, %error, "a message was rejected");
            return WayOut::Rejected;
        }
    };
    remembered.unwrap_or_else(|error| {
        tracing::error!(message_id, error = chain(&error), "a message could not be remembered");
        WayOut::Retried
    })
}

#[cfg(test)]
mod tests;
