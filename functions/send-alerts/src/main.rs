//! The Lambda function `crisguard-send-alerts`: wiring only.

use std::{io, process::ExitCode};

use crisguard_aws::{client, dynamodb::Table, s3::Object, sns::Topic};
use crisguard_lambda::{clock, config::Variables, logging, report::Report, runtime};
use send_alerts::{SendAlerts, config::Config, machines::Machines};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match start().await {
        Ok(function) => runtime::serve(async |event, _| function.handle(event, clock::now(), io::stdout()).await).await,
        Err(report) => runtime::cold_start_failed(&report),
    }
}

async fn start() -> Result<SendAlerts<Table, Topic, Machines, Object>, Report> {
    let config = Config::read(Variables::of_process()).map_err(|error| Report::of("Configuration", &error))?;
    logging::start(config.common.log_level);
    let aws = client::configuration()
        .await
        .map_err(|error| Report::of("Configuration", &error))?;
    let memory = Table::new(&aws, &config.table);
    let topic = Topic::new(&aws, &config.topic_arn);
    let machines = Machines::new(&aws, &config);
    let policy = config.common.policy.object(&aws);
    SendAlerts::start(config, memory, topic, machines, policy)
}
