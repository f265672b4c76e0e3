//! A line of a plan, and where all that belongs to a run is kept.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crisguard_core::{account::AccountId, posture::NotObserved, region::Region};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{Look, looks};

/// A run over many accounts, by when it was planned: `20261122T170000Z`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Run(String);

/// How a run is named, but for the `Z` at its end.
const FORM: &str = "%Y%m%dT%H%M%S";

impl Run {
    /// Names the run that is planned at a time.
    pub(crate) fn planned_at(now: Timestamp) -> Self {
        Self(format!("{}Z", now.to_zoned(TimeZone::UTC).strftime(FORM)))
    }

    /// Returns the key of the plan: a line of JSON for each look.
    pub(crate) fn plan(&self) -> String {
        self.key("plan.jsonl")
    }

    /// Returns the key of the organization, as it stood when the run was planned.
    pub(crate) fn organization(&self) -> String {
        self.key("organization.json")
    }

    /// Returns the key of what came of all looks.
    pub(crate) fn report(&self) -> String {
        self.key("report.json")
    }

    fn key(&self, name: &str) -> String {
        format!("posture/organization/{self}/{name}")
    }
}

impl FromStr for Run {
    type Err = &'static str;

    /// Accepts what [`planned_at`](Self::planned_at) makes and nothing else, for it becomes a part of keys.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = text
            .strip_suffix('Z')
            .and_then(|time| DateTime::strptime(FORM, time).ok());
        let is_run = time.is_some_and(|time| format!("{}Z", time.strftime(FORM)) == text);
        is_run
            .then(|| Self(text.to_owned()))
            .ok_or("not the name of a run, such as 20261122T170000Z")
    }
}

impl TryFrom<String> for Run {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
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

/// One look: a Region of an account.
///
/// That of the home Region decides besides about what is the same in every Region, and about the Regions that are not
/// enabled, for which nobody has to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// The run.
    pub(crate) run: Run,
    /// The account.
    pub(crate) account: AccountId,
    /// The Region.
    pub(crate) region: Region,
    /// Whether whoever planned named the Region.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) named: bool,
    /// Why the account's Regions could not be listed, at the one that stands for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unlisted: Option<NotObserved>,
}

impl Line {
    /// Returns the key of what came of it.
    pub(crate) fn result(&self) -> String {
        let Self {
            run, account, region, ..
        } = self;
        run.key(&format!("{account}/{region}.json"))
    }
}

/// Returns what a Region of an account is looked at for.
pub(super) fn looks(region: &Region, home: &Region) -> Vec<Look> {
    looks::at_regions(&BTreeMap::from([(region.clone(), true)]), true, None, home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_its_time_and_by_nothing_else() {
        let run = Run::planned_at("2026-11-22T17:00:00.9Z".parse().unwrap());
        assert_eq!(run.to_string(), "20261122T170000Z");
        assert_eq!(run.to_string().parse::<Run>(), Ok(run.clone()));
        assert_eq!(run.plan(), "posture/organization/20261122T170000Z/plan.jsonl");
        for text in [
            "",
            "../x",
            "20261122T170000",
            "20261322T170000Z",
            "2026-11-22T17:00:00Z",
            "+20261122T170000Z",
            "0x",
        ] {
            assert!(text.parse::<Run>().is_err(), "{text}");
        }
    }
}
