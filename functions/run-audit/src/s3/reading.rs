//! Objects read, some at a time, into a scan.

use std::sync::Arc;

use crisguard_aws::Failure;
use crisguard_core::tally::Unread;
use crisguard_scan::{Content, Scan, Source, plan::Place};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use super::Store;

/// How many objects are asked for at once: one answers in some tens of milliseconds, whatever its size.
const AT_ONCE: usize = 16;
/// The most bytes of an object. CloudTrail's files have a few megabytes at the most.
pub const LARGEST_OBJECT: usize = 256 << 20;
/// How many units of [`UNIT`] bytes may be held at once, asked for or not yet taken by the scan.
const HELD: usize = 256;
const UNIT: u64 = 1 << 20;

/// Tells that the scan has ended while there was more to read.
#[derive(Debug, thiserror::Error)]
#[error("the scan ended before everything was read")]
pub struct Ended;

/// Reads objects into a scan, which names them `s3://bucket/key`; what cannot be read it is told with the reason.
///
/// # Errors
///
/// Fails if the scan takes nothing more.
pub async fn read(store: &impl Store, places: impl IntoIterator<Item = Place>, scan: &Arc<Scan>) -> Result<(), Ended> {
    let room = Arc::new(Semaphore::new(HELD));
    let objects = places.into_iter().map(|place| {
        let room = Arc::clone(&room);
        async move {
            let units = usize::try_from(place.size / UNIT + 1).unwrap_or(HELD).min(HELD);
            let held = room.acquire_many_owned(u32::try_from(units).unwrap_or(u32::MAX)).await;
            let read = store.read(&place.bucket, &place.key, LARGEST_OBJECT).await;
            let unread = |failure: Failure| Content::Unreadable(Unread::Said(failure.to_string()));
            let source = Source {
                name: format!("s3://{}/{}", place.bucket, place.key),
                content: read.map_or_else(unread, Content::Bytes),
            };
            let scan = Arc::clone(scan);
            // The scan lets one wait while it is behind; others are read meanwhile.
            let taken = tokio::task::spawn_blocking(move || scan.offer(source)).await;
            drop(held);
            taken.map_err(|_| Ended)
        }
    });
    let objects = stream::iter(objects).buffer_unordered(AT_ONCE);
    objects.try_for_each(async |()| Ok(())).await
}
