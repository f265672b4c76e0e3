//! The tallies of a run put together: what they come to, and what of them is missing.

use std::{io, sync::Arc};

use crisguard_aws::Failure;
use crisguard_core::{digest, tally::Unread};
use crisguard_lambda::report::{Report, chain};
use crisguard_scan::{
    Content, Scan, Scanned, Source,
    plan::{Address, Batch},
};
use futures_util::stream::{self, StreamExt as _};
use run_audit::s3::Store;
use serde_json::Value;

use super::{
    MergeAsked, Moment, Run, World, answer,
    grounds::{Grounds, Kept},
    metric,
    report::{self, NoReports, Told},
    scan::{blocking, concluded, finished, settings},
};

/// How many tallies are read at once: each is let go of when it is merged.
const READ_AT_ONCE: usize = 4;
/// The most that is read of a plan, of a question, and of a tally.
const LARGEST_PLAN: usize = 1 << 30;
const LARGEST_QUESTION: usize = 64 << 20;
const LARGEST_TALLY: usize = 512 << 20;

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the run {0} cannot be merged")]
    NotRead(Run, #[source] Failure),
    #[error("{0} is not what a plan wrote")]
    Damaged(String, #[source] serde_json::Error),
    #[error("{0} is not the plan that the run {1} began with, and may have fewer batches: run the audit again")]
    AnotherPlan(String, Run),
}

/// Merges, decides, and writes the report.
///
/// Objects of a batch without a tally are told of one by one as not read, and their days as not covered.
pub(super) async fn merge<Objects: Store, Organizations>(
    asked: &MergeAsked,
    world: &World<'_, Objects, Organizations>,
    moment: Moment,
    out: impl io::Write,
) -> Result<Value, Report> {
    let Some(bucket) = &world.places.reports else {
        return Err(Report::of("Request", &NoReports("merge")));
    };
    let run = &asked.run;
    let question = stored(world.store, bucket, run, &run.question(), LARGEST_QUESTION).await?;
    let kept: Kept = serde_json::from_slice(&question).map_err(|error| damaged(bucket, &run.question(), error))?;
    let at = Address {
        bucket: bucket.clone(),
        key: run.policy(),
    };
    let grounds = Grounds::kept(&kept, world.store, &at).await?;
    let batches = planned(world.store, bucket, run, &kept).await?;

    let (merged, lost) = together(world.store, bucket, run, &batches).await?;
    let (audit, grounds) = concluded(merged, grounds, &kept.asked).await?;
    let told = Told {
        audit: &audit,
        grounds: &grounds,
        asked: kept.asked.report.as_ref(),
        now: moment.now,
    };
    let location = report::store(world.store, bucket, run, told).await?;
    metric::missing(&audit, lost, moment.now, out);
    answer::summary(run, &audit, batches.len(), lost, location)
}

/// Reads the plan, if it is whole: of batches that are not in it nobody would miss the tallies.
async fn planned(store: &impl Store, bucket: &str, run: &Run, kept: &Kept) -> Result<Vec<Batch>, Report> {
    let key = run.plan();
    let plan = stored(store, bucket, run, &key, LARGEST_PLAN).await?;
    if kept.plan_sha256 != digest::of_bytes(&plan) {
        let another = Failed::AnotherPlan(format!("s3://{bucket}/{key}"), run.clone());
        return Err(Report::of("Run", &another));
    }
    let batches: Result<_, _> = serde_json::Deserializer::from_slice(&plan).into_iter().collect();
    batches.map_err(|error| damaged(bucket, &key, error))
}

/// Reads what a plan wrote.
async fn stored(store: &impl Store, bucket: &str, run: &Run, key: &str, largest: usize) -> Result<Vec<u8>, Report> {
    let bytes = store.read(bucket, key, largest).await;
    bytes.map_err(|failure| Report::of("Run", &Failed::NotRead(run.clone(), failure)))
}

fn damaged(bucket: &str, key: &str, error: serde_json::Error) -> Report {
    Report::of("Run", &Failed::Damaged(format!("s3://{bucket}/{key}"), error))
}

/// Puts the batches' tallies together; tells how many of the batches have none.
async fn together(store: &impl Store, bucket: &str, run: &Run, batches: &[Batch]) -> Result<(Scanned, usize), Report> {
    let scan = Arc::new(Scan::start(settings()));
    let (mut merged, mut lost): (Option<Scanned>, usize) = (None, 0);
    let tallies = batches
        .iter()
        .map(|batch| (batch, run.tally(batch)))
        .map(async |(batch, key)| (batch, store.read(bucket, &key, LARGEST_TALLY).await, key));
    let mut tallies = std::pin::pin!(stream::iter(tallies).buffered(READ_AT_ONCE));
    while let Some((batch, read, key)) = tallies.next().await {
        let tally = match read {
            Ok(bytes) => blocking(move || Scanned::read(&*bytes, &key, &settings()))
                .await?
                .map_err(|error| Unread::DamagedTally {
                    batch: batch.batch,
                    cause: chain(&error),
                }),
            Err(failure) if failure.cause.starts_with("NoSuchKey") => Err(Unread::NoTally(batch.batch)),
            // Whether there is one is not known: whoever tries again may find out.
            Err(failure) => return Err(Report::of("Run", &Failed::NotRead(run.clone(), failure))),
        };
        match tally {
            Ok(tally) => merged = Some(add(merged, tally).await?),
            Err(why) => {
                lost += 1;
                tracing::warn!(%run, batch = batch.batch, reason = %why, "a batch is not in the audit");
                not_read(&scan, batch, &why).await?;
            }
        }
    }
    let rest = finished(scan).await?;
    Ok((add(merged, rest).await?, lost))
}

async fn add(merged: Option<Scanned>, tally: Scanned) -> Result<Scanned, Report> {
    let Some(mut merged) = merged else {
        return Ok(tally);
    };
    let added = blocking(move || merged.merge(tally).map(|()| merged)).await?;
    added.map_err(|error| Report::of("Scan", &error))
}

/// Tells a scan of each object of a batch that it was not read.
async fn not_read(scan: &Arc<Scan>, batch: &Batch, why: &Unread) -> Result<(), Report> {
    let sources: Vec<Source> = batch
        .places()
        .map(|place| Source {
            name: format!("s3://{}/{}", place.bucket, place.key),
            content: Content::Unreadable(why.clone()),
        })
        .collect();
    let scan = Arc::clone(scan);
    blocking(move || sources.into_iter().for_each(|source| scan.offer(source))).await
}
