//! The digest: what did not call for an alert of its own, told together once an hour.

use crisguard_aws::dynamodb::{Expected, LARGEST_TRANSACTION, NotWritten, Obstacle, Write};

use crate::{
    Ports,
    count::{ATTEMPTS, pause},
    memory::{self, MemoryError, Record, Versioned},
    notice::Notice,
    ports::{Publish, Recall, Remember},
    tell::NotTold,
};

/// Publishes what waits for the digest, and returns how many findings were told.
///
/// Findings that find no room stay for the next digest; the message says how many. What changes
/// while the digest is under way stays too: only the version that was told is deleted.
///
/// # Errors
///
/// Fails if the memory cannot be used or the topic refuses. A crash after publishing repeats the
/// digest.
pub async fn publish<Memory: Recall + Remember, Topic: Publish>(
    ports: &Ports<Memory, Topic>,
) -> Result<usize, NotTold> {
    let documents = ports
        .memory
        .partition(memory::PENDING)
        .await
        .map_err(MemoryError::from)?;
    let mut waiting: Vec<Versioned<Record>> = Vec::new();
    for document in &documents {
        match Versioned::read(document) {
            Ok(record) => waiting.push(record),
            Err(error) => tracing::error!(%error, sort = document.key.sort, "left out of the digest"),
        }
    }
    if waiting.is_empty() {
        return Ok(0);
    }
    let records: Vec<&Record> = waiting.iter().map(|waiting| &waiting.value).collect();
    let notice = Notice::digest(&records);
    let (publication, listed) = notice.fitted(&ports.texts)?;
    ports.topic.publish(&publication).await?;

    let told: Vec<Write> = waiting
        .iter()
        .filter(|waiting| listed.contains(&waiting.value.finding.id))
        .map(|waiting| {
            Write::Remove(
                memory::pending_key(&waiting.value.finding.id),
                Expected::Version(waiting.version),
            )
        })
        .collect();
    for writes in told.chunks(LARGEST_TRANSACTION) {
        forget(&ports.memory, writes.to_vec()).await?;
    }
    Ok(told.len())
}

/// Deletes what was told, and leaves what has changed since.
async fn forget(memory: &impl Remember, mut writes: Vec<Write>) -> Result<(), MemoryError> {
    for attempt in 0..ATTEMPTS {
        if writes.is_empty() {
            return Ok(());
        }
        match memory.write(&writes).await {
            Ok(()) => return Ok(()),
            Err(NotWritten::Cancelled(obstacles)) => {
                if obstacles
                    .iter()
                    .flatten()
                    .any(|obstacle| matches!(obstacle, Obstacle::Other(_)))
                {
                    return Err(NotWritten::Cancelled(obstacles).into());
                }
                writes = writes
                    .into_iter()
                    .zip(&obstacles)
                    .filter(|(_, obstacle)| **obstacle != Some(Obstacle::Unexpected))
                    .map(|(write, _)| write)
                    .collect();
            }
            Err(not_written) => return Err(not_written.into()),
        }
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition: memory::PENDING.to_owned(),
        attempts: ATTEMPTS,
    })
}
