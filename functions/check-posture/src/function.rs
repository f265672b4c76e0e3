//! The function as Lambda sees it: a request or a batch of changes in, every decision out.

use std::io;

use crisguard_core::{account::AccountId, catalog::Catalogue, posture::Hub};
use crisguard_lambda::{
    batch::BatchResponse,
    grounds,
    policy_in_force::{PolicyInForce, ReadPolicy},
    report::Report,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    Moment, changes,
    config::Config,
    metric,
    organization::{self, Looked, Planned, Summary, Whereabouts},
    ports,
    report::{Answer, Occasion},
    request::Request,
    session::Session,
};

/// How long before the Lambda service ends the function it stops to look: what is left is for handing
/// the decisions on.
const TO_HAND_ON: SignedDuration = SignedDuration::from_secs(30);

/// What the function answers: the report, or which messages of a batch failed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To a request by hand, and of the night.
    Report(Answer),
    /// To a batch of changes.
    Batch(BatchResponse),
    /// To what looks across accounts are planned by.
    Planned(Planned),
    /// To one look of a plan.
    Looked(Looked),
    /// To what puts the results of a plan together.
    Merged(Box<Summary>),
}

/// The function with what it keeps between invocations.
#[derive(Debug)]
pub struct CheckPosture<Store, Ports> {
    function_name: String,
    hub: Hub,
    pub(crate) ports: Ports,
    grounds: grounds::Grounds<Store>,
    /// Where accounts stand, as the run read it for which it was last asked.
    organization: organization::LastRead,
}

/// What is the same for every account that is looked at in one invocation.
#[derive(Debug)]
pub(crate) struct Shared<'a, Ports> {
    pub(crate) ports: &'a Ports,
    pub(crate) hub: &'a Hub,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) policy: &'a PolicyInForce,
    pub(crate) moment: Moment,
}

impl<Store: ReadPolicy, Ports: ports::Ports> CheckPosture<Store, Ports> {
    /// Reads the catalogue and the policy.
    ///
    /// # Errors
    ///
    /// Fails if there is no usable policy: the function must not start then.
    pub async fn start(config: Config, store: Store, ports: Ports, now: Timestamp) -> Result<Self, Report> {
        let hub = config.hub();
        let grounds = grounds::Grounds::read(store, config.common.policy.scope, now).await?;
        Ok(Self {
            function_name: config.common.function_name,
            hub,
            ports,
            grounds,
            organization: organization::LastRead::nothing(),
        })
    }

    /// Handles one request or batch, and writes its metrics to `out`. The looks end in time before
    /// `deadline`, when the Lambda service ends the function.
    ///
    /// # Errors
    ///
    /// Fails if the request is none, or if a decision could not be handed on: the Lambda service then
    /// tries again.
    pub async fn handle(
        &self,
        event: &str,
        now: Timestamp,
        deadline: Timestamp,
        mut out: impl io::Write,
    ) -> Result<Reply, Report> {
        let began = Instant::now();
        let request = Request::read(event)?;
        let nightly = matches!(request, Request::Nightly);
        let mut counts = metric::counts();
        let policy = self.grounds.policy(now, &mut counts).await;
        let time = (deadline - TO_HAND_ON).duration_since(now);
        let shared = Shared {
            ports: &self.ports,
            hub: &self.hub,
            catalogue: self.grounds.catalogue(),
            policy: &policy,
            moment: Moment {
                now,
                began,
                until: began + time.try_into().unwrap_or_default(),
            },
        };
        let own = Session::own(&shared, None);
        let reply = match request {
            Request::Nightly => {
                let answer = Box::pin(own.report(None, None, Occasion::Nightly, &mut counts));
                answer.await.map(Reply::Report)
            }
            Request::ByHand { regions, controls } => {
                let (regions, controls) = (regions.as_ref(), controls.as_ref());
                let answer = Box::pin(own.report(regions, controls, Occasion::ByHand, &mut counts));
                answer.await.map(Reply::Report)
            }
            Request::Across(asked) => {
                let answer = Box::pin(organization::by_hand(&shared, &asked, &mut counts));
                answer.await.map(Reply::Report)
            }
            Request::Plan(asked) => {
                let planned = Box::pin(organization::plan(&shared, &asked));
                planned.await.map(Reply::Planned)
            }
            Request::Look(line) => {
                let whereabouts = self.organization.of(&line.run, self.ports.reports()).await;
                let looked = Box::pin(organization::look(&shared, line, &whereabouts, &mut counts));
                looked.await.map(Reply::Looked)
            }
            Request::Merge(run) => {
                let merged = Box::pin(organization::merge(&shared, &run, &mut counts));
                merged.await.map(|summary| Reply::Merged(Box::new(summary)))
            }
            Request::Changes(messages) => {
                let batch = Box::pin(changes::look(&shared, messages, &mut counts));
                batch.await.map(Reply::Batch)
            }
        };
        counts.write(&self.function_name, now, &mut out);
        if let Ok(Reply::Report(answer)) = &reply
            && nightly
        {
            metric::by_control(answer, &self.function_name, out);
        }
        reply.map(|reply| match reply {
            Reply::Report(answer) => Reply::Report(answer.shortened()),
            other => other,
        })
    }
}

impl<Ports: ports::Ports> Shared<'_, Ports> {
    /// Opens an account to look at; where it stands is asked only if that matters.
    pub(crate) async fn open(&self, account: &AccountId, whereabouts: &Whereabouts) -> Session<'_, Ports> {
        if self.hub.is_of(account) {
            Session::own(self, whereabouts.membership(account))
        } else {
            Session::member(self, account, whereabouts).await
        }
    }
}
