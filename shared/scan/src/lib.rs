//! Reads CloudTrail's log files, wherever they are, and folds them into one tally.

mod elements;
mod masks;
pub mod plan;
