//! The Lambda function `crisguard-watch-inference`: wiring only.

use std::{io, process::ExitCode};

use crisguard_aws::{client, s3::Object, sqs::Queue};
use crisguard_lambda::{clock, config::Variables, logging, report::Report, runtime};
use watch_inference::{WatchInference, accounts::Reports, config::Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match start().await {
        Ok(function) => runtime::serve(async |event, _| function.handle(event, clock::now(), io::stdout()).await).await,
        Err(report) => runtime::cold_start_failed(&report),
    }
}

async fn start() -> Result<WatchInference<Object, Reports, Queue>, Report> {
    let config = Config::read(Variables::of_process()).map_err(|error| Report::of("Configuration", &error))?;
    logging::start(config.common.log_level);
    let aws = client::configuration()
        .await
        .map_err(|error| Report::of("Configuration", &error))?;
    let policy = config.common.policy.object(&aws);
    let reports = Reports::new(&aws, &config.reports_bucket);
    let findings = Queue::new(&aws, &config.findings_queue_url);
    WatchInference::start(config, policy, reports, findings, clock::now()).await
}
