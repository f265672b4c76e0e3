//! A record as CloudTrail writes it, read without a parser: most records of a log file of Bedrock's are such, and
//! most of what they say was said by another before.
//!
//! Only what is plain is read so: one line, no escapes, every member once and of the kind it should be, no end of a
//! stream. All else is for [`super::parse_record`], and of what is plain both say the same; brackets and what is not
//! read of a record are not judged here.

use std::borrow::Cow;

use fearless_simd::{Level, dispatch, prelude::*, u8x64};
use jiff::Timestamp;
use memchr::memchr;

use super::{
    EVENT_SOURCES, LARGEST_RECORD, Record, Rejection,
    lenient::{Object, Text},
    read_bedrock,
    wire::{
        AdditionalEventDataWire, OnBehalfOfWire, RecordWire, RequestParametersWire, SessionContextWire,
        SessionIssuerWire, TlsDetailsWire, UserIdentityWire,
    },
};

/// A plain record.
#[derive(Debug)]
pub struct Glance<'a> {
    members: Members<'a>,
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

impl<'a> Glance<'a> {
    /// Reads a record if it is plain.
    #[must_use]
    pub fn of(level: Level, json: &'a [u8]) -> Option<Self> {
        if json.len() > LARGEST_RECORD || !json.starts_with(b"{\"") || !json.ends_with(b"}") {
            return None;
        }
        let text = str::from_utf8(json).ok()?;
        let mut members = Members::of(text);
        dispatch!(level, simd => members.read(simd))?;
        // The end of a stream says more than is read here.
        (members.text_of(KIND) != Some("AwsServiceEvent")).then_some(Self { members })
    }

    /// Tells whether the record is Bedrock's; `None` where it does not say whose it is.
    #[must_use]
    pub fn is_bedrock(&self) -> Option<bool> {
        self.members
            .text_of(SOURCE)
            .map(|source| EVENT_SOURCES.contains(&source))
    }

    /// Returns what the record is about.
    ///
    /// # Errors
    ///
    /// Fails if it lacks what crisguard cannot do without.
    pub fn record(&self) -> Result<Record, Rejection> {
        read_bedrock(&self.members.wire())
    }

    /// Writes what the record has in common with others that are alike, and returns the rest; `None` where the rest has
    /// not the usual form.
    pub fn likeness(&self, to: &mut Vec<u8>) -> Option<Particulars<'a>> {
        let members = &self.members;
        let filled = |slot| members.text_of(slot).filter(|text| !text.is_empty());
        filled(ACCOUNT)?;
        to.clear();
        // No text has a control character in it, so they do not run together.
        to.push(if members.is(Within::Identity) { 1 } else { 2 });
        // Who issued a session is its principal, whatever else is said of it.
        let identity = if filled(ISSUER).is_some() {
            ISSUER..=ISSUER
        } else {
            ISSUER..=LAST_OF_IDENTITY
        };
        for slot in (0..FIRST_OF_ITSELF).chain(identity) {
            match members.text_of(slot) {
                Some(text) => {
                    to.extend_from_slice(text.as_bytes());
                    to.push(3);
                }
                None => to.push(4),
            }
        }
        let id = |text: &'a str| (text.len() <= 128 && text.trim().len() == text.len()).then_some(text);
        Some(Particulars {
            event_id: id(filled(EVENT_ID)?)?,
            request_id: match filled(REQUEST_ID) {
                Some(text) => Some(id(text)?),
                None => None,
            },
            time: microseconds(members.text_of(TIME)?)?,
        })
    }
}

/// Reads a time as the parser does.
fn microseconds(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

/// Which object a member is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Record,
    Identity,
    Session,
    Issuer,
    Behalf,
    Parameters,
    Additional,
    Tls,
    /// Nothing in it is read.
    Unread,
}

/// How many objects of a record are read, and how many texts.
const OBJECTS: usize = 8;
const TEXTS: usize = 22;
/// Where texts are kept: first what many records say, then what each says of itself, then who called.
const SOURCE: usize = 0;
const KIND: usize = 2;
const ACCOUNT: usize = 4;
const FIRST_OF_ITSELF: usize = 11;
const EVENT_ID: usize = 11;
const REQUEST_ID: usize = 12;
const TIME: usize = 13;
const ISSUER: usize = 14;
const LAST_OF_IDENTITY: usize = 21;
/// How deep a record may go.
const DEEPEST: usize = 32;

/// What is read of a member.
enum Member {
    Text(usize),
    Object(Within),
    Unread,
    /// Only a parser can read it.
    Refused,
}

/// Recognises a member by its key, which ends the bytes before its colon, but for the closing quote.
///
/// Most keys are of no interest: how they end tells so at once.
fn member(within: Within, before: &[u8]) -> Member {
    use Member::{Object, Refused, Text, Unread};
    let Some(tail) = before.last_chunk::<4>() else {
        return Unread;
    };
    let (key, member): (&[u8], Member) = match (within, tail) {
        (Within::Record, b"urce") => (b"\"eventSource", Text(SOURCE)),
        (Within::Record, b"Name") => (b"\"eventName", Text(1)),
        (Within::Record, b"Type") => (b"\"eventType", Text(KIND)),
        (Within::Record, b"gion") => (b"\"awsRegion", Text(3)),
        (Within::Record, b"ntId") => (b"\"recipientAccountId", Text(ACCOUNT)),
        (Within::Record, b"Code") => (b"\"errorCode", Text(5)),
        (Within::Record, b"sage") => (b"\"errorMessage", Text(6)),
        (Within::Record, b"ntID") => (b"\"eventID", Text(EVENT_ID)),
        (Within::Record, b"stID") => (b"\"requestID", Text(REQUEST_ID)),
        (Within::Record, b"Time") => (b"\"eventTime", Text(TIME)),
        (Within::Record, b"tity") => (b"\"userIdentity", Object(Within::Identity)),
        (Within::Record, b"ters") => (b"\"requestParameters", Object(Within::Parameters)),
        (Within::Record, b"Data") => (b"\"additionalEventData", Object(Within::Additional)),
        (Within::Record, b"ails") if before.ends_with(b"\"tlsDetails") => return Object(Within::Tls),
        (Within::Record, b"ails") => (b"\"serviceEventDetails", Refused),
        (Within::Record, b"ndum") => (b"\"addendum", Refused),
        (Within::Identity, b"type") => (b"\"type", Text(15)),
        (Within::Identity, b"\"arn") => return Text(16),
        (Within::Identity, b"ntId") => (b"\"accountId", Text(17)),
        (Within::Identity, b"alId") => (b"\"principalId", Text(18)),
        (Within::Identity, b"Name") => (b"\"userName", Text(19)),
        (Within::Identity, b"edBy") => (b"\"invokedBy", Text(20)),
        (Within::Identity, b"text") => (b"\"sessionContext", Object(Within::Session)),
        (Within::Identity, b"lfOf") => (b"\"onBehalfOf", Object(Within::Behalf)),
        (Within::Session, b"suer") => (b"\"sessionIssuer", Object(Within::Issuer)),
        (Within::Issuer, b"\"arn") => return Text(ISSUER),
        (Within::Behalf, b"erId") => (b"\"userId", Text(LAST_OF_IDENTITY)),
        (Within::Parameters, b"elId") => (b"\"modelId", Text(7)),
        (Within::Parameters, b"odel") => (b"\"model", Text(8)),
        (Within::Additional, b"gion") => (b"\"inferenceRegion", Text(9)),
        (Within::Tls, b"ader") => (b"\"clientProvidedHostHeader", Text(10)),
        _ => return Unread,
    };
    if before.ends_with(key) { member } else { Unread }
}

/// A member that should be a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen<'a> {
    /// It has not been there so far.
    Not,
    /// It is null.
    Null,
    /// It is a text.
    Text(&'a str),
}

/// The members that are read.
#[derive(Debug)]
struct Members<'a> {
    text: &'a str,
    /// The texts.
    texts: [Seen<'a>; TEXTS],
    /// Whether objects were there; `Some(false)` if null.
    objects: [Option<bool>; OBJECTS],
    /// The objects that are open.
    open: [Within; DEEPEST],
    depth: usize,
    /// The object that the last key announced, and where.
    announced: (usize, Within),
}

impl<'a> Members<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            texts: [Seen::Not; TEXTS],
            objects: [None; OBJECTS],
            open: [Within::Unread; DEEPEST],
            depth: 0,
            announced: (0, Within::Record),
        }
    }

    /// Goes through keys and brackets; `None` if the record is not plain.
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn read<S: Simd>(&mut self, simd: S) -> Option<()> {
        let bytes = self.text.as_bytes();
        let (mut in_text, mut ended) = (0_u64, 0_u64);
        let mut tail = [b' '; 64];
        let (blocks, rest) = bytes.as_chunks::<64>();
        for (to, from) in tail.iter_mut().zip(rest) {
            *to = *from;
        }
        let mut at = 0;
        for block in blocks.iter().chain([&tail]) {
            let signs = u8x64::from_slice(simd, block);
            let brackets = signs | 0x20_u8;
            // No escapes and no lines, so each quote begins or ends a text.
            if (signs.simd_eq(b'\\') | signs.simd_lt(b' ')).to_bitmask() != 0 {
                return None;
            }
            let quotes = signs.simd_eq(b'"').to_bitmask();
            let mut inside = quotes;
            for shift in [1, 2, 4, 8, 16, 32] {
                inside ^= inside << shift;
            }
            inside ^= in_text;
            in_text = if inside >> 63 == 1 { u64::MAX } else { 0 };
            let ends = quotes & !inside;
            let behind = ends << 1 | ended;
            let keys = behind & signs.simd_eq(b':').to_bitmask();
            ended = ends >> 63;
            let opens = brackets.simd_eq(b'{').to_bitmask();
            let closes = brackets.simd_eq(b'}').to_bitmask();
            // A key that is parted from its colon would not be seen.
            if behind & !(keys | closes | signs.simd_eq(b',').to_bitmask()) != 0 {
                return None;
            }
            let mut places = keys | (opens | closes) & !inside;
            while places != 0 {
                let bit = places.trailing_zeros();
                places &= places - 1;
                let place = at + bit as usize;
                if keys >> bit & 1 == 1 {
                    self.key(place)?;
                } else if opens >> bit & 1 == 1 {
                    self.open(place)?;
                } else {
                    self.depth = self.depth.checked_sub(1)?;
                }
            }
            at += 64;
        }
        (self.depth == 0 && in_text == 0).then_some(())
    }

    fn open(&mut self, place: usize) -> Option<()> {
        let (announced, within) = self.announced;
        let within = if announced == place { within } else { Within::Unread };
        *self.open.get_mut(self.depth)? = within;
        self.depth += 1;
        Some(())
    }

    /// Takes in the member whose colon is at a place.
    fn key(&mut self, colon: usize) -> Option<()> {
        let within = *self.open.get(self.depth.checked_sub(1)?)?;
        if within == Within::Unread {
            return Some(());
        }
        let bytes = self.text.as_bytes();
        let before = bytes.get(..colon.checked_sub(1)?)?;
        let value = bytes.get(colon + 1..)?;
        match member(within, before) {
            Member::Unread => {}
            Member::Refused => return None,
            Member::Text(slot) => {
                let slot = self.texts.get_mut(slot)?;
                let text = match value {
                    [b'"', ..] => {
                        let end = memchr(b'"', value.get(1..)?)?;
                        Seen::Text(self.text.get(colon + 2..colon + 2 + end)?)
                    }
                    [b'n', b'u', b'l', b'l', b',' | b'}', ..] => Seen::Null,
                    _ => return None,
                };
                if std::mem::replace(slot, text) != Seen::Not {
                    return None;
                }
            }
            Member::Object(object) => {
                let is_there = match value {
                    [b'{', ..] => true,
                    [b'n', b'u', b'l', b'l', b',' | b'}', ..] => false,
                    _ => return None,
                };
                if self.objects.get_mut(object as usize)?.replace(is_there).is_some() {
                    return None;
                }
                self.announced = (colon + 1, object);
            }
        }
        Some(())
    }

    fn text_of(&self, slot: usize) -> Option<&'a str> {
        match self.texts.get(slot) {
            Some(Seen::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Tells whether an object was there.
    fn is(&self, object: Within) -> bool {
        self.objects.get(object as usize).copied().flatten() == Some(true)
    }

    fn wire(&self) -> RecordWire<'a> {
        let text = |text: &Seen<'a>| match text {
            Seen::Text(text) => Text::Is(Cow::Borrowed(*text)),
            Seen::Null | Seen::Not => Text::Absent,
        };
        let [
            source,
            name,
            kind,
            region,
            account,
            code,
            message,
            model_id,
            model,
            inference,
            host,
            id,
            request,
            time,
            issuer,
            identity,
            arn,
            callers,
            principal,
            user,
            invoked,
            behalf,
        ] = self.texts.each_ref().map(text);
        RecordWire {
            event_name: name,
            event_type: kind,
            event_id: id,
            request_id: request,
            event_time: time,
            aws_region: region,
            recipient_account_id: account,
            error_code: code,
            error_message: message,
            user_identity: object(
                self.is(Within::Identity),
                UserIdentityWire {
                    kind: identity,
                    arn,
                    account_id: callers,
                    principal_id: principal,
                    user_name: user,
                    invoked_by: invoked,
                    session_context: object(
                        self.is(Within::Session),
                        SessionContextWire {
                            session_issuer: object(self.is(Within::Issuer), SessionIssuerWire { arn: issuer }),
                        },
                    ),
                    on_behalf_of: object(self.is(Within::Behalf), OnBehalfOfWire { user_id: behalf }),
                },
            ),
            request_parameters: object(self.is(Within::Parameters), RequestParametersWire { model_id, model }),
            additional_event_data: object(
                self.is(Within::Additional),
                AdditionalEventDataWire {
                    inference_region: inference,
                },
            ),
            service_event_details: Object::Absent,
            tls_details: object(
                self.is(Within::Tls),
                TlsDetailsWire {
                    client_provided_host_header: host,
                },
            ),
            addendum: Object::Absent,
            resources: None,
            event_source: source,
        }
    }
}

/// Returns an object that is there, or none.
fn object<T>(is: bool, object: T) -> Object<T> {
    if is { Object::Is(object) } else { Object::Absent }
}

#[cfg(test)]
mod tests;
