//! What of a bucket is to be read, and how that is cut into batches. All of it is pure: who lists is elsewhere.
//!
//! CloudTrail's keys tell whose records a file has, of which Region and day
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>):
//! [`Wanted`] says from them what to list and what to leave out, and what was [`Found`] is cut.

mod address;
mod batches;
mod layout;

pub use address::{Address, NotAnAddress};
pub use batches::{Batch, Found, LARGEST_LINE, Limits, Place};
pub use layout::{Step, Wanted};
