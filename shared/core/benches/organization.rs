//! An organization of a thousand accounts, and everything that each can call: how long that takes.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read ends the benchmark")]

mod estate;

use std::hint::black_box;

use crisguard_core::scp::reach::{Principal, Reach};
use divan::Bencher;

/// With this argument the organization is written out, for those who read it from AWS.
const PRINT: &str = "--print-organization";

fn main() {
    if std::env::args().any(|argument| argument == PRINT) {
        println!("{}", serde_json::to_string(&estate::document()).unwrap());
        return;
    }
    divan::main();
    // https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        println!("peak memory of all that: {}", peak.trim());
    }
}

/// Reading the organization: 80 units, 60 policies, 1,000 accounts.
#[divan::bench(sample_count = 20)]
fn read_an_organization(bencher: Bencher) {
    let document = estate::document();
    bencher
        .with_inputs(|| document.clone())
        .bench_values(|document| crisguard_core::scp::organization::Organization::new(black_box(document)).unwrap());
}

/// Every profile from five source Regions, in each account.
#[divan::bench(sample_count = 10)]
fn reach_of_an_organization(bencher: Bencher) {
    let organization = estate::organization();
    let targets = estate::targets();
    bencher.with_inputs(|| targets.clone()).bench_values(|targets| {
        Reach::of_organization(black_box(&organization), &Principal::Ordinary, targets).unwrap()
    });
}
