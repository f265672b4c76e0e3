//! Where Amazon Bedrock processes prompts, and whether that is what the policy allows.
//!
//! This crate is pure: it takes bytes, a policy and a catalogue, and returns decisions. It names
//! no AWS SDK, reads no clock and no environment.
//!
//! The steps, each with a different type on each side and none looking back:
//! CloudTrail JSON → [`cloudtrail::Invocation`] → [`decision::Assessment`] for each control →
//! [`finding::Finding`].

pub mod account;
pub mod arn;
pub mod canary;
pub mod catalog;
pub mod change;
pub mod cloudtrail;
pub mod controls;
pub mod decision;
pub mod digest;
pub mod exit;
pub mod finding;
pub mod inference_profile;
pub mod invocation_log;
pub mod location;
pub mod model;
pub mod pattern;
pub mod policy;
pub mod posture;
pub mod region;
pub mod scp;
mod statement;
pub mod tally;
pub mod texts;
pub mod untrusted;
