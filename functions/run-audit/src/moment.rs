//! The times that something is asked about, as people write them: the command and the function mean the same.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

/// Tells that a text is neither a date nor a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a date such as 2026-11-21, or a time such as 2026-11-21T09:00:00+09:00")]
pub struct Unclear;

/// Reads the time from which on something is meant; a date is meant from its beginning (UTC).
///
/// # Errors
///
/// Fails if it is neither a date nor a time with its zone.
pub fn beginning(text: &str) -> Result<Timestamp, Unclear> {
    moment(text, |day| day)
}

/// Reads the time before which something is meant; a date is meant to its end (UTC).
///
/// # Errors
///
/// Fails if it is neither a date nor a time with its zone.
pub fn end(text: &str) -> Result<Timestamp, Unclear> {
    moment(text, |day| day.saturating_add(1.day()))
}

fn moment(text: &str, bound: impl FnOnce(Date) -> Date) -> Result<Timestamp, Unclear> {
    // A time without its zone would be read as a date.
    if let Ok(day) = text.parse::<Date>()
        && !text.contains(['T', 't', ' '])
    {
        let start = bound(day).to_zoned(TimeZone::UTC).map_err(|_| Unclear)?;
        return Ok(start.timestamp());
    }
    text.parse().map_err(|_| Unclear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_meant_from_its_beginning_to_its_end() {
        let [from, to] = [beginning("2026-11-21"), end("2026-11-21")].map(|time| time.unwrap().to_string());
        assert_eq!(
            (from.as_str(), to.as_str()),
            ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")
        );
        for exact in [beginning, end].map(|read| read("2026-11-21T09:00:00+09:00").unwrap()) {
            assert_eq!(exact, "2026-11-21T00:00:00Z".parse().unwrap());
        }
        for unclear in ["yesterday", "2026-11-21T09:00:00", "2026-13-01", "", "2026-11-21 09:00"] {
            assert_eq!([beginning(unclear), end(unclear)], [Err(Unclear); 2], "{unclear}");
        }
    }
}
