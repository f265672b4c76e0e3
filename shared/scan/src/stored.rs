//! A tally as it is stored, by one function for another to merge.
//!
//! `crisguard-tally 4` with the version that wrote it, a line break, the length of what it is called, that of the head
//! and the number of rows (8 bytes each, little endian), what it is called, the head as JSON, the rows, and the SHA-256
//! of all that. Another version may take the same record for something else, and a tally that stands in another's place
//! would count its own files twice and hide the other's: neither is read.

use std::io::{self, Read, Write};

use crisguard_core::tally::{Row, Tally};
use sha2::{Digest, Sha256};

use crate::{
    scanned::{ScanError, Scanned},
    source::Settings,
};

/// What a stored tally begins with; the number is that of its form.
const BEGIN: &[u8] = concat!("crisguard-tally 4 ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();
/// How many rows are read at a time.
const ROWS: u64 = 8192;
const DIGEST: usize = 32;

impl Scanned {
    /// Writes the tally, and what it is called: of which files it tells.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be written, or rows that were put aside cannot be read again.
    pub fn write(mut self, called: &str, to: impl Write) -> Result<(), ScanError> {
        let head = serde_json::to_vec(&self.tally).map_err(|error| ScanError::Write(error.into()))?;
        let mut rows = self.tally.take_rows();
        // The same rows are the same bytes, whichever thread read them.
        rows.sort_unstable_by_key(|row| row.to_bytes());
        let count = rows.len() as u64 + self.spills.iter().map(crate::spill::Spill::rows).sum::<u64>();
        let mut to = Digesting::new(io::BufWriter::new(to));
        let written = (|| {
            to.write_all(BEGIN)?;
            for length in [called.len() as u64, head.len() as u64, count] {
                to.write_all(&length.to_le_bytes())?;
            }
            to.write_all(called.as_bytes())?;
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

    /// Reads a tally that was written under the same name.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be read, is not what was written, or is another.
    pub fn read(from: impl Read, called: &str, settings: &Settings) -> Result<Self, ScanError> {
        let mut from = Digesting::new(io::BufReader::new(from));
        let mut begin = [0; BEGIN.len()];
        fill(&mut from, &mut begin)?;
        if begin != BEGIN {
            return Err(ScanError::Damaged("it begins otherwise"));
        }
        let [name_length, head_length, count] = [length(&mut from)?, length(&mut from)?, length(&mut from)?];
        if part(&mut from, name_length)? != called.as_bytes() {
            return Err(ScanError::Damaged("it is another's"));
        }
        let head = part(&mut from, head_length)?;
        let tally: Tally = serde_json::from_slice(&head).map_err(|_| ScanError::Damaged("its head cannot be read"))?;
        let mut scanned = Self {
            tally,
            spills: Vec::new(),
            settings: settings.clone(),
        };
        let mut left = count;
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

fn length(from: &mut impl Read) -> Result<u64, ScanError> {
    let mut bytes = [0; 8];
    fill(from, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads so many bytes; what is not there is not made room for.
fn part(from: &mut impl Read, length: u64) -> Result<Vec<u8>, ScanError> {
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes).map_err(ScanError::Read)?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        Err(ScanError::Damaged("it breaks off"))
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
