//! Laws that hold for every record and every policy, and what is needed to check them: a matcher
//! of EventBridge event patterns, generators of records and policies, and what stands beside the repository.

pub mod generate;
pub mod matcher;
pub mod samples;
