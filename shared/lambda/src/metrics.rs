//! Counts as CloudWatch embedded metrics: one line of JSON on the standard output.
//!
//! The format is small and fixed
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>),
//! and a function needs neither histograms, nor a background queue, nor a global recorder: the
//! crates that write it bring all three, so this is written out here.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::Timestamp;
use serde::Serialize;

/// The CloudWatch namespace of every metric.
pub const NAMESPACE: &str = "crisguard";
/// Times that the policy, or a new version of it, could not be read or used.
pub const POLICY_REJECTED: &str = "PolicyRejected";

/// Counts of one invocation of a function.
///
/// Every name is given at the start and written even when its count is 0, so that an alarm on a
/// sum of metrics never meets missing data.
#[derive(Debug)]
pub struct Counts {
    counts: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// Starts every one of `names` at 0.
    #[must_use]
    pub fn of(names: &[&'static str]) -> Self {
        Self {
            counts: names.iter().map(|name| (*name, 0)).collect(),
        }
    }

    /// Adds `more` to the count called `name`.
    pub fn add(&mut self, name: &'static str, more: usize) {
        let count = self.counts.entry(name).or_insert(0);
        *count = count.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
    }

    /// Returns the count called `name`.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// Writes the counts as one line. What was done stays done if it cannot be written: the log then
    /// says so.
    pub fn write(&self, function: &str, now: Timestamp, out: impl Write) {
        self.write_under(&[("FunctionName", function)], now, out);
    }

    /// Writes the counts as one line under some dimensions, given as names and values.
    ///
    /// CloudWatch charges for each set of values by itself, in every hour in which it is written
    /// (<https://aws.amazon.com/cloudwatch/pricing/>).
    pub fn write_under(&self, dimensions: &[(&'static str, &str)], now: Timestamp, mut out: impl Write) {
        let written = self.line(dimensions, now).and_then(|line| writeln!(out, "{line}"));
        if let Err(error) = written {
            tracing::error!(%error, "the metrics could not be written");
        }
    }

    fn line(&self, dimensions: &[(&'static str, &str)], now: Timestamp) -> io::Result<String> {
        let metrics = self.counts.keys().map(|name| Metric { name, unit: "Count" }).collect();
        let directive = Directive {
            namespace: NAMESPACE,
            dimensions: [dimensions.iter().map(|(name, _)| *name).collect()],
            metrics,
        };
        let line = Line {
            aws: Metadata {
                timestamp: now.as_millisecond(),
                cloud_watch_metrics: [directive],
            },
            dimensions: dimensions.iter().copied().collect(),
            counts: &self.counts,
        };
        Ok(serde_json::to_string(&line)?)
    }
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws")]
    aws: Metadata<'a>,
    #[serde(flatten)]
    dimensions: BTreeMap<&'static str, &'a str>,
    #[serde(flatten)]
    counts: &'a BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [Vec<&'static str>; 1],
    metrics: Vec<Metric<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric<'a> {
    name: &'a str,
    unit: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_holds_every_count_even_zero() {
        let mut counts = Counts::of(&["Received", "Rejected"]);
        counts.add("Received", 2);
        let mut out = Vec::new();
        counts.write(
            "crisguard-watch-inference",
            "2026-11-22T00:00:00Z".parse().unwrap(),
            &mut out,
        );
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"{"_aws":{"Timestamp":1795305600000,"CloudWatchMetrics":[{"Namespace":"crisguard","Dimensions":[["FunctionName"]],"Metrics":[{"Name":"Received","Unit":"Count"},{"Name":"Rejected","Unit":"Count"}]}]},"FunctionName":"crisguard-watch-inference","Received":2,"Rejected":0}"#);
    }
}
