//! Log files in S3: which there are, listed by CloudTrail's layout, and what is in them, read some at a time.

mod listing;
mod reading;
mod store;

pub use listing::{NotListed, list};
pub use reading::{Ended, LARGEST_OBJECT, read};
pub use store::{Aws, Store};
