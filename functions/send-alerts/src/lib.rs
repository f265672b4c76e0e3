//! Findings in, exact counts in DynamoDB, alerts and digests to people.
//!
//! Decode, [`mod@count`], [`mod@tell`]: each message's invocations are counted once for all time,
//! then people are told what they do not know yet. Every message leaves through one counted exit,
//! and a partial failure is a failure: a message whose finding was counted but not told is
//! delivered again, and told then.
//!
//! [`run`] and [`digest::publish`] know nothing of Lambda: they take messages, ports and the time.

mod clean;
pub mod config;
pub mod count;
pub mod digest;
mod function;
pub mod memory;
mod notice;
pub mod ports;
pub mod tell;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::finding::Finding;
use crisguard_lambda::{
    batch::{Message, MessageId},
    report::chain,
};
use jiff::Timestamp;

use count::Counted;
pub use function::{SendAlerts, metric};
pub use notice::TextError;
use ports::{Publish, Recall, Remember};
use tell::Telling;
pub use texts::Texts;

/// What the use case acts on.
#[derive(Debug)]
pub struct Ports<Memory, Topic> {
    /// Where counts and alerts are remembered.
    pub memory: Memory,
    /// Where alerts go.
    pub topic: Topic,
    /// The words.
    pub texts: Texts,
}

/// How every message of a batch left, and what was published.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Each message's way out, in no particular order.
    pub exits: Vec<(MessageId, WayOut)>,
    /// How many alerts were published.
    pub alerts_published: usize,
}

/// The one counted way out of a delivery of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// At least one of its invocations was counted, and people know or will know by the digest.
    Counted,
    /// All of its invocations had been counted before, and people know or will know by the digest.
    Duplicate,
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

/// Counts a batch of findings and tells people what they do not know yet.
///
/// Messages of one group are handled in their order; after the first that fails, the group's
/// later ones fail too, for a FIFO queue must not deliver them before it
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
pub async fn run<Memory: Recall + Remember, Topic: Publish>(
    ports: &Ports<Memory, Topic>,
    messages: Vec<Message>,
    now: Timestamp,
) -> Outcome {
    let mut outcome = Outcome {
        exits: Vec::new(),
        alerts_published: 0,
    };
    for group in groups(messages) {
        run_group(ports, group, now, &mut outcome).await;
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

async fn run_group<Memory: Recall + Remember, Topic: Publish>(
    ports: &Ports<Memory, Topic>,
    group: Vec<Message>,
    now: Timestamp,
    outcome: &mut Outcome,
) {
    let mut subjects = BTreeSet::new();
    let mut counted = Vec::new();
    let mut blocked = false;
    for message in group {
        let way_out = if blocked {
            WayOut::Retried
        } else {
            count_message(ports, &message, now, &mut subjects).await
        };
        blocked |= way_out.fails();
        let exits = if way_out.fails() {
            &mut outcome.exits
        } else {
            &mut counted
        };
        exits.push((message.id, way_out));
    }

    let mut told = true;
    for subject in &subjects {
        match tell::tell(ports, subject, now).await {
            Ok(Telling::Alerted) => outcome.alerts_published += 1,
            Ok(Telling::Postponed | Telling::NothingNew) => {}
            Err(error) => {
                tracing::error!(subject, error = chain(&error), "a subject could not be told about");
                told = false;
            }
        }
    }
    let exits = counted
        .into_iter()
        .map(|(id, way_out)| (id, if told { way_out } else { WayOut::Retried }));
    outcome.exits.extend(exits);
}

async fn count_message<Memory: Recall + Remember, Topic>(
    ports: &Ports<Memory, Topic>,
    message: &Message,
    now: Timestamp,
    subjects: &mut BTreeSet<String>,
) -> WayOut {
    let message_id = message.id.as_str();
    let finding = match Finding::from_json(&message.body) {
        Ok(finding) => finding,
        Err(error) => {
            // Only the outermost message: what lies beneath may quote the body.
            tracing::error!(message_id, %error, "a message was rejected");
            return WayOut::Rejected;
        }
    };
    match count::count(&ports.memory, &finding, now).await {
        Ok(counted) => {
            subjects.insert(finding.subject);
            match counted {
                Counted::New(_) => WayOut::Counted,
                Counted::Known => WayOut::Duplicate,
            }
        }
        Err(error) => {
            tracing::error!(
                message_id,
                finding = finding.id,
                error = chain(&error),
                "a finding could not be counted"
            );
            WayOut::Retried
        }
    }
}

#[cfg(test)]
mod tests;
