//! CloudTrail events of Bedrock in, findings on where prompts were processed out.
//!
//! A batch of messages is parsed and decided purely, the decisions are gathered into as few
//! findings as there are different ones, and the findings are handed on. Every message leaves
//! through one counted exit. A message that cannot be read fails alone; if a finding cannot be
//! handed on, exactly the messages that it was made of fail, and SQS delivers them again.
//!
//! [`run`] knows nothing of Lambda: it takes messages and ports, so it is tested with fakes.

pub mod config;
mod function;
pub mod ports;

use std::{collections::BTreeSet, iter};

use crisguard_aws::sqs::OutgoingMessage;
use crisguard_core::{
    catalog::Catalogue,
    cloudtrail::{Invocation, Record, parse_envelope},
    controls::{assess, without_policy},
    exit::Exit,
    finding::{Finding, Findings},
};
use crisguard_lambda::{
    batch::{Message, MessageId},
    fingerprint,
    policy_in_force::PolicyInForce,
};

pub use function::{WatchInference, metric};
use ports::SendFindings;

/// How every message of a batch left, and what was handed on.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Each message's way out, in the order of the batch.
    pub exits: Vec<(MessageId, WayOut)>,
    /// How many findings were handed on.
    pub findings_sent: usize,
}

/// The one counted way out of a delivery of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// It was decided, and every finding that it is part of was handed on; or it was rejected.
    Exit(Exit),
    /// It was decided, but a finding that it is part of was not handed on: it is delivered again.
    Retried,
}

impl WayOut {
    /// Tells whether the message is to be delivered again.
    #[must_use]
    pub fn fails(self) -> bool {
        matches!(self, Self::Retried | Self::Exit(Exit::Rejected))
    }
}

/// Decides a batch of messages and hands the findings on.
///
/// # Errors
///
/// Fails if a finding cannot be written as JSON, which fails the whole batch.
pub async fn run(
    queue: &impl SendFindings,
    policy: &PolicyInForce,
    catalogue: &Catalogue,
    messages: Vec<Message>,
) -> Result<Outcome, serde_json::Error> {
    let mut findings = Findings::under(policy.sha256());
    let decided: Vec<Decided> = messages
        .into_iter()
        .map(|message| decide(message, policy, catalogue, &mut findings))
        .collect();

    let findings = findings.into_messages();
    let outgoing = findings.iter().map(outgoing).collect::<Result<Vec<_>, _>>()?;
    let unsent: Vec<&Finding> = queue
        .send(&outgoing)
        .await
        .iter()
        .inspect(|unsent| tracing::warn!(error = %unsent.failure, "a finding was not handed on"))
        .filter_map(|unsent| findings.get(unsent.position))
        .collect();

    let exits = decided
        .into_iter()
        .map(|decided| {
            let retried = unsent.iter().any(|finding| decided.is_part_of(finding));
            (
                decided.message,
                if retried {
                    WayOut::Retried
                } else {
                    WayOut::Exit(decided.exit)
                },
            )
        })
        .collect();
    Ok(Outcome {
        exits,
        findings_sent: findings.len().saturating_sub(unsent.len()),
    })
}

/// A message that was decided, and the findings that it became part of.
struct Decided {
    message: MessageId,
    exit: Exit,
    identity: Option<String>,
    findings: BTreeSet<String>,
}

impl Decided {
    fn without_findings(message: MessageId, exit: Exit) -> Self {
        Self {
            message,
            exit,
            identity: None,
            findings: BTreeSet::new(),
        }
    }

    /// A finding of many invocations travels as several messages with the same id, so the id alone
    /// does not tell which of them this message is in.
    fn is_part_of(&self, finding: &Finding) -> bool {
        self.findings.contains(&finding.id)
            && self
                .identity
                .as_ref()
                .is_some_and(|identity| finding.identities.contains(identity))
    }
}

fn decide(message: Message, policy: &PolicyInForce, catalogue: &Catalogue, findings: &mut Findings) -> Decided {
    match parse_envelope(message.body.as_bytes()) {
        Err(rejection) => {
            tracing::warn!(message_id = message.id.as_str(), error = %rejection, "a message was rejected");
            Decided::without_findings(message.id, Exit::Rejected)
        }
        Ok(Record::NotBedrock) => Decided::without_findings(message.id, Exit::NotBedrock),
        Ok(Record::NotInference { .. }) => Decided::without_findings(message.id, Exit::NotApplicable),
        Ok(Record::Inference(invocation)) => decide_invocation(message.id, &invocation, policy, catalogue, findings),
    }
}

fn decide_invocation(
    message: MessageId,
    invocation: &Invocation,
    policy: &PolicyInForce,
    catalogue: &Catalogue,
    findings: &mut Findings,
) -> Decided {
    let assessments = match policy.policy_for(&invocation.account) {
        Ok(policy) => assess(invocation, &policy, catalogue),
        Err(unresolved) => without_policy(invocation, &unresolved.to_string()),
    };
    Decided {
        message,
        exit: Exit::of(&assessments),
        identity: Some(invocation.identity.hashed()),
        findings: assessments
            .iter()
            .filter_map(|assessment| findings.add(invocation, assessment))
            .collect(),
    }
}

/// Writes a finding as a message. Its group is the subject, so that one reader at a time tells
/// about it; its deduplication id is made of what it counts, so that sending it twice is sending
/// it once.
fn outgoing(finding: &Finding) -> Result<OutgoingMessage, serde_json::Error> {
    let parts = finding.identities.iter().map(String::as_str);
    let deduplication_id = fingerprint::of(iter::once(finding.id.as_str()).chain(parts));
    Ok(OutgoingMessage {
        body: serde_json::to_string(finding)?,
        group: finding.subject.clone(),
        deduplication_id,
    })
}

#[cfg(test)]
mod tests;
