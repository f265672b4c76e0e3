//! The signs of eight blocks at once, a lane of a register each, where registers are that wide: of most blocks nothing
//! ever leaves them.

mod kernels;

use core::{
    arch::x86_64::{__m128i, __m512i},
    slice,
};

use fearless_simd::{Avx512, prelude::*, u8x64, u16x8, u64x8};

use self::kernels::{Constants, Masks, Outside, depths, masks, outside, unescape};
use super::{BLOCK, Carried, Signs};

/// How many blocks are read at once.
pub(crate) const EIGHT: usize = 8;

/// How many times eight blocks are read before those of them are looked at that have to be: whether there are any is
/// not to be waited for each time.
const WAITING: usize = 16;

/// Reads blocks, eight at a time, in three steps: their classes, their signs, and how many brackets are open. Each step
/// is taken for other blocks than the next, so that none waits for the one before.
pub(crate) struct Eights<'a> {
    avx512: Avx512,
    blocks: slice::Iter<'a, [[u8; BLOCK]; EIGHT]>,
    constants: Constants,
    classified: Option<(&'a [[u8; BLOCK]; EIGHT], Masks)>,
    signs: Option<Outside>,
    /// The quotes of the eight blocks before, of which the last is looked at.
    quotes: __m512i,
    /// Nine ones where the block before ended inside a text.
    in_text: u32,
    escaped: u64,
    /// How many brackets are open, in each lane.
    depth: __m128i,
}

#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's own registers"
)]
impl<'a> Eights<'a> {
    #[inline(always)]
    pub(crate) fn new(avx512: Avx512, blocks: &'a [[[u8; BLOCK]; EIGHT]], carried: Carried, depth: u32) -> Self {
        let mut eights = Self {
            avx512,
            blocks: blocks.iter(),
            constants: Constants::new(avx512),
            classified: None,
            signs: None,
            quotes: u64x8::splat(avx512, carried.quoted).into(),
            in_text: if carried.in_text == 0 { 0 } else { 0x1ff },
            escaped: carried.escaped,
            depth: u16x8::splat(avx512, u16::try_from(depth).unwrap_or(u16::MAX)).into(),
        };
        eights.next();
        eights.next();
        eights
    }

    /// Returns what the last of the blocks leaves to the next, and how many brackets are open there.
    #[inline(always)]
    pub(crate) fn carried(&self) -> (Carried, u32) {
        let quotes: u64x8<Avx512> = self.quotes.simd_into(self.avx512);
        let depth: u16x8<Avx512> = self.depth.simd_into(self.avx512);
        let ([.., quotes], [depth, ..]): ([u64; EIGHT], [u16; EIGHT]) = (quotes.into(), depth.into());
        let carried = Carried {
            in_text: if self.in_text == 0 { 0 } else { u64::MAX },
            escaped: self.escaped,
            quoted: quotes & 1,
        };
        (carried, u32::from(depth))
    }

    /// Takes every step once.
    #[inline(always)]
    fn next(&mut self) -> Option<Outside> {
        let signs = self.signs;
        self.signs = match self.classified {
            Some((blocks, mut classes)) => {
                if classes.backslashes || self.escaped != 0 {
                    let quotes: u64x8<Avx512> = classes.quotes.simd_into(self.avx512);
                    let (mut quotes, mut hidden, mut escaped) = (quotes.into(), [0; EIGHT], self.escaped);
                    unescape(self.avx512, blocks, &mut quotes, &mut hidden, &mut escaped);
                    classes.quotes = u64x8::from_slice(self.avx512, &quotes).into();
                    classes.hidden = u64x8::from_slice(self.avx512, &hidden).into();
                    self.escaped = escaped;
                }
                let (signs, in_text) = outside(self.avx512, classes, self.quotes, self.in_text);
                (self.quotes, self.in_text) = (classes.quotes, in_text);
                Some(signs)
            }
            None => None,
        };
        self.classified = match self.blocks.next() {
            Some(blocks) => {
                let mut loaded = [self.quotes; EIGHT];
                for (to, block) in loaded.iter_mut().zip(blocks) {
                    *to = u8x64::from_slice(self.avx512, block).into();
                }
                Some((blocks, masks(self.avx512, loaded, self.constants)))
            }
            None => None,
        };
        signs
    }

    /// Reads some of the blocks, and finds those that have to be looked at: where one bracket or none may be the last
    /// that is open, or more than `passed` are, with what may be about Bedrock, or odd. Tells whether there was any to read.
    #[inline(always)]
    pub(crate) fn some(&mut self, passed: u16, found: &mut Found) -> bool {
        let (mut count, mut listed) = (0, 0);
        for lanes in &mut found.lanes {
            let Some(signs) = self.next() else { break };
            let depths = depths(self.avx512, signs, self.depth, passed);
            self.depth = depths.depth;
            signs.store(self.avx512, depths.least, lanes);
            if let Some(to) = found.flagged.get_mut(listed) {
                *to = (count, depths.flags);
            }
            listed += usize::from(depths.flags != 0);
            count += 1;
        }
        (found.count, found.listed) = (count, listed);
        count != 0
    }
}

/// The signs of eight blocks, in memory.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Lanes {
    opens: [u64; EIGHT],
    closes: [u64; EIGHT],
    candidates: [u64; EIGHT],
    odd: [u64; EIGHT],
    least: [u16; EIGHT],
}

impl Outside {
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn store(self, avx512: Avx512, least: __m128i, to: &mut Lanes) {
        let store = |lanes: __m512i, to: &mut [u64; EIGHT]| {
            let lanes: u64x8<Avx512> = lanes.simd_into(avx512);
            lanes.store_slice(to);
        };
        store(self.opens, &mut to.opens);
        store(self.closes, &mut to.closes);
        store(self.candidates, &mut to.candidates);
        store(self.odd, &mut to.odd);
        let least: u16x8<Avx512> = least.simd_into(avx512);
        least.store_slice(&mut to.least);
    }
}

/// What was found in some blocks.
pub(crate) struct Found {
    /// How many times eight blocks were read.
    count: u8,
    lanes: [Lanes; WAITING],
    /// Which eight blocks have to be looked at, and which of them, the first lowest; and how many there are.
    flagged: [(u8, u8); WAITING],
    listed: usize,
}

impl Found {
    pub(crate) fn new() -> Self {
        Self {
            count: 0,
            lanes: [Lanes::default(); WAITING],
            flagged: [(0, 0); WAITING],
            listed: 0,
        }
    }

    /// Returns how many bytes were read.
    pub(crate) fn bytes(&self) -> usize {
        usize::from(self.count) * EIGHT * BLOCK
    }

    /// Returns which eight blocks have to be looked at, and which of them, the first lowest.
    pub(crate) fn flagged(&self) -> &[(u8, u8)] {
        self.flagged.get(..self.listed).unwrap_or_default()
    }

    /// Returns where in these blocks an element ends, if all that is to be looked at in one of them is that one may end
    /// there, with none of its brackets opened in this block, and the next begin behind the byte behind it, and go on.
    pub(crate) fn ends(&self, eight: u8, lane: u32) -> Option<usize> {
        let (eight, lane) = (usize::from(eight), lane as usize);
        let lanes = self.lanes.get(eight)?;
        let (opens, closes) = (*lanes.opens.get(lane)?, *lanes.closes.get(lane)?);
        let others = lanes.candidates.get(lane)? | lanes.odd.get(lane)? | u64::from(*lanes.least.get(lane)?);
        let last = closes & closes.wrapping_neg();
        let ends = others == 0 && opens < last && opens & last >> 2 != 0;
        ends.then_some((eight * EIGHT + lane) * BLOCK + last.leading_zeros() as usize)
    }

    /// Returns where in these blocks one begins, its signs, and how many brackets are open in it at the least.
    pub(crate) fn block(&self, eight: u8, lane: u32) -> Option<(usize, Signs, u32)> {
        let (eight, lane) = (usize::from(eight), lane as usize);
        let lanes = self.lanes.get(eight)?;
        let signs = Signs {
            opens: lanes.opens.get(lane)?.reverse_bits(),
            closes: lanes.closes.get(lane)?.reverse_bits(),
            candidates: lanes.candidates.get(lane)?.reverse_bits(),
            odd: lanes.odd.get(lane)?.reverse_bits(),
        };
        let least = i32::from(lanes.least.get(lane)?.cast_signed());
        Some(((eight * EIGHT + lane) * BLOCK, signs, least.cast_unsigned()))
    }
}
