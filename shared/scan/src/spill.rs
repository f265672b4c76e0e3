//! Rows that do not fit into memory, in a file that is gone when the scan is.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use crisguard_core::tally::Row;

/// Into how many parts rows are divided, each to be held in memory alone: the rows of a terabyte of log files
/// are some 20 MB a part.
pub(crate) const PARTS: u32 = 1024;

/// A file of rows, in runs that are each sorted by part.
#[derive(Debug)]
pub(crate) struct Spill {
    file: File,
    runs: Vec<Run>,
    rows: u64,
}

/// Where the parts of one run begin and end, in rows; one more than there are parts.
#[derive(Debug)]
struct Run {
    bounds: Vec<u64>,
}

impl Spill {
    /// Opens a file under a folder, or under the system's own for such files.
    pub(crate) fn under(folder: Option<&Path>) -> io::Result<Self> {
        let file = match folder {
            Some(folder) => tempfile::tempfile_in(folder)?,
            None => tempfile::tempfile()?,
        };
        Ok(Self {
            file,
            runs: Vec::new(),
            rows: 0,
        })
    }

    /// Puts rows aside.
    pub(crate) fn put(&mut self, mut rows: Vec<Row>) -> io::Result<()> {
        rows.sort_unstable_by_key(|row| row.partition(PARTS));
        let mut bounds = Vec::with_capacity(PARTS as usize + 1);
        bounds
            .extend((0..=PARTS).map(|part| self.rows + rows.partition_point(|row| row.partition(PARTS) < part) as u64));
        self.file.seek(SeekFrom::Start(self.rows * Row::BYTES as u64))?;
        let mut bytes = Vec::with_capacity(4096 * Row::BYTES);
        for some in rows.chunks(4096) {
            bytes.clear();
            bytes.extend(some.iter().flat_map(|row| row.to_bytes()));
            self.file.write_all(&bytes)?;
        }
        self.rows += rows.len() as u64;
        self.runs.push(Run { bounds });
        Ok(())
    }

    /// Returns the rows of one part.
    pub(crate) fn part(&mut self, part: u32) -> io::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for run in &self.runs {
            let bound = |part: u32| run.bounds.get(part as usize).copied().unwrap_or(self.rows);
            read_rows(&mut self.file, bound(part)..bound(part + 1), &mut rows)?;
        }
        Ok(rows)
    }

    /// Returns how many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Copies all rows, in the order in which they were put aside.
    pub(crate) fn copy(&mut self, to: &mut impl Write) -> io::Result<()> {
        self.file.rewind()?;
        let bytes = self.rows * Row::BYTES as u64;
        let copied = io::copy(&mut (&self.file).take(bytes), to)?;
        if copied == bytes {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

fn read_rows(file: &mut File, range: std::ops::Range<u64>, to: &mut Vec<Row>) -> io::Result<()> {
    let count = range.end.saturating_sub(range.start);
    if count == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::Start(range.start * Row::BYTES as u64))?;
    // At once: there are many parts, and of each run a few rows in each.
    let count = usize::try_from(count).map_err(io::Error::other)?;
    let mut bytes = vec![0; count * Row::BYTES];
    file.read_exact(&mut bytes)?;
    to.extend(bytes.as_chunks().0.iter().map(Row::from_bytes));
    Ok(())
}
