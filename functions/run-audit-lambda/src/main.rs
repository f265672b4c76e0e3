//! The Lambda function `crisguard-run-audit`: wiring only.

use std::{io, process::ExitCode};

use crisguard_aws::{client, everywhere::Everywhere};
use crisguard_lambda::{clock, config::Variables, logging, report::Report, runtime};
use run_audit::s3::Aws;
use run_audit_lambda::{
    Organizations, answer,
    audit::{Places, World},
    config::Config,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match start().await {
        Ok((store, organizations, places)) => {
            let world = World {
                store: &store,
                organizations: &organizations,
                places: &places,
            };
            runtime::serve(async |request, deadline| {
                answer(request, &world, clock::now(), deadline, io::stdout()).await
            })
            .await
        }
        Err(report) => runtime::cold_start_failed(&report),
    }
}

async fn start() -> Result<(Aws, Organizations, Places), Report> {
    let config = Config::read(Variables::of_process()).map_err(|error| Report::of("Configuration", &error))?;
    logging::start(config.log_level);
    let aws = client::configuration()
        .await
        .map_err(|error| Report::of("Configuration", &error))?;
    let (store, places) = (Aws::new(&aws, config.home.as_str()), config.places.clone());
    Ok((store, Organizations::new(Everywhere::new(&aws), config), places))
}
