//! The one place that reads the clock.

use jiff::Timestamp;

/// Returns the present time.
///
/// Only a function's wiring calls this; everything below takes the time as a parameter.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the edge where time enters")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
