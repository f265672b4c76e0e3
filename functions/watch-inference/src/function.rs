//! The function as Lambda sees it: one event in, the messages to deliver again out.

use std::io;

use crisguard_core::{catalog::Catalogue, exit::Exit};
use crisguard_lambda::{
    batch::{BatchResponse, messages},
    findings_queue::SendFindings,
    grounds::Grounds,
    metrics::Counts,
    policy_in_force::ReadPolicy,
    report::Report,
};
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::{
    Outcome, WayOut,
    accounts::{Accounts, Keep},
    config::Config,
    run,
};

/// The metrics of this function. `Received` is the sum of the eight exits that follow it.
pub mod metric {
    pub use crisguard_lambda::metrics::POLICY_REJECTED;

    /// Messages received.
    pub const RECEIVED: &str = "Received";
    /// Canaries: synthetic records that nobody hears of.
    pub const CANARY: &str = "Canary";
    /// Messages whose findings could not be handed on, and which are delivered again.
    pub const RETRIED: &str = "Retried";
    /// Findings handed on.
    pub const FINDINGS_SENT: &str = "FindingsSent";
    /// Every metric.
    pub const ALL: [&str; 11] = [
        RECEIVED,
        "Compliant",
        "Violation",
        "Undecided",
        "NotApplicable",
        "NotBedrock",
        "Rejected",
        CANARY,
        RETRIED,
        POLICY_REJECTED,
        FINDINGS_SENT,
    ];
}

/// The function with what it keeps between invocations.
#[derive(Debug)]
pub struct WatchInference<Store, Kept: Keep, Queue> {
    function_name: String,
    pub(crate) queue: Queue,
    grounds: Grounds<Store>,
    accounts: Mutex<Accounts<Kept>>,
}

impl<Store: ReadPolicy, Kept: Keep, Queue: SendFindings> WatchInference<Store, Kept, Queue> {
    /// Reads the catalogue, the policy, and the account's own lists of profiles where there are any. What is
    /// kept of another account is read when one of its calls comes; where an account stands in its organization,
    /// when a call was denied or the policy depends on it.
    ///
    /// # Errors
    ///
    /// Fails if there is no usable policy: the function must not start then.
    pub async fn start(
        config: Config,
        policy: Store,
        kept: Kept,
        queue: Queue,
        now: Timestamp,
    ) -> Result<Self, Report> {
        let catalogue = Catalogue::embedded().map_err(|error| Report::of("Catalogue", &error))?;
        let home = config.common.policy.scope.account.clone();
        let (grounds, accounts) = tokio::join!(
            Grounds::read(policy, config.common.policy.scope, now),
            Accounts::start(kept, home, catalogue, now)
        );
        let grounds = grounds?;
        Ok(Self {
            function_name: config.common.function_name,
            queue,
            grounds,
            accounts: Mutex::new(accounts),
        })
    }

    /// Handles one event, and writes its metrics to `out`.
    ///
    /// # Errors
    ///
    /// Fails, and with it the whole batch, if the event is not a batch whose messages can be
    /// failed one by one.
    pub async fn handle(&self, event: &str, now: Timestamp, out: impl io::Write) -> Result<BatchResponse, Report> {
        let mut counts = Counts::of(&metric::ALL);
        let messages = messages(event).map_err(|error| Report::of("Batch", &error))?;
        counts.add(metric::RECEIVED, messages.len());

        let policy = self.grounds.policy(now, &mut counts).await;
        let mut accounts = self.accounts.lock().await;
        let outcome = run(&self.queue, &policy, &mut accounts, messages, now).await;
        let Outcome { exits, findings_sent } = outcome.map_err(|error| Report::of("Finding", &error))?;

        counts.add(metric::FINDINGS_SENT, findings_sent);
        for (_, way_out) in &exits {
            counts.add(name(*way_out), 1);
        }
        counts.write(&self.function_name, now, out);
        Ok(BatchResponse::failing(
            exits
                .into_iter()
                .filter(|(_, way_out)| way_out.fails())
                .map(|(id, _)| id),
        ))
    }
}

/// Returns the metric that counts a way out.
fn name(way_out: WayOut) -> &'static str {
    match way_out {
        WayOut::Retried => metric::RETRIED,
        WayOut::Canary => metric::CANARY,
        WayOut::Exit(Exit::Compliant) => "Compliant",
        WayOut::Exit(Exit::Violation) => "Violation",
        WayOut::Exit(Exit::Undecided) => "Undecided",
        WayOut::Exit(Exit::NotApplicable) => "NotApplicable",
        WayOut::Exit(Exit::NotBedrock) => "NotBedrock",
        WayOut::Exit(Exit::Rejected) => "Rejected",
    }
}
