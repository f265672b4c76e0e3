//! The loop with the Lambda service: one event in, one answer or error report out.

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    logging::{self, LogLevel},
    report::Report,
};

/// Serves invocations with `handle` until the Lambda service ends the process.
///
/// The event is handed over as its text, so that reading it, and what to say if it cannot be
/// read, is the function's own. An error is logged and reported to the Lambda service, with its
/// causes; the invocation then counts as failed.
pub async fn serve<Handle, Answer>(handle: Handle) -> ExitCode
where
    Handle: AsyncFn(&str) -> Result<Answer, Report>,
    Answer: Serialize,
{
    let handle = &handle;
    let service = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        // Boxed, for the futures of several SDK operations inside one another are a type deeper
        // than the compiler follows by default.
        let answer = Box::pin(handle(event.payload.get())).await;
        if let Err(report) = &answer {
            tracing::error!(request_id = event.context.request_id, error = %report, "the invocation failed");
        }
        answer
    });
    match lambda_runtime::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %Report::of("RuntimeApi", error.as_ref()), "the Runtime API cannot be reached");
            ExitCode::FAILURE
        }
    }
}

/// Ends a cold start that cannot go on: logs why, for the log group is where people look.
#[must_use]
pub fn cold_start_failed(report: &Report) -> ExitCode {
    // The level may be what is wrong; if logging was started already, this changes nothing.
    logging::start(LogLevel::info());
    tracing::error!(error = %report, "the function cannot start");
    ExitCode::FAILURE
}
