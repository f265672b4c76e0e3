//! Laws that hold for every record and every policy, and what is needed to check them: a matcher
//! of EventBridge event patterns, and generators of records and policies.

pub mod generate;
pub mod matcher;
