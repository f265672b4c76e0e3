//! One file: what it is, as a whole or as a stream, into the tally.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek},
    path::Path,
};

use crisguard_core::{
    cloudtrail::Alike,
    tally::{FileKind, Like, LogFileName, Rejected, Tally, Unread},
};
use libdeflater::Decompressor;

use crate::{
    documents,
    gzip::{Members, inflate, is_gzip},
    judge::{Counted, Judge},
    source::{Content, Source},
    window::Window,
};

/// How many bytes of a file are held at once, inflated; of what is larger, a part at a time.
const WHOLE: usize = 16 * 1024 * 1024;
/// How many bytes of a file are held as it is stored.
const STORED: u64 = 4 * 1024 * 1024;

/// What one thread reads files with, one after another.
pub(crate) struct Reader {
    decompressor: Decompressor,
    /// Room for a file as it is stored; what is behind the file's end is of others before it.
    stored: Vec<u8>,
    inflated: Vec<u8>,
    largest: u64,
    /// What was read before; taken out while a file is read.
    known: Option<Alike<Like>>,
}

/// What a file came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    pub(crate) bytes: u64,
    pub(crate) counted: Counted,
}

impl Reader {
    pub(crate) fn new(largest: u64) -> Self {
        Self {
            decompressor: Decompressor::new(),
            stored: Vec::new(),
            inflated: Vec::new(),
            largest,
            known: None,
        }
    }

    /// Reads a source into a tally, which must be the same one each time; where it is no file, there is nothing to read.
    pub(crate) fn read(&mut self, source: Source, tally: &mut Tally) -> Option<Done> {
        let Source { name, content } = source;
        if let Content::NoFile(why) = &content {
            tally.without_file(Rejected::new(name, None, why));
            return None;
        }
        let is_page = matches!(content, Content::Page(_));
        let (place, kind) = (LogFileName::parse(&name), FileKind::of(&name));
        let mut known = self.known.take().unwrap_or_else(Alike::nothing);
        let mut judge = Judge::new(&name, tally, &mut known);
        let (bytes, readable) = if kind == FileKind::Digest && !matches!(content, Content::Unreadable(_)) {
            judge.reject_rest(&Unread::Digest);
            (stored_length(&content), false)
        } else {
            self.content(content, &mut judge)
        };
        let counted = judge.finish();
        self.known = Some(known);
        match (place, kind) {
            _ if is_page => tally.page(bytes),
            (None, FileKind::Digest | FileKind::Insight | FileKind::InvocationLog) => tally.file_of_another_kind(bytes),
            (place, _) => tally.file(bytes, place.as_ref(), readable && counted.whole),
        }
        Some(Done { bytes, counted })
    }

    /// Reads what there is, and tells how many bytes it was stored as and whether it could be read to its end.
    fn content(&mut self, content: Content, judge: &mut Judge<'_>) -> (u64, bool) {
        match content {
            Content::Unreadable(why) | Content::Page(Err(why)) | Content::NoFile(why) => {
                judge.reject_rest(&why);
                (0, false)
            }
            Content::File(path) => self.file(&path, judge).unwrap_or_else(|error| {
                judge.reject_rest(&Unread::NotOpened(error.to_string()));
                (0, false)
            }),
            Content::Bytes(bytes) | Content::Page(Ok(bytes)) => {
                let length = bytes.len();
                self.stored = bytes;
                (length as u64, self.stored_bytes(length, judge))
            }
            Content::Stream(stream) => {
                let mut counting = Counting { stream, bytes: 0 };
                let readable = self.stream(&mut counting, judge);
                (counting.bytes, readable)
            }
        }
    }

    fn file(&mut self, path: &Path, judge: &mut Judge<'_>) -> io::Result<(u64, bool)> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let length = metadata.len();
        if !metadata.is_file() {
            // A pipe cannot be gone back in.
            let mut counting = Counting { stream: file, bytes: 0 };
            let readable = self.stream(&mut counting, judge);
            return Ok((counting.bytes, readable));
        }
        if length <= STORED {
            // A byte more than it was just said to have: it may have grown since.
            let room = usize::try_from(length).unwrap_or_default() + 1;
            if self.stored.len() < room {
                self.stored.resize(room, 0);
            }
            let read = read_whole(&mut file, self.stored.get_mut(..room).unwrap_or_default())?;
            if read < room {
                return Ok((read as u64, self.stored_bytes(read, judge)));
            }
            file.rewind()?;
        }
        let mut counting = Counting { stream: file, bytes: 0 };
        let readable = self.stream(&mut counting, judge);
        Ok((length.max(counting.bytes), readable))
    }

    /// Reads a file of so many bytes that is held as it is stored.
    fn stored_bytes(&mut self, length: usize, judge: &mut Judge<'_>) -> bool {
        let most = usize::try_from(self.largest).unwrap_or(WHOLE).min(WHOLE);
        let stored = self.stored.get(..length).unwrap_or_default();
        if !is_gzip(stored) && length as u64 <= self.largest {
            self.stored.truncate(length);
            return read_window(&mut Window::whole(&mut self.stored), judge);
        }
        if let Some(inflated) = inflate(&mut self.decompressor, stored, most, &mut self.inflated) {
            return read_window(&mut Window::inflated(&mut self.inflated, inflated), judge);
        }
        let stored = std::mem::take(&mut self.stored);
        let readable = self.stream(&mut stored.get(..length).unwrap_or_default(), judge);
        self.stored = stored;
        readable
    }

    /// Reads what is too large to be held, or damaged.
    fn stream(&mut self, stored: &mut dyn Read, judge: &mut Judge<'_>) -> bool {
        let mut start = Vec::new();
        if let Err(error) = stored.take(3).read_to_end(&mut start) {
            judge.reject_rest(&Unread::NotOpened(error.to_string()));
            return false;
        }
        let gzip = is_gzip(&start);
        let stored = Cursor::new(start).chain(stored);
        let left = self.largest;
        if gzip {
            let members = Members::new(BufReader::with_capacity(256 * 1024, stored));
            self.limited(Limited { of: members, left }, judge)
        } else {
            self.limited(Limited { of: stored, left }, judge)
        }
    }

    fn limited(&mut self, mut bytes: impl Read, judge: &mut Judge<'_>) -> bool {
        read_window(&mut Window::stream(&mut self.inflated, &mut bytes), judge)
    }
}

/// Reads until a buffer is full or there is nothing more, and returns how much was read.
fn read_whole(from: &mut impl Read, to: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = to.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn read_window(window: &mut Window<'_>, judge: &mut Judge<'_>) -> bool {
    documents::read(window, judge);
    let broke = window.broke();
    if let Some(broke) = broke {
        judge.reject_rest(broke);
    }
    broke.is_none()
}

fn stored_length(content: &Content) -> u64 {
    match content {
        Content::File(path) => path.metadata().map_or(0, |metadata| metadata.len()),
        Content::Bytes(bytes) | Content::Page(Ok(bytes)) => bytes.len() as u64,
        Content::Stream(_) | Content::Page(Err(_)) | Content::Unreadable(_) | Content::NoFile(_) => 0,
    }
}

/// Counts what is read.
struct Counting<R> {
    stream: R,
    bytes: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(to)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Fails where there is more than there may be.
struct Limited<R> {
    of: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.of.read(to)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::other(Unread::TooLarge));
            }
        }
        Ok(read)
    }
}
