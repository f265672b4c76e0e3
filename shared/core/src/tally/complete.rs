//! Whether an audit has read all there is, as far as that can be told: what its page, its text and its end say alike.

use super::Audit;

impl Audit {
    /// Counts what could not be read: records, files or what is left of them, and paths that lead to no file.
    #[must_use]
    pub const fn unread(&self) -> u64 {
        self.exits.rejected.saturating_add(self.read.paths_without_file)
    }

    /// Tells whether nothing at all could be read. A file or page without a record was read.
    #[must_use]
    pub fn read_nothing(&self) -> bool {
        let (rejected, records) = (self.exits.rejected, self.read.records);
        let only_rejected = rejected > 0 && rejected == records && self.coverage.looked_up.is_empty();
        (self.read.files == 0 && self.read.pages == 0) || only_rejected
    }

    /// Tells whether nothing is missing that could be told to be: all could be read, no day lacks evidence, something
    /// tells of whatever was asked for, and every file says of which account, Region and day it is.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.unread() == 0 && self.coverage.has_no_gap() && self.coverage.unplaced_files == 0
    }
}
