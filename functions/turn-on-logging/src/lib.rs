//! Turns Bedrock's invocation logging on in the function's Region, as a custom resource of
//! CloudFormation, which has no resource for it.
//!
//! A Region has one configuration of an account. Creating and updating the resource puts its own, in
//! place of any other, and reads it back; deleting the resource deletes it only if it still stands.
//! CloudFormation is answered in any case, before the Lambda service ends the function: a stack that
//! is not answered waits.

pub mod config;
pub mod ports;
mod properties;
mod request;
mod response;
mod turn;

use std::time::Duration;

use crisguard_lambda::report::Report;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use ports::{Answer, ConfigureLogging};
use request::Event;
use response::Response;
pub use turn::{Done, NotDone};

/// How long it goes on trying.
const LONGEST: Duration = Duration::from_mins(2);
/// How long before the Lambda service ends the function it stops trying: what is left is for the
/// answer, with all its attempts.
const TO_ANSWER: SignedDuration = SignedDuration::from_secs(20);

/// The function.
#[derive(Debug)]
pub struct TurnOnLogging<Bedrock, CloudFormation> {
    /// The Region's configuration.
    pub bedrock: Bedrock,
    /// Who asks.
    pub cloud_formation: CloudFormation,
    /// Where the function runs.
    pub region: String,
}

impl<Bedrock: ConfigureLogging, CloudFormation: Answer> TurnOnLogging<Bedrock, CloudFormation> {
    /// Does what CloudFormation asks for, and answers whether that was done.
    ///
    /// # Errors
    ///
    /// Fails only if CloudFormation could not be answered.
    pub async fn handle(&self, event: &str, now: Timestamp, deadline: Timestamp) -> Result<(), Report> {
        let (event, url) = Event::read(event).map_err(|error| Report::of("Event", &error))?;
        let address = self.cloud_formation.address(&url);
        let address = address.map_err(|error| Report::of("Event", &error))?;

        let left = (deadline - TO_ANSWER).duration_since(now);
        let left = Duration::try_from(left).unwrap_or_default();
        let outcome = match event.request() {
            Ok(request) => turn::carry_out(&self.bedrock, &request, Instant::now() + left.min(LONGEST)).await,
            Err(wrong) => Err(wrong),
        };
        match &outcome {
            Ok(done) => tracing::info!(request = event.text("RequestType"), "{done}"),
            Err(not_done) => tracing::error!(request = event.text("RequestType"), error = %not_done, "not done"),
        }

        let response = Response::new(&event, &self.region, &outcome);
        let body = serde_json::to_vec(&response).map_err(|error| Report::of("Answer", &error))?;
        let sent = self.cloud_formation.send(&address, body).await;
        sent.map_err(|failure| Report::of("Answer", &failure))
    }
}

#[cfg(test)]
mod tests;
