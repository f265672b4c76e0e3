//! Finds the elements of a list of objects, aware of texts, without reading what is in them.
//!
//! Brackets are counted outside texts; that they match, and all else of JSON, is left to whoever
//! reads an element. Each element is told with whether it can be about Bedrock at all: only if a
//! text in it begins with `bedrock`, or if an escape `\u` may hide one.

use std::ops::{ControlFlow, Range};
#[cfg(target_arch = "x86_64")]
use std::slice;

#[cfg(target_arch = "x86_64")]
use fearless_simd::Avx512;
use fearless_simd::{Level, dispatch, prelude::*};

#[cfg(target_arch = "x86_64")]
use crate::signs::eight::{EIGHT, Eights, Found};
use crate::signs::{BLOCK, Carried, Classes, Signs, classify};

/// How deep an element may go: as deep as the parser does that reads it.
const DEEPEST: u16 = 128;

/// Where so many brackets or fewer are open whatever is done in a block, and one at the least, an element goes on behind
/// it, and not too deep.
const PASSED: u16 = DEEPEST - 64;

/// How many blocks are classified before the first of them is read.
const TOGETHER: usize = 32;

/// Why no further element was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The text ends before the list does. All before this offset was told.
    Unfinished(usize),
    /// The list ends, with its bracket before this offset.
    End(usize),
    /// Whoever was told wants no more, of an element that ends before this offset.
    Enough(usize),
    /// What follows this offset is no object, or nothing that can stand between two.
    Odd(usize),
}

/// Takes in where an element stands, and whether it can be about Bedrock.
pub(crate) trait Tell: FnMut(Range<usize>, bool) -> ControlFlow<()> {}

impl<T: FnMut(Range<usize>, bool) -> ControlFlow<()>> Tell for T {}

/// Tells of every element in `text`, which begins inside a list, before or after an element.
///
/// `first` says that no element stands before it, so that none needs a comma.
pub(crate) fn each(level: Level, text: &[u8], first: bool, mut tell: impl Tell) -> Stop {
    let elements = Elements {
        text,
        tell: &mut tell,
        before: if first { None } else { Some(0) },
        start: 0,
        depth: 0,
        least: 0,
        at: 0,
        carried: Carried::NOTHING,
        last_hit: None,
    };
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = level.as_avx512() {
        return avx512.vectorize(
            #[inline(always)]
            || elements.read_eights(avx512),
        );
    }
    let mut classes = [[0; 8]; TOGETHER];
    dispatch!(level, simd => elements.read(simd, &mut classes))
}

struct Elements<'a> {
    text: &'a [u8],
    tell: &'a mut dyn Tell,
    /// The end of the element before; `None` before the first.
    before: Option<usize>,
    /// Where the element begins that is being read.
    start: usize,
    /// How many brackets are open where a block begins.
    depth: u32,
    /// How many were if all that close in it did so first.
    least: u32,
    at: usize,
    carried: Carried,
    /// Where something last stood that may be about Bedrock.
    last_hit: Option<usize>,
}

impl Elements<'_> {
    /// Returns up to where all was told.
    fn told(&self) -> usize {
        self.before.unwrap_or(0)
    }

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn read<S: Simd>(mut self, simd: S, classes: &mut [Classes; TOGETHER]) -> Stop {
        let (blocks, rest) = self.text.as_chunks::<BLOCK>();
        let (chunks, blocks) = blocks.as_chunks::<TOGETHER>();
        for chunk in chunks {
            let escapes = classify(simd, chunk, classes);
            if let Some(stop) = self.blocks(classes, escapes) {
                return stop;
            }
        }
        let mut tail = [b' '; BLOCK];
        for (to, from) in tail.iter_mut().zip(rest) {
            *to = *from;
        }
        classify(simd, blocks, classes);
        let (those, _) = classes.split_at(blocks.len());
        if let Some(stop) = self.blocks(those, true) {
            return stop;
        }
        classify(simd, &[tail], classes);
        let [classes, ..] = classes;
        let signs = Signs::of::<true>(classes, &mut self.carried);
        self.least = self.depth.wrapping_sub(signs.closes.count_ones());
        self.closely(self.at, &signs)
            .unwrap_or_else(|| Stop::Unfinished(self.told()))
    }

    /// Reads eight blocks at once, the last with blanks behind the text.
    #[cfg(target_arch = "x86_64")]
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn read_eights(mut self, avx512: Avx512) -> Stop {
        let (blocks, _) = self.text.as_chunks::<BLOCK>();
        let (eights, _) = blocks.as_chunks::<EIGHT>();
        let mut last = [[b' '; BLOCK]; EIGHT];
        let rest = self.text.get(eights.as_flattened().as_flattened().len()..);
        for (to, from) in last.as_flattened_mut().iter_mut().zip(rest.unwrap_or_default()) {
            *to = *from;
        }
        let mut found = Found::new();
        for blocks in [eights, slice::from_ref(&last)] {
            let mut eights = Eights::new(avx512, blocks, self.carried, self.depth);
            while eights.some(PASSED, &mut found) {
                if let Some(stop) = self.found(&found) {
                    return stop;
                }
                self.at += found.bytes();
            }
            (self.carried, self.depth) = eights.carried();
        }
        Stop::Unfinished(self.told())
    }

    /// Reads those of eight blocks each that have to be looked at.
    #[cfg(target_arch = "x86_64")]
    #[inline(never)]
    fn found(&mut self, found: &Found) -> Option<Stop> {
        for (eight, flags) in found.flagged() {
            let mut flags = *flags;
            while flags != 0 {
                let lane = flags.trailing_zeros();
                flags &= flags - 1;
                let told = if let Some(offset) = found.ends(*eight, lane)
                    && self.next_follows(self.at + offset)
                {
                    self.tell_before_next(self.at + offset)
                } else if let Some((offset, signs, least)) = found.block(*eight, lane) {
                    (self.depth, self.least) = (least.wrapping_add(signs.closes.count_ones()), least);
                    self.closely(self.at + offset, &signs)
                } else {
                    None
                };
                if told.is_some() {
                    return told;
                }
            }
        }
        None
    }

    /// Reads blocks whose classes are known; `escapes` says whether there may be a backslash among them.
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn blocks(&mut self, classes: &[Classes], escapes: bool) -> Option<Stop> {
        if escapes || self.carried.escaped != 0 {
            self.signs::<true>(classes)
        } else {
            self.signs::<false>(classes)
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn signs<const ESCAPES: bool>(&mut self, classes: &[Classes]) -> Option<Stop> {
        let (mut carried, mut depth, mut at) = (self.carried, self.depth, self.at);
        for classes in classes {
            let signs = Signs::of::<ESCAPES>(classes, &mut carried);
            // Where an element goes on behind this block whatever the order of its brackets, as most do.
            let least = u32::wrapping_sub(depth, signs.closes.count_ones());
            if least.wrapping_sub(1) >= u32::from(PASSED) || signs.candidates | signs.odd != 0 {
                (self.depth, self.least) = (depth, least);
                if let Some(stop) = self.closely(at, &signs) {
                    return Some(stop);
                }
            }
            depth = least.wrapping_add(signs.opens.count_ones());
            at += BLOCK;
        }
        (self.carried, self.depth, self.at) = (carried, depth, at);
        None
    }

    /// Reads a block in which an element may begin or end, or something be about Bedrock.
    #[inline(never)]
    fn closely(&mut self, at: usize, signs: &Signs) -> Option<Stop> {
        let Signs {
            opens,
            closes,
            candidates,
            odd,
        } = *signs;
        if odd != 0 {
            // What stands before it is read all the same, so that nothing depends on where blocks begin.
            let before = (odd & odd.wrapping_neg()) - 1;
            self.least = self.depth.wrapping_sub((closes & before).count_ones());
            let signs = Signs {
                opens: opens & before,
                closes: closes & before,
                candidates: candidates & before,
                odd: 0,
            };
            let stop = self.closely(at, &signs);
            return stop.or_else(|| Some(Stop::Odd(self.told())));
        }
        let hits = if candidates == 0 { 0 } else { self.hits(at, candidates) };
        if self.least == 0 && self.depth > 0 {
            // What opens before the first that closes is open while others close.
            if opens & (closes ^ closes.wrapping_sub(1)) != 0 {
                self.hit(at, hits);
                return None;
            }
            let last = closes.checked_ilog2().unwrap_or(0);
            let end = at + last as usize;
            let begins = opens.unbounded_shr(last + 1) & 2 != 0 && opens & (u64::MAX >> (63 - last)) == 0;
            if begins && hits == 0 && self.next_follows(end) {
                // One ends before the next begins, directly behind it, and that goes on behind this block, as most do.
                return self.tell_before_next(end);
            }
        } else if self.least.wrapping_sub(1) < u32::from(PASSED) {
            self.hit(at, hits);
            return None;
        }
        self.more_closely(at, opens, closes, hits)
    }

    /// Reads a block bracket by bracket.
    #[inline(never)]
    fn more_closely(&mut self, at: usize, opens: u64, closes: u64, mut hits: u64) -> Option<Stop> {
        let mut brackets = opens | closes;
        while brackets != 0 {
            let bit = brackets & brackets.wrapping_neg();
            let place = at + bit.trailing_zeros() as usize;
            if opens & bit != 0 {
                if self.depth == 0 {
                    if !self.may_begin(place) {
                        return Some(Stop::Odd(self.told()));
                    }
                    self.start = place;
                    if bit > closes {
                        // It goes on behind this block.
                        break;
                    }
                }
                self.depth += 1;
                if self.depth > u32::from(DEEPEST) {
                    return Some(Stop::Odd(self.told()));
                }
            } else {
                self.depth = match self.depth {
                    0 if self.may_end(place) => return Some(Stop::End(place + 1)),
                    0 => return Some(Stop::Odd(self.told())),
                    depth => depth - 1,
                };
                if self.depth == 0 {
                    if self.text.get(place) != Some(&b'}') {
                        return Some(Stop::Odd(self.told()));
                    }
                    let before = hits & (bit - 1);
                    self.hit(at, before);
                    hits ^= before;
                    if let Some(stop) = self.tell(place) {
                        return Some(stop);
                    }
                }
            }
            brackets ^= bit;
        }
        self.hit(at, hits);
        None
    }

    /// Tells whether directly behind a bracket with which an element ends the next begins.
    fn next_follows(&self, bracket: usize) -> bool {
        self.text.get(bracket..).is_some_and(|text| text.starts_with(b"},{"))
    }

    /// Tells of the element that ends with a bracket directly before the next.
    fn tell_before_next(&mut self, bracket: usize) -> Option<Stop> {
        let told = self.tell(bracket);
        self.start = bracket + 2;
        told
    }

    /// Tells of the element that ends with a bracket.
    fn tell(&mut self, bracket: usize) -> Option<Stop> {
        let end = bracket + 1;
        self.before = Some(end);
        let hit = self.last_hit.is_some_and(|hit| hit >= self.start);
        (self.tell)(self.start..end, hit)
            .is_break()
            .then_some(Stop::Enough(end))
    }

    /// Marks which candidates begin with `bedrock` or are an escape that may hide it.
    fn hits(&self, at: usize, mut candidates: u64) -> u64 {
        let mut hits = 0;
        while candidates != 0 {
            let bit = candidates & candidates.wrapping_neg();
            candidates ^= bit;
            let text = self.text.get(at + bit.trailing_zeros() as usize..).unwrap_or_default();
            if text.starts_with(b"bedrock") || text.starts_with(b"u") {
                hits |= bit;
            }
        }
        hits
    }

    /// Keeps where the last of hits is.
    fn hit(&mut self, at: usize, hits: u64) {
        if let Some(bit) = hits.checked_ilog2() {
            self.last_hit = Some(at + bit as usize);
        }
    }

    /// Tells whether an object can begin here: after one comma, unless it is the first.
    fn may_begin(&self, place: usize) -> bool {
        if self.text.get(place) != Some(&b'{') {
            return false;
        }
        let gap = self.text.get(self.before.unwrap_or(0)..place).unwrap_or_default();
        match (self.before, gap) {
            (Some(_), [byte]) => *byte == b',',
            (Some(_), _) => gap.trim_ascii() == b",",
            (None, _) => gap.trim_ascii().is_empty(),
        }
    }

    /// Tells whether the list can end here: directly after an element, or empty.
    fn may_end(&self, place: usize) -> bool {
        let gap = self.text.get(self.before.unwrap_or(0)..place).unwrap_or_default();
        self.text.get(place) == Some(&b']') && gap.trim_ascii().is_empty()
    }
}

#[cfg(test)]
mod tests;
