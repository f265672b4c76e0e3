//! The Lambda function `crisguard-check-posture`: wiring only.

use std::{io, process::ExitCode};

use check_posture::{CheckPosture, Ports, config::Config};
use crisguard_aws::{account::Account, client, everywhere::Everywhere, s3::Object, sqs::Queue};
use crisguard_lambda::{clock, config::Variables, logging, report::Report, runtime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match start().await {
        Ok(function) => runtime::serve(async |event| function.handle(event, clock::now(), io::stdout()).await).await,
        Err(report) => runtime::cold_start_failed(&report),
    }
}

async fn start() -> Result<CheckPosture<Object, Account, Everywhere, Queue>, Report> {
    let config = Config::read(Variables::of_process()).map_err(|error| Report::of("Configuration", &error))?;
    logging::start(config.common.log_level);
    let aws = client::configuration()
        .await
        .map_err(|error| Report::of("Configuration", &error))?;
    let policy = config.common.policy.object(&aws);
    let account = Account::new(&aws);
    let ports = Ports {
        world: Everywhere::new(&aws),
        queue: Queue::new(&aws, &config.findings_queue_url),
    };
    CheckPosture::start(config, policy, account, ports, clock::now()).await
}
