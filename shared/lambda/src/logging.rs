//! Structured logs: one JSON object a line on the standard output.
//!
//! A log line carries ids, counts and reasons. It never carries a message's body, a prompt,
//! customer metadata or a credential: errors that may quote their input are logged by their
//! place. The level that is asked for applies to crisguard's own code; other crates, such as the
//! AWS SDK with its requests and answers, never log below `info`.

use std::str::FromStr;

use tracing::level_filters::{LevelFilter, ParseLevelFilterError};
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// The crates to which the level applies, by the prefix of their names.
const OWN: [&str; 6] = [
    "crisguard",
    "check_posture",
    "run_audit",
    "send_alerts",
    "turn_on_logging",
    "watch_inference",
];
/// Where the runtime logs a failed invocation once more, after `crate::runtime` has.
const REPEATING: &str = "lambda_runtime::layers::panic";

/// From which level on events are logged: `off`, `error`, `warn`, `info`, `debug` or `trace`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(LevelFilter);

impl LogLevel {
    /// Logs at the level `info` and above.
    #[must_use]
    pub const fn info() -> Self {
        Self(LevelFilter::INFO)
    }
}

impl FromStr for LogLevel {
    type Err = ParseLevelFilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Starts logging; called once, first thing in `main`. A second call changes nothing.
pub fn start(level: LogLevel) {
    let LogLevel(level) = level;
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_targets(OWN.map(|own| (own, level)))
        .with_target(REPEATING, LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false);
    let started = tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .try_init();
    if started.is_err() {
        tracing::debug!("logging was started already");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_applies_to_every_function() {
        let functions = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions")).unwrap();
        for function in functions {
            let name = function.unwrap().file_name().into_string().unwrap();
            let own = name.replace('-', "_");
            assert!(OWN.iter().any(|prefix| own.starts_with(prefix)), "{name}");
        }
    }
}
