//! CloudTrail's keys: what to list of a bucket, and which of its objects are wanted.

use std::{collections::BTreeSet, ops::ControlFlow};

use crisguard_core::{
    account::AccountId,
    region::Region,
    tally::{FileKind, LogFileName, Scope},
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

/// Below which folder AWS delivers logs.
const LOGS: &str = "AWSLogs";
/// CloudTrail's log files.
const TRAIL: &str = "CloudTrail";
/// Bedrock's logs of model invocations.
const INVOCATIONS: &str = "BedrockModelInvocationLogs";
/// Where Bedrock puts what is too long for an entry, which are prompts and answers
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html>).
const CONTENT: &str = "data";
/// What Bedrock puts there to see whether it may.
const PERMISSION_CHECK: &str = "amazon-bedrock-logs-permission-check";
/// How many levels of other folders are looked through for CloudTrail's: trails have prefixes. What lies deeper is listed
/// with all that is in it, which is slower and comes to the same.
const LEVELS: u8 = 3;

/// Which objects are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    accounts: BTreeSet<AccountId>,
    regions: BTreeSet<Region>,
    first: Option<Date>,
    last: Option<Date>,
}

/// What to list next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What the keys begin with.
    pub prefix: String,
    /// Whether folders are told as such, for [`Wanted::below`]; else every object below is listed.
    pub folders: bool,
    /// Only the keys after this one, if it is not empty.
    pub after: String,
    /// No key from this one on, if it is not empty.
    pub before: String,
    /// How many levels of other folders were looked through.
    levels: u8,
}

/// Where a folder is in CloudTrail's layout.
enum At<'a> {
    /// Not below `AWSLogs/`.
    Outside,
    /// `AWSLogs/`, with or without an organization's folder.
    Logs,
    /// An account's folder.
    Account(AccountId),
    /// A folder of CloudTrail's or Bedrock's.
    Kind(AccountId),
    /// A Region's folder, or below it: all up to the Region's slash.
    Region(AccountId, &'a str, &'a str),
    /// Logs of other services, digests, Insights.
    Elsewhere,
}

impl Wanted {
    /// Takes what was asked for.
    ///
    /// A file lies under the day on which it was delivered, which is minutes after what it tells of: what happened before
    /// midnight is under the day after
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>).
    #[must_use]
    pub fn of(scope: &Scope) -> Self {
        let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
        // The end is exclusive.
        let last = scope
            .to
            .map(|to| to.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(to));
        Self {
            accounts: scope.accounts.clone(),
            regions: scope.regions.clone(),
            first: scope.from.map(day),
            last: last.map(|last| day(last).tomorrow().unwrap_or(Date::MAX)),
        }
    }

    /// Says what to list first of what begins with a prefix; nothing where the prefix itself is out of scope.
    #[must_use]
    pub fn start(&self, prefix: &str) -> Option<Step> {
        let (folder, _) = split(prefix);
        self.step(folder, prefix, 0)
    }

    /// Says what to list of a folder that a step told of.
    #[must_use]
    pub fn below(&self, step: &Step, folder: &str) -> Option<Step> {
        self.step(folder, folder, step.levels.saturating_add(1))
    }

    fn step(&self, folder: &str, prefix: &str, levels: u8) -> Option<Step> {
        let step = |folders| Step {
            prefix: prefix.to_owned(),
            folders,
            after: String::new(),
            before: String::new(),
            levels,
        };
        match at(folder) {
            At::Outside => Some(step(levels < LEVELS)),
            At::Logs => Some(step(true)),
            At::Account(account) | At::Kind(account) => self.wants_account(&account).then(|| step(true)),
            At::Region(account, region, root) => {
                (self.wants_account(&account) && self.wants_region(region)).then(|| {
                    let (after, before) = self.range(root);
                    Step {
                        after,
                        before,
                        ..step(false)
                    }
                })
            }
            At::Elsewhere => None,
        }
    }

    /// Tells whether an object is wanted, by its key.
    #[must_use]
    pub fn takes(&self, key: &str) -> bool {
        let (folder, name) = split(key);
        // Without a name it is a folder that somebody made by the console.
        if name.is_empty() {
            return false;
        }
        match at(folder) {
            At::Elsewhere => false,
            // Here AWS puts nothing but what proves that it may; what is called like a log file was copied here.
            At::Logs => is_log(key) && self.takes_name(key),
            At::Account(account) => is_log(key) && self.wants_account(&account) && self.takes_name(key),
            At::Kind(account) => name != PERMISSION_CHECK && self.wants_account(&account),
            At::Region(account, region, root) => {
                let (after, before) = self.range(root);
                let content = || key.contains(INVOCATIONS) && folder.ends_with(&format!("/{CONTENT}/"));
                self.wants_account(&account)
                    && self.wants_region(region)
                    && *key > *after
                    && (before.is_empty() || *key < *before)
                    && !content()
            }
            At::Outside => self.takes_name(key),
        }
    }

    /// Tells whether an object is wanted that lies in folders of another kind, by its name.
    fn takes_name(&self, key: &str) -> bool {
        if matches!(FileKind::of(key), FileKind::Digest | FileKind::Insight) {
            return false;
        }
        LogFileName::parse(key).is_none_or(|file| {
            self.wants_account(&file.account)
                && self.wants_region(file.region.as_str())
                && self.first.is_none_or(|first| first <= file.day)
                && self.last.is_none_or(|last| file.day <= last)
        })
    }

    fn wants_account(&self, account: &AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(account)
    }

    /// Tells whether a Region's folder is wanted; one whose name is none may be anything, and is.
    fn wants_region(&self, folder: &str) -> bool {
        let known: Result<Region, _> = folder.parse();
        self.regions.is_empty() || known.map_or(true, |region| self.regions.contains(&region))
    }

    /// Returns between which keys the days are that are wanted, below a Region's folder: keys are in the order of days.
    fn range(&self, root: &str) -> (String, String) {
        let folder = |day: Date| format!("{root}{}", day.strftime("%Y/%m/%d/"));
        let after = self.first.map(folder).unwrap_or_default();
        let next = self.last.and_then(|last| last.tomorrow().ok());
        (after, next.map(folder).unwrap_or_default())
    }
}

/// Tells whether a file's name is one of CloudTrail's log files.
fn is_log(key: &str) -> bool {
    LogFileName::parse(split(key).1).is_some()
}

/// Splits a key behind its last slash.
fn split(key: &str) -> (&str, &str) {
    let slash = key.rfind('/').map_or(0, |slash| slash + 1);
    key.split_at_checked(slash).unwrap_or(("", key))
}

/// Tells where a folder is, which ends with a slash or is the bucket itself.
fn at(folder: &str) -> At<'_> {
    let mut end = 0;
    let parts: Vec<(&str, usize)> = folder
        .split_terminator('/')
        .map(|part| {
            end += part.len() + 1;
            (part, end)
        })
        .collect();
    let Some(logs) = parts.iter().rposition(|(part, _)| *part == LOGS) else {
        return At::Outside;
    };
    let mut below = parts.into_iter().skip(logs + 1).peekable();
    if below.next_if(|(part, _)| part.starts_with("o-")).is_some() && below.peek().is_none() {
        return At::Logs;
    }
    let found = below.next().map_or(ControlFlow::Break(At::Logs), |(account, _)| {
        account
            .parse()
            .map_or(ControlFlow::Break(At::Elsewhere), ControlFlow::Continue)
    });
    let account: AccountId = match found {
        ControlFlow::Break(at) => return at,
        ControlFlow::Continue(account) => account,
    };
    match (below.next(), below.next()) {
        (None, _) => At::Account(account),
        (Some((TRAIL | INVOCATIONS, _)), None) => At::Kind(account),
        (Some((TRAIL | INVOCATIONS, _)), Some((region, end))) => {
            At::Region(account, region, folder.get(..end).unwrap_or(folder))
        }
        _ => At::Elsewhere,
    }
}

#[cfg(test)]
mod tests;
