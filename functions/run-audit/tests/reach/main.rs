//! `crisguard reach`, `crisguard scp` and `crisguard explain --message`, as a process.
#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod asking;
mod auditing;
mod form;
mod messages;
mod organizations;
mod published;
mod scps;
mod support;
