//! The function as Lambda sees it: a batch of findings, or the hourly request for a review.

use std::io;

use crisguard_lambda::{
    batch::{BatchResponse, messages},
    metrics::Counts,
    policy_in_force::{PolicyInForce, PolicyNotUsable, REREAD_AFTER, ReadPolicy, Renewal, Scope},
    report::{Report, chain},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{
    Outcome, Ports, WayOut,
    config::Config,
    ports::{Announce, Publish, Recall, Remember},
    review::{Reviewed, review},
    rules::Rules,
    run,
    texts::Texts,
};

/// The metrics of this function. `Received` is the sum of the five exits that follow it.
pub mod metric {
    pub use crisguard_lambda::metrics::POLICY_REJECTED;

    /// Messages received.
    pub const RECEIVED: &str = "Received";
    /// Messages of which something was new.
    pub const COUNTED: &str = "Counted";
    /// Messages of which all was known before.
    pub const DUPLICATE: &str = "Duplicate";
    /// Canaries that came through.
    pub const CANARY_ARRIVED: &str = "CanaryArrived";
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
    /// Findings that people were reminded of.
    pub const REMINDED: &str = "Reminded";
    /// Findings that were closed.
    pub const CLOSED: &str = "Closed";
    /// Transitions that machines took.
    pub const ANNOUNCED: &str = "Announced";
    /// Findings that the policy mutes, each time that people would have been told.
    pub const MUTED: &str = "Muted";
    /// Regions of accounts whose canaries stopped coming.
    pub const CANARY_LATE: &str = "CanaryLate";
    /// Reviews that came to their end: without them reminders, digests and late canaries are silent.
    pub const REVIEWS: &str = "Reviews";
    /// Subjects that a review had no time for.
    pub const LEFT: &str = "Left";
    /// Every metric.
    pub const ALL: [&str; 17] = [
        RECEIVED,
        COUNTED,
        DUPLICATE,
        CANARY_ARRIVED,
        REJECTED,
        RETRIED,
        ALERTS_PUBLISHED,
        DIGESTED,
        DIGESTS_PUBLISHED,
        REMINDED,
        CLOSED,
        ANNOUNCED,
        MUTED,
        CANARY_LATE,
        REVIEWS,
        LEFT,
        POLICY_REJECTED,
    ];
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a batch: the messages to deliver again.
    Batch(BatchResponse),
    /// To the hourly request: what the review did.
    Review(Reviewed),
}

/// Subjects could not be reviewed; the log says why.
#[derive(Debug, thiserror::Error)]
#[error("{failed} subjects could not be reviewed; the rest of the review is done")]
struct Incomplete {
    failed: usize,
}

/// The schedule's request, `{"crisguard": "review"}`.
#[derive(Deserialize)]
struct Request {
    crisguard: Command,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Command {
    Review,
}

/// The function with what it keeps between invocations.
#[derive(Debug)]
pub struct SendAlerts<Memory, Topic, Machines, Store> {
    function_name: String,
    ports: Ports<Memory, Topic, Machines>,
    store: Store,
    scope: Scope,
    policy: Mutex<Option<InForce>>,
}

/// The policy, or that there was none when it was last asked for.
#[derive(Debug)]
struct InForce {
    policy: Result<PolicyInForce, Timestamp>,
    rules: Rules,
}

impl<Memory: Recall + Remember, Topic: Publish, Machines: Announce, Store: ReadPolicy>
    SendAlerts<Memory, Topic, Machines, Store>
{
    /// Reads the texts. The policy is read by the first event.
    ///
    /// # Errors
    ///
    /// Fails if a template is wrong.
    pub fn start(
        config: Config,
        memory: Memory,
        topic: Topic,
        machines: Machines,
        store: Store,
    ) -> Result<Self, Report> {
        let texts = Texts::new().map_err(|error| Report::of("Texts", &error))?;
        Ok(Self {
            function_name: config.common.function_name,
            ports: Ports {
                home: config.common.policy.scope.account.clone(),
                memory,
                topic,
                machines,
                texts,
            },
            store,
            scope: config.common.policy.scope,
            policy: Mutex::new(None),
        })
    }

    /// Handles one event, and writes its metrics to `out`.
    ///
    /// # Errors
    ///
    /// Fails, and with it the whole event, if it is neither a batch whose messages can be failed
    /// one by one nor the request for a review, or if the review cannot be finished.
    pub async fn handle(&self, event: &str, now: Timestamp, out: impl io::Write) -> Result<Answer, Report> {
        let mut counts = Counts::of(&metric::ALL);
        let mut policy = self.policy.lock().await;
        let (in_force, rejected) = self.renewed(policy.take(), now).await;
        if let Some(error) = rejected {
            counts.add(metric::POLICY_REJECTED, 1);
            let error = chain(&error);
            let kept = in_force.policy.is_ok();
            tracing::error!(
                error,
                kept,
                "the policy is rejected; without one, everything is told in English"
            );
        }
        let rules = &policy.insert(in_force).rules;
        let answer = match serde_json::from_str(event) {
            Ok(Request {
                crisguard: Command::Review,
            }) => self.review(rules, now, &mut counts).await,
            Err(_) => self.batch(event, rules, now, &mut counts).await,
        };
        counts.write(&self.function_name, now, out);
        answer
    }

    /// Reads the policy if it is time to. Alerts do not wait for a policy that cannot be read:
    /// what is in force stays, and if nothing is, nothing is held back.
    async fn renewed(&self, before: Option<InForce>, now: Timestamp) -> (InForce, Option<PolicyNotUsable>) {
        let (policy, rejected) = match before.map(|before| (before.policy, before.rules)) {
            Some((Ok(mut policy), rules)) => match policy.renew(&self.store, now).await {
                Renewal::Kept => {
                    return (
                        InForce {
                            policy: Ok(policy),
                            rules,
                        },
                        None,
                    );
                }
                Renewal::Replaced => (Ok(policy), None),
                Renewal::Rejected(error) => (Ok(policy), Some(error)),
            },
            Some((Err(asked_at), rules)) if now.duration_since(asked_at) < REREAD_AFTER => {
                let policy = Err(asked_at);
                return (InForce { policy, rules }, None);
            }
            None | Some((Err(_), _)) => match PolicyInForce::read(&self.store, self.scope.clone(), now).await {
                Ok(policy) => (Ok(policy), None),
                Err(error) => (Err(now), Some(error)),
            },
        };
        let rules = Rules::of(policy.as_ref().ok().map(PolicyInForce::document));
        (InForce { policy, rules }, rejected)
    }

    async fn review(&self, rules: &Rules, now: Timestamp, counts: &mut Counts) -> Result<Answer, Report> {
        let (reviewed, unfinished) = match review(&self.ports, rules, now).await {
            Ok(reviewed) => (reviewed, None),
            Err(unfinished) => (unfinished.done, Some(unfinished.source)),
        };
        let digests = usize::from(reviewed.digested > 0 || reviewed.expired_exceptions > 0);
        counts.add(metric::DIGESTED, reviewed.digested);
        counts.add(metric::DIGESTS_PUBLISHED, digests);
        counts.add(metric::ALERTS_PUBLISHED, reviewed.published);
        counts.add(metric::REMINDED, reviewed.reminded);
        counts.add(metric::CLOSED, reviewed.closed);
        counts.add(metric::ANNOUNCED, reviewed.announced);
        counts.add(metric::MUTED, reviewed.muted);
        counts.add(metric::CANARY_LATE, reviewed.late_canaries.len());
        counts.add(metric::REVIEWS, usize::from(unfinished.is_none()));
        counts.add(metric::LEFT, reviewed.left);
        match (unfinished, reviewed.failed) {
            (Some(error), _) => Err(Report::of("Review", &error)),
            (None, 0) => Ok(Answer::Review(reviewed)),
            (None, failed) => Err(Report::of("Review", &Incomplete { failed })),
        }
    }

    async fn batch(&self, event: &str, rules: &Rules, now: Timestamp, counts: &mut Counts) -> Result<Answer, Report> {
        let messages = messages(event).map_err(|error| Report::of("Batch", &error))?;
        counts.add(metric::RECEIVED, messages.len());
        let Outcome {
            exits,
            alerts_published,
            announced,
            muted,
        } = run(&self.ports, rules, messages, now).await;
        counts.add(metric::ALERTS_PUBLISHED, alerts_published);
        counts.add(metric::ANNOUNCED, announced);
        counts.add(metric::MUTED, muted);
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
        WayOut::Canary => metric::CANARY_ARRIVED,
        WayOut::Rejected => metric::REJECTED,
        WayOut::Retried => metric::RETRIED,
    }
}
