//! What is to be read, and how much.

use std::{fmt, io::Read, num::NonZero, path::PathBuf};

use crisguard_core::tally::Unread;

/// How a scan is done; none of it changes what comes out, but for files that are larger than `largest`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many threads read, each a file at a time.
    pub threads: NonZero<usize>,
    /// How many bytes one file may inflate to; what is behind them is not read, and said to be.
    pub largest: u64,
    /// How many rows, of 56 bytes, are held in memory by all threads together.
    pub rows_in_memory: usize,
    /// The folder for the file that further rows are put into; the system's own for such files if `None`.
    pub spill_under: Option<PathBuf>,
}

impl Settings {
    /// 4 GiB, of which a log file of CloudTrail has a thousandth.
    pub const LARGEST: u64 = 4 << 30;
    /// 14 MB of rows.
    pub const ROWS_IN_MEMORY: usize = 250_000;

    /// Returns the usual settings for so many threads.
    #[must_use]
    pub fn with_threads(threads: NonZero<usize>) -> Self {
        Self {
            threads,
            largest: Self::LARGEST,
            rows_in_memory: Self::ROWS_IN_MEMORY,
            spill_under: None,
        }
    }
}

/// Something to read.
#[derive(Debug)]
pub struct Source {
    /// How it is called where something is wrong with it; where this is a path like CloudTrail's, it tells the file's
    /// account, Region and day.
    pub name: String,
    /// What it holds.
    pub content: Content,
}

/// What a source holds, compressed or not.
pub enum Content {
    /// A file.
    File(PathBuf),
    /// Bytes.
    Bytes(Vec<u8>),
    /// What comes, such as standard input.
    Stream(Box<dyn Read + Send>),
    /// A page of CloudTrail's event history, or why there is none. Whose it is and of which days, whoever asked knows and
    /// tells the tally.
    Page(Result<Vec<u8>, Unread>),
    /// Nothing, and why.
    Unreadable(Unread),
    /// Not even a file: the path that was named leads to none, and why.
    NoFile(Unread),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Bytes(bytes) => f.debug_tuple("Bytes").field(&bytes.len()).finish(),
            Self::Stream(_) => f.write_str("Stream"),
            Self::Page(page) => f.debug_tuple("Page").field(&page.as_ref().map(Vec::len)).finish(),
            Self::Unreadable(why) => f.debug_tuple("Unreadable").field(why).finish(),
            Self::NoFile(why) => f.debug_tuple("NoFile").field(why).finish(),
        }
    }
}

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes as they are stored.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Records.
    pub records: u64,
    /// Records of Bedrock.
    pub bedrock_records: u64,
}
