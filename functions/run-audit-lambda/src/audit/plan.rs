//! Which objects are to be read, written down as a batch a line.

use crisguard_core::digest;
use crisguard_lambda::report::Report;
use crisguard_scan::plan::{LARGEST_LINE, Limits};
use run_audit::s3::{Store, list};
use serde::Serialize;
use serde_json::Value;

use super::{
    Asked, Moment, Run, World, answer,
    grounds::Grounds,
    report::{self, NoReports},
    request::BATCH_BYTES,
};
use crate::ReadOrganization;

/// What a plan came to.
#[derive(Debug, Serialize)]
struct Planned {
    run: Run,
    /// Where the plan lies.
    bucket: String,
    /// Under which key.
    key: String,
    /// How many lines it has.
    batches: u64,
    /// Of how many objects.
    objects: u64,
    /// How many bytes these have.
    bytes: u64,
}

/// Lists, cuts, and keeps the plan with all that the run is to be decided by.
pub(super) async fn plan<Objects: Store, Organizations: ReadOrganization>(
    asked: &Asked,
    world: &World<'_, Objects, Organizations>,
    moment: Moment,
) -> Result<Value, Report> {
    let Some(bucket) = &world.places.reports else {
        return Err(Report::of("Request", &NoReports("plan")));
    };
    let failed = |error: &(dyn std::error::Error + 'static)| Report::of("Plan", error);
    asked
        .ask_of_some_time()
        .map_err(|error| Report::of("Request", &error))?;
    let run = asked.run.clone().unwrap_or_else(|| Run::begun_at(moment.now));
    let grounds = Grounds::read(asked, world).await?;
    report::rehearse(world.store, &grounds, asked, moment.now).await?;
    let found = list(world.store, &asked.paths, &asked.scope()).await;
    let found = found.map_err(|error| Report::of("List", &error))?;
    let (objects, bytes) = (found.objects(), found.bytes());
    let limits = Limits {
        bytes: asked.batch_bytes.unwrap_or(BATCH_BYTES),
        line: LARGEST_LINE,
    };
    let (mut lines, mut batches) = (Vec::new(), 0);
    for batch in found.cut(limits) {
        serde_json::to_writer(&mut lines, &batch).map_err(|error| failed(&error))?;
        lines.push(b'\n');
        batches += 1;
    }
    if let Some(policy) = &grounds.policy {
        let text = policy.text.clone().into_bytes();
        let written = world.store.write(bucket, &run.policy(), text, "application/yaml").await;
        written.map_err(|failure| failed(&failure))?;
    }
    let question =
        serde_json::to_vec(&grounds.keep(asked, digest::of_bytes(&lines))).map_err(|error| failed(&error))?;
    let written = world
        .store
        .write(bucket, &run.question(), question, "application/json")
        .await;
    written.map_err(|failure| failed(&failure))?;
    // Last: where there is a plan, there is all that it needs.
    let key = run.plan();
    let written = world.store.write(bucket, &key, lines, "application/jsonl").await;
    written.map_err(|failure| failed(&failure))?;
    answer::of(&Planned {
        run,
        bucket: bucket.clone(),
        key,
        batches,
        objects,
        bytes,
    })
}
