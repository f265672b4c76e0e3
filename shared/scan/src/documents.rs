//! From a file in one of many forms to the single records in it.
//!
//! A log file's `Records`, a record, an array, one record a line, EventBridge events, the `Events` of
//! `lookup-events`, the `Messages` of `receive-message`: all of these, and in any mixture. The records
//! of log files are found by [`crate::elements`]; all else is read by a parser that knows all of JSON.

use std::ops::ControlFlow;

use crisguard_core::{cloudtrail::LARGEST_RECORD, invocation_log, tally::Unread};
use fearless_simd::Level;
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    elements::{Stop, each},
    judge::{Among, FIRST_MEMBER, HoldsOthers, Judge, is_json},
    looks::{List, begins_with_records, has_lines, is_plain, is_source, may_be_many, may_go_on, place_of},
    skip::Skip,
    window::Window,
};

/// How deep arrays and wrappers may stand in each other.
const DEEPEST: usize = 4;

/// How often an object may not be found to end before none is looked for without being parsed: only a file that is
/// broken on purpose has so many.
const PATIENCE: usize = 1000;

/// How many bytes may be read in vain, and be read again from where the next record may begin, before the rest of a file
/// is given up: one that is broken on purpose can have a beginning every few bytes, each of something that goes on to the
/// file's end.
const IN_VAIN: usize = 64 * 1024 * 1024;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Reads everything that a file holds.
pub(crate) fn read(window: &mut Window<'_>, judge: &mut Judge<'_>) {
    Reading {
        level: Level::new(),
        window,
        judge,
        lost: false,
        gave_up: false,
        patience: PATIENCE,
        in_vain: 0,
    }
    .documents();
}

struct Reading<'r, 'w, 'j> {
    level: Level,
    window: &'r mut Window<'w>,
    judge: &'r mut Judge<'j>,
    /// Whether reading goes on inside something that was given up, and said to be.
    lost: bool,
    /// Whether anything was given up so far.
    gave_up: bool,
    /// How often an object may still not be found to end.
    patience: usize,
    /// How many bytes were read in vain.
    in_vain: usize,
}

/// Reading cannot go on where it was; it has been said, and the window stands where it can.
struct Lost;

impl Reading<'_, '_, '_> {
    fn documents(&mut self) {
        let is_empty = self.window.peek().is_none();
        self.pass_separators();
        if self.window.peek().is_none() && self.window.broke().is_none() {
            let why = if is_empty { Unread::Empty } else { Unread::Blank };
            return self.judge.reject_rest(&why);
        }
        if matches!(
            self.window.rest(),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] | [b'{' | b'[', 0, ..]
        ) {
            return self.judge.reject_rest(&Unread::Utf16);
        }
        self.skip_first_line();
        loop {
            self.pass_separators();
            let read = match self.window.peek() {
                None => return,
                Some(b'{') => self.object(0),
                Some(b'[') => {
                    self.window.pass(1);
                    self.list(List::Anything, 0)
                }
                Some(_) => Err(self.no_document()),
            };
            // What was lost has been said, and the window stands behind it.
            read.unwrap_or(());
            if self.in_vain > IN_VAIN {
                return self.judge.reject_rest(&Unread::TooBroken);
            }
        }
    }

    /// Passes the line that Bedrock writes where it is going to deliver invocation logs.
    fn skip_first_line(&mut self) {
        let line = invocation_log::FIRST_LINE.as_bytes();
        if self.window.peek_at(line.len() - 1).is_some() && self.window.rest().starts_with(line) {
            self.window.pass(line.len());
        }
    }

    /// Passes what may stand between two values, where files were put together their byte-order marks, too.
    fn pass_separators(&mut self) {
        loop {
            self.window
                .pass_while(|byte| byte.is_ascii_whitespace() || byte == b',');
            if self.window.peek() != Some(BYTE_ORDER_MARK[0])
                || self.window.peek_at(2).is_none()
                || !self.window.rest().starts_with(&BYTE_ORDER_MARK)
            {
                return;
            }
            self.window.pass(BYTE_ORDER_MARK.len());
        }
    }

    fn no_document(&mut self) -> Lost {
        // A line may begin in the midst of what was given up, and that closes somewhere behind it.
        let closes = self.gave_up && matches!(self.window.peek(), Some(b']' | b'}'));
        if self.lost || closes {
            self.go_on();
            return Lost;
        }
        self.given_up(&Unread::NotJson, 0)
    }

    /// Reads an object, which may hold many records.
    fn object(&mut self, depth: usize) -> Result<(), Lost> {
        loop {
            let rest = self.window.rest();
            if self.patience == 0 || begins_with_records(rest) {
                return self.members(depth);
            }
            let mut found = None;
            let stop = each(
                self.level,
                rest.get(..LARGEST_RECORD).unwrap_or(rest),
                true,
                |range, hit| {
                    found = Some((range, hit));
                    ControlFlow::Break(())
                },
            );
            match (stop, found) {
                (Stop::Enough(end), Some((range, hit))) => {
                    let json = rest.get(range).unwrap_or_default();
                    if may_be_many(json) || has_lines(json) && !is_json(json) {
                        return self.members(depth);
                    }
                    if let Err(HoldsOthers) = self.judge.object(json, hit || !is_plain(json), Among::Anything) {
                        return Err(self.invalid(end));
                    }
                    self.window.pass(end);
                    return Ok(());
                }
                (Stop::Unfinished(_), _) if rest.len() <= LARGEST_RECORD && self.window.more() => {}
                _ => {
                    self.patience -= 1;
                    return self.members(depth);
                }
            }
        }
    }

    /// Reads an object member by member: a list of records among them, or else all of it as one record.
    fn members(&mut self, depth: usize) -> Result<(), Lost> {
        let (mut at, mut passed, mut is_list, mut is_record) = (1, 0, false, false);
        loop {
            at = self.over(at, &mut passed, |byte| byte.is_ascii_whitespace() || byte == b',');
            match self.window.peek_at(at) {
                None => return Err(self.breaks_off()),
                Some(b'}') => break,
                Some(b'"') => {}
                Some(_) => return Err(self.invalid(at)),
            }
            let key = at;
            at = self.value(at, &mut passed)?;
            let name = self.window.rest().get(key..at).unwrap_or_default();
            let list = List::named(name);
            is_record |= is_source(name);
            at = self.over(at, &mut passed, |byte| byte.is_ascii_whitespace());
            match self.window.peek_at(at) {
                None => return Err(self.breaks_off()),
                Some(b':') => at = self.over(at + 1, &mut passed, |byte| byte.is_ascii_whitespace()),
                Some(_) => return Err(self.invalid(at)),
            }
            if let (Some(list), Some(b'[')) = (list, self.window.peek_at(at)) {
                if depth >= DEEPEST {
                    return Err(self.given_up(&Unread::TooDeep, at));
                }
                self.window.pass(at + 1);
                (at, is_list) = (0, true);
                self.list(list, depth + 1)?;
                continue;
            }
            at = self.value(at, &mut passed)?;
            if is_list || at > LARGEST_RECORD {
                self.window.pass(at);
                passed += at;
                at = 0;
            }
        }
        at += 1;
        if is_list && is_record {
            self.judge.reject(&Unread::RecordAndList);
        } else if !is_list {
            if passed > 0 {
                self.judge.too_large(passed + at);
            } else {
                let json = self.window.rest().get(..at).unwrap_or_default();
                if let Err(HoldsOthers) = self.judge.object(json, true, Among::Anything) {
                    return Err(self.invalid(at));
                }
            }
        }
        self.window.pass(at);
        Ok(())
    }

    /// Returns how far the window's bytes are of a kind; what is too large for a record with them is passed.
    fn over(&mut self, mut at: usize, passed: &mut usize, is: impl Fn(u8) -> bool) -> usize {
        while self.window.peek_at(at).is_some_and(&is) {
            at += 1;
            if at > LARGEST_RECORD {
                self.window.pass(at);
                *passed += at;
                at = 0;
            }
        }
        at
    }

    /// Returns where the value ends that begins at `at`; one that is too large for a record is passed, with all before it.
    fn value(&mut self, at: usize, passed: &mut usize) -> Result<usize, Lost> {
        loop {
            let text = self.window.rest().get(at..).unwrap_or_default();
            let length = text.len();
            let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
            let next = values.next();
            let read = values.byte_offset();
            let is_number = read == length && text.last().is_some_and(u8::is_ascii_digit);
            match next {
                // It goes on behind the last digit that is there; none is as long as a record.
                Some(Ok(_)) if is_number && length > LARGEST_RECORD => return Err(self.invalid(at + length)),
                Some(Ok(_)) if is_number && self.window.more() => {}
                Some(Ok(_)) => return Ok(at + read),
                Some(Err(error)) if error.is_eof() => {
                    if length > LARGEST_RECORD && !self.window.is_all() {
                        return self.skip(at, passed);
                    }
                    if !self.window.more() {
                        return Err(self.breaks_off());
                    }
                }
                None => return Err(self.breaks_off()),
                Some(Err(error)) => {
                    let text = self.window.rest().get(at..).unwrap_or_default();
                    let read = place_of(&error, text);
                    return Err(self.invalid(at + read));
                }
            }
        }
    }

    /// Passes a value without holding it.
    fn skip(&mut self, at: usize, passed: &mut usize) -> Result<usize, Lost> {
        self.window.pass(at);
        *passed += at;
        let mut skip = Skip::new();
        loop {
            let rest = self.window.rest();
            let end = skip.over(rest);
            let length = end.unwrap_or(rest.len());
            self.window.pass(length);
            *passed += length;
            if end.is_some() {
                return Ok(0);
            }
            if !self.window.more() {
                return Err(self.breaks_off());
            }
        }
    }

    /// Reads a list, up to and with its closing bracket.
    fn list(&mut self, list: List, depth: usize) -> Result<(), Lost> {
        let (mut first, mut least) = (true, 0);
        loop {
            if let List::Records = list
                && may_go_on(self.window.rest())
            {
                let Self {
                    level, window, judge, ..
                } = self;
                let all = window.rest().len();
                let part = window.part(least);
                let mut several = None;
                let stop = each(*level, part, first, |range, hit| {
                    let json = part.get(range.clone()).unwrap_or_default();
                    if let Err(HoldsOthers) = judge.object(json, hit, Among::Records) {
                        several = Some(range);
                        return ControlFlow::Break(());
                    }
                    first = false;
                    ControlFlow::Continue(())
                });
                let length = part.len();
                if let Some(several) = several {
                    window.pass(several.start);
                    return Err(self.invalid(several.len()));
                }
                match stop {
                    Stop::End(end) => {
                        window.pass(end);
                        return Ok(());
                    }
                    Stop::Unfinished(told) if length < all && length - told <= LARGEST_RECORD => {
                        window.pass(told);
                        // What does not end here is looked at again with more behind it.
                        least = 2 * (length - told);
                        continue;
                    }
                    Stop::Unfinished(told) if length - told <= LARGEST_RECORD => {
                        window.pass(told);
                        if window.more() {
                            continue;
                        }
                    }
                    Stop::Unfinished(told) | Stop::Odd(told) | Stop::Enough(told) => window.pass(told),
                }
            }
            self.pass_separators();
            match self.window.peek() {
                None => return Err(self.breaks_off()),
                Some(b']') => {
                    self.window.pass(1);
                    return Ok(());
                }
                Some(b'{') => match list {
                    List::Quoted(member) => self.quoted(member)?,
                    List::Anything if depth < DEEPEST => self.object(depth)?,
                    List::Records | List::Anything => self.members(depth)?,
                },
                Some(b'[') if depth < DEEPEST => {
                    self.window.pass(1);
                    self.list(List::Anything, depth + 1)?;
                }
                Some(_) => {
                    let end = self.value(0, &mut 0)?;
                    let behind = self.window.peek_at(end);
                    if behind.is_some_and(|byte| !byte.is_ascii_whitespace() && !b",]".contains(&byte)) {
                        // A quote too many makes a text of what stands between two records, up to the next one's first.
                        return Err(self.invalid(end));
                    }
                    self.judge.reject(&Unread::NoObject);
                    self.window.pass(end);
                }
            }
            first = false;
        }
    }

    /// Reads a record that stands as a text in a member of an object.
    fn quoted(&mut self, member: &'static str) -> Result<(), Lost> {
        let mut passed = 0;
        let end = self.value(0, &mut passed)?;
        if passed > 0 {
            self.judge.too_large(passed);
            return Ok(());
        }
        let json = self.window.rest().get(..end).unwrap_or_default();
        let text = serde_json::from_slice::<Quoted>(json).ok();
        match text.and_then(|quoted| if member == "Body" { quoted.body } else { quoted.event }) {
            Some(text) => {
                let read = self.judge.object(text.trim().as_bytes(), true, Among::Anything);
                if let Err(HoldsOthers) = read {
                    self.judge.reject(&Unread::InvalidJson);
                }
            }
            None => self.judge.reject(&Unread::NotQuoted(member)),
        }
        self.window.pass(end);
        Ok(())
    }

    /// Gives up what is being read, for the input ends; why it does, if it should not, is said once.
    fn breaks_off(&mut self) -> Lost {
        if self.window.broke().is_none() {
            self.judge.reject_rest(&Unread::BreaksOff);
        }
        let rest = self.window.rest().len();
        self.window.pass(rest);
        Lost
    }

    /// Gives up what is being read, of which so many bytes were looked at.
    fn invalid(&mut self, read: usize) -> Lost {
        self.given_up(&Unread::InvalidJson, read)
    }

    fn given_up(&mut self, why: &Unread, read: usize) -> Lost {
        self.judge.give_up(why);
        self.gave_up = true;
        let passed = self.go_on();
        self.in_vain += read.saturating_sub(passed);
        Lost
    }

    /// Goes to where a record or document begins, whatever it stands in: a line that opens an object or list, or the
    /// member that CloudTrail writes first. A quote within a text would be escaped, so neither is one. Returns how far that
    /// is.
    fn go_on(&mut self) -> usize {
        self.window.pass(1);
        let mut passed = 1;
        loop {
            let rest = self.window.rest();
            let found = memchr::memchr2_iter(b'\n', b'{', rest).find(|at| {
                let here = rest.get(*at..).unwrap_or_default();
                here.starts_with(FIRST_MEMBER) || matches!(here, [b'\n', b'{' | b'[', ..])
            });
            if let Some(found) = found {
                self.lost = rest.get(found) == Some(&b'{');
                self.window.pass(found);
                return passed + found;
            }
            let seen = rest.len();
            if !self.window.more() {
                self.window.pass(seen);
                return passed + seen;
            }
            let before = seen.saturating_sub(FIRST_MEMBER.len());
            self.window.pass(before);
            passed += before;
        }
    }
}

#[derive(Deserialize)]
struct Quoted {
    #[serde(rename = "CloudTrailEvent")]
    event: Option<String>,
    #[serde(rename = "Body")]
    body: Option<String>,
}
