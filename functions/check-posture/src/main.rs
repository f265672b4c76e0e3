//! The Lambda function `crisguard-check-posture`: wiring only.

use std::{io, process::ExitCode};

use check_posture::{
    CheckPosture,
    aws::{Aws, LARGEST_KNOWN, Reports, World},
    config::Config,
    known_key,
};
use crisguard_aws::{
    account::Account,
    client,
    everywhere::Everywhere,
    s3::{Bucket, Object},
    sqs::Queue,
};
use crisguard_core::catalog::Live;
use crisguard_lambda::{clock, config::Variables, known_profiles, logging, report::Report, runtime};

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
    let account = config.common.policy.scope.account.clone();
    let known_key = known_key(&account);
    let profiles_key = known_profiles::key(&account);
    let ports = Aws {
        account: Account::new(&aws),
        queue: Queue::new(&aws, &config.findings_queue_url),
        reports: Reports {
            bucket: Bucket::new(&aws, config.home.as_str(), &config.reports_bucket),
            known: Object::new(&aws, &config.reports_bucket, &known_key, LARGEST_KNOWN),
            known_key,
            profiles: Object::new(&aws, &config.reports_bucket, &profiles_key, Live::LARGEST),
            profiles_key,
        },
        world: World {
            account,
            everywhere: Everywhere::new(&aws),
            organization_role: config.organization_role.clone(),
        },
    };
    CheckPosture::start(config, policy, ports, clock::now()).await
}
