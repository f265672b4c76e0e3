//! What is being read of one file: all of it, or what fits.

use std::io::Read;

/// How much is read at a time of what is not held as a whole.
pub(crate) const CHUNK: usize = 1024 * 1024;

/// Bytes in memory, and where more come from.
pub(crate) struct Window<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
    more: Option<&'a mut dyn Read>,
    /// Why reading stopped before the end.
    broke: Option<String>,
}

impl<'a> Window<'a> {
    /// Looks at all there is.
    pub(crate) fn whole(bytes: &'a mut Vec<u8>, broke: Option<String>) -> Self {
        Self {
            bytes,
            start: 0,
            more: None,
            broke,
        }
    }

    /// Looks at what is read, a chunk at a time.
    pub(crate) fn stream(bytes: &'a mut Vec<u8>, more: &'a mut dyn Read) -> Self {
        bytes.clear();
        Self {
            bytes,
            start: 0,
            more: Some(more),
            broke: None,
        }
    }

    /// Returns what is in memory and has not been passed.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
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
            self.broke = Some(error.to_string());
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

    /// Returns why reading stopped before the end.
    pub(crate) fn broke(&self) -> Option<&str> {
        self.broke.as_deref()
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
