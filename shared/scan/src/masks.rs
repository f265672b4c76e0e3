//! Which bytes of JSON are which signs, 64 at a time: the one part that the width of the processor's registers matters for.

use fearless_simd::{Level, dispatch, prelude::*, u8x64};

/// How many bytes a block has.
pub(crate) const BLOCK: usize = 64;

/// Where signs stand in a block, a bit a byte, the first byte lowest; inside texts or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Masks {
    /// `"`
    pub(crate) quotes: u64,
    /// `\`
    pub(crate) backslashes: u64,
    /// `{` or `[`
    pub(crate) opens: u64,
    /// `}` or `]`
    pub(crate) closes: u64,
    /// `b`, with which the names of Bedrock's sources begin.
    pub(crate) bs: u64,
    /// What may stand behind a text: `:`, and all up to `,` in ASCII, where white space is too; of brackets, see `closes`.
    pub(crate) separators: u64,
}

impl Masks {
    pub(crate) const NONE: Self = Self {
        quotes: 0,
        backslashes: 0,
        opens: 0,
        closes: 0,
        bs: 0,
        separators: 0,
    };
}

/// Fills in the masks of whole blocks; what is left over of `text` or `masks` is left alone.
pub(crate) fn fill(level: Level, text: &[u8], masks: &mut [Masks]) {
    dispatch!(level, simd => fill_with(simd, text, masks));
}

#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's own registers"
)]
#[inline(always)]
fn fill_with<S: Simd>(simd: S, text: &[u8], masks: &mut [Masks]) {
    for (block, masks) in text.chunks_exact(BLOCK).zip(masks) {
        let bytes = u8x64::from_slice(simd, block);
        // Brackets and braces of one kind differ in one bit.
        let brackets = bytes | 0x20_u8;
        *masks = Masks {
            quotes: bytes.simd_eq(b'"').to_bitmask(),
            backslashes: bytes.simd_eq(b'\\').to_bitmask(),
            opens: brackets.simd_eq(b'{').to_bitmask(),
            closes: brackets.simd_eq(b'}').to_bitmask(),
            bs: bytes.simd_eq(b'b').to_bitmask(),
            separators: (bytes.simd_le(b',') | bytes.simd_eq(b':')).to_bitmask(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_is_seen_at_every_place_and_no_other() {
        let mut levels = vec![Level::new(), Level::baseline()];
        levels.dedup_by_key(|level| format!("{level:?}"));
        for level in levels {
            for byte in 0..=255_u8 {
                for at in 0..BLOCK {
                    let mut text = [b'x'; BLOCK];
                    text[at] = byte;
                    let mut masks = [Masks::NONE];
                    fill(level, &text, &mut masks);
                    let bit = |signs: &[u8]| u64::from(signs.contains(&byte)) << at;
                    let expected = Masks {
                        quotes: bit(b"\""),
                        backslashes: bit(b"\\"),
                        opens: bit(b"{["),
                        closes: bit(b"}]"),
                        bs: bit(b"b"),
                        separators: u64::from(byte <= b',' || byte == b':') << at,
                    };
                    assert_eq!(masks[0], expected, "{byte} at {at}, {level:?}");
                }
            }
        }
    }
}
