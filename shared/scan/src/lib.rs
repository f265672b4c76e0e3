//! Reads CloudTrail's log files, wherever they are, and folds them into one tally.
//!
//! Files are inflated, records without a word of Bedrock are counted and passed, and the others are read by
//! [`crisguard_core`]; whatever cannot be read is named and the rest is read. What comes out does not depend on
//! threads, order, memory, or how records were cut into files.

mod documents;
mod elements;
mod file;
mod gzip;
mod judge;
mod looks;
mod paths;
pub mod plan;
mod scan;
mod scanned;
mod signs;
mod skip;
mod source;
mod spill;
mod stored;
#[cfg(test)]
mod tests;
mod window;

pub use paths::paths;
pub use scan::{Scan, Watch, all_threads};
pub use scanned::{ScanError, Scanned};
pub use source::{Content, Progress, Settings, Source};
