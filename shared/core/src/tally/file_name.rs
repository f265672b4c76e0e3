//! What a log file's path tells: whose it is, of which Region and day, and what kind of file.
//!
//! CloudTrail's names: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>
//! and, of keys in a bucket, with and without an organization:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>.

use std::ops::RangeInclusive;

use jiff::civil::Date;

use crate::{account::AccountId, region::Region};

/// What CloudTrail calls its log files, in keys and in names.
const LOG: &str = "CloudTrail";
/// When log files are of. CloudTrail began in 2013: what says that it is of another age does not say when it is of, and
/// would make of all days in between gaps.
const YEARS: RangeInclusive<i16> = 2013..=2099;
/// What CloudTrail and Bedrock call the files that have an account and a Region.
const KINDS: [&str; 4] = [LOG, DIGEST, INSIGHT, INVOCATIONS];
const DIGEST: &str = "CloudTrail-Digest";
const INSIGHT: &str = "CloudTrail-Insight";
const INVOCATIONS: &str = "BedrockModelInvocationLogs";

/// Whose log file it is, and of which Region and day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogFileName {
    /// The account whose records are in the file.
    pub account: AccountId,
    /// The Region whose records are in the file.
    pub region: Region,
    /// The day (UTC) on which it was delivered: minutes after what it tells of, so what happened shortly before
    /// midnight is in a file of the day after.
    pub day: Date,
}

impl LogFileName {
    /// Reads the place of a log file of CloudTrail from its path, or else from its name alone.
    ///
    /// Of digests, Insights and invocation logs it is `None`: a day is not covered by them.
    ///
    /// ```
    /// use crisguard_core::tally::LogFileName;
    /// let key = "trails/AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/eu-west-1/2026/11/21/x.json.gz";
    /// let name = LogFileName::parse(key).unwrap();
    /// assert_eq!((name.region.as_str(), name.day.to_string().as_str()), ("eu-west-1", "2026-11-21"));
    /// assert_eq!(LogFileName::parse("x.json.gz"), None);
    /// ```
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        Self::of_folders(path, LOG).or_else(|| Self::of_name(path))
    }

    /// Reads whose a file of any kind is and of which Region, from its path or else from its name alone.
    pub(crate) fn place(path: &str) -> Option<(AccountId, Region)> {
        fn of<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<(AccountId, Region)> {
            let account = parts.next()?.parse().ok()?;
            let is_known = KINDS.contains(&parts.next()?);
            let region = parts.next()?.parse().ok()?;
            // A folder is no file.
            parts.next().filter(|part| !part.is_empty())?;
            is_known.then_some((account, region))
        }
        after_logs(path)
            .and_then(of)
            .or_else(|| of(path.rsplit('/').next()?.split('_')))
    }

    /// Reads `…AWSLogs/[o-…/]ACCOUNT/KIND/REGION/YYYY/MM/DD/…`.
    fn of_folders(path: &str, kind: &str) -> Option<Self> {
        let mut folders = after_logs(path)?;
        let account = folders.next()?.parse().ok()?;
        if folders.next()? != kind {
            return None;
        }
        let region = folders.next()?.parse().ok()?;
        let [year, month, day] = [folders.next()?, folders.next()?, folders.next()?];
        let day = date(year, month, day)?;
        // A folder is no file.
        folders.next()?;
        Some(Self { account, region, day })
    }

    /// Reads `ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_….json.gz`.
    fn of_name(path: &str) -> Option<Self> {
        let mut parts = path.rsplit('/').next()?.split('_');
        let account = parts.next()?.parse().ok()?;
        if parts.next()? != LOG {
            return None;
        }
        let region = parts.next()?.parse().ok()?;
        let (delivered, _) = parts.next()?.split_once('T')?;
        parts.next()?;
        let (year, rest) = delivered.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        let day = date(year, month, day)?;
        Some(Self { account, region, day })
    }
}

/// Returns the folders after the last `AWSLogs`, without the organization's.
fn after_logs(path: &str) -> Option<impl Iterator<Item = &str>> {
    let (_, after) = path
        .rsplit_once("AWSLogs/")
        .filter(|(before, _)| before.is_empty() || before.ends_with('/'))?;
    Some(after.split('/').skip(usize::from(after.starts_with("o-"))))
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return None;
    }
    let year = year.parse().ok().filter(|year| YEARS.contains(year))?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// What kind of file it is, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A log file of CloudTrail: records.
    Log,
    /// A digest of CloudTrail, which tells that log files are whole; it has no records
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>).
    Digest,
    /// What CloudTrail Insights noticed: no calls.
    Insight,
    /// Bedrock's log of model invocations
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html>).
    InvocationLog,
    /// The path does not tell: the content has to.
    Unknown,
}

impl FileKind {
    /// Reads the kind of file from its path, by CloudTrail's and Bedrock's folders or names.
    ///
    /// ```
    /// use crisguard_core::tally::FileKind;
    /// let key = "AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1/2026/11/21/10/x.json.gz";
    /// assert_eq!(FileKind::of(key), FileKind::InvocationLog);
    /// assert_eq!(FileKind::of("records.json"), FileKind::Unknown);
    /// ```
    #[must_use]
    pub fn of(path: &str) -> Self {
        let folder = after_logs(path).and_then(|mut folders| folders.nth(1));
        // CloudTrail's files are named after their kind: ACCOUNT_KIND_….
        let named = || path.rsplit('/').next()?.split('_').nth(1);
        match folder.or_else(named) {
            Some(LOG) => Self::Log,
            Some(DIGEST) => Self::Digest,
            Some(INSIGHT) => Self::Insight,
            Some(INVOCATIONS) => Self::InvocationLog,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "111122223333_CloudTrail_us-east-2_20150801T0210Z_Mu0KsOhtH1ar15ZZ.json.gz";

    fn place(path: &str) -> Option<String> {
        LogFileName::parse(path).map(|LogFileName { account, region, day }| format!("{account} {region} {day}"))
    }

    #[test]
    fn a_place_is_told_by_folders_or_by_the_name() {
        for (path, expected) in [
            (NAME, Some("111122223333 us-east-2 2015-08-01")),
            (
                "AWSLogs/444455556666/CloudTrail/us-gov-west-1/2026/02/28/x.json.gz",
                Some("444455556666 us-gov-west-1 2026-02-28"),
            ),
            (
                "s3://bucket/a/prefix/AWSLogs/o-a1b2c3d4e5/444455556666/CloudTrail/eu-west-1/2026/02/28/x.json",
                Some("444455556666 eu-west-1 2026-02-28"),
            ),
            // What was copied out of a bucket into folders of another kind still has its name.
            (&format!("downloads/{NAME}"), Some("111122223333 us-east-2 2015-08-01")),
            (
                "AWSLogs/AWSLogs/444455556666/CloudTrail/eu-west-1/2026/02/28/x.json",
                Some("444455556666 eu-west-1 2026-02-28"),
            ),
            ("AWSLogs/444455556666/CloudTrail/eu-west-1/2026/02/30/x.json", None),
            ("AWSLogs/444455556666/CloudTrail/eu-west-1/0001/01/01/x.json", None),
            ("111122223333_CloudTrail_us-east-2_99991231T0210Z_x.json.gz", None),
            ("AWSLogs/444455556666/CloudTrail/eu-west-1/2026/2/28/x.json", None),
            ("AWSLogs/444455556666/CloudTrail/eu-west-1/2026/02/28", None),
            ("MyAWSLogs/444455556666/CloudTrail/eu-west-1/2026/02/28/x.json", None),
            ("AWSLogs/44445555666/CloudTrail/eu-west-1/2026/02/28/x.json", None),
            ("AWSLogs/444455556666/CloudTrail/Ireland/2026/02/28/x.json", None),
            ("111122223333_CloudTrail_us-east-2_20151301T0210Z_x.json.gz", None),
            ("111122223333_CloudTrail_us-east-2_20150801.json.gz", None),
            ("records.json", None),
            ("", None),
        ] {
            assert_eq!(place(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn whose_a_file_is_can_be_told_of_every_kind() {
        for (path, expected) in [
            (NAME, Some("111122223333 us-east-2")),
            (
                "AWSLogs/o-a1/444455556666/CloudTrail-Digest/eu-west-1/2026/02/28/x.json.gz",
                Some("444455556666 eu-west-1"),
            ),
            (
                "444455556666_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260228T101010Z.json.gz",
                Some("444455556666 eu-west-1"),
            ),
            (
                "s3://b/AWSLogs/444455556666/BedrockModelInvocationLogs/eu-west-1/2026/02/28/10/x.json.gz",
                Some("444455556666 eu-west-1"),
            ),
            ("AWSLogs/444455556666/CloudTrail/eu-west-1", None),
            (
                "AWSLogs/444455556666/elasticloadbalancing/eu-west-1/2026/02/28/x.log.gz",
                None,
            ),
            ("x.json", None),
        ] {
            let place = LogFileName::place(path).map(|(account, region)| format!("{account} {region}"));
            assert_eq!(place.as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn what_is_no_log_file_covers_no_day() {
        for (path, kind) in [
            (
                "AWSLogs/444455556666/CloudTrail-Digest/eu-west-1/2026/02/28/x.json.gz",
                FileKind::Digest,
            ),
            (
                "444455556666_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260228T101010Z.json.gz",
                FileKind::Digest,
            ),
            (
                "p/AWSLogs/o-a1/444455556666/CloudTrail-Insight/eu-west-1/2026/02/28/x.json.gz",
                FileKind::Insight,
            ),
            (
                "444455556666_CloudTrail-Insight_eu-west-1_20260228T1010Z_x.json.gz",
                FileKind::Insight,
            ),
            (
                "AWSLogs/444455556666/BedrockModelInvocationLogs/eu-west-1/2026/02/28/10/x.json.gz",
                FileKind::InvocationLog,
            ),
            (
                "AWSLogs/444455556666/elasticloadbalancing/eu-west-1/2026/02/28/x.log.gz",
                FileKind::Unknown,
            ),
            ("x.json", FileKind::Unknown),
        ] {
            assert_eq!(FileKind::of(path), kind, "{path}");
            assert_eq!(place(path), None, "{path}");
        }
        assert_eq!(FileKind::of(NAME), FileKind::Log);
        assert_eq!(
            FileKind::of("AWSLogs/o-a1/444455556666/CloudTrail/eu-west-1/2026/02/28/x.json"),
            FileKind::Log
        );
    }
}
