//! What a text looks like, before or without being read.

use crisguard_core::invocation_log;
use memchr::memmem;

use crate::judge::names_a_service;

/// What several records come together in.
#[derive(Clone, Copy)]
pub(crate) enum List {
    /// Records.
    Records,
    /// Objects of any kind, or lists.
    Anything,
    /// Objects, each with a member that is a text that is JSON itself.
    Quoted(&'static str),
}

impl List {
    /// Tells by a member's name what its value is, however the name is written.
    pub(crate) fn named(key: &[u8]) -> Option<Self> {
        let name = |key: &str| match key {
            "Records" => Some(Self::Records),
            "Events" => Some(Self::Quoted("CloudTrailEvent")),
            "Messages" => Some(Self::Quoted("Body")),
            _ => None,
        };
        match key {
            b"\"Records\"" => Some(Self::Records),
            key => name(&serde_json::from_slice::<String>(key).ok()?),
        }
    }
}

/// Returns how far a parser had read when it failed.
pub(crate) fn place_of(error: &serde_json::Error, text: &[u8]) -> usize {
    let mut lines = memchr::memchr_iter(b'\n', text);
    let line = error.line().checked_sub(2).and_then(|before| lines.nth(before));
    line.map_or(0, |end| end + 1) + error.column()
}

/// Tells whether a list of records goes on with an object, or ends: to look for objects from anything else on would be to
/// look at all that is there for each of many that are none.
pub(crate) fn may_go_on(rest: &[u8]) -> bool {
    let next = rest.iter().find(|byte| !byte.is_ascii_whitespace() && **byte != b',');
    next.is_none_or(|next| b"{]".contains(next))
}

/// Tells whether a member's name is the one that every record has.
pub(crate) fn is_source(name: &[u8]) -> bool {
    name == b"\"eventSource\"" || serde_json::from_slice::<String>(name).is_ok_and(|name| name == "eventSource")
}

/// Tells whether an object begins as log files do.
pub(crate) fn begins_with_records(text: &[u8]) -> bool {
    let behind = text.strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
    let behind = behind
        .strip_prefix(b"\"Records\"")
        .unwrap_or_default()
        .trim_ascii_start();
    behind
        .strip_prefix(b":")
        .unwrap_or_default()
        .trim_ascii_start()
        .starts_with(b"[")
}

/// Tells whether an object may have a list of records.
pub(crate) fn may_be_many(json: &[u8]) -> bool {
    [&b"\"Records\""[..], b"\"Events\"", b"\"Messages\"", b"\\u"]
        .iter()
        .any(|name| memmem::find(json, name).is_some())
}

/// Tells whether an object is a record, as far as it can be told without reading it, and no entry of the invocation log.
pub(crate) fn is_plain(json: &[u8]) -> bool {
    names_a_service(json) && memmem::find(json, invocation_log::SCHEMA_TYPE.as_bytes()).is_none()
}

/// Tells whether a value stands on several lines: if brackets and quotes are missing from one, the next ones are lost in it.
pub(crate) fn has_lines(json: &[u8]) -> bool {
    memchr::memchr(b'\n', json).is_some()
}
