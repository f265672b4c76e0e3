//! What `make bench` runs: a scan, and inflating the same files with the same threads and nothing else.
//!
//! `measure inflate|scan THREADS PATH…` prints what it read as JSON.

use std::{
    collections::BTreeMap,
    error::Error,
    ffi::OsString,
    fs,
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crisguard_core::{
    catalog::Catalogue,
    tally::{Question, Scope},
};
use crisguard_scan::{Content, Scan, Settings, paths};
use libdeflater::Decompressor;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [mode, threads, patterns @ ..] = arguments.as_slice() else {
        return Err("write: measure inflate|scan THREADS PATH…".into());
    };
    let threads: NonZero<usize> = threads.to_str().unwrap_or_default().parse()?;
    match mode.to_str() {
        Some("inflate") => inflate(threads, patterns),
        Some("scan") => scan(threads, patterns),
        _ => Err("write: measure inflate|scan THREADS PATH…".into()),
    }
}

/// Scans, and prints the answer without its flows.
fn scan(threads: NonZero<usize>, patterns: &[OsString]) -> Result<(), Box<dyn Error>> {
    let scan = Scan::start(Settings::with_threads(threads));
    for source in paths(patterns) {
        scan.offer(source);
    }
    let catalogue = Catalogue::embedded()?;
    let audit = scan.finish()?.conclude(&Question {
        policy: None,
        places: &BTreeMap::new(),
        catalogue: &catalogue,
        scope: Scope::everything(),
    })?;
    let answer = serde_json::json!({"read": audit.read, "exits": audit.exits, "routes": audit.routes});
    println!("{answer}");
    Ok(())
}

/// Inflates each file whole, as its last bytes say how long it is, and looks at nothing of it.
fn inflate(threads: NonZero<usize>, patterns: &[OsString]) -> Result<(), Box<dyn Error>> {
    let files = Mutex::new(paths(patterns).collect::<Vec<_>>().into_iter());
    let (count, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut decompressor = Decompressor::new();
        let mut inflated = Vec::new();
        loop {
            let next = files.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(source) = next else { return Ok(()) };
            let Content::File(path) = source.content else {
                return Err(format!("{} cannot be read", source.name).into());
            };
            let stored = fs::read(path)?;
            let (_, length) = stored.split_last_chunk().ok_or("a file is too short")?;
            let length = u32::from_le_bytes(*length) as usize;
            if inflated.len() < length {
                inflated.resize(length, 0);
            }
            let read = decompressor.gzip_decompress(&stored, &mut inflated)?;
            count.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(read as u64, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.get()).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .map_err(|_| "a thread ended early")?
                .map_err(|error| error.to_string())
        })
    })?;
    println!(
        "{}",
        serde_json::json!({"files": count.into_inner(), "bytes": bytes.into_inner()})
    );
    Ok(())
}
