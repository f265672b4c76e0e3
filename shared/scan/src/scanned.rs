//! What a scan comes to, before a question is asked of it.

use std::io;

use crisguard_core::tally::{Audit, Question, Row, Tally};

use crate::{
    source::Settings,
    spill::{PARTS, Spill},
};

/// Why a scan, or what it came to, was lost.
///
/// What is wrong with a file is none of these: it is told in the audit, and the rest is read.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Rows could not be put aside, or read again.
    #[error(
        "the records that do not fit into memory could not be kept in a temporary file; point TMPDIR to a folder with room: {0}"
    )]
    Spill(#[source] io::Error),
    /// A tally could not be written.
    #[error("the tally could not be written: {0}")]
    Write(#[source] io::Error),
    /// A tally could not be read.
    #[error("the tally could not be read: {0}")]
    Read(#[source] io::Error),
    /// What was read is no tally, or not whole.
    #[error("it is no tally of this version of crisguard, or is damaged ({0}): scan its files again")]
    Damaged(&'static str),
    /// A thread that was reading files ended early.
    #[error("a thread that was reading files ended early; what it had read is lost: scan again, and report it")]
    Thread,
    /// Not one thread could be started.
    #[error("no thread could be started to read files: let this user have more processes, or end others")]
    NoThread,
}

/// A tally, with the rows that do not fit into memory in temporary files.
#[derive(Debug)]
pub struct Scanned {
    pub(crate) tally: Tally,
    pub(crate) spills: Vec<Spill>,
    pub(crate) settings: Settings,
}

impl Scanned {
    /// Starts with nothing read.
    #[must_use]
    pub fn nothing(settings: &Settings) -> Self {
        Self {
            tally: Tally::new(),
            spills: Vec::new(),
            settings: settings.clone(),
        }
    }

    /// Returns the tally, for what no file tells.
    pub fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Takes in another, whichever of the two was first.
    ///
    /// # Errors
    ///
    /// Fails if rows do not fit into memory, and cannot be put aside.
    pub fn merge(&mut self, other: Self) -> Result<(), ScanError> {
        self.tally.merge(other.tally);
        self.spills.extend(other.spills);
        self.put_aside_beyond(self.settings.rows_in_memory)
    }

    /// Puts all rows aside if there are more than so many.
    pub(crate) fn put_aside_beyond(&mut self, rows: usize) -> Result<(), ScanError> {
        if self.tally.rows() <= rows {
            return Ok(());
        }
        let rows = self.tally.take_rows();
        if self.spills.is_empty() {
            let spill = Spill::under(self.settings.spill_under.as_deref()).map_err(ScanError::Spill)?;
            self.spills.push(spill);
        }
        match self.spills.first_mut() {
            Some(spill) => spill.put(rows).map_err(ScanError::Spill),
            None => Ok(()),
        }
    }

    /// Joins what belongs together, decides about each invocation once, and tells what it comes to.
    ///
    /// # Errors
    ///
    /// Fails if rows that were put aside cannot be read again.
    pub fn conclude(mut self, question: &Question<'_>) -> Result<Audit, ScanError> {
        if self.spills.is_empty() {
            return self.tally.conclude([], question);
        }
        // All rows of a group must come together: those still in memory join the others.
        self.put_aside_beyond(0)?;
        let mut spills = self.spills;
        let parts = (0..PARTS).map(move |part| {
            let mut rows: Vec<Row> = Vec::new();
            for spill in &mut spills {
                rows.extend(spill.part(part).map_err(ScanError::Spill)?);
            }
            Ok(rows)
        });
        self.tally.conclude(parts, question)
    }
}
