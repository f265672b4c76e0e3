//! The function as Lambda sees it: a batch of findings, or the hourly request for the digest.

use std::io;

use crisguard_lambda::{
    batch::{BatchResponse, messages},
    metrics::Counts,
    report::Report,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Outcome, Ports, WayOut,
    config::Config,
    digest,
    ports::{Publish, Recall, Remember},
    run,
    texts::Texts,
};

/// The metrics of this function. `Received` is the sum of the four exits that follow it.
pub mod metric {
    /// Messages received.
    pub const RECEIVED: &str = "Received";
    /// Messages of which at least one invocation was counted.
    pub const COUNTED: &str = "Counted";
    /// Messages whose invocations had all been counted before.
    pub const DUPLICATE: &str = "Duplicate";
    /// Messages that are no findings.
    pub const REJECTED: &str = "Rejected";
    /// Messages that could not be counted or told, and are delivered again.
    pub const RETRIED: &str = "Retried";
    /// Alerts that the topic took.
    pub const ALERTS_PUBLISHED: &str = "AlertsPublished";
    /// Findings told in digests.
    pub const DIGESTED: &str = "Digested";
    /// Digests that the topic took.
    pub const DIGESTS_PUBLISHED: &str = "DigestsPublished";
    /// Every metric.
    pub const ALL: [&str; 8] = [
        RECEIVED,
        COUNTED,
        DUPLICATE,
        REJECTED,
        RETRIED,
        ALERTS_PUBLISHED,
        DIGESTED,
        DIGESTS_PUBLISHED,
    ];
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a batch: the messages to deliver again.
    Batch(BatchResponse),
    /// To the hourly request: how many findings were told.
    Digest {
        /// How many findings were told.
        digested: usize,
    },
}

/// The schedule's request, `{"crisguard": "digest"}`.
#[derive(Deserialize)]
struct Request {
    crisguard: Command,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Command {
    Digest,
}

/// The function with what it keeps between invocations.
#[derive(Debug)]
pub struct SendAlerts<Memory, Topic> {
    function_name: String,
    ports: Ports<Memory, Topic>,
}

impl<Memory: Recall + Remember, Topic: Publish> SendAlerts<Memory, Topic> {
    /// Reads the texts.
    ///
    /// # Errors
    ///
    /// Fails if a template is wrong.
    pub fn start(config: Config, memory: Memory, topic: Topic) -> Result<Self, Report> {
        let texts = Texts::english().map_err(|error| Report::of("Texts", &error))?;
        Ok(Self {
            function_name: config.function_name,
            ports: Ports { memory, topic, texts },
        })
    }

    /// Handles one event, and writes its metrics to `out`.
    ///
    /// # Errors
    ///
    /// Fails, and with it the whole event, if it is neither a batch whose messages can be failed
    /// one by one nor the request for a digest, or if the digest cannot be published.
    pub async fn handle(&self, event: &str, now: Timestamp, out: impl io::Write) -> Result<Answer, Report> {
        let mut counts = Counts::of(&metric::ALL);
        let answer = match serde_json::from_str(event) {
            Ok(Request {
                crisguard: Command::Digest,
            }) => self.digest(&mut counts).await,
            Err(_) => self.batch(event, now, &mut counts).await,
        };
        if let Err(error) = counts.write(&self.function_name, now, out) {
            tracing::error!(%error, "the metrics could not be written");
        }
        answer
    }

    async fn digest(&self, counts: &mut Counts) -> Result<Answer, Report> {
        let digested = digest::publish(&self.ports)
            .await
            .map_err(|error| Report::of("Digest", &error))?;
        counts.add(metric::DIGESTED, digested);
        counts.add(metric::DIGESTS_PUBLISHED, usize::from(digested > 0));
        Ok(Answer::Digest { digested })
    }

    async fn batch(&self, event: &str, now: Timestamp, counts: &mut Counts) -> Result<Answer, Report> {
        let messages = messages(event).map_err(|error| Report::of("Batch", &error))?;
        counts.add(metric::RECEIVED, messages.len());
        let Outcome {
            exits,
            alerts_published,
        } = run(&self.ports, messages, now).await;
        counts.add(metric::ALERTS_PUBLISHED, alerts_published);
        for (_, way_out) in &exits {
            counts.add(name(*way_out), 1);
        }
        let failed = exits
            .into_iter()
            .filter(|(_, way_out)| way_out.fails())
            .map(|(id, _)| id);
        Ok(Answer::Batch(BatchResponse::failing(failed)))
    }
}

/// Returns the metric that counts a way out.
fn name(way_out: WayOut) -> &'static str {
    match way_out {
        WayOut::Counted => metric::COUNTED,
        WayOut::Duplicate => metric::DUPLICATE,
        WayOut::Rejected => metric::REJECTED,
        WayOut::Retried => metric::RETRIED,
    }
}
