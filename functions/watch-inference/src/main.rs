//! The Lambda function `crisguard-watch-inference`: wiring only.

use std::{io, process::ExitCode};

use crisguard_aws::{client, s3::Object, sqs::Queue};
use crisguard_core::{catalog::Live, posture::KnownMembership};
use crisguard_lambda::{clock, config::Variables, known_membership, known_profiles, logging, report::Report, runtime};
use watch_inference::{WatchInference, config::Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match start().await {
        Ok(function) => runtime::serve(async |event, _| function.handle(event, clock::now(), io::stdout()).await).await,
        Err(report) => runtime::cold_start_failed(&report),
    }
}

async fn start() -> Result<WatchInference<Object, Queue>, Report> {
    let config = Config::read(Variables::of_process()).map_err(|error| Report::of("Configuration", &error))?;
    logging::start(config.common.log_level);
    let aws = client::configuration()
        .await
        .map_err(|error| Report::of("Configuration", &error))?;
    let policy = config.common.policy.object(&aws);
    let account = &config.common.policy.scope.account;
    let profiles = Object::new(
        &aws,
        &config.reports_bucket,
        &known_profiles::key(account),
        Live::LARGEST,
    );
    let membership = Object::new(
        &aws,
        &config.reports_bucket,
        &known_membership::key(account),
        KnownMembership::LARGEST,
    );
    let findings = Queue::new(&aws, &config.findings_queue_url);
    WatchInference::start(config, policy, profiles, membership, findings, clock::now()).await
}
