//! Amazon CloudWatch: sums of metrics of one Region, hour by hour.

use std::collections::BTreeMap;

use aws_config::{Region, SdkConfig};
use aws_sdk_cloudwatch::{
    Client, config,
    primitives::DateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode},
};

use crate::{Disposition, Failure, pages::every_page, signed};

const LIST: &str = "cloudwatch:ListMetrics";
const READ: &str = "cloudwatch:GetMetricData";
/// The most metrics in one request
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>).
const LARGEST_REQUEST: usize = 500;

/// One metric with its dimensions, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The namespace, such as `AWS/Events`.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// The dimensions' values by their names.
    pub dimensions: BTreeMap<String, String>,
}

/// A span of time in whole periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning, in seconds since 1970.
    pub from: i64,
    /// Its end, in seconds since 1970.
    pub until: i64,
    /// The length of a period, in seconds: a multiple of 60.
    pub period: i32,
}

/// CloudWatch in one Region.
#[derive(Clone, Debug)]
pub struct Metrics {
    client: Client,
    region: String,
}

impl Metrics {
    /// Names a Region.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let there = config::Builder::from(configuration)
            .region(Region::new(region.to_owned()))
            .retry_partition(signed::partition("CloudWatch", region, configuration));
        Self {
            client: Client::from_conf(there.build()),
            region: region.to_owned(),
        }
    }

    /// Lists the series of a metric that have had data in the last two weeks
    /// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html>).
    ///
    /// # Errors
    ///
    /// Fails if CloudWatch refuses or cannot be reached.
    pub async fn list(&self, namespace: &str, metric: &str) -> Result<Vec<Series>, Failure> {
        every_page(LIST, &self.region, async |next| {
            let request = self.client.list_metrics().namespace(namespace).metric_name(metric);
            let page = request.set_next_token(next).send().await;
            let page = page.map_err(|error| Failure::of(LIST, &self.region, &error))?;
            let listed = page.metrics().iter().map(|found| Series {
                namespace: namespace.to_owned(),
                metric: metric.to_owned(),
                dimensions: found
                    .dimensions()
                    .iter()
                    .filter_map(|dimension| Some((dimension.name()?.to_owned(), dimension.value()?.to_owned())))
                    .collect(),
            });
            Ok((listed.collect(), page.next_token))
        })
        .await
    }

    /// Reads the sum of each series in each period that has data, by the period's beginning.
    ///
    /// # Errors
    ///
    /// Fails if CloudWatch refuses, cannot be reached, or answers for a series only in part.
    pub async fn sums(&self, series: &[Series], span: Span) -> Result<Vec<BTreeMap<i64, f64>>, Failure> {
        let mut sums = Vec::new();
        for some in series.chunks(LARGEST_REQUEST) {
            sums.extend(self.some_sums(some, span).await?);
        }
        Ok(sums)
    }

    async fn some_sums(&self, series: &[Series], span: Span) -> Result<Vec<BTreeMap<i64, f64>>, Failure> {
        let queries = series
            .iter()
            .zip(0..)
            .map(|(series, number)| query(series, number, span.period));
        let queries: Vec<_> = queries.collect();
        let pages = every_page(READ, &self.region, async |next| {
            let request = self.client.get_metric_data().set_next_token(next);
            let request = request
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(DateTime::from_secs(span.from))
                .end_time(DateTime::from_secs(span.until));
            let page = request.send().await;
            let mut page = page.map_err(|error| Failure::of(READ, &self.region, &error))?;
            let next = page.next_token.take();
            Ok((vec![page], next))
        });
        let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
        for page in pages.await? {
            if let Some(message) = page.messages().first() {
                return Err(self.partial(message.value().unwrap_or("a message without a text")));
            }
            for result in page.metric_data_results() {
                // What is paired wrongly or left out would count as nothing.
                if result.timestamps().len() != result.values().len() {
                    return Err(self.partial("a metric was answered with other times than values"));
                }
                let answer = answers.entry(result.id().unwrap_or("").to_owned()).or_default();
                answer.add(result);
            }
        }
        (0..series.len())
            .map(|number| match answers.remove(&id(number)) {
                Some(answer) if answer.complete => Ok(answer.sums),
                Some(_) => Err(self.partial("a metric was answered in part only")),
                None => Err(self.partial("the answer does not mention a metric")),
            })
            .collect()
    }

    fn partial(&self, cause: &str) -> Failure {
        Failure {
            action: READ,
            resource: self.region.clone(),
            cause: cause.to_owned(),
            disposition: Disposition::MayPass,
        }
    }
}

/// What the pages of an answer say about one series; the last of them says whether that is all.
#[derive(Debug, Default)]
struct Answer {
    sums: BTreeMap<i64, f64>,
    complete: bool,
}

impl Answer {
    fn add(&mut self, result: &MetricDataResult) {
        let times = result.timestamps().iter().map(DateTime::secs);
        self.sums.extend(times.zip(result.values().iter().copied()));
        self.complete = result.status_code() == Some(&StatusCode::Complete);
    }
}

fn id(number: usize) -> String {
    format!("m{number}")
}

fn query(series: &Series, number: usize, period: i32) -> MetricDataQuery {
    let dimensions = series
        .dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build());
    let metric = Metric::builder()
        .namespace(&series.namespace)
        .metric_name(&series.metric)
        .set_dimensions(Some(dimensions.collect()))
        .build();
    let stat = MetricStat::builder().metric(metric).period(period).stat("Sum").build();
    MetricDataQuery::builder().id(id(number)).metric_stat(stat).build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::{
        operation::{get_metric_data::GetMetricDataOutput, list_metrics::ListMetricsOutput},
        types::MessageData,
    };
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    use super::*;

    const SPAN: Span = Span {
        from: 0,
        until: 7200,
        period: 3600,
    };

    fn metrics(mocks: &[&Rule]) -> Metrics {
        Metrics {
            client: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, mocks),
            region: "eu-west-1".to_owned(),
        }
    }

    fn series(rule: &str) -> Series {
        Series {
            namespace: "AWS/Events".to_owned(),
            metric: "MatchedEvents".to_owned(),
            dimensions: BTreeMap::from([("RuleName".to_owned(), rule.to_owned())]),
        }
    }

    fn result(id: &str, status: StatusCode, points: &[(i64, f64)]) -> MetricDataResult {
        MetricDataResult::builder()
            .id(id)
            .status_code(status)
            .set_timestamps(Some(
                points.iter().map(|(time, _)| DateTime::from_secs(*time)).collect(),
            ))
            .set_values(Some(points.iter().map(|(_, value)| *value).collect()))
            .build()
    }

    #[tokio::test]
    async fn lists_a_metric_with_its_dimensions() {
        let listed = mock!(Client::list_metrics)
            .match_requests(|request| request.namespace() == Some("AWS/Bedrock"))
            .then_output(|| {
                let model = Dimension::builder().name("ModelId").value("m").build();
                ListMetricsOutput::builder()
                    .metrics(Metric::builder().metric_name("Invocations").build())
                    .metrics(Metric::builder().metric_name("Invocations").dimensions(model).build())
                    .build()
            });
        let listed = metrics(&[&listed]).list("AWS/Bedrock", "Invocations").await.unwrap();
        let dimensions: Vec<usize> = listed.iter().map(|series| series.dimensions.len()).collect();
        assert_eq!(dimensions, [0, 1]);
    }

    #[tokio::test]
    async fn pages_are_put_together_in_the_order_of_the_series() {
        let first = mock!(Client::get_metric_data)
            .match_requests(|request| {
                request.next_token().is_none()
                    && request.metric_data_queries().len() == 2
                    && request.start_time().map(DateTime::secs) == Some(0)
            })
            .then_output(|| {
                GetMetricDataOutput::builder()
                    .metric_data_results(result("m1", StatusCode::Complete, &[(0, 5.0)]))
                    .metric_data_results(result("m0", StatusCode::PartialData, &[(0, 1.0)]))
                    .next_token("2")
                    .build()
            });
        let second = mock!(Client::get_metric_data)
            .match_requests(|request| request.next_token() == Some("2"))
            .then_output(|| {
                GetMetricDataOutput::builder()
                    .metric_data_results(result("m0", StatusCode::Complete, &[(3600, 2.0)]))
                    .build()
            });
        let sums = metrics(&[&first, &second])
            .sums(&[series("a"), series("b")], SPAN)
            .await
            .unwrap();
        assert_eq!(
            sums,
            [BTreeMap::from([(0, 1.0), (3600, 2.0)]), BTreeMap::from([(0, 5.0)])]
        );
    }

    #[tokio::test]
    async fn what_is_answered_in_part_is_not_an_answer() {
        let answers = [
            GetMetricDataOutput::builder()
                .metric_data_results(result("m0", StatusCode::InternalError, &[]))
                .build(),
            GetMetricDataOutput::builder().build(),
            GetMetricDataOutput::builder()
                .metric_data_results(result("m0", StatusCode::Complete, &[]))
                .messages(MessageData::builder().value("too many").build())
                .build(),
            GetMetricDataOutput::builder()
                .metric_data_results(
                    MetricDataResult::builder()
                        .id("m0")
                        .status_code(StatusCode::Complete)
                        .timestamps(DateTime::from_secs(0))
                        .build(),
                )
                .build(),
        ];
        let mut causes = Vec::new();
        for answer in answers {
            let mock = mock!(Client::get_metric_data).then_output(move || answer.clone());
            causes.push(metrics(&[&mock]).sums(&[series("a")], SPAN).await.unwrap_err().cause);
        }
        assert_eq!(
            causes,
            [
                "a metric was answered in part only",
                "the answer does not mention a metric",
                "too many",
                "a metric was answered with other times than values"
            ]
        );
    }

    #[tokio::test]
    async fn nothing_is_asked_for_no_series() {
        assert_eq!(
            metrics(&[]).sums(&[], SPAN).await.unwrap(),
            [] as [BTreeMap<i64, f64>; 0]
        );
    }
}
