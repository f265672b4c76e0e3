//! The arguments of an audit: what is read, what is asked of it, and how it is written.

use std::{ffi::OsString, fmt, num::NonZero, path::PathBuf, str::FromStr};

use clap::Args;
use crisguard_core::{
    account::{AccountId, OrganizationPath},
    region::Region,
};
use jiff::Timestamp;

use super::{Format, InputPath, TextLanguage};
use crate::moment::{self, Unclear};

/// The arguments of `crisguard scan`.
#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    /// Files, folders, globs, `s3://BUCKET/PREFIX`; `-` reads standard input.
    #[arg(value_name = "PATH", required_unless_present = "schema")]
    pub(crate) paths: Vec<OsString>,
    #[command(flatten)]
    pub(crate) question: AuditQuestion,
    /// Only calls made in this Region; repeatable.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Vec<Region>,
    #[command(flatten)]
    pub(crate) form: AuditForm,
    /// How many files are read at once; without it, as many as there are processors.
    #[arg(long, value_name = "COUNT", value_parser = threads)]
    pub(crate) threads: Option<NonZero<usize>>,
    /// Print the JSON Schema of what `--format json` writes instead.
    #[arg(long)]
    pub(crate) schema: bool,
}

/// The arguments of `crisguard lookup`.
#[derive(Debug, Args)]
pub(crate) struct LookupArguments {
    #[command(flatten)]
    pub(crate) question: AuditQuestion,
    /// The Region to ask in; without it, the configured one; repeatable.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Vec<Region>,
    #[command(flatten)]
    pub(crate) form: AuditForm,
}

/// What is asked of an audit.
#[derive(Debug, Args)]
pub(crate) struct AuditQuestion {
    /// The policy to decide by; without it, nothing is decided.
    #[arg(long, value_name = "FILE", env = "CRISGUARD_POLICY", hide_env_values = true)]
    pub(crate) policy: Option<InputPath>,
    /// Only calls at or after this time: a date (UTC), or RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = Moment::beginning)]
    pub(crate) from: Option<Moment>,
    /// Only calls before this time: a date, which is meant to its end (UTC), or RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = Moment::end)]
    pub(crate) to: Option<Moment>,
    /// Only calls by this account; repeatable.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Vec<AccountId>,
    /// The organization, exported as JSON (docs/reach.md), for a policy that has overrides by unit.
    #[arg(long, value_name = "FILE")]
    pub(crate) organization: Option<InputPath>,
    /// The place in the organization of the accounts that --account names, where there is no such export.
    #[arg(long, value_name = "PATH", requires = "account", conflicts_with = "organization")]
    pub(crate) organization_path: Option<OrganizationPath>,
}

/// A time as it was written, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) written: String,
    pub(crate) time: Timestamp,
}

impl Moment {
    /// Reads the time from which on something is meant.
    fn beginning(text: &str) -> Result<Self, Unclear> {
        Self::of(text, moment::beginning)
    }

    /// Reads the time before which something is meant.
    fn end(text: &str) -> Result<Self, Unclear> {
        Self::of(text, moment::end)
    }

    fn of(text: &str, read: fn(&str) -> Result<Timestamp, Unclear>) -> Result<Self, Unclear> {
        let (written, time) = (text.to_owned(), read(text)?);
        Ok(Self { written, time })
    }

    /// Tells whether there is some time from this one, read as a beginning, to the other, read as an end.
    pub(crate) fn is_before(&self, end: &Self) -> bool {
        let times = Self::beginning(&self.written).ok().zip(Self::end(&end.written).ok());
        times.is_some_and(|(from, to)| from.time < to.time)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// How an audit is written, and how it ends.
#[derive(Debug, Args)]
pub(crate) struct AuditForm {
    /// How to write the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Also write the report to this folder: report.html, report.json, tables, and their digests.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// With --out: show another answer in the report, too: posture=FILE holds a report of check-posture, reach=FILE
    /// what `crisguard reach --format json` printed; each once.
    #[arg(long = "with", value_name = "WHAT=FILE", requires = "out")]
    pub(crate) with: Vec<Beside>,
    /// The language of the text and the report.
    #[arg(long = "lang", value_enum, default_value_t = TextLanguage::En)]
    pub(crate) language: TextLanguage,
    /// End with 2 if anything could not be read.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// The most files that are read at once: no machine has so many processors, and more threads than it can start end it.
const MOST_THREADS: usize = 1024;

fn threads(text: &str) -> Result<NonZero<usize>, String> {
    let count: Option<NonZero<usize>> = text.parse().ok();
    count
        .filter(|count| count.get() <= MOST_THREADS)
        .ok_or_else(|| format!("write a number from 1 to {MOST_THREADS}"))
}

/// An answer that a report shows beside the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Beside {
    /// Of what it is.
    pub(crate) what: BesideOf,
    /// Where it is.
    pub(crate) file: InputPath,
}

/// Of what an answer is that a report shows beside the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BesideOf {
    /// The settings, as check-posture found them.
    Posture,
    /// What can be called under service control policies.
    Reach,
}

impl fmt::Display for BesideOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Posture => "posture",
            Self::Reach => "reach",
        })
    }
}

impl FromStr for Beside {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (what, file) = match text.split_once('=') {
            Some(("posture", file)) if !file.is_empty() => (BesideOf::Posture, file),
            Some(("reach", file)) if !file.is_empty() => (BesideOf::Reach, file),
            _ => return Err("write posture=FILE or reach=FILE"),
        };
        Ok(Self {
            what,
            file: OsString::from(file).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_time_between_a_beginning_and_an_end() {
        let is_before = |from: &str, to: &str| Moment::beginning(from).unwrap().is_before(&Moment::end(to).unwrap());
        assert!(is_before("2026-11-21", "2026-11-21") && is_before("2026-11-20T23:59:59Z", "2026-11-20"));
        assert!(!is_before("2026-11-21", "2026-11-20") && !is_before("2026-11-21", "2026-11-21T09:00:00+09:00"));
    }

    #[test]
    fn an_answer_beside_is_named() {
        let beside: Beside = "reach=a=b.json".parse().unwrap();
        assert_eq!(
            (beside.what, beside.file.to_string().as_str()),
            (BesideOf::Reach, "a=b.json")
        );
        for wrong in ["posture", "posture=", "scan=x", "x.json"] {
            assert!(wrong.parse::<Beside>().is_err(), "{wrong}");
        }
    }
}
