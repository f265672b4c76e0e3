//! The loop with the Lambda service: one event in, one answer or error report out.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    process::ExitCode,
    time::Duration,
};

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    config::Variables,
    logging::{self, LogLevel},
    report::Report,
};

/// How long the Runtime API may take to take the error of a cold start.
const PATIENCE: Duration = Duration::from_secs(2);

/// Serves invocations with `handle` until the Lambda service ends the process. `handle` is given the
/// event and when the Lambda service will end the invocation.
///
/// The event is handed over as its text, so that reading it, and what to say if it cannot be
/// read, is the function's own. An error is logged and reported to the Lambda service, with its
/// causes; the invocation then counts as failed.
pub async fn serve<Handle, Answer>(handle: Handle) -> ExitCode
where
    Handle: AsyncFn(&str, Timestamp) -> Result<Answer, Report>,
    Answer: Serialize,
{
    let handle = &handle;
    let service = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let deadline = Timestamp::from_millisecond(deadline).unwrap_or(Timestamp::MAX);
        // Boxed, for the futures of several SDK operations inside one another are a type deeper
        // than the compiler follows by default.
        let answer = Box::pin(handle(event.payload.get(), deadline)).await;
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

/// Ends a cold start that cannot go on: logs why, for the log group is where people look, and tells
/// the Lambda service, so that whoever invoked the function reads it, too.
#[must_use]
pub fn cold_start_failed(report: &Report) -> ExitCode {
    // The level may be what is wrong; if logging was started already, this changes nothing.
    logging::start(LogLevel::info());
    tracing::error!(error = %report, "the function cannot start");
    let address: Option<String> = Variables::of_process().required("AWS_LAMBDA_RUNTIME_API");
    if let Some(address) = address
        && let Err(error) = report_cold_start(&address, report)
    {
        tracing::error!(%error, "the Runtime API could not be told so");
    }
    ExitCode::FAILURE
}

/// Posts the error of a cold start to the Runtime API, which is plain HTTP on this machine
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror>).
///
/// The runtime that serves invocations has no function for it, and its client would have to be started
/// for this one request.
fn report_cold_start(address: &str, report: &Report) -> io::Result<()> {
    let diagnostic = Diagnostic::from(report.clone());
    let body = serde_json::to_string(&diagnostic)?;
    let mut connection = TcpStream::connect(address)?;
    connection.set_write_timeout(Some(PATIENCE))?;
    connection.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Function-Error-Type: Runtime.{}\r\n\r\n{body}",
        body.len(),
        diagnostic.error_type,
    );
    connection.write_all(request.as_bytes())?;
    // The process ends next: the request is taken once it is answered.
    connection.read(&mut [0; 64]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn a_failed_cold_start_is_posted_with_its_chain() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut part = [0; 1024];
            while !request.ends_with('}') {
                let length = connection.read(&mut part).unwrap();
                request.push_str(str::from_utf8(&part[..length]).unwrap());
            }
            connection.write_all(b"HTTP/1.1 202 Accepted\r\n\r\n").unwrap();
            request
        });
        let error = io::Error::other("the policy \"p\" cannot be used");
        report_cold_start(&address, &Report::of("Policy", &error)).unwrap();
        let request = server.join().unwrap().replace(&address, "ADDRESS").replace('\r', "");
        insta::assert_snapshot!(request, @r#"
        POST /2018-06-01/runtime/init/error HTTP/1.1
        Host: ADDRESS
        Connection: close
        Content-Type: application/json
        Content-Length: 71
        Lambda-Runtime-Function-Error-Type: Runtime.Policy

        {"errorType":"Policy","errorMessage":"the policy \"p\" cannot be used"}
        "#);
    }

    #[test]
    fn nobody_there_is_an_error_and_no_wait() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        assert!(report_cold_start(&free, &Report::of("Policy", &io::Error::other("x"))).is_err());
    }
}
