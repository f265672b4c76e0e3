//! All of an audit in one invocation.

use std::sync::Arc;

use crisguard_lambda::report::Report;
use crisguard_scan::{Scan, Scanned, Settings, all_threads, plan::Place};
use run_audit::s3::{Store, list, read};
use serde_json::Value;

use super::{
    Asked, Moment, Run, World, answer,
    grounds::Grounds,
    report::{self, NoReports, Told},
};
use crate::ReadOrganization;

/// How many records' rows are kept in memory before they are put aside, 56 bytes each.
const ROWS_IN_MEMORY: usize = 4_000_000;
/// How many bytes of objects, and how many objects, are read in a second, at least.
const BYTES_A_SECOND: u64 = 40_000_000;
const OBJECTS_A_SECOND: u64 = 300;

/// Tells that there is more than one invocation reads.
#[derive(Debug, thiserror::Error)]
#[error(
    "{objects} objects with {bytes} bytes would take up to {seconds} seconds, and this invocation has {left}: start the \
     state machine crisguard-audit with the same members (infra/audit.yaml), or ask about less at a time by `from` and \
     `to`, `accounts` or `regions`"
)]
struct TooMuch {
    objects: u64,
    bytes: u64,
    seconds: u64,
    left: u64,
}

/// Tells that a scan is not cut.
#[derive(Debug, thiserror::Error)]
#[error("a scan has no batches: leave `batch_bytes` out, or ask for a `plan`")]
struct NoBatches;

/// Reads, decides and answers.
pub(super) async fn scan<Objects: Store, Organizations: ReadOrganization>(
    asked: &Asked,
    world: &World<'_, Objects, Organizations>,
    moment: Moment,
) -> Result<Value, Report> {
    if asked.batch_bytes.is_some() {
        return Err(Report::of("Request", &NoBatches));
    }
    asked
        .ask_of_some_time()
        .map_err(|error| Report::of("Request", &error))?;
    let reports = match (&asked.report, &world.places.reports) {
        (Some(_), None) => return Err(Report::of("Request", &NoReports("write the report"))),
        (Some(asked), Some(bucket)) => Some((asked, bucket)),
        (None, _) => None,
    };
    let grounds = Grounds::read(asked, world).await?;
    report::rehearse(world.store, &grounds, asked, moment.now).await?;
    let found = list(world.store, &asked.paths, &asked.scope()).await;
    let found = found.map_err(|error| Report::of("List", &error))?;
    let (objects, bytes) = (found.objects(), found.bytes());
    let left = moment.left.as_secs();
    if !fits(objects, bytes, left) {
        let too_much = TooMuch {
            objects,
            bytes,
            seconds: seconds(objects, bytes),
            left,
        };
        return Err(Report::of("Time", &too_much));
    }
    let scanned = fold(world.store, found.into_places()).await?;
    let (audit, grounds) = concluded(scanned, grounds, asked).await?;
    let location = match reports {
        Some((wanted, bucket)) => {
            let run = asked.run.clone().unwrap_or_else(|| Run::begun_at(moment.now));
            let told = Told {
                audit: &audit,
                grounds: &grounds,
                asked: Some(wanted),
                now: moment.now,
            };
            Some(report::store(world.store, bucket, &run, told).await?)
        }
        None => None,
    };
    answer::whole(&audit, location.as_ref())
}

/// How long objects may take.
const fn seconds(objects: u64, bytes: u64) -> u64 {
    bytes / BYTES_A_SECOND + objects / OBJECTS_A_SECOND
}

/// Tells whether objects can be read within so many seconds.
pub(super) const fn fits(objects: u64, bytes: u64, left: u64) -> bool {
    seconds(objects, bytes) <= left
}

/// Says how files are read here: with more memory than on a laptop, before anything is put aside in the function's own
/// storage.
pub(super) fn settings() -> Settings {
    Settings {
        rows_in_memory: ROWS_IN_MEMORY,
        ..Settings::with_threads(all_threads())
    }
}

/// Reads objects into one tally.
pub(super) async fn fold(store: &impl Store, places: impl IntoIterator<Item = Place>) -> Result<Scanned, Report> {
    let scan = Arc::new(Scan::start(settings()));
    let done = read(store, places, &scan).await;
    done.map_err(|error| Report::of("Scan", &error))?;
    finished(scan).await
}

/// Ends a scan into which nobody reads any more.
pub(super) async fn finished(scan: Arc<Scan>) -> Result<Scanned, Report> {
    let failed = |error: &(dyn std::error::Error + 'static)| Report::of("Scan", error);
    let scan = Arc::into_inner(scan).ok_or(StillRead).map_err(|error| failed(&error))?;
    let finished = blocking(move || scan.finish()).await?;
    finished.map_err(|error| failed(&error))
}

/// Tells that somebody still offers files to a scan that is to end.
#[derive(Debug, thiserror::Error)]
#[error("the scan is still being read into")]
struct StillRead;

/// Decides, beside whatever waits meanwhile.
pub(super) async fn concluded(
    scanned: Scanned,
    grounds: Grounds,
    asked: &Asked,
) -> Result<(crisguard_core::tally::Audit, Grounds), Report> {
    let asked = asked.clone();
    blocking(move || grounds.conclude(scanned, &asked).map(|audit| (audit, grounds))).await?
}

/// Does what takes long on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Report> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Report::of("Scan", &error))
}
