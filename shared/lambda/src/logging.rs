//! Structured logs: one JSON object a line on the standard output.
//!
//! A log line carries ids, counts and reasons. It never carries a message's body, a prompt,
//! customer metadata or a credential: errors that may quote their input are logged by their
//! place, and the AWS SDK's own events stay off unless asked for by name.

use std::str::FromStr;

use tracing_subscriber::{EnvFilter, filter::ParseError};

/// Which events are logged: a level, or directives such as `info,crisguard_aws=debug`
/// (<https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html>).
#[derive(Clone, Debug)]
pub struct LogLevel(String);

impl LogLevel {
    /// Logs at the level `info` and above.
    #[must_use]
    pub fn info() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogLevel {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        EnvFilter::builder().parse(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// Starts logging; called once, first thing in `main`. A second call changes nothing.
pub fn start(level: &LogLevel) {
    let filter = EnvFilter::builder().parse_lossy(&level.0);
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .try_init();
    if started.is_err() {
        tracing::debug!("logging was started already");
    }
}
