//! What is done with eight blocks in registers.

use core::arch::x86_64::{__m128i, __m512i};

use fearless_simd::{Avx512, kernel, prelude::*, u8x64, u64x8};

use super::{
    super::{BLOCK, LAST_BEHIND, escapes},
    EIGHT,
};

/// The bits of classes.
const QUOTES: u8 = 0;
const BACKSLASHES: u8 = 1;
const OPENS: u8 = 2;
const CLOSES: u8 = 3;
const BS: u8 = 4;
const ES: u8 = 5;
const OTHERS: u8 = 7;

/// The classes of each byte below 128, a bit each; others are of those of the last.
#[expect(clippy::indexing_slicing, reason = "the compiler does it, and would say so")]
const CLASSES: [[u8; BLOCK]; 2] = {
    let mut classes = [[0; BLOCK]; 2];
    let mut byte = 0_u8;
    while byte < 128 {
        let at = byte as usize;
        classes[at / BLOCK][at % BLOCK] = class(byte);
        byte += 1;
    }
    classes
};

const fn class(byte: u8) -> u8 {
    let class = match byte {
        b'"' => 1 << QUOTES,
        b'\\' => 1 << BACKSLASHES,
        b'{' | b'[' => 1 << OPENS,
        b'}' | b']' => return 1 << CLOSES,
        b'b' => 1 << BS,
        b'e' => 1 << ES,
        _ => 0,
    };
    if byte > LAST_BEHIND { class | 1 << OTHERS } else { class }
}

/// Where the masks of four classes of two blocks are, whose bits were turned eight bytes at a time: the two of a class
/// follow one another, each with the first byte highest, for that is where its bits are.
#[expect(clippy::indexing_slicing, reason = "the compiler does it, and would say so")]
const fn masks_of(classes: [u8; 4]) -> [u8; BLOCK] {
    let mut places = [0; BLOCK];
    let mut at = 0_u8;
    while (at as usize) < BLOCK {
        let (mask, byte) = (at / 8, at % 8);
        places[at as usize] = (7 - byte) * 8 + classes[mask as usize / 2] + mask % 2 * 64;
        at += 1;
    }
    places
}

const FIRST_FOUR: [u8; BLOCK] = masks_of([QUOTES, OPENS, CLOSES, OTHERS]);
const LAST_TWO: [u8; BLOCK] = masks_of([BS, ES, BS, ES]);

/// What stays the same from block to block.
#[derive(Clone, Copy)]
pub(super) struct Constants {
    low: __m512i,
    high: __m512i,
    last: __m512i,
    diagonal: __m512i,
    first_four: __m512i,
    last_two: __m512i,
}

impl Constants {
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    pub(super) fn new(avx512: Avx512) -> Self {
        let [low, high] = &CLASSES;
        Self {
            low: u8x64::from_slice(avx512, low).into(),
            high: u8x64::from_slice(avx512, high).into(),
            last: u8x64::splat(avx512, 127).into(),
            // A bit of each of eight bytes, by which their bits are turned.
            diagonal: u64x8::splat(avx512, 0x8040_2010_0804_0201).into(),
            first_four: u8x64::from_slice(avx512, &FIRST_FOUR).into(),
            last_two: u8x64::from_slice(avx512, &LAST_TWO).into(),
        }
    }
}

/// The classes of eight blocks, a lane a block, the first byte highest.
#[derive(Clone, Copy)]
pub(super) struct Masks {
    pub(super) quotes: __m512i,
    pub(super) opens: __m512i,
    pub(super) closes: __m512i,
    pub(super) others: __m512i,
    pub(super) bs: __m512i,
    pub(super) es: __m512i,
    /// What a backslash escapes that may be a letter of `bedrock`.
    pub(super) hidden: __m512i,
    pub(super) backslashes: bool,
}

/// The signs of eight blocks, a lane a block, the first byte highest.
#[derive(Clone, Copy)]
pub(super) struct Outside {
    pub(super) opens: __m512i,
    pub(super) closes: __m512i,
    pub(super) candidates: __m512i,
    pub(super) odd: __m512i,
}

/// How many brackets are open in eight blocks.
#[derive(Clone, Copy)]
pub(super) struct Depths {
    /// At the least, in each block: if all that close in it did so first.
    pub(super) least: __m128i,
    /// Behind the last of them, in each lane.
    pub(super) depth: __m128i,
    /// The blocks to look at, the first lowest.
    pub(super) flags: u8,
}

kernel!(
    /// Finds the classes of the bytes of eight blocks: each byte's by a look into a table, then of eight bytes each
    /// class's bits, and the masks of each block put where those of the others are.
    #[inline]
    pub(super) fn masks(avx512: Avx512, blocks: [__m512i; EIGHT], constants: Constants) -> Masks {
        use core::arch::x86_64::{
            _mm512_gf2p8affine_epi64_epi8, _mm512_min_epu8, _mm512_permutex2var_epi8, _mm512_set1_epi8,
            _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_ternarylogic_epi64, _mm512_test_epi8_mask,
        };

        let Constants {
            low,
            high,
            last,
            diagonal,
            first_four,
            last_two,
        } = constants;
        let classes = |bytes| _mm512_permutex2var_epi8(low, _mm512_min_epu8(bytes, last), high);
        let turned = |classes| _mm512_gf2p8affine_epi64_epi8::<0>(diagonal, classes);
        let any = |a, b, c| _mm512_ternarylogic_epi64::<0b1111_1110>(a, b, c);
        let [a, b, c, d, e, f, g, h] = blocks;
        let (a, b, c, d) = (classes(a), classes(b), classes(c), classes(d));
        let (e, f, g, h) = (classes(e), classes(f), classes(g), classes(h));
        let all = any(any(any(a, b, c), d, e), any(f, g, h), h);
        let (a, b, c, d) = (turned(a), turned(b), turned(c), turned(d));
        let (e, f, g, h) = (turned(e), turned(f), turned(g), turned(h));

        let of_two = |a, b| _mm512_permutex2var_epi8(a, first_four, b);
        let (ab, cd, ef, gh) = (of_two(a, b), of_two(c, d), of_two(e, f), of_two(g, h));
        let (abcd, efgh) = (
            _mm512_shuffle_i64x2::<0x44>(ab, cd),
            _mm512_shuffle_i64x2::<0x44>(ef, gh),
        );
        let quotes = _mm512_shuffle_i64x2::<0x88>(abcd, efgh);
        let opens = _mm512_shuffle_i64x2::<0xdd>(abcd, efgh);
        let (abcd, efgh) = (
            _mm512_shuffle_i64x2::<0xee>(ab, cd),
            _mm512_shuffle_i64x2::<0xee>(ef, gh),
        );
        let closes = _mm512_shuffle_i64x2::<0x88>(abcd, efgh);
        let others = _mm512_shuffle_i64x2::<0xdd>(abcd, efgh);
        let of_two = |a, b| _mm512_permutex2var_epi8(a, last_two, b);
        let (ab, cd, ef, gh) = (of_two(a, b), of_two(c, d), of_two(e, f), of_two(g, h));
        let (abcd, efgh) = (
            _mm512_shuffle_i64x2::<0x44>(ab, cd),
            _mm512_shuffle_i64x2::<0x44>(ef, gh),
        );
        Masks {
            quotes,
            opens,
            closes,
            others,
            bs: _mm512_shuffle_i64x2::<0x88>(abcd, efgh),
            es: _mm512_shuffle_i64x2::<0xdd>(abcd, efgh),
            hidden: _mm512_setzero_si512(),
            backslashes: _mm512_test_epi8_mask(all, _mm512_set1_epi8(1 << BACKSLASHES)) != 0,
        }
    }
);

kernel!(
    /// Takes no quote for one that a backslash stands before, and keeps what else it may hide.
    #[inline(never)]
    pub(super) fn unescape(
        avx512: Avx512,
        blocks: &[[u8; BLOCK]; EIGHT],
        quotes: &mut [u64; EIGHT],
        hidden: &mut [u64; EIGHT],
        carried: &mut u64,
    ) {
        for ((block, quotes), hidden) in blocks.iter().zip(quotes).zip(hidden) {
            let bytes = u8x64::from_slice(avx512, block);
            let backslashes = bytes.simd_eq(b'\\').to_bitmask();
            if backslashes | *carried != 0 {
                let escaped = escapes(backslashes, carried);
                *quotes &= !escaped.reverse_bits();
                *hidden = (escaped & bytes.simd_eq(b'u').to_bitmask()).reverse_bits();
            }
        }
    }
);

kernel!(
    /// Finds the signs of eight blocks; `quotes` are those of the eight before, of which the last is looked at, and nine
    /// bits of `in_text` are set where that ended in a text, which is also returned of these.
    #[inline]
    pub(super) fn outside(avx512: Avx512, classes: Masks, quotes_before: __m512i, in_text: u32) -> (Outside, u32) {
        use core::arch::x86_64::{
            _mm512_alignr_epi64, _mm512_and_si512, _mm512_andnot_si512, _mm512_clmulepi64_epi128,
            _mm512_mask_xor_epi64, _mm512_or_si512, _mm512_popcnt_epi64, _mm512_set1_epi8, _mm512_set1_epi64,
            _mm512_shldi_epi64, _mm512_shrdi_epi64, _mm512_ternarylogic_epi64, _mm512_test_epi64_mask,
            _mm512_unpackhi_epi64,
        };

        let Masks {
            quotes,
            opens,
            closes,
            others,
            bs,
            es,
            hidden,
            backslashes: _,
        } = classes;
        let ones = _mm512_set1_epi8(-1);
        // Of each block's quotes, ones where their number before is odd; then those of blocks that begin in a text turned.
        let (even, odd) = (
            _mm512_clmulepi64_epi128::<0x00>(quotes, ones),
            _mm512_clmulepi64_epi128::<0x01>(quotes, ones),
        );
        let inside = _mm512_unpackhi_epi64(even, odd);
        let mut turns = u32::from(_mm512_test_epi64_mask(
            _mm512_popcnt_epi64(quotes),
            _mm512_set1_epi64(1),
        ));
        for shift in [1, 2, 4] {
            turns ^= turns << shift;
        }
        let begins = turns << 1 ^ in_text;
        #[expect(clippy::cast_possible_truncation, reason = "the bit above is the next block's")]
        let inside = _mm512_mask_xor_epi64(inside, begins as u8, inside, ones);
        let behind = _mm512_shrdi_epi64::<1>(quotes, _mm512_alignr_epi64::<7>(quotes, quotes_before));
        let candidates = _mm512_ternarylogic_epi64::<0b1000_0000>(behind, bs, _mm512_shldi_epi64::<1>(es, ones));
        let outside = Outside {
            opens: _mm512_andnot_si512(inside, opens),
            closes: _mm512_andnot_si512(inside, closes),
            candidates: _mm512_or_si512(candidates, hidden),
            odd: _mm512_andnot_si512(inside, _mm512_and_si512(behind, others)),
        };
        (outside, if begins & 0x100 == 0 { 0 } else { 0x1ff })
    }
);

kernel!(
    /// Counts brackets.
    #[inline]
    pub(super) fn depths(avx512: Avx512, signs: Outside, depth: __m128i, passed: u16) -> Depths {
        use core::arch::x86_64::{
            _mm_add_epi16, _mm_cmpge_epu16_mask, _mm_set1_epi16, _mm_shuffle_epi8, _mm_slli_si128, _mm_sub_epi16,
            _mm512_cvtepi64_epi16, _mm512_or_si512, _mm512_popcnt_epi64, _mm512_test_epi64_mask,
        };

        let more = _mm512_cvtepi64_epi16(_mm512_popcnt_epi64(signs.opens));
        let fewer = _mm512_cvtepi64_epi16(_mm512_popcnt_epi64(signs.closes));
        // Of each block, what it and those before add.
        let sums = _mm_sub_epi16(more, fewer);
        let sums = _mm_add_epi16(sums, _mm_slli_si128::<2>(sums));
        let sums = _mm_add_epi16(sums, _mm_slli_si128::<4>(sums));
        let sums = _mm_add_epi16(sums, _mm_slli_si128::<8>(sums));
        let least = _mm_sub_epi16(_mm_add_epi16(sums, depth), more);
        let not_passed = _mm_cmpge_epu16_mask(
            _mm_add_epi16(least, _mm_set1_epi16(-1)),
            _mm_set1_epi16(passed.cast_signed()),
        );
        let last = _mm_shuffle_epi8(sums, _mm_set1_epi16(0x0f0e));
        let found = _mm512_or_si512(signs.candidates, signs.odd);
        Depths {
            least,
            depth: _mm_add_epi16(depth, last),
            flags: not_passed | _mm512_test_epi64_mask(found, found),
        }
    }
);
