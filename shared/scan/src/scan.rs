//! Threads, each reading a file at a time into a tally of its own.

use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use crate::{
    file::{Done, Reader},
    scanned::{ScanError, Scanned},
    source::{Content, Progress, Settings, Source},
};

/// How many times something waits for each thread.
const WAITING: usize = 8;

/// How many files are handed over together where threads are behind: each time costs more than finding a file does.
const TOGETHER: usize = 32;

/// From how many bytes on what is in memory does not wait there after it was offered: as many as may wait would fill it.
const LARGE: usize = 4 << 20;

/// Sources, and what is let go of when a thread takes them, where anybody waits for that.
type Handed = (Vec<Source>, Option<SyncSender<()>>);

/// A scan that is under way.
#[derive(Debug)]
pub struct Scan {
    settings: Settings,
    sources: SyncSender<Handed>,
    /// Files that are still to be handed over.
    files: Mutex<Vec<Source>>,
    threads: Vec<JoinHandle<Result<Scanned, ScanError>>>,
    so_far: Arc<SoFar>,
}

/// Tells how far the threads of a scan are.
#[derive(Clone, Debug)]
pub struct Watch(Arc<SoFar>);

impl Watch {
    /// Tells how far they are now.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Progress {
            bytes: count(&self.0.bytes),
            files: count(&self.0.files),
            records: count(&self.0.records),
            bedrock_records: count(&self.0.bedrock_records),
        }
    }
}

#[derive(Debug, Default)]
struct SoFar {
    bytes: AtomicU64,
    files: AtomicU64,
    records: AtomicU64,
    bedrock_records: AtomicU64,
}

impl Scan {
    /// Starts the threads, which wait for something to read.
    #[must_use]
    pub fn start(settings: Settings) -> Self {
        let (sources, taken) = sync_channel(WAITING * settings.threads.get());
        let taken = Arc::new(Mutex::new(taken));
        let so_far = Arc::new(SoFar::default());
        // Where the system lets no more of them start, those that did read everything.
        let threads = (0..settings.threads.get())
            .map_while(|_| {
                let (taken, so_far, settings) = (Arc::clone(&taken), Arc::clone(&so_far), settings.clone());
                let thread = std::thread::Builder::new();
                thread.spawn(move || work(&taken, &so_far, &settings)).ok()
            })
            .collect();
        Self {
            settings,
            sources,
            files: Mutex::new(Vec::new()),
            threads,
            so_far,
        }
    }

    /// Gives something to read; waits while the threads are behind, and with large bytes until a thread takes them.
    pub fn offer(&self, source: Source) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        // All else may take memory, or its time to come.
        let is_file = matches!(source.content, Content::File(_));
        let is_large =
            matches!(&source.content, Content::Bytes(bytes) | Content::Page(Ok(bytes)) if bytes.len() > LARGE);
        files.push(source);
        let all = std::mem::take(&mut *files);
        if is_file && all.len() < TOGETHER {
            if let Err(TrySendError::Full((all, _))) = self.sources.try_send((all, None)) {
                *files = all;
            }
        } else {
            drop(files);
            self.hand_over(all, is_large);
        }
    }

    fn hand_over(&self, sources: Vec<Source>, and_wait: bool) {
        let (until_taken, taken) = sync_channel(0);
        // Where no thread is left to take it, finishing says so.
        self.sources
            .send((sources, and_wait.then_some(until_taken)))
            .unwrap_or_default();
        // Nothing comes but the end, which is what is waited for; where nobody waits, it has come.
        taken.recv().unwrap_or_default();
    }

    /// Returns what can be asked how far the threads are, also while [`Scan::finish`] waits for them.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.so_far))
    }

    /// Tells how far the threads are.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.watch().progress()
    }

    /// Waits until all is read, and puts it together.
    ///
    /// # Errors
    ///
    /// Fails if records do not fit into memory and cannot be put aside, or if no thread read anything.
    pub fn finish(self) -> Result<Scanned, ScanError> {
        let files = self.files.into_inner().unwrap_or_else(PoisonError::into_inner);
        // As above.
        self.sources.send((files, None)).unwrap_or_default();
        drop(self.sources);
        if self.threads.is_empty() {
            return Err(ScanError::NoThread);
        }
        let mut all = Scanned::nothing(&self.settings);
        for thread in self.threads {
            all.merge(thread.join().map_err(|_| ScanError::Thread)??)?;
        }
        Ok(all)
    }
}

fn work(sources: &Mutex<Receiver<Handed>>, so_far: &SoFar, settings: &Settings) -> Result<Scanned, ScanError> {
    let mut scanned = Scanned::nothing(settings);
    let mut reader = Reader::new(settings.largest);
    let rows = settings.rows_in_memory / settings.threads.get();
    loop {
        let next = sources.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((next, until_taken)) = next else {
            return Ok(scanned);
        };
        drop(until_taken);
        for source in next {
            let Some(Done { bytes, counted }) = reader.read(source, &mut scanned.tally) else {
                continue;
            };
            so_far.bytes.fetch_add(bytes, Ordering::Relaxed);
            so_far.files.fetch_add(1, Ordering::Relaxed);
            so_far.records.fetch_add(counted.records, Ordering::Relaxed);
            so_far.bedrock_records.fetch_add(counted.bedrock, Ordering::Relaxed);
            scanned.put_aside_beyond(rows)?;
        }
    }
}

/// Returns how many threads the machine can run at once.
#[must_use]
pub fn all_threads() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

#[cfg(test)]
mod tests {
    use std::{io::Read, sync::mpsc::channel, thread, time::Duration};

    use super::*;

    /// What comes to its end when it is told to.
    struct Slow(Receiver<()>);

    impl Read for Slow {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            self.0.recv().unwrap_or_default();
            Ok(0)
        }
    }

    #[test]
    fn what_is_large_does_not_wait_in_memory() {
        let scan = Arc::new(Scan::start(Settings::with_threads(NonZero::<usize>::MIN)));
        let offer = |content| {
            let scan = Arc::clone(&scan);
            let name = "f".to_owned();
            thread::spawn(move || scan.offer(Source { name, content }))
        };
        let (end, slow) = channel();
        offer(Content::Stream(Box::new(Slow(slow)))).join().unwrap();
        offer(Content::Bytes(vec![b' '; LARGE])).join().unwrap();
        let large = offer(Content::Bytes(vec![b' '; LARGE + 1]));
        thread::sleep(Duration::from_millis(200));
        assert!(!large.is_finished());
        drop(end);
        large.join().unwrap();
        let scan = Arc::into_inner(scan).unwrap();
        scan.finish().unwrap();
    }
}
