//! Gzip: whole files at once where they are small enough, and as a stream where they are not.
//!
//! Both read members one after another, and both stop at the same things.

use std::io::{self, BufRead, Read};

use crisguard_core::tally::Unread;
use flate2::bufread::GzDecoder;
use libdeflater::{DecompressionError, Decompressor};
use memchr::memmem;

/// What a file of gzip begins with; deflate is its only method.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// How many bytes a member has before its data, at the least.
const HEADER: usize = 10;
/// The flag of a member that has its file's name before its data, as `gzip` writes it.
const NAME: u8 = 8;
/// How often what may be a member's end may turn out not to be it; each time costs as much as all up to there.
const MOST_MISSES: u32 = 16;

/// Tells whether bytes begin like gzip.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Inflates all members of a file into `to`, which keeps its memory for the next file.
///
/// Returns nothing where it cannot be done this way: because it would take more than `most` bytes, or
/// because something is wrong, which [`Members`] then says.
pub(crate) fn inflate(with: &mut Decompressor, gzip: &[u8], most: usize, to: &mut Vec<u8>) -> Option<Inflated> {
    if !is_gzip(gzip) {
        return None;
    }
    let mut more = memmem::find_iter(gzip.get(1..).unwrap_or_default(), &MAGIC)
        .map(|place| place + 1)
        .filter(|place| may_begin(gzip.get(*place..).unwrap_or_default()))
        .peekable();
    if more.peek().is_none() {
        let (length, checksum) = member_into(with, gzip, most, 0, to)?;
        to.truncate(length);
        return Some(Inflated::Unchecked(checksum));
    }
    let (mut filled, mut start, mut misses) = (0, 0, 0);
    for end in more.chain([gzip.len()]) {
        let member = gzip.get(start..end).unwrap_or_default();
        let inflated = member_into(with, member, most, filled, to)
            .filter(|(length, checksum)| checksum.is_of(to.get(filled..filled + length).unwrap_or_default()));
        match inflated {
            Some(_) if ends_twice(member) => return None,
            Some((length, _)) => (filled, start) = (filled + length, end),
            // A member may hold what looks like another's beginning; only one that is made to holds it often.
            None if misses == MOST_MISSES => return None,
            None => misses += 1,
        }
    }
    to.truncate(filled);
    (start == gzip.len()).then_some(Inflated::Checked)
}

/// What was inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inflated {
    /// It is what its checksums say.
    Checked,
    /// It is one member, whose checksum is still to be compared: whoever reads it does both in one go, part by part.
    Unchecked(Checksum),
}

/// What the bytes of a member come to, as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checksum(u32);

impl Checksum {
    fn is_of(self, bytes: &[u8]) -> bool {
        libdeflater::crc32(bytes) == self.0
    }
}

/// Compares bytes that come one after another with their checksum.
pub(crate) struct Check {
    expected: Checksum,
    so_far: libdeflater::Crc,
}

impl Check {
    pub(crate) fn against(expected: Checksum) -> Self {
        Self {
            expected,
            so_far: libdeflater::Crc::new(),
        }
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.so_far.update(bytes);
    }

    /// Returns what is wrong, if anything is.
    pub(crate) fn finish(self) -> Result<(), Unread> {
        if self.so_far.sum() == self.expected.0 {
            Ok(())
        } else {
            Err(Unread::GzipDamaged)
        }
    }
}

/// Tells whether a member may begin here: no flag is set that has no meaning
/// ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)).
fn may_begin(bytes: &[u8]) -> bool {
    bytes.get(3).is_some_and(|flags| *flags < 0x20)
}

/// Tells whether what a member ends with, its checksum and length, stands in it before, too: then what was inflated may be
/// no more than the first of two members that are alike, and what stands between them was passed over.
fn ends_twice(member: &[u8]) -> bool {
    member
        .last_chunk::<8>()
        .is_some_and(|end| memmem::find(member, end) != Some(member.len() - end.len()))
}

/// Splits a member that ends where the bytes do into its data, checksum and length; `None` where its header holds
/// more than a name.
fn parts(member: &[u8]) -> Option<(&[u8], [u8; 4], [u8; 4])> {
    let (header, behind) = member.split_at_checked(HEADER)?;
    let behind = match header.get(3)? {
        0 => behind,
        &NAME => behind.get(memchr::memchr(0, behind)? + 1..)?,
        _ => return None,
    };
    let (behind, length) = behind.split_last_chunk()?;
    let (data, checksum) = behind.split_last_chunk()?;
    Some((data, *checksum, *length))
}

/// Inflates one member behind what is there, and returns how much it was, with its checksum, which is not compared yet;
/// nothing if it does not end where the bytes do, for what stands behind its data is taken for its checksum.
fn member_into(
    with: &mut Decompressor,
    member: &[u8],
    most: usize,
    filled: usize,
    to: &mut Vec<u8>,
) -> Option<(usize, Checksum)> {
    let (data, checksum, said) = parts(member)?;
    let expected = u32::from_le_bytes(said) as usize;
    // What it says of its length is no more than a hint: it may be damaged, or crafted.
    let mut room = if expected <= most {
        expected
    } else {
        member.len().saturating_mul(8)
    };
    loop {
        if filled.checked_add(room)? > most {
            return None;
        }
        if to.len() < filled + room {
            to.resize(filled + room, 0);
        }
        match with.deflate_decompress(data, to.get_mut(filled..)?) {
            Ok(length) => {
                // The length is kept modulo 2^32.
                let is_said = length as u64 & u64::from(u32::MAX) == expected as u64;
                return is_said.then_some((length, Checksum(u32::from_le_bytes(checksum))));
            }
            Err(DecompressionError::BadData) => return None,
            Err(DecompressionError::InsufficientSpace) => room = (to.len() - filled).max(1024) * 2,
        }
    }
}

/// All members of gzip, one after another.
pub(crate) struct Members<R> {
    state: State<R>,
}

enum State<R> {
    Between(R),
    Within(Box<GzDecoder<R>>),
    Ended,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(gzip: R) -> Self {
        Self {
            state: State::Within(Box::new(GzDecoder::new(gzip))),
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::Within(mut member) => match member.read(to) {
                    Ok(0) if !to.is_empty() => self.state = State::Between(member.into_inner()),
                    Ok(length) => {
                        self.state = State::Within(member);
                        return Ok(length);
                    }
                    Err(error) => return Err(io::Error::other(stopped(&error))),
                },
                State::Between(mut gzip) => match gzip.fill_buf() {
                    Ok([]) => return Ok(0),
                    Ok([0x1f, ..]) => self.state = State::Within(Box::new(GzDecoder::new(gzip))),
                    Ok(_) => return Err(io::Error::other(Unread::GzipFollowed)),
                    Err(error) => return Err(io::Error::other(Unread::Failed(error.to_string()))),
                },
            }
        }
    }
}

/// Tells why inflating stopped before the end of a file.
fn stopped(error: &io::Error) -> Unread {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Unread::GzipBreaksOff,
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Unread::GzipDamaged,
        _ => Unread::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn at_once(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
        let mut to = vec![7; 3];
        let is_whole = match inflate(&mut Decompressor::new(), bytes, most, &mut to)? {
            Inflated::Checked => true,
            Inflated::Unchecked(checksum) => checksum.is_of(&to),
        };
        is_whole.then_some(to)
    }

    fn streamed(bytes: &[u8]) -> (Vec<u8>, Option<String>) {
        let mut to = Vec::new();
        let error = Members::new(bytes).read_to_end(&mut to).err();
        (to, error.map(|error| error.to_string()))
    }

    proptest! {
        #[test]
        fn members_come_one_after_another(members in prop::collection::vec(prop::collection::vec(0..4_u8, 0..300), 1..5)) {
            let file: Vec<u8> = members.iter().flat_map(|member| gzip(member)).collect();
            // What an empty one ends with stands in it before, too, a byte earlier.
            let is_alike = members.len() > 1 && members.contains(&Vec::new());
            let expected = (!is_alike).then(|| members.concat());
            prop_assert_eq!(at_once(&file, 1 << 20), expected);
            prop_assert_eq!(streamed(&file), (members.concat(), None));
        }

        #[test]
        fn what_is_damaged_or_cut_off_is_never_taken_for_whole(
            bytes in prop::collection::vec(0..9_u8, 1..300), at: prop::sample::Index, change in 1..=255_u8, cut: bool,
        ) {
            let whole = gzip(&bytes);
            let mut file = whole.clone();
            let at = at.index(file.len());
            if cut {
                file.truncate(at);
            } else {
                file[at] ^= change;
            }
            if let Some(inflated) = at_once(&file, 1 << 20) {
                prop_assert_eq!(&inflated, &bytes);
            }
            let (inflated, error) = streamed(&file);
            prop_assert!(error.is_some() || inflated == bytes || file.is_empty());
        }
    }

    #[test]
    fn a_member_that_holds_one_is_one() {
        // Stored, not deflated, so that the beginning within stands there as it is.
        let inner = gzip(b"inner");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(&inner).unwrap();
        let file = encoder.finish().unwrap();
        assert_eq!(at_once(&file, 1 << 20), Some(inner));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let whole = gzip(b"some text");
        assert!(streamed(&whole[..whole.len() - 9]).1.unwrap().contains("breaks off"));
        assert!(
            streamed(&[&whole, &b"rubbish"[..]].concat())
                .1
                .unwrap()
                .contains("something else")
        );
        let mut damaged = whole.clone();
        damaged[12] ^= 0xff;
        assert!(streamed(&damaged).1.is_some());
        assert_eq!(at_once(&[&whole, &b"rubbish"[..]].concat(), 1 << 20), None);
        assert_eq!(at_once(&[&whole[..], &whole].concat(), 17), None);
        assert_eq!(
            at_once(&[&whole[..], &whole].concat(), 18),
            Some(b"some textsome text".to_vec())
        );
    }

    #[test]
    fn a_member_whose_beginning_is_damaged_is_never_passed_over() {
        // As long as the one before it: the file's last bytes fit the first member.
        let (first, second) = (gzip(b"the first one"), gzip(b"the other one"));
        for (at, byte) in [(0, 0), (1, 0), (2, 9), (3, 0xe0)] {
            let mut damaged = second.clone();
            damaged[at] = byte;
            let file = [&first[..], &damaged].concat();
            assert_eq!(at_once(&file, 1 << 20), None, "byte {at}");
            let (inflated, error) = streamed(&file);
            assert!(inflated.starts_with(b"the first one") && error.is_some(), "byte {at}");
        }
    }

    /// What stands between two that are alike would be taken for the first one's data, and all of it for one member.
    #[test]
    fn a_damaged_member_between_two_that_are_alike_is_never_passed_over() {
        let (one, mut two) = (gzip(b"the one"), gzip(b"another"));
        two[0] = 0;
        let mut damaged = one.clone();
        damaged[0] = 0;
        for file in [
            [&one[..], &two, &one].concat(),
            [&one[..], &two, &one, &two, &one].concat(),
            [&one[..], &two, &damaged, &gzip(b"a third")].concat(),
        ] {
            assert_eq!(at_once(&file, 1 << 20), None);
            let (inflated, error) = streamed(&file);
            assert!(inflated == b"the one" && error.is_some());
        }
        // What an empty one ends with are eight bytes of nothing, as may stand behind another.
        let padded = [&one[..], &gzip(b""), &two, &[0; 8]].concat();
        assert_eq!(at_once(&padded, 1 << 20), None);
        assert!(streamed(&padded).1.is_some());
    }

    #[test]
    fn a_header_with_a_name_or_more_is_read() {
        let with = |name: Option<&str>, comment: Option<&str>| {
            let mut builder = flate2::GzBuilder::new();
            if let Some(name) = name {
                builder = builder.filename(name);
            }
            if let Some(comment) = comment {
                builder = builder.comment(comment);
            }
            let mut encoder = builder.write(Vec::new(), Compression::fast());
            encoder.write_all(b"text").unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(at_once(&with(Some("a.json"), None), 99), Some(b"text".to_vec()));
        let commented = with(None, Some("a comment"));
        assert_eq!(at_once(&commented, 99), None);
        assert_eq!(streamed(&commented), (b"text".to_vec(), None));
    }

    #[test]
    fn a_file_full_of_what_looks_like_beginnings_is_given_to_the_stream() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(&[0x1f, 0x8b, 8, 0].repeat(1000)).unwrap();
        assert_eq!(at_once(&encoder.finish().unwrap(), 1 << 20), None);
    }

    #[test]
    fn a_length_that_lies_costs_nothing() {
        let mut file = gzip(&[0; 5000]);
        let end = file.len();
        file[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(at_once(&file, 1 << 20), None);
        assert!(streamed(&file).1.is_some());
    }
}
