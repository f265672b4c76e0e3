//! One finding as people and machines are shown it.

use crisguard_core::{
    change::ChangeMade,
    controls::ControlId,
    decision::{ExpiredException, Severity},
    finding::{Finding, PostureFinding, Verdict},
    posture::PostureDecision,
};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    clean::cleaned,
    lifecycle::{Standing, Transition},
    memory::{Matter, Record},
};

/// The most characters of an id or ARN that are shown.
const LONGEST_ID: usize = 300;
/// The most characters of an explanation that are shown.
pub(crate) const LONGEST_EXPLANATION: usize = 800;

/// The most exceptions that are shown of a finding, so that one finding always fits into a message.
const MOST_EXCEPTIONS: usize = 20;

/// One finding as people and machines are shown it: its texts are safe to show.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Line {
    /// The finding's id: 32 hexadecimal digits.
    pub id: String,
    /// The id of what people are alerted about: a principal with a profile or model, or a control's account.
    pub subject: String,
    /// The control that decided.
    pub control: ControlId,
    /// How it stands: `non-compliant` or `undecided`; in resolutions `resolved`, `closed` for machines.
    pub decision: &'static str,
    /// What happened to it, where something did.
    pub transition: Option<Transition>,
    /// How much it matters.
    pub severity: Severity,
    /// The account that made the calls, or was looked at.
    pub account: String,
    /// Who called.
    pub principal: Option<String>,
    /// At most five session names of the principal.
    pub sessions: Vec<String>,
    /// The inference profile, where one was named.
    pub profile: Option<String>,
    /// The model, where it is known.
    pub model: Option<String>,
    /// The Region that was called, or looked at.
    pub source_region: String,
    /// The Region that processed the calls, where it is known.
    pub destination_region: Option<String>,
    /// How many invocations were counted; null for a finding on settings.
    pub count: Option<u64>,
    /// How many of them people were not told of before.
    pub count_since_told: Option<u64>,
    /// Whether an invocation that came in two batches may have been counted twice: then the counts are
    /// about right, and never too low.
    pub approximate: bool,
    /// The time of the earliest invocation, or of the first observation of this episode (RFC 3339).
    pub first_seen: String,
    /// The time of the latest (RFC 3339).
    pub last_seen: String,
    /// Which episode this is: above 1 it was closed or resolved before.
    pub episode: u32,
    /// What there was before this episode.
    pub before: Option<Before>,
    /// At most five event ids to look up in CloudTrail.
    pub event_ids: Vec<String>,
    /// At most five changes that brought a finding on settings about, the latest last.
    pub changes: Vec<Changed>,
    /// The reason in one English sentence.
    pub explanation: String,
    /// Exceptions that would have covered it, had they not run out.
    pub expired_exceptions: Vec<Expired>,
    /// The SHA-256 of the policy that was in force.
    pub policy_sha256: String,
    /// The reason with its parts, for other languages.
    #[serde(skip)]
    pub(crate) reason: Reason,
    /// When it was found resolved, if it is (RFC 3339).
    #[serde(skip)]
    pub(crate) resolved_at: Option<String>,
}

/// Why there is a finding.
#[derive(Clone, Debug)]
pub(crate) enum Reason {
    Invocations(Verdict),
    Settings(PostureDecision),
}

/// What a finding came to before it was closed or resolved.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Before {
    /// How many invocations had been counted; null for a finding on settings.
    pub count: Option<u64>,
    /// When it was last seen (RFC 3339).
    pub last_seen: String,
}

/// Who changed a setting, how and when.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Changed {
    /// The user or role.
    pub principal: String,
    /// The event's name, such as `DeleteModelInvocationLoggingConfiguration`.
    pub event_name: String,
    /// The event's id, to look up in CloudTrail.
    pub event_id: String,
    /// The Region whose event history has it.
    pub region: String,
    /// When (RFC 3339).
    pub time: String,
}

impl Changed {
    fn of(change: &ChangeMade) -> Self {
        let id = |text: &str| cleaned(text, LONGEST_ID);
        Self {
            principal: id(&change.principal),
            event_name: id(&change.event_name),
            event_id: id(&change.event_id),
            region: change.region.to_string(),
            time: change.time.to_string(),
        }
    }
}

/// An exception of the policy that has run out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Expired {
    /// The exception's id.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it held.
    #[schemars(with = "String")]
    pub expires: Date,
}

impl Expired {
    pub(crate) fn new(id: &str, owner: &str, expires: Date) -> Self {
        Self {
            id: cleaned(id, LONGEST_ID),
            owner: cleaned(owner, LONGEST_ID),
            expires,
        }
    }
}

impl Line {
    /// Shows a finding to which `transition` happened.
    pub(crate) fn of(record: &Record, transition: Option<Transition>) -> Self {
        match &record.matter {
            Matter::Invocations(gathered) => Self::of_invocations(record, &gathered.finding, transition),
            Matter::Settings(observed) => Self {
                changes: observed.changes().map(Changed::of).collect(),
                ..Self::of_settings(record, observed.deciding(), transition)
            },
        }
    }

    fn of_invocations(record: &Record, finding: &Finding, transition: Option<Transition>) -> Self {
        let id = |text: &String| cleaned(text, LONGEST_ID);
        let expired = |exception: &ExpiredException| Expired::new(&exception.id, &exception.owner, exception.expires);
        let told = record.told.map_or(0, |told| told.count);
        Self {
            principal: Some(id(&finding.principal)),
            sessions: finding.sessions.iter().map(id).collect(),
            profile: finding.profile.as_ref().map(id),
            model: finding.model.as_ref().map(id),
            destination_region: finding.destination_region.as_ref().map(ToString::to_string),
            count: Some(record.count),
            count_since_told: Some(record.count.saturating_sub(told)),
            approximate: record.approximate,
            first_seen: finding.first_seen.to_string(),
            last_seen: finding.last_seen.to_string(),
            event_ids: finding.event_ids.iter().map(id).collect(),
            expired_exceptions: finding
                .expired_exceptions
                .iter()
                .take(MOST_EXCEPTIONS)
                .map(expired)
                .collect(),
            ..Self::base(
                record,
                transition,
                finding.source_region.to_string(),
                &finding.explanation,
                &finding.policy_sha256,
                Reason::Invocations(finding.verdict.clone()),
            )
        }
    }

    fn of_settings(record: &Record, finding: &PostureFinding, transition: Option<Transition>) -> Self {
        let resolved = record.standing() == Standing::Resolved;
        Self {
            resolved_at: resolved.then(|| finding.observed_at.to_string()),
            ..Self::base(
                record,
                transition,
                finding.region.to_string(),
                &finding.explanation,
                &finding.policy_sha256,
                Reason::Settings(finding.decision.clone()),
            )
        }
    }

    /// Shows what every finding has.
    fn base(
        record: &Record,
        transition: Option<Transition>,
        source_region: String,
        explanation: &str,
        policy_sha256: &str,
        reason: Reason,
    ) -> Self {
        let counted = matches!(record.matter, Matter::Invocations(_));
        Self {
            id: cleaned(record.id(), LONGEST_ID),
            subject: cleaned(record.subject(), LONGEST_ID),
            control: record.control(),
            decision: match record.standing() {
                Standing::NonCompliant => "non-compliant",
                Standing::Undecided => "undecided",
                Standing::Resolved => "resolved",
                Standing::Closed => "closed",
            },
            transition,
            severity: record.severity(),
            account: record.account().to_string(),
            principal: None,
            sessions: Vec::new(),
            profile: None,
            model: None,
            source_region,
            destination_region: None,
            count: None,
            count_since_told: None,
            approximate: false,
            first_seen: record.opened_at.to_string(),
            last_seen: record.last_seen().to_string(),
            episode: record.episode,
            before: record.past.map(|past| Before {
                count: counted.then_some(past.count),
                last_seen: past.last_seen.to_string(),
            }),
            event_ids: Vec::new(),
            changes: Vec::new(),
            explanation: cleaned(explanation, LONGEST_EXPLANATION),
            expired_exceptions: Vec::new(),
            policy_sha256: cleaned(policy_sha256, LONGEST_ID),
            reason,
            resolved_at: None,
        }
    }
}
