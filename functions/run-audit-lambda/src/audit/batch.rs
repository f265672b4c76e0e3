//! One batch of a run: its objects read into a tally, which is kept.

use crisguard_lambda::report::Report;
use run_audit::s3::Store;
use serde_json::{Value, json};

use super::{BatchAsked, World, answer, report::NoReports, scan};

/// Reads the batch's objects and keeps what they tell. An object that cannot be read is told of in the tally: the batch
/// is read all the same.
pub(super) async fn batch<Objects: Store, Organizations>(
    asked: &BatchAsked,
    world: &World<'_, Objects, Organizations>,
) -> Result<Value, Report> {
    let Some(bucket) = &world.places.reports else {
        return Err(Report::of("Request", &NoReports("keep what a batch tells")));
    };
    let scanned = scan::fold(world.store, asked.line.places()).await?;
    let key = asked.run.tally(&asked.line);
    let called = key.clone();
    let tally = scan::blocking(move || {
        let mut bytes = Vec::new();
        scanned.write(&called, &mut bytes).map(|()| bytes)
    });
    let tally = tally.await?.map_err(|error| Report::of("Tally", &error))?;
    let written = world.store.write(bucket, &key, tally, "application/octet-stream").await;
    written.map_err(|failure| Report::of("Tally", &failure))?;
    answer::of(&json!({"run": asked.run, "batch": asked.line.batch, "objects": asked.line.places().count()}))
}
