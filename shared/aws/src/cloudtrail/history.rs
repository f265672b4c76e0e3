//! What CloudTrail has recorded of the last 90 days, without any trail: a Region's management events.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_smithy_async::{
    rt::sleep::{AsyncSleep as _, SharedAsyncSleep},
    time::SharedTimeSource,
};
use serde::{Deserialize, Serialize};

use super::Trails;
use crate::{Failure, signed::json};

const LOOKUP: &str = "cloudtrail:LookupEvents";
/// How many events CloudTrail puts on a page, at most.
const EVENTS_ON_A_PAGE: u32 = 50;
/// How long after one call the next may be made: CloudTrail answers two a second in an account and Region
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>).
pub const PACE: Duration = Duration::from_millis(500);

/// The events of one service in one Region, newest first, a page at a time.
#[derive(Debug)]
pub struct History<'a> {
    trails: &'a Trails,
    pace: Pace,
    source: String,
    from: i64,
    to: i64,
    next: Next,
}

#[derive(Clone, Debug)]
enum Next {
    First,
    Page(String),
    Nothing,
}

/// Lets one call be made after another.
#[derive(Debug)]
struct Pace {
    time: SharedTimeSource,
    sleep: Option<SharedAsyncSleep>,
    called: Option<SystemTime>,
}

impl Pace {
    fn of(configuration: &SdkConfig) -> Self {
        Self {
            time: configuration.time_source().unwrap_or_default(),
            sleep: configuration.sleep_impl(),
            called: None,
        }
    }

    async fn wait(&mut self) {
        let now = self.time.now();
        let since = self.called.map(|called| now.duration_since(called).unwrap_or_default());
        let left = since
            .map(|since| PACE.saturating_sub(since))
            .filter(|left| !left.is_zero());
        if let (Some(sleep), Some(left)) = (&self.sleep, left) {
            sleep.sleep(left).await;
        }
        self.called = Some(self.time.now());
    }
}

impl Trails {
    /// Looks up the events of a service (its `eventSource`) from one second to another, both of them included, as
    /// seconds since 1970. Nothing is asked yet.
    #[must_use]
    pub fn history(&self, source: &str, from: i64, to: i64) -> History<'_> {
        History {
            trails: self,
            pace: Pace::of(&self.configuration),
            source: source.to_owned(),
            from,
            to,
            next: Next::First,
        }
    }
}

impl History<'_> {
    /// Returns the records of the next page, each as the JSON that a log file has; `None` after the last. It waits as
    /// long as CloudTrail wants between two calls. What failed can be asked for again.
    ///
    /// # Errors
    ///
    /// Fails if CloudTrail refuses, cannot be reached, or lists an event without its record.
    pub async fn page(&mut self) -> Result<Option<Vec<String>>, Failure> {
        let token = match &self.next {
            Next::First => None,
            Next::Page(token) => Some(token.as_str()),
            Next::Nothing => return Ok(None),
        };
        let question = Question {
            end_time: self.to,
            lookup_attributes: [Attribute {
                attribute_key: "EventSource",
                attribute_value: &self.source,
            }],
            max_results: EVENTS_ON_A_PAGE,
            next_token: token,
            start_time: self.from,
        };
        self.pace.wait().await;
        let answer: Answer = self.trails.json.ask(LOOKUP, &self.trails.region, &question).await?;
        let next = answer.next_token.filter(|token| !token.is_empty());
        self.next = next.map_or(Next::Nothing, Next::Page);
        Ok(Some(answer.events.into_iter().map(|event| event.record).collect()))
    }

    /// Tells whether CloudTrail has said that there is more.
    #[must_use]
    pub const fn goes_on(&self) -> bool {
        matches!(self.next, Next::Page(_))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Question<'a> {
    end_time: i64,
    lookup_attributes: [Attribute<'a>; 1],
    max_results: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<&'a str>,
    start_time: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    attribute_key: &'static str,
    attribute_value: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default, deserialize_with = "json::list")]
    events: Vec<Event>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "CloudTrailEvent")]
    record: String,
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::rt::sleep::TokioSleep;
    use aws_smithy_async::time::TimeSource;
    use tokio::time::Instant;

    use super::*;
    use crate::replay::{Replay, Reply, ok};

    const SOURCE: &str = "bedrock.amazonaws.com";

    /// A clock that goes as tests let time pass.
    #[derive(Debug)]
    struct Paused(Instant);

    impl TimeSource for Paused {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000) + self.0.elapsed()
        }
    }

    fn trails(replies: impl IntoIterator<Item = Reply>) -> (Replay, Trails) {
        let replay = Replay::new(replies);
        let configuration = replay.configuration().to_builder();
        let configuration = configuration
            .time_source(Paused(Instant::now()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .build();
        (replay, Trails::new(&configuration, "eu-west-1"))
    }

    fn page(records: &[&str], next: Option<&str>) -> Reply {
        let events: Vec<_> = records
            .iter()
            .map(|record| serde_json::json!({"EventId": "e", "CloudTrailEvent": record}))
            .collect();
        ok(serde_json::json!({"Events": events, "NextToken": next}).to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn pages_are_read_two_a_second_until_the_last() {
        let (replay, trails) = trails([page(&["{}", "[]"], Some("t")), page(&[], Some("u")), page(&["1"], None)]);
        let begun = Instant::now();
        let mut history = trails.history(SOURCE, 1_790_000_000, 1_790_000_600);
        let mut pages = Vec::new();
        let mut more = Vec::new();
        while let Some(page) = history.page().await.unwrap() {
            pages.push(page);
            more.push(history.goes_on());
        }
        assert_eq!(pages, [vec!["{}", "[]"], vec![], vec!["1"]]);
        assert_eq!(more, [true, true, false]);
        assert_eq!(history.page().await.unwrap(), None);
        assert_eq!(begun.elapsed(), 2 * PACE);
        let asked = r#"{"EndTime":1790000600,"LookupAttributes":[{"AttributeKey":"EventSource","AttributeValue":"bedrock.amazonaws.com"}],"MaxResults":50,"StartTime":1790000000}"#;
        let with = |token: &str| asked.replace(r#","StartTime""#, &format!(r#","NextToken":"{token}","StartTime""#));
        assert_eq!(replay.bodies(), [asked.to_owned(), with("t"), with("u")]);
        assert_eq!(
            replay.headers("x-amz-target")[0],
            "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_took_its_time_is_followed_at_once() {
        let (_, trails) = trails([page(&[], Some("t")), page(&[], None)]);
        let mut history = trails.history(SOURCE, 0, 1);
        history.page().await.unwrap();
        tokio::time::sleep(2 * PACE).await;
        let begun = Instant::now();
        history.page().await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_throttled_is_asked_again_and_loses_no_page() {
        let throttled = || Reply::new(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
        let three = [throttled(), throttled(), throttled()];
        let (replay, trails) = trails(
            [page(&["1"], Some("t")), throttled(), page(&["2"], Some("u"))]
                .into_iter()
                .chain(three)
                .chain([page(&["3"], None)]),
        );
        let mut history = trails.history(SOURCE, 0, 1);
        assert_eq!(history.page().await.unwrap().unwrap(), ["1"]);
        assert_eq!(history.page().await.unwrap().unwrap(), ["2"]);
        let failure = history.page().await.unwrap_err();
        assert_eq!(failure.disposition, crate::Disposition::MayPass);
        assert_eq!(failure.action, "cloudtrail:LookupEvents");
        assert_eq!(history.page().await.unwrap().unwrap(), ["3"]);
        assert!(replay.bodies().last().unwrap().contains(r#""NextToken":"u""#));
    }

    #[tokio::test]
    async fn an_event_without_its_record_is_not_passed_over() {
        let (_, trails) = trails([ok(r#"{"Events":[{"EventId":"e"}]}"#)]);
        let failure = trails.history(SOURCE, 0, 1).page().await.unwrap_err();
        assert!(failure.cause.contains("CloudTrailEvent"), "{failure}");
    }
}
