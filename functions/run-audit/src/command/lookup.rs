//! `crisguard lookup`: asks CloudTrail's event history, where there are no log files to read.

use std::cell::{Cell, RefCell};

use crisguard_aws::{
    client::Configuration,
    cloudtrail::{PACE, Trails},
    sts::Roles,
};
use crisguard_core::{
    account::AccountId,
    cloudtrail::EVENT_SOURCES,
    policy::Language,
    region::Region,
    tally::{Audit, LookedUp, Unread},
};
use crisguard_scan::{Content, Scan, Settings, Source, all_threads};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::command::{
    Status,
    arguments::LookupArguments,
    audit::{self, Asked},
    aws,
    console::{Console, DIM, OPEN},
    failure::Failure,
    progress::Bar,
    scan::scan_failed,
    text::harmless,
};

/// What CloudTrail keeps without a trail: 90 days
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>).
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// What takes no longer than so many seconds is not worth a word.
const SOON: i64 = 10;
/// Into how many parts the time of a Region is cut, to show how much of it has been read.
const PARTS: u64 = 1000;

/// Asks in each Region, and writes what it comes to.
pub(super) fn run(arguments: &LookupArguments, console: &mut Console<'_>, now: Timestamp) -> Result<Status, Failure> {
    let form = &arguments.form;
    let asked = Asked::read(&arguments.question, &arguments.region, form, console.input)?;
    let range = Range::of(&asked, now)?;
    let audit = aws::run(async {
        let configuration = aws::configuration().await?;
        let regions = regions(arguments, &configuration)?;
        look_up(&configuration, &regions, range, &asked, console).await
    })?;
    audit::tell(&audit, &asked, form, console, now).map_err(|failure| match failure {
        // There are no files to look after.
        Failure::NothingRead { .. } => Failure::NothingAnswered,
        other => other,
    })
}

/// The time asked about, in seconds since 1970, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    from: i64,
    to: i64,
}

impl Range {
    fn of(asked: &Asked, now: Timestamp) -> Result<Self, Failure> {
        let earliest = now.checked_sub(KEPT).unwrap_or(now);
        // People are told of seconds, and may ask from there.
        let earliest = Timestamp::from_second(earliest.as_second()).unwrap_or(earliest);
        let from = asked.scope.from.unwrap_or(earliest);
        if from < earliest {
            return Err(Failure::NotKept { from, earliest });
        }
        if from >= now {
            return Err(Failure::NotYet { from, now });
        }
        // What is still to come cannot be said to have been read.
        let to = asked.scope.to.unwrap_or(now).min(now);
        if to <= from {
            return Err(Failure::EndNotKept { to, earliest });
        }
        Ok(Self {
            from: from.as_second(),
            to: to.as_second(),
        })
    }

    /// Tells of what it was read.
    fn looked_up(self, account: &AccountId, region: &Region) -> Option<LookedUp> {
        Some(LookedUp {
            account: account.clone(),
            region: region.clone(),
            from: Timestamp::from_second(self.from).ok()?,
            to: Timestamp::from_second(self.to).ok()?,
        })
    }

    fn seconds(self) -> i64 {
        self.to.saturating_sub(self.from).max(1)
    }

    /// Tells how many of the parts have been read once everything from its end back to `time` has.
    fn read_back_to(self, time: i64) -> u64 {
        let read = self.to.saturating_sub(time).clamp(0, self.seconds());
        u64::try_from(read).unwrap_or_default().saturating_mul(PARTS) / self.seconds().unsigned_abs()
    }

    /// Estimates for how many seconds there is to ask, if it goes on as on the first page, back to `time`.
    fn takes(self, time: i64) -> i64 {
        let of_a_page = self.to.saturating_sub(time).max(1);
        let pages = self.seconds() / of_a_page;
        let milliseconds = i64::try_from(PACE.as_millis()).unwrap_or(i64::MAX);
        pages.saturating_mul(milliseconds) / 1000
    }
}

fn regions(arguments: &LookupArguments, configuration: &Configuration) -> Result<Vec<Region>, Failure> {
    if !arguments.region.is_empty() {
        let mut regions = Vec::new();
        for region in &arguments.region {
            // Asked twice, it would be asked too fast.
            if !regions.contains(region) {
                regions.push(region.clone());
            }
        }
        return Ok(regions);
    }
    let region = configuration.region().ok_or(Failure::NoRegion)?;
    let region = region.as_ref().parse().map_err(Failure::ConfiguredRegion)?;
    Ok(vec![region])
}

/// Tells whose history it is; where nobody does, why not, and its pages are files of which that is not known.
async fn account(
    configuration: &Configuration,
    regions: &[Region],
    language: Language,
    console: &mut Console<'_>,
) -> Result<Option<AccountId>, Failure> {
    let mut why = String::new();
    // A Region that is not enabled does not tell, or knows no such token.
    for region in regions {
        why = match Roles::new(configuration, region.as_str()).own_account().await {
            Ok(account) => match account.parse() {
                Ok(account) => return Ok(Some(account)),
                Err(error) => format!("{account}: {error}"),
            },
            Err(failure) => failure.to_string(),
        };
    }
    let said = match language {
        Language::En => "of which account it is cannot be told",
        Language::Ja => "どのアカウントのものか判断できません",
    };
    writeln!(console.errors, "{OPEN}!{OPEN:#} {said}: {}", harmless(&why))?;
    Ok(None)
}

async fn look_up(
    configuration: &Configuration,
    regions: &[Region],
    range: Range,
    asked: &Asked,
    console: &mut Console<'_>,
) -> Result<Audit, Failure> {
    let account = account(configuration, regions, asked.language(), console).await?;
    let page = |bytes| match account {
        Some(_) => Content::Page(Ok(bytes)),
        None => Content::Bytes(bytes),
    };
    let scan = Scan::start(Settings::with_threads(all_threads()));
    let parts = PARTS.saturating_mul(u64::try_from(regions.len()).unwrap_or(u64::MAX));
    let bar = Bar::in_parts(console.watched, asked.language(), parts);
    let errors = RefCell::new(&mut *console.errors);
    let read: Vec<Cell<u64>> = regions.iter().map(|_| Cell::new(0)).collect();
    let histories = join_all(regions.iter().zip(&read).map(|(region, own)| {
        let (scan, bar, errors, read, account, page) = (&scan, &bar, &errors, &read, &account, &page);
        async move {
            let mut whole = true;
            let trails = Trails::new(configuration, region.as_str());
            for source in EVENT_SOURCES {
                let mut history = trails.history(source, range.from, range.to);
                for number in 1_u64.. {
                    let name = format!("LookupEvents {region} {source} page {number}");
                    let (content, last) = match history.page().await {
                        Ok(None) => break,
                        Ok(Some(records)) => (page(log_file(&records)), records.last().and_then(|one| time(one))),
                        Err(failure) => (Content::Page(Err(Unread::Said(failure.to_string()))), None),
                    };
                    let failed = matches!(content, Content::Page(Err(_)));
                    scan.offer(Source { name, content });
                    if failed {
                        whole = false;
                        break;
                    }
                    let Some(last) = last else { continue };
                    own.set(range.read_back_to(last).max(own.get()));
                    bar.reach(read.iter().map(Cell::get).sum(), scan.watch().progress());
                    let seconds = range.takes(last);
                    if number == 1 && history.goes_on() && seconds > SOON {
                        let words = takes(region, seconds, asked.language());
                        // Where standard error is gone, there is nobody to be told.
                        drop(bar.aside(|| writeln!(errors.borrow_mut(), "{DIM}{words}{DIM:#}")));
                    }
                }
            }
            own.set(PARTS);
            let account = account.as_ref().filter(|_| whole)?;
            range.looked_up(account, region)
        }
    }))
    .await;
    let mut scanned = scan.finish().map_err(scan_failed)?;
    for history in histories.into_iter().flatten() {
        scanned.tally().looked_up(history);
    }
    bar.end();
    let mut question = asked.question();
    // Nothing was asked but these Regions, and no log file is missing of any.
    question.scope.regions.clear();
    let mut audit = scanned.conclude(&question).map_err(scan_failed)?;
    audit.asked.clone_from(&asked.scope);
    Ok(audit)
}

/// Puts the records of a page together as a log file has them; each is JSON already.
fn log_file(records: &[String]) -> Vec<u8> {
    format!("{{\"Records\":[{}]}}", records.join(",")).into_bytes()
}

/// Reads the time of a record.
fn time(record: &str) -> Option<i64> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Timed {
        event_time: Timestamp,
    }
    let timed: Timed = serde_json::from_str(record).ok()?;
    Some(timed.event_time.as_second())
}

/// Says how long it will take.
fn takes(region: &Region, seconds: i64, language: Language) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    match (language, minutes) {
        (Language::En, 0) => format!("{region} takes about {seconds} seconds: CloudTrail answers two calls a second"),
        (Language::En, _) => {
            format!(
                "{region} takes about {minutes} min {seconds} s: CloudTrail answers two calls a second, 50 events each"
            )
        }
        (Language::Ja, 0) => format!("{region}: 約 {seconds} 秒かかります（CloudTrail の上限は 1 秒に 2 回）"),
        (Language::Ja, _) => {
            format!("{region}: 約 {minutes} 分 {seconds} 秒かかります（CloudTrail の上限は 1 秒に 2 回、1 回 50 件）")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: Range = Range {
        from: 1_790_000_000,
        to: 1_790_604_800,
    };

    #[test]
    fn a_week_is_read_from_its_end() {
        assert_eq!(WEEK.read_back_to(WEEK.to), 0);
        assert_eq!(WEEK.read_back_to(WEEK.to - 302_400), 500);
        assert_eq!((WEEK.read_back_to(WEEK.from), WEEK.read_back_to(0)), (PARTS, PARTS));
    }

    /// Fifty events an hour are 168 pages a week, two of them a second.
    #[test]
    fn it_is_said_how_long_it_takes() {
        let seconds = WEEK.takes(WEEK.to - 3600);
        assert_eq!(seconds, 84);
        let tokyo: Region = "ap-northeast-1".parse().unwrap();
        assert!(takes(&tokyo, seconds, Language::En).starts_with("ap-northeast-1 takes about 1 min 24 s"));
        assert!(takes(&tokyo, seconds, Language::Ja).starts_with("ap-northeast-1: 約 1 分 24 秒"));
        // All of it on one page, and events of one second alone.
        assert_eq!(WEEK.takes(WEEK.from), 0);
        assert_eq!(WEEK.takes(WEEK.to), 302_400);
    }

    #[test]
    fn pages_are_log_files() {
        let records = [r#"{"eventTime":"2026-10-01T00:00:07Z"}"#.to_owned(), "{}".to_owned()];
        let file: serde_json::Value = serde_json::from_slice(&log_file(&records)).unwrap();
        assert_eq!(file["Records"].as_array().unwrap().len(), 2);
        assert_eq!(time(&records[0]), Some(1_790_812_807));
        assert_eq!(time(&records[1]), None);
    }
}
