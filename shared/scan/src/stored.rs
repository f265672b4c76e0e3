//! A tally as it is stored, by one function for another to merge.
//!
//! `crisguard-tally 1`, a line break, the length of the head and the number of rows (8 bytes each, little
//! endian), the head as JSON, the rows, and the SHA-256 of all that.

use std::io::{self, Read, Write};

use crisguard_core::tally::{Row, Tally};
use sha2::{Digest, Sha256};

use crate::{
    scanned::{ScanError, Scanned},
    source::Settings,
};

/// What a stored tally begins with; the number is that of its form.
const BEGIN: &[u8] = b"crisguard-tally 1\n";
/// How many rows are read at a time.
const ROWS: u64 = 8192;
const DIGEST: usize = 32;

impl Scanned {
    /// Writes the tally.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be written, or rows that were put aside cannot be read again.
    pub fn write(mut self, to: impl Write) -> Result<(), ScanError> {
        let head = serde_json::to_vec(&self.tally).map_err(|error| ScanError::Write(error.into()))?;
        let mut rows = self.tally.take_rows();
        // The same rows are the same bytes, whichever thread read them.
        rows.sort_unstable_by_key(|row| row.to_bytes());
        let count = rows.len() as u64 + self.spills.iter().map(crate::spill::Spill::rows).sum::<u64>();
        let mut to = Digesting::new(io::BufWriter::new(to));
        let written = (|| {
            to.write_all(BEGIN)?;
            to.write_all(&(head.len() as u64).to_le_bytes())?;
            to.write_all(&count.to_le_bytes())?;
            to.write_all(&head)?;
            for row in rows {
                to.write_all(&row.to_bytes())?;
            }
            for spill in &mut self.spills {
                spill.copy(&mut to)?;
            }
            let digest = to.digest.clone().finalize();
            to.of.write_all(&digest)?;
            to.of.flush()
        })();
        written.map_err(ScanError::Write)
    }

    /// Reads a tally that was written.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be read, or is not what was written.
    pub fn read(from: impl Read, settings: &Settings) -> Result<Self, ScanError> {
        let mut from = Digesting::new(io::BufReader::new(from));
        let mut begin = [0; BEGIN.len()];
        fill(&mut from, &mut begin)?;
        if begin != BEGIN {
            return Err(ScanError::Damaged("it begins otherwise"));
        }
        let (mut head_length, mut count) = ([0; 8], [0; 8]);
        fill(&mut from, &mut head_length)?;
        fill(&mut from, &mut count)?;
        let mut head = Vec::new();
        let length = u64::from_le_bytes(head_length);
        (&mut from)
            .take(length)
            .read_to_end(&mut head)
            .map_err(ScanError::Read)?;
        if head.len() as u64 != length {
            return Err(ScanError::Damaged("it breaks off"));
        }
        let tally: Tally = serde_json::from_slice(&head).map_err(|_| ScanError::Damaged("its head cannot be read"))?;
        let mut scanned = Self {
            tally,
            spills: Vec::new(),
            settings: settings.clone(),
        };
        let mut left = u64::from_le_bytes(count);
        while left > 0 {
            let mut rows = Vec::new();
            for _ in 0..left.min(ROWS) {
                let mut bytes = [0; Row::BYTES];
                fill(&mut from, &mut bytes)?;
                rows.push(Row::from_bytes(&bytes));
            }
            left -= rows.len() as u64;
            scanned.tally.put_rows(rows);
            scanned.put_aside_beyond(settings.rows_in_memory)?;
        }
        let expected = from.digest.clone().finalize();
        let mut digest = [0; DIGEST];
        fill(&mut from, &mut digest)?;
        if digest != *expected {
            return Err(ScanError::Damaged("its digest is another"));
        }
        match from.of.read(&mut [0]) {
            Ok(0) => Ok(scanned),
            Ok(_) => Err(ScanError::Damaged("something stands behind it")),
            Err(error) => Err(ScanError::Read(error)),
        }
    }
}

fn fill(from: &mut impl Read, bytes: &mut [u8]) -> Result<(), ScanError> {
    from.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ScanError::Damaged("it breaks off"),
        _ => ScanError::Read(error),
    })
}

/// Digests what passes.
struct Digesting<T> {
    of: T,
    digest: Sha256,
}

impl<T> Digesting<T> {
    fn new(of: T) -> Self {
        Self {
            of,
            digest: Sha256::new(),
        }
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.of.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.of.flush()
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.of.read(to)?;
        self.digest.update(to.get(..read).unwrap_or_default());
        Ok(read)
    }
}
