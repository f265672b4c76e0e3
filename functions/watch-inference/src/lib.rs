//! CloudTrail events of Bedrock in, findings on where prompts were processed out.
//!
//! A batch of messages is parsed and decided purely, the decisions are gathered into as few
//! findings as there are different ones, and the findings are handed on. Every message leaves
//! through one counted exit. A message that cannot be read fails alone; if a finding cannot be
//! handed on, exactly the messages that it was made of fail, and SQS delivers them again.
//! Calls of many accounts may come: each is decided by its own account's policy, by that account's own lists
//! of profiles and by its place in the organization, which [`accounts`] keeps.
//! A canary is decided like anything else, leaves by an exit of its own and becomes no finding,
//! whatever is in it: that it came through is handed on, and nothing more.
//!
//! [`run`] knows nothing of Lambda: it takes messages and ports, so it is tested with fakes.

pub mod accounts;
pub mod config;
mod function;

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::sqs::OutgoingMessage;
use crisguard_core::{
    account::AccountId,
    canary::Canary,
    catalog::Catalogue,
    cloudtrail::{Invocation, Record, parse_envelope},
    decision::Assessment,
    exit::Exit,
    finding::{self, CanaryArrival, Finding, Findings},
    region::Region,
};
use crisguard_lambda::{
    batch::{Message, MessageId},
    findings_queue::SendFindings,
    fingerprint,
    policy_in_force::PolicyInForce,
};

use accounts::{Accounts, Keep, Policies, Wanted, place_matters};
pub use function::{WatchInference, metric};
use jiff::Timestamp;

/// What the message groups of canaries begin with: they have nothing to wait for but those of their account.
const CANARIES: &str = "canary";

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
    /// It called itself a canary, and that is all that it may be.
    Canary,
    /// It was decided, but a finding that it is part of was not handed on, or that the canary came
    /// through was not: it is delivered again.
    Retried,
}

impl WayOut {
    /// Tells whether the message is to be delivered again.
    #[must_use]
    pub fn fails(self) -> bool {
        matches!(self, Self::Retried | Self::Exit(Exit::Rejected))
    }
}

/// What every record of a call that a service control policy denied has in its message.
const DENIED_BY_SCP: &str = "service control policy";

/// Decides a batch of messages and hands the findings on. Accounts are taken a few at a time, so that however many
/// of them a batch is of, only a few wait in memory to be decided by.
///
/// # Errors
///
/// Fails if a finding cannot be written as JSON, which fails the whole batch.
pub async fn run<Kept: Keep>(
    queue: &impl SendFindings,
    policy: &PolicyInForce,
    accounts: &mut Accounts<Kept>,
    messages: Vec<Message>,
    now: Timestamp,
) -> Result<Outcome, serde_json::Error> {
    let mut batch = Batch {
        now,
        findings: Findings::under(policy.sha256()),
        canaries: BTreeMap::new(),
        decided: Vec::new(),
    };
    let calls = batch.sort(messages, policy, accounts.catalogue());
    let calls: Vec<(AccountId, Vec<Call>)> = calls.into_iter().collect();
    for some in calls.chunks(accounts::AT_ONCE) {
        let wanted: Vec<Wanted> = some
            .iter()
            .map(|(account, calls)| wanted(account, calls, policy))
            .collect();
        let known = accounts.read(&wanted, now).await;
        for ((_, calls), (_, known)) in some.iter().zip(&known) {
            let mut policies = Policies::of(policy);
            for call in calls {
                batch.decide(call, &known.assess(&call.invocation, &mut policies));
            }
        }
        accounts.keep(known);
    }

    let Batch {
        findings,
        canaries,
        mut decided,
        ..
    } = batch;
    decided.sort_by_key(|(position, _)| *position);
    let findings = findings.into_messages();
    let outgoing = findings.iter().map(outgoing);
    let outgoing = outgoing.chain(canaries.iter().map(|(place, canary)| outgoing_canary(place, canary)));
    let outgoing = outgoing.collect::<Result<Vec<_>, _>>()?;
    let unsent: Vec<usize> = queue
        .send(&outgoing)
        .await
        .iter()
        .inspect(|unsent| tracing::warn!(error = %unsent.failure, "a finding was not handed on"))
        .map(|unsent| unsent.position)
        .collect();
    let unsent_findings: Vec<&Finding> = unsent.iter().filter_map(|position| findings.get(*position)).collect();
    let canaries: Vec<Canaries> = canaries.into_values().collect();
    let unsent_canaries: BTreeSet<&MessageId> = unsent
        .iter()
        .filter_map(|position| canaries.get(position.checked_sub(findings.len())?))
        .flat_map(|canaries| &canaries.messages)
        .collect();

    let exits = decided
        .into_iter()
        .map(|(_, decided)| {
            let retried = unsent_findings.iter().any(|finding| decided.is_part_of(finding))
                || unsent_canaries.contains(&decided.message);
            let way_out = if retried { WayOut::Retried } else { decided.way_out };
            (decided.message, way_out)
        })
        .collect();
    Ok(Outcome {
        exits,
        findings_sent: findings.len().saturating_sub(unsent_findings.len()),
    })
}

/// A message that was decided, and the findings that it became part of.
struct Decided {
    message: MessageId,
    way_out: WayOut,
    identity: Option<String>,
    findings: BTreeSet<String>,
}

impl Decided {
    fn without_findings(message: MessageId, way_out: WayOut) -> Self {
        Self {
            message,
            way_out,
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

/// A call that is to be decided, and where its message stands in the batch.
struct Call {
    position: usize,
    message: MessageId,
    invocation: Invocation,
    /// Whether a service control policy may have denied it, so that it is worth knowing which there are.
    may_be_denied_by_scp: bool,
}

/// Returns what is to be known of an account to decide its calls.
fn wanted(account: &AccountId, calls: &[Call], policy: &PolicyInForce) -> Wanted {
    Wanted {
        account: account.clone(),
        membership: calls.iter().any(|call| call.may_be_denied_by_scp) || place_matters(policy, account),
    }
}

/// What the messages of a batch come to.
struct Batch {
    now: Timestamp,
    findings: Findings,
    /// The canaries that came through, by the accounts and Regions on whose buses they were put.
    canaries: BTreeMap<(AccountId, Region), Canaries>,
    /// What was decided, with where the message stands in the batch.
    decided: Vec<(usize, Decided)>,
}

/// The canaries of one Region of an account, of which the last stands for all: whoever forges many of them
/// makes no more of them.
struct Canaries {
    last: Timestamp,
    messages: Vec<MessageId>,
}

impl Batch {
    /// Lets go of what is no call, and returns the calls by the accounts that made them.
    fn sort(
        &mut self,
        messages: Vec<Message>,
        policy: &PolicyInForce,
        catalogue: &Catalogue,
    ) -> BTreeMap<AccountId, Vec<Call>> {
        let mut calls: BTreeMap<AccountId, Vec<Call>> = BTreeMap::new();
        for (position, message) in messages.into_iter().enumerate() {
            let way_out = match parse_envelope(message.body.as_bytes()) {
                Err(rejection) => {
                    tracing::warn!(message_id = message.id.as_str(), error = %rejection, "a message was rejected");
                    WayOut::Exit(Exit::Rejected)
                }
                // A canary's source is none of Bedrock's, so canaries are only looked for here.
                Ok(Record::NotBedrock) => match Canary::recognise(message.body.as_bytes()) {
                    Some(canary) => self.let_pass(&message.id, canary, policy, catalogue),
                    None => WayOut::Exit(Exit::NotBedrock),
                },
                Ok(Record::NotInference { .. }) => WayOut::Exit(Exit::NotApplicable),
                Ok(Record::Inference(invocation)) => {
                    let account = invocation.account.clone();
                    calls.entry(account).or_default().push(Call {
                        position,
                        may_be_denied_by_scp: message.body.contains(DENIED_BY_SCP),
                        message: message.id,
                        invocation: *invocation,
                    });
                    continue;
                }
            };
            self.decided
                .push((position, Decided::without_findings(message.id, way_out)));
        }
        calls
    }

    fn decide(&mut self, call: &Call, assessments: &[Assessment]) {
        let invocation = &call.invocation;
        let decided = Decided {
            message: call.message.clone(),
            way_out: WayOut::Exit(Exit::of(assessments)),
            identity: Some(invocation.identity.hashed()),
            findings: assessments
                .iter()
                .filter_map(|assessment| self.findings.add(invocation, assessment))
                .collect(),
        };
        self.decided.push((call.position, decided));
    }

    /// Decides what a canary carries, and lets go of the decision: anybody can forge a canary.
    /// Only one that was decided has come through.
    ///
    /// Nothing is read for it, whichever account its record names: else whoever forges canaries would have
    /// the function read, and let go of what it knows.
    fn let_pass(
        &mut self,
        message: &MessageId,
        canary: Canary,
        policy: &PolicyInForce,
        catalogue: &Catalogue,
    ) -> WayOut {
        let Canary {
            account,
            region,
            time,
            record,
        } = canary;
        let decided = match &record {
            Ok(Record::Inference(invocation)) => !Policies::of(policy).assess(invocation, None, catalogue).is_empty(),
            Ok(Record::NotBedrock | Record::NotInference { .. }) | Err(_) => false,
        };
        if let (true, Some(account), Some(region), Some(time)) = (decided, account, region, time) {
            // A time to come would say for as long that all is well.
            let time = time.min(self.now);
            let canaries = self.canaries.entry((account, region)).or_insert(Canaries {
                last: time,
                messages: Vec::new(),
            });
            canaries.last = canaries.last.max(time);
            canaries.messages.push(message.clone());
        } else {
            let message_id = message.as_str();
            tracing::warn!(message_id, "a canary came through that could not be decided");
        }
        WayOut::Canary
    }
}

/// Writes a finding as a message. Its group is the subject, so that one reader at a time tells
/// about it; its deduplication id is made of what it counts and what was decided, so that sending it
/// twice is sending it once, and a gap never hides a violation of the same finding.
fn outgoing(finding: &Finding) -> Result<OutgoingMessage, serde_json::Error> {
    let decision = if finding.verdict.is_violation() {
        "violation"
    } else {
        "gap"
    };
    let parts = finding.identities.iter().map(String::as_str);
    let deduplication_id = fingerprint::of([finding.id.as_str(), decision].into_iter().chain(parts));
    Ok(OutgoingMessage {
        body: finding::Message::Invocations(Box::new(finding.clone())).to_json()?,
        group: finding.subject.clone(),
        deduplication_id,
    })
}

fn outgoing_canary(
    (account, region): &(AccountId, Region),
    canaries: &Canaries,
) -> Result<OutgoingMessage, serde_json::Error> {
    let at = canaries.last.to_string();
    let arrival = CanaryArrival {
        version: finding::VERSION,
        account: Some(account.clone()),
        region: region.clone(),
        at: canaries.last,
    };
    Ok(OutgoingMessage {
        body: finding::Message::Canary(arrival).to_json()?,
        group: format!("{CANARIES}-{account}"),
        deduplication_id: fingerprint::of([CANARIES, account.as_str(), region.as_str(), at.as_str()]),
    })
}

#[cfg(test)]
mod tests;
