//! The Lambda function `crisguard-turn-on-logging`: wiring only.

use std::process::ExitCode;

use crisguard_aws::{bedrock::Bedrock, client, custom_resource::Responses};
use crisguard_lambda::{clock, config::Variables, logging, report::Report, runtime};
use turn_on_logging::{TurnOnLogging, config::Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match start().await {
        Ok(function) => {
            runtime::serve(async |event, deadline| function.handle(event, clock::now(), deadline).await).await
        }
        Err(report) => runtime::cold_start_failed(&report),
    }
}

async fn start() -> Result<TurnOnLogging<Bedrock, Responses>, Report> {
    let config = Config::read(Variables::of_process()).map_err(|error| Report::of("Configuration", &error))?;
    logging::start(config.log_level);
    let aws = client::configuration()
        .await
        .map_err(|error| Report::of("Configuration", &error))?;
    Ok(TurnOnLogging {
        bedrock: Bedrock::new(&aws, &config.region),
        cloud_formation: Responses::new(&aws, &config.region),
        region: config.region,
    })
}
