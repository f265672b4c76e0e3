//! A run: what one audit by the state machine is called, and where it leaves what.

use std::{fmt, str::FromStr};

use crisguard_core::digest;
use crisguard_scan::plan::Batch;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// The name of a run: that of the execution, or the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Run(String);

/// Tells why a text is no name.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` names no run: 1 to 80 letters, digits, `-` and `_`, like the name of an execution")]
pub struct NotARun(String);

impl Run {
    /// Names a run by when it began.
    #[must_use]
    pub fn begun_at(now: Timestamp) -> Self {
        Self(now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%S%3fZ").to_string())
    }

    /// Where everything lies.
    fn at(&self, what: &str) -> String {
        format!("audit/{self}/{what}")
    }

    /// What was asked, and where accounts stood.
    pub(super) fn question(&self) -> String {
        self.at("question.json")
    }

    /// The policy, byte for byte.
    pub(super) fn policy(&self) -> String {
        self.at("policy")
    }

    /// The plan: a batch a line.
    pub(super) fn plan(&self) -> String {
        self.at("plan.jsonl")
    }

    /// What came of a batch. Whoever planned other objects under the same name does not take it for theirs.
    pub(super) fn tally(&self, batch: &Batch) -> String {
        let lines = batch
            .places()
            .map(|place| format!("{} {} {}\n", place.bucket, place.key, place.size));
        let digest = digest::of_bytes(lines.collect::<String>().as_bytes());
        self.at(&format!("tallies/{:06}-{digest:.16}.tally", batch.batch))
    }

    /// A document of the report.
    pub(super) fn document(&self, name: &str) -> String {
        self.at(&format!("report/{name}"))
    }
}

impl FromStr for Run {
    type Err = NotARun;

    fn from_str(text: &str) -> Result<Self, NotARun> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if (1..=80).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARun(text.chars().take(100).collect()))
        }
    }
}

impl TryFrom<String> for Run {
    type Error = NotARun;

    fn try_from(text: String) -> Result<Self, NotARun> {
        text.parse()
    }
}

impl From<Run> for String {
    fn from(run: Run) -> Self {
        run.0
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
