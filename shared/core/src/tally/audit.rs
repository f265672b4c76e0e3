//! What an audit comes to: the one form that the command prints, reports hold and functions hand on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unread;
use crate::{
    account::AccountId,
    controls::ControlId,
    decision::{ExpiredException, Severity},
    policy::Language,
    region::{DestinationRegion, Region, SourceRegion},
    texts,
};

/// What was read, how each record left, and what was found.
///
/// It depends on what was read and asked alone: not on the order of files, on how they were cut, on threads or time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// The version of crisguard.
    pub version: String,
    /// The SHA-256 of the policy's bytes; null where none was given, and then nothing is decided.
    pub policy_sha256: Option<String>,
    /// What was asked for.
    pub asked: Scope,
    /// How much was read.
    pub read: Read,
    /// How each record left: the counts add up to the records.
    pub exits: Exits,
    /// What could not be read, and paths that lead to no file: sorted, at most [`super::LISTED_REJECTIONS`].
    pub rejected: Vec<Rejected>,
    /// How many more could not be read than are listed.
    pub rejected_not_listed: u64,
    /// The earliest time of an invocation.
    pub first_seen: Option<Timestamp>,
    /// The latest time of an invocation.
    pub last_seen: Option<Timestamp>,
    /// From where to where invocations went, most first.
    pub routes: Vec<Route>,
    /// The same in every detail: who, through what, in which month, and how it was decided.
    pub flows: Vec<Flow>,
    /// Violations and what cannot be told, worst first.
    pub findings: Vec<AuditFinding>,
    /// What is compliant only because the policy makes an exception.
    pub excepted: Excepted,
    /// How often each control decided what, by account.
    pub accounts: Vec<AccountControls>,
    /// For which days and Regions there are log files, and for which there are none.
    pub coverage: CoverageAnswer,
}

/// What was asked for; what is empty or null narrows nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// Only invocations at or after this time.
    pub from: Option<Timestamp>,
    /// Only invocations before this time.
    pub to: Option<Timestamp>,
    /// Only these accounts.
    pub accounts: BTreeSet<AccountId>,
    /// Only calls made in these Regions.
    pub regions: BTreeSet<Region>,
}

/// How much was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Read {
    /// Files, those too that could not be read.
    pub files: u64,
    /// Pages of CloudTrail's event history, those too that could not be read.
    pub pages: u64,
    /// Paths that lead to no file: nothing is there, nothing fits the pattern, or a folder has none. They are neither files
    /// nor records, and named in `rejected`.
    pub paths_without_file: u64,
    /// The bytes of files and pages, as they are stored.
    pub bytes: u64,
    /// Records. What cannot be told apart into records counts as one.
    pub records: u64,
    /// Records of Bedrock.
    pub bedrock_records: u64,
    /// Inference requests: streams whose two halves were joined, and what was delivered twice, once.
    pub invocations: u64,
}

/// How many records left in which way; a record has one exit, by the worst decision of its controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exits {
    /// Every control that applies is compliant.
    pub compliant: u64,
    /// At least one control is broken.
    pub violation: u64,
    /// No control is broken, and at least one cannot tell.
    pub undecided: u64,
    /// Bedrock, but no control applies.
    pub not_applicable: u64,
    /// Another service's record.
    pub not_bedrock: u64,
    /// It was read before: CloudTrail delivers some records twice.
    pub duplicate: u64,
    /// It tells more of an invocation that another record tells of: a stream's end, or an invocation log.
    pub joined: u64,
    /// It could not be read, or is a file, or what is left of one, that could not.
    pub rejected: u64,
    /// A record of an invocation outside what was asked for, or what could not be read of a file whose path says that it is
    /// of an account or Region that was not asked for.
    pub out_of_scope: u64,
}

/// What could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// The file, by the path that it was found at, or the path that leads to none.
    pub file: String,
    /// Which of its records, from 0; null where it is the file or what is left of it.
    pub record: Option<u64>,
    /// Why, and what to do.
    pub reason: String,
    /// The same in Japanese, but for what a system or service said.
    pub reason_ja: String,
}

impl Rejected {
    /// Tells of a file, or of one of its records from 0, why it could not be read.
    #[must_use]
    pub fn new(file: impl Into<String>, record: Option<u64>, why: &Unread) -> Self {
        Self {
            file: file.into(),
            record,
            reason: texts::unread(why, Language::En),
            reason_ja: texts::unread(why, Language::Ja),
        }
    }

    /// Returns the reason in a language.
    #[must_use]
    pub fn reason_in(&self, language: Language) -> &str {
        match language {
            Language::En => &self.reason,
            Language::Ja => &self.reason_ja,
        }
    }
}

/// From where to where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// The Region that was called.
    pub source: SourceRegion,
    /// The Region that processed the requests; null where it is not known, or no model saw them.
    pub destination: Option<DestinationRegion>,
    /// How many invocations.
    pub invocations: u64,
    /// How many of them failed before a model saw them.
    pub processed_nowhere: u64,
}

/// How an invocation was decided, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No control applies.
    NotApplicable,
    /// Every control that applies is compliant.
    Compliant,
    /// No control is broken, and at least one cannot tell.
    Undecided,
    /// At least one control is broken.
    Violation,
}

/// Invocations that are alike in all that an audit tells of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Flow {
    /// The month, such as `2026-11` (UTC).
    pub month: String,
    /// The account that called.
    pub account: AccountId,
    /// The Region that was called.
    pub source: SourceRegion,
    /// The Region that processed the requests; null where it is not known, or no model saw them.
    pub destination: Option<DestinationRegion>,
    /// Whether they failed before a model saw them.
    pub processed_nowhere: bool,
    /// The inference profile's id or ARN, where one was named.
    pub profile: Option<String>,
    /// The model's id, where it is known.
    pub model: Option<String>,
    /// Who called.
    pub principal: String,
    /// How they were decided; null where there is no policy.
    pub outcome: Option<Outcome>,
    /// How many.
    pub invocations: u64,
}

/// Which way a finding was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingDecision {
    /// The policy is broken.
    NonCompliant,
    /// It cannot be told whether the policy is kept.
    Undecided,
}

/// What a control found in some invocations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditFinding {
    /// The id, as the alerts have it: 32 hexadecimal digits.
    ///
    /// A stream is one invocation here, of its call's profile and its end's Region, while alerts tell of the two
    /// records one by one: what was found of its end has another id there, without the profile.
    pub id: String,
    /// The control that decided.
    pub control: ControlId,
    /// What it decided.
    pub decision: FindingDecision,
    /// The control's severity.
    pub severity: Severity,
    /// The account that called.
    pub account: AccountId,
    /// The Region that was called.
    pub source_region: SourceRegion,
    /// The Region that processed the requests, where it is known.
    pub destination_region: Option<DestinationRegion>,
    /// The inference profile's id or ARN, where one was named.
    pub profile: Option<String>,
    /// The model's id, where it is known.
    pub model: Option<String>,
    /// Who called.
    pub principal: String,
    /// How many invocations.
    pub invocations: u64,
    /// The earliest of their times.
    pub first_seen: Timestamp,
    /// The latest of their times.
    pub last_seen: Timestamp,
    /// At most [`crate::finding::EXAMPLES`] event ids to look up in CloudTrail; of invocations that only the
    /// invocation log tells of, their request ids.
    pub event_ids: BTreeSet<String>,
    /// The reason in one English sentence, of the earliest of them.
    pub explanation: String,
    /// The same in Japanese.
    pub explanation_ja: String,
    /// Exceptions of the policy that match but had expired.
    pub expired_exceptions: Vec<ExpiredException>,
    /// How many of them in each month (UTC).
    pub months: BTreeMap<String, u64>,
}

/// What is compliant only because the policy makes an exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Excepted {
    /// How many invocations: they count as compliant, and would not without an exception.
    pub invocations: u64,
    /// The exceptions that were used, the most used first. An invocation may need several of them.
    pub exceptions: Vec<ExceptionUse>,
}

/// How an exception of the policy was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionUse {
    /// Its id.
    pub id: String,
    /// Why it is made, as the policy says.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day (UTC) on which it holds.
    pub expires: Date,
    /// How many invocations are compliant by it.
    pub invocations: u64,
    /// How many more it covers that are not compliant all the same, for another control does not let them pass.
    pub not_compliant: u64,
    /// The controls that it overrode.
    pub controls: BTreeSet<ControlId>,
    /// The accounts that called.
    pub accounts: BTreeSet<AccountId>,
    /// The earliest time of what it covers.
    pub first_seen: Timestamp,
    /// The latest time of what it covers.
    pub last_seen: Timestamp,
}

/// How often each control decided what, in one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountControls {
    /// The account.
    pub account: AccountId,
    /// How many invocations it made.
    pub invocations: u64,
    /// How often each control decided what; empty where there is no policy.
    pub controls: BTreeMap<ControlId, Decided>,
}

/// How often a control decided what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decided {
    /// The policy is kept.
    pub compliant: u64,
    /// The policy is broken.
    pub non_compliant: u64,
    /// It cannot be told.
    pub undecided: u64,
    /// The control has nothing to say.
    pub not_applicable: u64,
}

/// For which days and Regions there are log files, by their names: of a day is what was delivered on it, minutes after
/// it happened.
///
/// A day without one is a gap: nothing may have happened, or the evidence is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageAnswer {
    /// The first day that is looked at: the one asked for, else the first that a file is of.
    pub from: Option<Date>,
    /// The last day that is looked at: the one asked for, else the last that a file is of.
    pub to: Option<Date>,
    /// Files whose names say of which account, Region and day they are.
    pub placed_files: u64,
    /// Files whose names do not: whether anything is missing beside them cannot be told. Digests, Insights and invocation
    /// logs are of another kind, and are among them only where there is no log file.
    pub unplaced_files: u64,
    /// The accounts and Regions whose event history was read to its end, instead of log files.
    pub looked_up: Vec<LookedUp>,
    /// Days with files, by account and Region.
    pub covered: Vec<Covered>,
    /// What is missing.
    pub gaps: Vec<Gap>,
    /// Accounts and Regions that were asked for, and of which no file and no invocation is known to be: whether anything
    /// is missing of them cannot be told.
    pub unknown: Vec<UnknownPlace>,
}

/// An account and Region of which CloudTrail's event history was read to its end.
///
/// It has management events alone, of the last 90 days
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LookedUp {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// From when on it was read.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

/// An account or Region that was asked for, and of which it is not known whether it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct UnknownPlace {
    /// The account; null where no account was asked for.
    pub account: Option<AccountId>,
    /// The Region; null where no Region was asked for.
    pub region: Option<Region>,
}

/// How many days of an account and Region have files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Covered {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// On how many days there is a file.
    pub days: u64,
    /// How many files.
    pub files: u64,
}

/// What evidence is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// The first day without a log file.
    pub from: Date,
    /// The last day without a log file, before the next that has one.
    pub to: Date,
    /// Why it is a gap.
    pub reason: GapReason,
}

impl Gap {
    /// Counts its days.
    #[must_use]
    pub fn days(&self) -> u64 {
        // Of any two days: a gap ends no earlier than it begins.
        let hours = self.from.duration_until(self.to).as_hours();
        u64::try_from(hours / 24 + 1).unwrap_or_default()
    }
}

impl CoverageAnswer {
    /// Counts the days that lack evidence, each once for each account and Region that lacks it.
    #[must_use]
    pub fn missing_days(&self) -> u64 {
        self.gaps.iter().map(Gap::days).sum()
    }

    /// Tells whether nothing is known to be missing, and nothing was asked for of which that cannot be told.
    ///
    /// Beside files whose names do not tell their place, more may be missing all the same.
    #[must_use]
    pub fn has_no_gap(&self) -> bool {
        self.gaps.is_empty() && self.unknown.is_empty()
    }
}

/// Why evidence is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// There is no log file.
    NoLogFile,
    /// There are log files, and at least one of them could not be read.
    NotRead,
}
