//! Reads CloudTrail's log files, wherever they are, and folds them into one tally.

pub mod plan;
