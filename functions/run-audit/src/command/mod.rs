//! The `crisguard` command: its arguments, what it reads and what it writes.

mod arguments;
mod audit;
mod aws;
mod check;
mod console;
mod controls;
mod denied;
mod diff;
mod explain;
mod failure;
mod lint;
mod lookup;
mod pattern;
mod policy_file;
mod profiles;
mod progress;
mod reach;
mod run;
mod scan;
mod template;
mod text;

pub use console::Console;
pub use run::{Status, run};
