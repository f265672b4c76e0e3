//! What is being read of one file: all of it, or what fits.

use std::io::{self, Read};

use crisguard_core::tally::Unread;

use crate::gzip::{Check, Inflated};

/// How much is read at a time of what is not held as a whole.
pub(crate) const CHUNK: usize = 1024 * 1024;

/// How much is looked at in one go, so that what was just read is still near to the processor.
const PART: usize = 256 * 1024;

/// Bytes in memory, and where more come from.
pub(crate) struct Window<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
    /// What all of it must come to, and up to where it was looked at.
    check: Option<(Check, usize)>,
    more: Option<&'a mut dyn Read>,
    /// Why reading stopped before the end.
    broke: Option<Unread>,
}

impl<'a> Window<'a> {
    /// Looks at all there is.
    pub(crate) fn whole(bytes: &'a mut Vec<u8>) -> Self {
        Self {
            bytes,
            start: 0,
            check: None,
            more: None,
            broke: None,
        }
    }

    /// Looks at all that was inflated, and compares its checksum on the way if nobody did.
    pub(crate) fn inflated(bytes: &'a mut Vec<u8>, inflated: Inflated) -> Self {
        let check = match inflated {
            Inflated::Checked => None,
            Inflated::Unchecked(checksum) => Some((Check::against(checksum), 0)),
        };
        Self {
            check,
            ..Self::whole(bytes)
        }
    }

    /// Looks at what is read, a chunk at a time.
    pub(crate) fn stream(bytes: &'a mut Vec<u8>, more: &'a mut dyn Read) -> Self {
        bytes.clear();
        Self {
            more: Some(more),
            ..Self::whole(bytes)
        }
    }

    /// Returns what is in memory and has not been passed.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Returns part of that: so much as is well read in one go, or `least` bytes if that is more.
    pub(crate) fn part(&mut self, least: usize) -> &[u8] {
        let end = self.bytes.len().min(self.start + least.max(PART));
        self.check_to(end);
        self.bytes.get(self.start..end).unwrap_or_default()
    }

    fn check_to(&mut self, end: usize) {
        if let Some((check, checked)) = &mut self.check
            && let Some(bytes) = self.bytes.get(*checked..end)
        {
            check.take(bytes);
            *checked = end;
        }
    }

    /// Passes bytes.
    pub(crate) fn pass(&mut self, bytes: usize) {
        self.start = self.bytes.len().min(self.start + bytes);
    }

    /// Reads another chunk behind what is there; `false` if there is nothing more.
    pub(crate) fn more(&mut self) -> bool {
        let Some(more) = &mut self.more else { return false };
        self.bytes.drain(..self.start);
        self.start = 0;
        let before = self.bytes.len();
        if let Err(error) = more.take(CHUNK as u64).read_to_end(self.bytes) {
            self.broke = Some(broken(error));
            self.more = None;
        }
        if self.bytes.len() == before {
            self.more = None;
        }
        self.bytes.len() > before
    }

    /// Tells whether all that there is is in memory.
    pub(crate) fn is_all(&self) -> bool {
        self.more.is_none()
    }

    /// Returns why what there is is not all, once it was read to its end.
    pub(crate) fn broke(&mut self) -> Option<&Unread> {
        self.check_to(self.bytes.len());
        if let Some((check, _)) = self.check.take()
            && let Err(why) = check.finish()
        {
            self.broke = Some(why);
        }
        self.broke.as_ref()
    }

    /// Returns the next byte.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.peek_at(0)
    }

    /// Returns the byte so far behind the next.
    pub(crate) fn peek_at(&mut self, offset: usize) -> Option<u8> {
        while self.rest().len() <= offset {
            if !self.more() {
                return None;
            }
        }
        self.rest().get(offset).copied()
    }

    /// Passes bytes while they are of a kind.
    pub(crate) fn pass_while(&mut self, is: impl Fn(u8) -> bool) {
        loop {
            let rest = self.rest();
            let passed = rest.iter().position(|byte| !is(*byte)).unwrap_or(rest.len());
            let found = passed < rest.len();
            self.pass(passed);
            if found || !self.more() {
                return;
            }
        }
    }
}

/// Tells why reading stopped, as whatever is read through said it.
fn broken(error: io::Error) -> Unread {
    let told = error.downcast::<Unread>();
    told.unwrap_or_else(|error| Unread::Failed(error.to_string()))
}
