//! A record as CloudTrail writes it, read without a parser: most records of a log file of Bedrock's are such, and
//! most of what they say was said by another before.
//!
//! Only what is plain is read so: one line, no escapes, every member once and of the kind it should be, no end of a
//! stream. All else is for [`super::parse_record`], and of what is plain both say the same; brackets and what is not
//! read of a record are not judged here.

use std::borrow::Cow;

use fearless_simd::{Level, dispatch, prelude::*, u8x64};
use jiff::civil::Date;
use memchr::{memchr, memrchr};

use super::{
    LARGEST_RECORD, Record, Rejection, bedrock_source,
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
    wire: RecordWire<'a>,
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
        members.into_wire().map(|wire| Self { wire })
    }

    /// Tells whether the record is Bedrock's; `None` where it does not say whose it is.
    #[must_use]
    pub fn is_bedrock(&self) -> Option<bool> {
        match &self.wire.event_source {
            Text::Is(_) => Some(matches!(bedrock_source(&self.wire.event_source), Ok(Some(_)))),
            Text::Absent | Text::Other(_) => None,
        }
    }

    /// Returns what the record is about.
    ///
    /// # Errors
    ///
    /// Fails if it lacks what crisguard cannot do without.
    pub fn record(&self) -> Result<Record, Rejection> {
        read_bedrock(&self.wire)
    }

    /// Writes what the record has in common with others that are alike, and returns the rest; `None` where the rest has
    /// not the usual form.
    pub fn likeness(&self, to: &mut Vec<u8>) -> Option<Particulars<'_>> {
        let RecordWire {
            event_name,
            event_type,
            event_id,
            request_id,
            event_time,
            aws_region,
            recipient_account_id,
            error_code,
            error_message,
            user_identity,
            request_parameters,
            additional_event_data,
            service_event_details: _,
            tls_details,
            addendum: _,
            resources: _,
            event_source,
        } = &self.wire;
        let account = recipient_account_id.filled()?;
        to.clear();
        let mut put = |text: &Text<'_>| {
            if let Some(text) = text.text() {
                to.extend_from_slice(text.as_bytes());
                to.push(1);
            } else {
                to.push(2);
            }
        };
        put(event_source);
        put(event_name);
        put(event_type);
        put(aws_region);
        put(&Text::Is(Cow::Borrowed(account)));
        put(error_code);
        put(error_message);
        let parameters = request_parameters.object();
        put(parameters.map_or(&Text::Absent, |parameters| &parameters.model_id));
        put(parameters.map_or(&Text::Absent, |parameters| &parameters.model));
        put(additional_event_data
            .object()
            .map_or(&Text::Absent, |data| &data.inference_region));
        put(tls_details
            .object()
            .map_or(&Text::Absent, |tls| &tls.client_provided_host_header));
        if let Some(identity) = user_identity.object() {
            let context = identity.session_context.object();
            let issuer = context
                .and_then(|context| context.session_issuer.object())
                .map(|issuer| &issuer.arn);
            if let Some(issuer) = issuer.filter(|issuer| issuer.filled().is_some()) {
                // Who issued a session is its principal, whatever else is said of it.
                put(issuer);
            } else {
                put(&Text::Absent);
                put(&identity.kind);
                put(&identity.arn);
                put(&identity.account_id);
                put(&identity.principal_id);
                put(&identity.user_name);
                put(&identity.invoked_by);
                put(identity
                    .on_behalf_of
                    .object()
                    .map_or(&Text::Absent, |user| &user.user_id));
            }
        } else {
            to.push(3);
        }
        let id = |text: &'a str| (text.len() <= 128 && text.trim().len() == text.len()).then_some(text);
        let borrowed = |text: &Text<'a>| match text {
            Text::Is(Cow::Borrowed(text)) if !text.is_empty() => Some(*text),
            _ => None,
        };
        Some(Particulars {
            event_id: id(borrowed(event_id)?)?,
            request_id: match borrowed(request_id) {
                Some(text) => Some(id(text)?),
                None => None,
            },
            time: microseconds(event_time.text()?)?,
        })
    }
}

/// Reads a time as CloudTrail writes it: `2026-11-21T10:00:00Z`.
fn microseconds(text: &str) -> Option<i64> {
    let &[
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
        b'Z',
    ] = text.as_bytes()
    else {
        return None;
    };
    let two = |tens: u8, ones: u8| {
        let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        digits.then(|| i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok())?
    };
    let year = i16::from(two(y0, y1)?) * 100 + i16::from(two(y2, y3)?);
    let date = Date::new(year, two(m0, m1)?, two(d0, d1)?).ok()?;
    let (hour, minute, second) = (two(h0, h1)?, two(i0, i1)?, two(s0, s1)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = i64::from((date - EPOCH).get_days());
    let seconds = ((days * 24 + i64::from(hour)) * 60 + i64::from(minute)) * 60 + i64::from(second);
    Some(seconds * 1_000_000)
}

const EPOCH: Date = Date::constant(1970, 1, 1);

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

fn member(within: Within, key: &[u8]) -> Member {
    use Member::{Object, Refused, Text, Unread};
    match (within, key) {
        (Within::Record, b"eventSource") => Text(0),
        (Within::Record, b"eventName") => Text(1),
        (Within::Record, b"eventType") => Text(2),
        (Within::Record, b"eventID") => Text(3),
        (Within::Record, b"requestID") => Text(4),
        (Within::Record, b"eventTime") => Text(5),
        (Within::Record, b"awsRegion") => Text(6),
        (Within::Record, b"recipientAccountId") => Text(7),
        (Within::Record, b"errorCode") => Text(8),
        (Within::Record, b"errorMessage") => Text(9),
        (Within::Record, b"userIdentity") => Object(Within::Identity),
        (Within::Record, b"requestParameters") => Object(Within::Parameters),
        (Within::Record, b"additionalEventData") => Object(Within::Additional),
        (Within::Record, b"tlsDetails") => Object(Within::Tls),
        (Within::Record, b"serviceEventDetails" | b"addendum") => Refused,
        (Within::Identity, b"type") => Text(10),
        (Within::Identity, b"arn") => Text(11),
        (Within::Identity, b"accountId") => Text(12),
        (Within::Identity, b"principalId") => Text(13),
        (Within::Identity, b"userName") => Text(14),
        (Within::Identity, b"invokedBy") => Text(15),
        (Within::Identity, b"sessionContext") => Object(Within::Session),
        (Within::Identity, b"onBehalfOf") => Object(Within::Behalf),
        (Within::Session, b"sessionIssuer") => Object(Within::Issuer),
        (Within::Issuer, b"arn") => Text(16),
        (Within::Behalf, b"userId") => Text(17),
        (Within::Parameters, b"modelId") => Text(18),
        (Within::Parameters, b"model") => Text(19),
        (Within::Additional, b"inferenceRegion") => Text(20),
        (Within::Tls, b"clientProvidedHostHeader") => Text(21),
        _ => Unread,
    }
}

/// The members that are read.
struct Members<'a> {
    text: &'a str,
    texts: [Option<Text<'a>>; TEXTS],
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
            texts: [const { None }; TEXTS],
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
        let key = before.get(memrchr(b'"', before)? + 1..)?;
        let value = bytes.get(colon + 1..)?;
        match member(within, key) {
            Member::Unread => {}
            Member::Refused => return None,
            Member::Text(slot) => {
                let slot = self.texts.get_mut(slot)?;
                let text = match value {
                    [b'"', ..] => {
                        let end = memchr(b'"', value.get(1..)?)?;
                        Text::Is(Cow::Borrowed(self.text.get(colon + 2..colon + 2 + end)?))
                    }
                    [b'n', b'u', b'l', b'l', b',' | b'}', ..] => Text::Absent,
                    _ => return None,
                };
                if slot.replace(text).is_some() {
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

    fn into_wire(self) -> Option<RecordWire<'a>> {
        let objects = self.objects;
        let is = |object: Within| objects.get(object as usize).copied().flatten() == Some(true);
        let [
            source,
            name,
            kind,
            id,
            request,
            time,
            region,
            account,
            code,
            message,
            identity,
            arn,
            callers,
            principal,
            user,
            invoked,
            issuer,
            behalf,
            model_id,
            model,
            inference,
            host,
        ] = self.texts.map(Option::unwrap_or_default);
        if kind.text() == Some("AwsServiceEvent") {
            return None;
        }
        Some(RecordWire {
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
                is(Within::Identity),
                UserIdentityWire {
                    kind: identity,
                    arn,
                    account_id: callers,
                    principal_id: principal,
                    user_name: user,
                    invoked_by: invoked,
                    session_context: object(
                        is(Within::Session),
                        SessionContextWire {
                            session_issuer: object(is(Within::Issuer), SessionIssuerWire { arn: issuer }),
                        },
                    ),
                    on_behalf_of: object(is(Within::Behalf), OnBehalfOfWire { user_id: behalf }),
                },
            ),
            request_parameters: object(is(Within::Parameters), RequestParametersWire { model_id, model }),
            additional_event_data: object(
                is(Within::Additional),
                AdditionalEventDataWire {
                    inference_region: inference,
                },
            ),
            service_event_details: Object::Absent,
            tls_details: object(
                is(Within::Tls),
                TlsDetailsWire {
                    client_provided_host_header: host,
                },
            ),
            addendum: Object::Absent,
            resources: None,
            event_source: source,
        })
    }
}

/// Returns an object that is there, or none.
fn object<T>(is: bool, object: T) -> Object<T> {
    if is { Object::Is(object) } else { Object::Absent }
}

#[cfg(test)]
mod tests;
