//! Records that differ from one that was parsed only in what every record has of its own.
//!
//! Most calls of Bedrock are made by a program again and again, and their records are the same but for times, ids and
//! the session. So of a record that was parsed its form is kept: all its bytes, and which of them are texts of
//! its own. A record with the same bytes everywhere else, and nothing in those texts that would end one or escape, is
//! the same JSON with other texts in these places: a parser says of it what it said of the first.
//!
//! Where a call came from and by which program stand in the midst of a record and are of any length, so that a record
//! has two forms, one to either side.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    ops::Range,
};

use fearless_simd::{Level, dispatch, prelude::*, u8x64};
use foldhash::quality::RandomState;
use jiff::Timestamp;
use memchr::{memchr, memmem};
use serde::Deserialize;

use super::{Half, Invocation, LARGEST_RECORD};

/// What stands before the address of a call, and between it and the program.
const ADDRESS: &[u8] = b"\"sourceIPAddress\":\"";
const PROGRAM: &[u8] = b"\",\"userAgent\":\"";
const BLOCK: usize = 64;
/// How many forms that begin alike a record is compared with before it is rather parsed.
const TRIES: usize = 32;
/// How many blocks of forms are kept before all of them are forgotten: some 8 MB.
const MOST_BLOCKS: usize = 100_000;
/// The longest id, in characters.
const LONGEST_ID: usize = 128;

/// What records come to that are alike.
#[derive(Debug)]
pub struct Alike<T> {
    level: Level,
    address: memmem::Finder<'static>,
    fronts: Forms<Range<usize>>,
    backs: Forms<(Ids, T)>,
    hour: Hour,
}

/// What a record says of itself alone: two that are alike differ in nothing else that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Particulars<'a> {
    /// Its `eventID`.
    pub event_id: &'a str,
    /// Its `requestID`, where it has one.
    pub request_id: Option<&'a str>,
    /// Its `eventTime`, in microseconds since 1970.
    pub time: i64,
}

/// Where a record's ids stand.
#[derive(Clone, Copy, Debug)]
struct Ids {
    event: FromEnd,
    request: Option<FromEnd>,
}

/// Where a text stands, counted from a record's end.
#[derive(Clone, Copy, Debug)]
struct FromEnd {
    start: usize,
    length: usize,
}

impl FromEnd {
    fn of(self, json: &[u8]) -> Option<&str> {
        let start = json.len().checked_sub(self.start)?;
        let text = str::from_utf8(json.get(start..start + self.length)?).ok()?;
        (text.trim().len() == text.len()).then_some(text)
    }
}

impl<T: Copy> Alike<T> {
    /// Starts with nothing known.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            level: Level::new(),
            address: memmem::Finder::new(ADDRESS),
            fronts: Forms::none(),
            backs: Forms::none(),
            hour: Hour {
                name: [0; 13],
                began: 0,
            },
        }
    }

    /// Returns what a record comes to that is like one that was learnt, and what it says of itself.
    pub fn find<'a>(&mut self, json: &'a [u8]) -> Option<(T, Particulars<'a>)> {
        let [front, address, program, back] = parts(&self.address, json)?;
        if json.len() > LARGEST_RECORD || !are_plain(address) || !are_plain(program) {
            return None;
        }
        let (front, time) = self.fronts.find(self.level, &Key::of_front(front)?, json)?;
        let (_, (ids, known)) = self.backs.find(self.level, &Key::of_back(back, front)?, json)?;
        let request_id = match ids.request {
            Some(place) => Some(place.of(json)?),
            None => None,
        };
        let particulars = Particulars {
            event_id: ids.event.of(json)?,
            request_id,
            time: self.hour.microseconds(json.get(time)?)?,
        };
        Some((known, particulars))
    }

    /// Keeps what a record came to that was parsed.
    ///
    /// Only a call's is kept, and only in the order in which CloudTrail writes it, on one line.
    pub fn learn(&mut self, json: &[u8], invocation: &Invocation, known: T) {
        if invocation.half == Half::StreamCompletion || invocation.identity.original_event_id.is_some() {
            return;
        }
        if self.fronts.blocks + self.backs.blocks > MOST_BLOCKS {
            *self = Self::nothing();
        }
        // What is not of the usual form is parsed again when it comes again.
        self.keep(json, invocation.principal.name(), known).unwrap_or(());
    }

    fn keep(&mut self, json: &[u8], principal: &str, known: T) -> Option<()> {
        let shape: Shape<'_> = serde_json::from_slice(json).ok()?;
        let [front, address, program, back] = parts(&self.address, json)?;
        // They may be members of something else than the record.
        if !std::ptr::eq(address, shape.source_ip_address.as_bytes())
            || !std::ptr::eq(program, shape.user_agent.as_bytes())
        {
            return None;
        }
        let place = |text: &str| {
            let start = text.as_ptr().addr().checked_sub(json.as_ptr().addr())?;
            let range = start..start + text.len();
            (json.get(range.clone())? == text.as_bytes()).then_some(range)
        };
        let (end, begin) = (front.len(), json.len() - back.len());
        let id = |text: &str| {
            let range = place(text).filter(|id| id.start > begin && (1..=LONGEST_ID).contains(&id.len()))?;
            Some(FromEnd {
                start: json.len() - range.start,
                length: range.len(),
            })
        };
        let time = place(shape.event_time).filter(|time| time.end < end)?;
        let ids = Ids {
            event: id(shape.event_id)?,
            request: match shape.request_id {
                Some("") | None => None,
                Some(text) => Some(id(text)?),
            },
        };
        let own: Vec<Range<usize>> = shape.its_own(principal).map(place).collect::<Option<_>>()?;
        // By what stands nearest to the address and program forms are found again.
        if own
            .iter()
            .any(|text| text.start < begin + BLOCK && text.end + BLOCK > end)
        {
            return None;
        }
        let key = Key::of_front(front)?;
        let number = match self.fronts.find(self.level, &key, json) {
            Some((number, _)) => number,
            None => self.fronts.keep(key, form(key.blocks(json)?, 0..end, &own), time),
        };
        let key = Key::of_back(back, number)?;
        let blocks = key.blocks(json)?;
        let before = json.len() - blocks.as_flattened().len();
        let own: Vec<Range<usize>> = own
            .iter()
            .filter_map(|text| Some(text.start.checked_sub(before)?..text.end.checked_sub(before)?))
            .collect();
        self.backs.keep(
            key,
            form(blocks, begin - before..json.len() - before, &own),
            (ids, known),
        );
        Some(())
    }
}

/// Splits a record into what stands before its address, the address, the program and what stands behind.
fn parts<'a>(address: &memmem::Finder<'_>, json: &'a [u8]) -> Option<[&'a [u8]; 4]> {
    let (front, rest) = json.split_at_checked(address.find(json)? + ADDRESS.len())?;
    let (address, rest) = rest.split_at_checked(memchr(b'"', rest)?)?;
    let rest = rest.strip_prefix(PROGRAM)?;
    let (program, back) = rest.split_at_checked(memchr(b'"', rest)?)?;
    Some([front, address, program, back])
}

/// Tells whether bytes can stand in a text as they are, and are each a character.
fn are_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |plain, byte| plain & is_plain(*byte))
}

const fn is_plain(byte: u8) -> bool {
    byte.wrapping_sub(b' ') < 0x60 && byte != b'"' && byte != b'\\'
}

/// The members of a record that tell where its own texts stand.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow)]
    user_identity: Option<IdentityShape<'a>>,
    event_time: &'a str,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: &'a str,
    user_agent: &'a str,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    #[serde(rename = "requestID")]
    request_id: Option<&'a str>,
    #[serde(rename = "sharedEventID")]
    shared_event_id: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentityShape<'a> {
    #[serde(borrow)]
    principal_id: Option<&'a str>,
    arn: Option<&'a str>,
    access_key_id: Option<&'a str>,
    session_context: Option<SessionShape<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionShape<'a> {
    #[serde(borrow)]
    session_issuer: Option<IssuerShape<'a>>,
    attributes: Option<AttributesShape<'a>>,
}

#[derive(Deserialize)]
struct IssuerShape<'a> {
    #[serde(borrow)]
    arn: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttributesShape<'a> {
    #[serde(borrow)]
    creation_date: Option<&'a str>,
}

impl<'a> Shape<'a> {
    /// Returns the texts that nothing is decided by and that differ from call to call, with the three that are read.
    fn its_own(&self, principal: &str) -> impl Iterator<Item = &'a str> {
        let identity = self.user_identity.as_ref();
        let session = identity.and_then(|identity| identity.session_context.as_ref());
        let issuer = session.and_then(|session| session.session_issuer.as_ref()?.arn);
        // Who issued a session is its principal, whatever else is said of it; if the parser found so, too.
        let of_session = identity.filter(|_| issuer == Some(principal));
        [
            Some(self.event_time),
            Some(self.event_id),
            self.request_id,
            self.shared_event_id,
            identity.and_then(|identity| identity.access_key_id),
            session.and_then(|session| session.attributes.as_ref()?.creation_date),
            of_session.and_then(|identity| identity.principal_id),
            of_session.and_then(|identity| identity.arn),
        ]
        .into_iter()
        .flatten()
    }
}

/// What forms have in common that a record is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    /// The front that it is the back of.
    of: Option<usize>,
    length: usize,
    /// What is nearest to the address and program: the Region before it, and the model behind it.
    edge: [u8; BLOCK],
}

impl Hash for Key {
    /// Two that differ in the rest alone cost a comparison.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let words = self
            .edge
            .as_chunks::<8>()
            .0
            .iter()
            .map(|word| u64::from_le_bytes(*word));
        let edge = words.fold(0, |mixed: u64, word| mixed.rotate_left(5) ^ word);
        (self.of, self.length, edge).hash(state);
    }
}

impl Key {
    fn of_front(front: &[u8]) -> Option<Self> {
        Some(Self {
            of: None,
            length: front.len(),
            edge: *front.last_chunk()?,
        })
    }

    fn of_back(back: &[u8], front: usize) -> Option<Self> {
        Some(Self {
            of: Some(front),
            length: back.len(),
            edge: *back.first_chunk()?,
        })
    }

    /// Returns the blocks of a record that the form is in: counted from where the record begins, or ends.
    fn blocks(self, json: &[u8]) -> Option<&[[u8; BLOCK]]> {
        let length = self.length.next_multiple_of(BLOCK);
        let bytes = match self.of {
            None => json.get(..length)?,
            Some(_) => json.get(json.len().checked_sub(length)?..)?,
        };
        Some(bytes.as_chunks().0)
    }
}

/// Some bytes of one side of a record; a bit stands for each.
#[derive(Clone, Copy, Debug)]
struct Block {
    bytes: [u8; BLOCK],
    /// Those that every record of the form has.
    same: u64,
    /// Those that are of a record's own texts.
    own: u64,
}

/// Makes a form of the part of some blocks that is in a range, in which some texts are the record's own.
fn form(blocks: &[[u8; BLOCK]], part: Range<usize>, own: &[Range<usize>]) -> Box<[Block]> {
    let bits = |block: usize, of: &Range<usize>| {
        let [start, end] = [of.start, of.end].map(|at| at.saturating_sub(block * BLOCK).min(BLOCK));
        (start..end).fold(0, |bits, bit| bits | 1_u64 << bit)
    };
    let form = blocks.iter().enumerate().map(|(number, bytes)| {
        let part = bits(number, &part);
        let own = part & own.iter().fold(0, |own, text| own | bits(number, text));
        Block {
            bytes: *bytes,
            same: part & !own,
            own,
        }
    });
    form.collect()
}

/// Forms, each once, but for those that too many others begin like.
#[derive(Debug)]
struct Forms<P> {
    /// With what is to be known of each.
    all: Vec<(Box<[Block]>, P)>,
    /// Those of a key, what was met last before others.
    alike: HashMap<Key, Vec<usize>, RandomState>,
    /// How many blocks they have.
    blocks: usize,
}

impl<P: Clone> Forms<P> {
    fn none() -> Self {
        Self {
            all: Vec::new(),
            alike: HashMap::with_hasher(RandomState::default()),
            blocks: 0,
        }
    }

    /// Returns the number of the form that a record has, and what is known of it.
    fn find(&mut self, level: Level, key: &Key, json: &[u8]) -> Option<(usize, P)> {
        let blocks = key.blocks(json)?;
        let numbers = self.alike.get_mut(key)?;
        for at in 0..numbers.len().min(TRIES) {
            let number = *numbers.get(at)?;
            let (form, known) = self.all.get(number)?;
            if dispatch!(level, simd => is_of(simd, form, blocks)) {
                numbers.swap(0, at);
                return Some((number, known.clone()));
            }
        }
        None
    }

    /// Keeps a form, and returns its number.
    fn keep(&mut self, key: Key, form: Box<[Block]>, known: P) -> usize {
        let number = self.all.len();
        self.blocks += form.len();
        self.all.push((form, known));
        let numbers = self.alike.entry(key).or_default();
        numbers.push(number);
        let last = numbers.len() - 1;
        numbers.swap(0, last);
        number
    }
}

/// Tells whether a record is of a form.
#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's own registers"
)]
#[inline(always)]
fn is_of<S: Simd>(simd: S, form: &[Block], record: &[[u8; BLOCK]]) -> bool {
    if form.len() != record.len() {
        return false;
    }
    for (form, bytes) in form.iter().zip(record) {
        let here = u8x64::from_slice(simd, bytes);
        let differ = !here.simd_eq(u8x64::from_slice(simd, &form.bytes)).to_bitmask();
        let others = here.simd_lt(b' ') | here.simd_ge(0x80) | here.simd_eq(b'"') | here.simd_eq(b'\\');
        if differ & form.same | others.to_bitmask() & form.own != 0 {
            return false;
        }
    }
    true
}

/// The hour of the last time that was read: records of one file are of few.
#[derive(Debug)]
struct Hour {
    /// As it is written.
    name: [u8; 13],
    /// In microseconds since 1970.
    began: i64,
}

impl Hour {
    /// Reads a time as the parser does.
    fn microseconds(&mut self, text: &[u8]) -> Option<i64> {
        let parsed = || {
            let time: Timestamp = str::from_utf8(text).ok()?.parse().ok()?;
            Some(time.as_microsecond())
        };
        let Some((hour, within)) = text
            .split_first_chunk()
            .and_then(|(hour, rest)| Some((hour, Self::within(rest)?)))
        else {
            return parsed();
        };
        if *hour != self.name {
            (self.name, self.began) = (*hour, parsed()? - within);
        }
        // The last hour that there is ends early.
        let time = self.began + within;
        (time <= Timestamp::MAX.as_microsecond()).then_some(time)
    }

    /// Returns how long after its hour a time of the usual form is.
    fn within(text: &[u8]) -> Option<i64> {
        let [
            b':',
            m @ b'0'..=b'5',
            n @ b'0'..=b'9',
            b':',
            s @ b'0'..=b'5',
            t @ b'0'..=b'9',
            b'Z',
        ] = text
        else {
            return None;
        };
        let [m, n, s, t] = [m, n, s, t].map(|digit| i64::from(digit - b'0'));
        Some(((m * 10 + n) * 60 + s * 10 + t) * 1_000_000)
    }
}

#[cfg(test)]
mod tests;
