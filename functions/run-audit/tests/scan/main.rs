//! `crisguard scan` by the library: what it reads, what it writes and how it ends.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod asking;
mod reading;
mod reports;
mod support;
