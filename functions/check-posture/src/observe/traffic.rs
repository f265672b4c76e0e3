//! How much Bedrock and EventBridge counted in one Region, hour by hour.

use std::collections::{BTreeMap, BTreeSet, btree_map::Range};

use crisguard_aws::{
    Failure,
    cloudwatch::{Series, Span},
};
use crisguard_core::{
    posture::{Observed, Traffic, names},
    region::Region,
};
use jiff::Timestamp;

use super::unseen;
use crate::ports::ReadMetrics;

const BEDROCK: &str = "AWS/Bedrock";
/// How many whole hours are looked at; what came after them comes on top.
const HOURS: usize = 24;
const SECONDS: i64 = 3600;
/// How long an hour must be over to be looked at: its last events come minutes later, about five on
/// an average (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>).
const ON_THEIR_WAY: i64 = 1800;
/// How many rules with compiled patterns a Region can have.
const FORWARDING: usize = 8;

/// Counts by the beginning of their hours.
type Hourly = BTreeMap<i64, u64>;

/// Reads what was counted in the last day.
pub(crate) async fn observe(
    metrics: &impl ReadMetrics,
    calls: impl Future<Output = Result<Calls, Failure>>,
    region: &Region,
    now: Timestamp,
) -> Traffic {
    let hours = Hours::before(now);
    let (calls, events) = tokio::join!(calls, events(metrics, region, &hours));
    let unseen = |failure: &Failure| Err(unseen(failure));
    let (seen_calls, seen_completions, forwarded) = match events {
        Ok(Events {
            seen_calls,
            seen_completions,
            forwarded,
        }) => (
            Ok(hours.list(&seen_calls)),
            Ok(hours.list(&seen_completions)),
            Ok(hours.list(&forwarded)),
        ),
        Err(failure) => (unseen(&failure), unseen(&failure), unseen(&failure)),
    };
    let calls: Observed<Vec<u64>> = match calls {
        Ok(calls) => Ok(hours.list(&calls.hourly())),
        Err(failure) => unseen(&failure),
    };
    Traffic {
        calls,
        seen_calls,
        seen_completions,
        forwarded,
    }
}

/// Whole hours, and the time since, in which events may still be on their way: the hour that has
/// only begun and, if that is younger than they take, the one before.
struct Hours {
    first: i64,
    last: i64,
    until: i64,
}

impl Hours {
    fn before(now: Timestamp) -> Self {
        let whole = |second: i64| second.div_euclid(SECONDS) * SECONDS;
        let last = whole(now.as_second() - ON_THEIR_WAY);
        let hours = i64::try_from(HOURS).unwrap_or(0);
        Self {
            first: last - hours * SECONDS,
            last,
            until: whole(now.as_second()) + SECONDS,
        }
    }

    fn span(&self) -> Span {
        Span {
            from: self.first,
            until: self.until,
            period: 3600,
        }
    }

    /// Lists the count of each whole hour, the oldest first, and that of the time since; an hour
    /// without data counted nothing.
    fn list(&self, counts: &Hourly) -> Vec<u64> {
        let sum = |counts: Range<'_, i64, u64>| counts.fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
        (self.first..self.last)
            .step_by(3600)
            .map(|hour| sum(counts.range(hour..hour + SECONDS)))
            .chain([sum(counts.range(self.last..))])
            .collect()
    }
}

/// The successful calls that Bedrock counted within the last day, under every set of dimensions.
#[derive(Clone, Debug)]
pub(crate) struct Calls(Vec<(Series, Hourly)>);

impl Calls {
    /// Reads them.
    pub(crate) async fn read(metrics: &impl ReadMetrics, region: &Region, now: Timestamp) -> Result<Self, Failure> {
        let series = metrics.list(region, BEDROCK, "Invocations").await?;
        if series.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let sums = metrics.sums(region, &series, Hours::before(now).span()).await?;
        let counts = sums.into_iter().map(|sums| {
            let counts = sums.into_iter().map(|(hour, sum)| (hour, whole(sum)));
            counts.collect()
        });
        Ok(Self(series.into_iter().zip(counts).collect()))
    }

    /// Tells whether any call was counted lately, in the last day or the two weeks before it: a series
    /// without data is not listed.
    pub(crate) fn were_made(&self) -> bool {
        !self.0.is_empty()
    }

    /// Returns the models and profiles that were called within the day, as the dimension names them.
    pub(crate) fn called(&self) -> BTreeSet<String> {
        self.0
            .iter()
            .filter(|(_, counts)| counts.values().any(|calls| *calls > 0))
            .filter_map(|(series, _)| series.dimensions.get("ModelId").cloned())
            .collect()
    }

    /// Counts the calls of each hour.
    ///
    /// The same calls are counted under several sets of dimensions: by model, by service tier, over
    /// all models. Each set counts a call once, and none is promised to be complete, so in each hour
    /// the largest is what was called
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-runtime-metrics.html>).
    fn hourly(&self) -> Hourly {
        let mut sets: BTreeMap<Vec<&String>, Hourly> = BTreeMap::new();
        for (series, more) in &self.0 {
            let counts = sets.entry(series.dimensions.keys().collect()).or_default();
            for (hour, calls) in more {
                let count = counts.entry(*hour).or_insert(0);
                *count = count.saturating_add(*calls);
            }
        }
        sets.into_values().fold(Hourly::new(), larger)
    }
}

/// What the rules matched.
struct Events {
    seen_calls: Hourly,
    seen_completions: Hourly,
    forwarded: Hourly,
}

/// Counts the events that the rules matched.
///
/// `TriggeredRules` and, in newer documentation, `MatchedEvents` are counted for each rule. A rule that
/// counts has no target, so both are read of it, and either will do. Metrics with the one dimension
/// `RuleName` are those of the default bus
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html>).
async fn events(metrics: &impl ReadMetrics, region: &Region, hours: &Hours) -> Result<Events, Failure> {
    const EITHER: [&str; 2] = ["MatchedEvents", "TriggeredRules"];
    let counting = [names::SEEN_CALLS, names::SEEN_COMPLETIONS];
    let mut series: Vec<Series> = counting
        .iter()
        .flat_map(|rule| EITHER.map(|metric| of_rule(metric, rule)))
        .collect();
    series.extend((1..=FORWARDING).map(|number| of_rule("TriggeredRules", &names::forward(number))));
    series.push(of_rule("TriggeredRules", names::FORWARD_ALL));

    let sums = metrics.sums(region, &series, hours.span()).await?;
    let mut events = Events {
        seen_calls: Hourly::new(),
        seen_completions: Hourly::new(),
        forwarded: Hourly::new(),
    };
    for (series, sums) in series.iter().zip(sums) {
        let counts: Hourly = sums.into_iter().map(|(hour, sum)| (hour, whole(sum))).collect();
        let rule = series.dimensions.get("RuleName").map(String::as_str);
        let known = match rule {
            Some(names::SEEN_CALLS) => &mut events.seen_calls,
            Some(names::SEEN_COMPLETIONS) => &mut events.seen_completions,
            _ => &mut events.forwarded,
        };
        *known = larger(std::mem::take(known), counts);
    }
    Ok(events)
}

/// Returns a metric of Bedrock over all models.
pub(super) fn of_bedrock(metric: &str) -> Series {
    Series {
        namespace: BEDROCK.to_owned(),
        metric: metric.to_owned(),
        dimensions: BTreeMap::new(),
    }
}

fn of_rule(metric: &str, rule: &str) -> Series {
    Series {
        namespace: "AWS/Events".to_owned(),
        metric: metric.to_owned(),
        dimensions: BTreeMap::from([("RuleName".to_owned(), rule.to_owned())]),
    }
}

/// Keeps the larger count of each hour.
fn larger(mut counts: Hourly, others: Hourly) -> Hourly {
    for (hour, other) in others {
        let count = counts.entry(hour).or_insert(0);
        *count = other.max(*count);
    }
    counts
}

/// Takes a sum of counts as the whole number that it is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and a negative or absent number counts nothing"
)]
pub(super) fn whole(sum: f64) -> u64 {
    sum.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calls of the last minutes of an hour and their events, looked at soon after and later.
    #[test]
    fn an_hour_is_looked_at_once_its_events_must_have_come() {
        let nine = "2026-11-22T09:00:00Z".parse::<Timestamp>().unwrap().as_second();
        let counts = Hourly::from([(nine - 3600, 1), (nine, 5), (nine + 3600, 2)]);
        for (now, last_three) in [
            ("2026-11-22T10:02:00Z", [0, 1, 7]),
            ("2026-11-22T10:29:59Z", [0, 1, 7]),
            ("2026-11-22T10:30:00Z", [1, 5, 2]),
        ] {
            let hours = Hours::before(now.parse().unwrap());
            let listed = hours.list(&counts);
            assert_eq!(listed.len(), HOURS + 1);
            assert_eq!(listed[HOURS - 2..], last_three, "{now}");
            assert_eq!(hours.span().until, nine + 2 * 3600, "what is there by now is read");
        }
    }

    #[test]
    fn what_was_counted_within_an_hour_counts_whenever_it_was() {
        let ten = "2026-11-22T10:00:00Z".parse::<Timestamp>().unwrap().as_second();
        let counts = Hourly::from([(ten - 3600, 1), (ten - 3540, 2), (ten - 1, 4), (ten, 8)]);
        let listed = Hours::before("2026-11-22T10:45:00Z".parse().unwrap()).list(&counts);
        assert_eq!(listed[HOURS - 1..], [7, 8]);
    }
}
