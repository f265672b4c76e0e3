//! The messages between the functions: what a control found, for whom or where, and how often.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    account::AccountId,
    change::ChangeMade,
    cloudtrail::Invocation,
    controls::ControlId,
    decision::{Assessment, Decision, EvidenceGap, ExpiredException, Severity, Violation},
    digest,
    posture::PostureDecision,
    region::{DestinationRegion, Region, SourceRegion},
};

/// The version of the message's form; a reader refuses any other.
pub const VERSION: u32 = 2;
/// The most event ids and session names that a finding carries as examples.
pub const EXAMPLES: usize = 5;
/// The most identities in one message: with the finding itself they fit the hundred actions of
/// one DynamoDB transaction
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
pub const IDENTITIES: usize = 90;

/// What makes two violations the same finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingKey {
    /// The control that decided.
    pub control: ControlId,
    /// The account that made the call.
    pub account: AccountId,
    /// The Region that was called.
    pub source_region: SourceRegion,
    /// The Region that processed it, where it is known.
    pub destination_region: Option<DestinationRegion>,
    /// The inference profile's id or ARN, where one was named.
    pub profile: Option<String>,
    /// The model's id, where it is known.
    pub model: Option<String>,
    /// Who called.
    pub principal: String,
}

impl FindingKey {
    /// Returns the key of what a control found in an invocation.
    #[must_use]
    pub fn of(control: ControlId, invocation: &Invocation) -> Self {
        Self {
            control,
            account: invocation.account.clone(),
            source_region: invocation.source.clone(),
            destination_region: invocation.processed_in.destination(&invocation.source),
            profile: invocation.target.profile_label().map(shortened),
            model: invocation.target.model_label().map(shortened),
            principal: invocation.principal.to_string(),
        }
    }

    /// Returns the id that every finding with this key has, wherever and whenever it is made.
    #[must_use]
    pub fn id(&self) -> String {
        let destination = self.destination_region.as_ref().map_or("", |region| region.0.as_str());
        digest::of_parts(
            &[
                "finding",
                self.control.name(),
                self.account.as_str(),
                self.source_region.0.as_str(),
                destination,
                self.profile.as_deref().unwrap_or(""),
                self.model.as_deref().unwrap_or(""),
                &self.principal,
            ],
            16,
        )
    }

    /// Returns the id of what people are alerted about: one principal using one profile or model.
    #[must_use]
    pub fn subject(&self) -> String {
        let target = self.profile.as_deref().or(self.model.as_deref()).unwrap_or("");
        digest::of_parts(&["subject", self.account.as_str(), &self.principal, target], 16)
    }
}

/// Why a finding was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "decision", content = "reason")]
pub enum Verdict {
    /// The policy is broken.
    NonCompliant(Violation),
    /// It cannot be told whether the policy is kept.
    Undecided(EvidenceGap),
}

impl Verdict {
    /// Tells whether the finding is a violation rather than a gap.
    #[must_use]
    pub fn is_violation(&self) -> bool {
        matches!(self, Self::NonCompliant(_))
    }
}

/// A message to send-alerts, by its `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Message {
    /// What a control found in some invocations.
    Invocations(Box<Finding>),
    /// What a control decided about an account's settings in a Region, compliant or not.
    Posture(Box<PostureFinding>),
    /// The synthetic record of an account's Region came through.
    Canary(CanaryArrival),
}

/// What a control decided about the settings of one account in one Region, at one time.
///
/// It is sent compliant too: what was found before is resolved by that, and by nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostureFinding {
    /// The form of the message: [`VERSION`].
    pub version: u32,
    /// The id made of control, account and Region: 32 hexadecimal digits.
    pub id: String,
    /// The id of control and account, so that one alert names all Regions: 32 hexadecimal digits.
    pub subject: String,
    /// The control that decided.
    pub control: ControlId,
    /// The decision and its typed reason.
    #[serde(flatten)]
    pub decision: PostureDecision,
    /// The control's severity.
    pub severity: Severity,
    /// The account that was looked at.
    pub account: AccountId,
    /// The Region that was looked at.
    pub region: Region,
    /// When it was looked at.
    pub observed_at: Timestamp,
    /// The reason in one English sentence.
    pub explanation: String,
    /// The SHA-256 of the policy that was in force.
    pub policy_sha256: String,
    /// The changes for which it was looked, the latest last; none of a nightly look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeMade>,
    /// Whether it is one of many that one look found for the first time: they are told together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_of_many: bool,
}

impl PostureFinding {
    /// Makes the message about one decision.
    #[must_use]
    pub fn new(
        control: ControlId,
        account: AccountId,
        region: Region,
        observed_at: Timestamp,
        decision: PostureDecision,
        policy_sha256: &str,
    ) -> Self {
        Self {
            version: VERSION,
            id: digest::of_parts(&["posture", control.name(), account.as_str(), region.as_str()], 16),
            subject: digest::of_parts(&["posture subject", control.name(), account.as_str()], 16),
            control,
            severity: control.severity(),
            account,
            region,
            observed_at,
            explanation: decision.to_string(),
            decision,
            policy_sha256: policy_sha256.to_owned(),
            changes: Vec::new(),
            one_of_many: false,
        }
    }
}

/// The synthetic record of an account's Region came through the whole path; it stands for nobody's call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryArrival {
    /// The form of the message: [`VERSION`].
    pub version: u32,
    /// The account on whose bus it was put; none in messages of versions that watched only their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The Region on whose bus it was put.
    pub region: Region,
    /// When it was put there.
    pub at: Timestamp,
}

/// One finding over some invocations, as it travels from watch-inference to send-alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The form of the message: [`VERSION`].
    pub version: u32,
    /// The id made of the key: 32 hexadecimal digits.
    pub id: String,
    /// The id of the account, principal and profile or model: 32 hexadecimal digits.
    pub subject: String,
    /// The control that decided.
    pub control: ControlId,
    /// The decision and its typed reason.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The control's severity.
    pub severity: Severity,
    /// The account that made the calls.
    pub account: AccountId,
    /// The Region that was called.
    pub source_region: SourceRegion,
    /// The Region that processed the calls, where it is known.
    pub destination_region: Option<DestinationRegion>,
    /// The inference profile's id or ARN, where one was named.
    pub profile: Option<String>,
    /// The model's id, where it is known.
    pub model: Option<String>,
    /// Who called: an ARN where the record has one.
    pub principal: String,
    /// How many invocations this message stands for: the number of `identities`.
    pub count: usize,
    /// The earliest of their times.
    pub first_seen: Timestamp,
    /// The latest of their times.
    pub last_seen: Timestamp,
    /// At most [`EXAMPLES`] event ids to look up in CloudTrail.
    pub event_ids: BTreeSet<String>,
    /// At most [`EXAMPLES`] session names of the principal.
    pub sessions: BTreeSet<String>,
    /// The hashed identities of the invocations, at most [`IDENTITIES`]: what makes counting exact.
    pub identities: BTreeSet<String>,
    /// The reason in one English sentence.
    pub explanation: String,
    /// Exceptions of the policy that match but have expired.
    pub expired_exceptions: Vec<ExpiredException>,
    /// The SHA-256 of the policy that was in force.
    pub policy_sha256: String,
}

/// Tells why a message is not a finding that this version understands.
#[derive(Debug, thiserror::Error)]
pub enum NotAFinding {
    /// The message is not the JSON of a finding.
    #[error("the message is not a finding")]
    Json(#[from] serde_json::Error),
    /// The message was made by another version.
    #[error("the message is of version {0}, and this function reads version {VERSION}: deploy all functions together")]
    Version(u32),
    /// The message contradicts itself.
    #[error("the finding counts {count} invocations but lists {listed} identities (1 to {IDENTITIES} are expected)")]
    Count {
        /// What `count` says.
        count: usize,
        /// How many identities are listed.
        listed: usize,
    },
}

impl Message {
    /// Reads a message from its body.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a message's JSON, is of another version, or contradicts itself.
    pub fn from_json(body: &str) -> Result<Self, NotAFinding> {
        // The version first: another version's message need not have this one's members.
        let Versioned { version } = serde_json::from_str(body)?;
        if version != VERSION {
            return Err(NotAFinding::Version(version));
        }
        let message = serde_json::from_str(body)?;
        if let Self::Invocations(finding) = &message {
            let listed = finding.identities.len();
            if finding.count != listed || listed == 0 || listed > IDENTITIES {
                return Err(NotAFinding::Count {
                    count: finding.count,
                    listed,
                });
            }
        }
        Ok(message)
    }

    /// Writes the message's body. A queue refuses one with a character that XML cannot have, which a caller
    /// may have sent as a model's id, so the two that JSON need not escape are escaped, too
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>).
    ///
    /// # Errors
    ///
    /// Fails if it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        Ok(json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
    }
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Findings being gathered over one batch, at most one for each key and verdict until it is full.
#[derive(Debug)]
pub struct Findings {
    policy_sha256: String,
    open: BTreeMap<(FindingKey, bool), Finding>,
    full: Vec<Finding>,
}

impl Findings {
    /// Starts gathering under the policy with this SHA-256.
    #[must_use]
    pub fn under(policy_sha256: &str) -> Self {
        Self {
            policy_sha256: policy_sha256.to_owned(),
            open: BTreeMap::new(),
            full: Vec::new(),
        }
    }

    /// Adds what one control decided about one invocation; anything but a violation or a gap adds nothing.
    ///
    /// Returns the id of the finding that it became part of.
    pub fn add(&mut self, invocation: &Invocation, assessment: &Assessment) -> Option<String> {
        let verdict = match &assessment.decision {
            Decision::NonCompliant(violation) => Verdict::NonCompliant(violation.clone()),
            Decision::Undecided(gap) => Verdict::Undecided(gap.clone()),
            Decision::Compliant(_) | Decision::NotApplicable(_) => return None,
        };
        let key = FindingKey::of(assessment.control, invocation);
        let id = key.id();
        let slot = (key, verdict.is_violation());
        if self
            .open
            .get(&slot)
            .is_some_and(|finding| finding.identities.len() >= IDENTITIES)
        {
            self.full.extend(self.open.remove(&slot));
        }
        let policy_sha256 = &self.policy_sha256;
        let explanation = assessment.decision.to_string();
        let finding = self.open.entry(slot).or_insert_with_key(|(key, _)| Finding {
            version: VERSION,
            id: id.clone(),
            subject: key.subject(),
            control: key.control,
            severity: key.control.severity(),
            account: key.account.clone(),
            source_region: key.source_region.clone(),
            destination_region: key.destination_region.clone(),
            profile: key.profile.clone(),
            model: key.model.clone(),
            principal: key.principal.clone(),
            count: 0,
            first_seen: invocation.time,
            last_seen: invocation.time,
            event_ids: BTreeSet::new(),
            sessions: BTreeSet::new(),
            identities: BTreeSet::new(),
            explanation,
            expired_exceptions: assessment.expired_exceptions.clone(),
            policy_sha256: policy_sha256.clone(),
            verdict,
        });
        finding.identities.insert(invocation.identity.hashed());
        finding.count = finding.identities.len();
        finding.first_seen = finding.first_seen.min(invocation.time);
        finding.last_seen = finding.last_seen.max(invocation.time);
        keep_example(&mut finding.event_ids, &invocation.identity.event_id);
        if let Some(session) = &invocation.principal.session {
            keep_example(&mut finding.sessions, session);
        }
        Some(id)
    }

    /// Ends the gathering and returns every finding, sorted by subject.
    ///
    /// The worst of a subject comes first: whoever reads them in several parts alerts about that one,
    /// and not about a lesser one that happened to be read before.
    #[must_use]
    pub fn into_messages(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.full.into_iter().chain(self.open.into_values()).collect();
        let worst = |finding: &Finding| Reverse((finding.verdict.is_violation(), finding.severity));
        findings.sort_by(|a, b| {
            (&a.subject, worst(a), &a.id, &a.first_seen).cmp(&(&b.subject, worst(b), &b.id, &b.first_seen))
        });
        findings
    }
}

/// Bounds what a caller sent as a model's id, which may be any text.
pub(crate) fn shortened(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(512).collect()
}

/// Keeps the smallest [`EXAMPLES`] texts, so that the order of records does not matter.
fn keep_example(examples: &mut BTreeSet<String>, text: &str) {
    examples.insert(text.chars().take(128).collect());
    while examples.len() > EXAMPLES {
        examples.pop_last();
    }
}
