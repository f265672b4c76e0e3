//! The Lambda function `crisguard-run-audit`: wiring only.

use std::process::ExitCode;

use crisguard_lambda::{
    logging::{self, LogLevel},
    report::Report,
    runtime,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    logging::start(LogLevel::info());
    // It calls nobody: every document is in the request.
    runtime::serve(async |request, _| run_audit::handle(request).map_err(|error| Report::of("Request", &error))).await
}
