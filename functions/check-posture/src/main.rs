//! The Lambda function `crisguard-check-posture`: wiring only.

use std::{io, process::ExitCode};

use check_posture::{CheckPosture, aws::Aws, config::Config};
use crisguard_aws::{client, s3::Object};
use crisguard_lambda::{clock, config::Variables, logging, report::Report, runtime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match start().await {
        Ok(function) => {
            runtime::serve(async |event, deadline| function.handle(event, clock::now(), deadline, io::stdout()).await)
                .await
        }
        Err(report) => runtime::cold_start_failed(&report),
    }
}

async fn start() -> Result<CheckPosture<Object, Aws>, Report> {
    let config = Config::read(Variables::of_process()).map_err(|error| Report::of("Configuration", &error))?;
    logging::start(config.common.log_level);
    let aws = client::configuration()
        .await
        .map_err(|error| Report::of("Configuration", &error))?;
    let policy = config.common.policy.object(&aws);
    let ports = Aws::new(&aws, &config);
    CheckPosture::start(config, policy, ports, clock::now()).await
}
