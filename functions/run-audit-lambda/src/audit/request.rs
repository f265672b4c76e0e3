//! What is asked of an audit.

use std::collections::BTreeSet;

use crisguard_core::{account::AccountId, policy::Language, region::Region, tally::Scope};
use crisguard_scan::plan::{Address, Batch};
use jiff::Timestamp;
use run_audit::moment::{self, Unclear};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::Run;

/// What a batch's objects come to, if nothing else is asked for.
pub(super) const BATCH_BYTES: u64 = 64 << 20;
/// The least and the most of it: below, it is the children that cost; above, one takes too long.
const BATCH_BYTES_MAY_BE: std::ops::RangeInclusive<u64> = 1 << 16..=1 << 30;

/// A request about an audit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// All of it in this invocation.
    Scan(Box<Asked>),
    /// Only which objects are to be read, cut into batches.
    Plan(Box<Asked>),
    /// One batch of a plan.
    Batch(Box<BatchAsked>),
    /// All batches of a plan, put together.
    Merge(MergeAsked),
}

/// What an audit is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Where the log files are: `s3://bucket/prefix`.
    #[serde(deserialize_with = "some")]
    pub paths: Vec<Address>,
    /// The policy: an object, null for none; if it is not named, that of the deployment.
    #[serde(default, skip_serializing_if = "PolicyAsked::is_deployed")]
    pub policy: PolicyAsked,
    /// Only invocations at or after this time, or the beginning (UTC) of this day.
    #[serde(default, deserialize_with = "beginning")]
    pub from: Option<Timestamp>,
    /// Only invocations before this time, or the end (UTC) of this day.
    #[serde(default, deserialize_with = "end")]
    pub to: Option<Timestamp>,
    /// Only these accounts; without any, every one.
    #[serde(default)]
    pub accounts: BTreeSet<AccountId>,
    /// Only calls made in these Regions; without any, every one.
    #[serde(default)]
    pub regions: BTreeSet<Region>,
    /// Whether to ask AWS Organizations where the accounts stand, for a policy with overrides for its units.
    #[serde(default)]
    pub organization: bool,
    /// The report; a scan writes none unless it is asked for.
    #[serde(default)]
    pub report: Option<ReportAsked>,
    /// How many bytes the objects of a batch have, at most.
    #[serde(default, deserialize_with = "batch_bytes")]
    pub batch_bytes: Option<u64>,
    /// What the run is called.
    #[serde(default)]
    pub run: Option<Run>,
}

/// Which policy decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<Address>", into = "Option<Address>")]
pub enum PolicyAsked {
    /// That of the deployment, if it has one.
    #[default]
    Deployed,
    /// None: nothing is decided.
    None,
    /// This object.
    At(Address),
}

/// What kind of report is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportAsked {
    /// The language, that of the policy's alerts if it is not named.
    #[serde(default)]
    pub language: Option<Language>,
    /// A report of check-posture to tell of, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posture: Option<Address>,
    /// An answer about reach to tell of, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Address>,
}

/// One batch of a run: a line of its plan, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchAsked {
    /// The run.
    pub run: Run,
    /// The line.
    pub line: Batch,
}

/// A run whose batches have been read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeAsked {
    /// The run.
    pub run: Run,
}

/// Tells why a request is refused.
#[derive(Debug, thiserror::Error)]
#[error(
    "the request is not of the form {{\"scan\": {{…}}}}, {{\"plan\": {{…}}}}, {{\"batch\": {{…}}}} or {{\"merge\": {{…}}}}, at `{path}`"
)]
pub struct Malformed {
    /// Where.
    path: String,
    /// What is wrong there.
    #[source]
    error: serde_json::Error,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Fails at the first part that is unknown, missing or malformed, and says which by its path.
    pub fn parse(json: &str) -> Result<Self, Malformed> {
        let mut reader = serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| Malformed {
            path: error.path().to_string(),
            error: error.into_inner(),
        })
    }
}

/// Tells that no time is asked about: whatever was called, nothing would be found.
#[derive(Debug, thiserror::Error)]
#[error("`from` {from} is not before `to` {to}: name a time that is later; a day as `to` is meant to its end")]
pub(super) struct NoTime {
    from: Timestamp,
    to: Timestamp,
}

impl Asked {
    /// Makes sure that there is some time between the beginning and the end.
    pub(super) fn ask_of_some_time(&self) -> Result<(), NoTime> {
        match self.from.zip(self.to) {
            Some((from, to)) if from >= to => Err(NoTime { from, to }),
            _ => Ok(()),
        }
    }

    /// Returns what is in scope.
    pub(super) fn scope(&self) -> Scope {
        Scope {
            from: self.from,
            to: self.to,
            accounts: self.accounts.clone(),
            regions: self.regions.clone(),
        }
    }
}

impl PolicyAsked {
    const fn is_deployed(&self) -> bool {
        matches!(self, Self::Deployed)
    }
}

impl From<Option<Address>> for PolicyAsked {
    fn from(address: Option<Address>) -> Self {
        address.map_or(Self::None, Self::At)
    }
}

impl From<PolicyAsked> for Option<Address> {
    fn from(asked: PolicyAsked) -> Self {
        match asked {
            PolicyAsked::At(address) => Some(address),
            PolicyAsked::Deployed | PolicyAsked::None => None,
        }
    }
}

fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Address>, D::Error> {
    let paths: Vec<Address> = Vec::deserialize(deserializer)?;
    if paths.is_empty() {
        return Err(de::Error::custom("name at least one, as s3://BUCKET/PREFIX"));
    }
    Ok(paths)
}

fn beginning<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    time(deserializer, moment::beginning)
}

fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    time(deserializer, moment::end)
}

fn time<'de, D: Deserializer<'de>>(
    deserializer: D,
    read: fn(&str) -> Result<Timestamp, Unclear>,
) -> Result<Option<Timestamp>, D::Error> {
    let Some(text): Option<String> = Option::deserialize(deserializer)? else {
        return Ok(None);
    };
    let time = read(&text).map_err(|unclear| {
        let text: String = text.chars().take(64).collect();
        de::Error::custom(format!("`{text}` is neither a date nor a time: {unclear}"))
    });
    time.map(Some)
}

fn batch_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Option::deserialize(deserializer)? {
        Some(bytes) if !BATCH_BYTES_MAY_BE.contains(&bytes) => Err(de::Error::custom(format!(
            "a batch has from {} to {} bytes",
            BATCH_BYTES_MAY_BE.start(),
            BATCH_BYTES_MAY_BE.end()
        ))),
        bytes => Ok(bytes),
    }
}
