//! Where brackets stand in JSON outside its texts, and where a text may be about Bedrock: 64 bytes at a time, the one
//! part that the width of the processor's registers matters for.

use fearless_simd::{prelude::*, u8x64};

/// How many bytes a block has, whose signs are a bit each, the first byte lowest.
pub(crate) const BLOCK: usize = 64;

/// What one block leaves to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carried {
    /// All ones where it ended inside a text.
    in_text: u64,
    /// One where it ended with a backslash that escapes.
    escaped: u64,
    /// One where it ended with a quote.
    quoted: u64,
}

impl Carried {
    pub(crate) const NOTHING: Self = Self {
        in_text: 0,
        escaped: 0,
        quoted: 0,
    };
}

/// The signs of a block, a bit a byte.
pub(crate) struct Signs {
    /// Brackets and braces outside texts that open.
    pub(crate) opens: u64,
    /// Those that close.
    pub(crate) closes: u64,
    /// What may be about Bedrock: `b` with which a text begins, and `u` behind a backslash that escapes it.
    pub(crate) candidates: u64,
    /// What stands behind a text and cannot: where a quote is missing or too many, texts and what is between them are
    /// taken for each other, and the first letter of the next member is found here.
    pub(crate) odd: u64,
}

impl Signs {
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    pub(crate) fn of<S: Simd>(simd: S, block: &[u8; BLOCK], carried: &mut Carried) -> Self {
        let bytes = u8x64::from_slice(simd, block);
        let backslashes = bytes.simd_eq(b'\\').to_bitmask();
        let mut quotes = bytes.simd_eq(b'"').to_bitmask();
        let mut hidden = 0;
        if backslashes | carried.escaped != 0 {
            let escaped = escapes(backslashes, &mut carried.escaped);
            quotes &= !escaped;
            hidden = escaped & bytes.simd_eq(b'u').to_bitmask();
        }
        let mut inside = quotes;
        // Turns every second quote into the stretch up to it: ones from an opening quote to before its closing one.
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        inside ^= carried.in_text;
        carried.in_text = 0_u64.wrapping_sub(inside >> 63);
        // Brackets and braces of one kind differ in one bit.
        let brackets = bytes | 0x20_u8;
        let opens = brackets.simd_eq(b'{').to_bitmask();
        let closes = brackets.simd_eq(b'}').to_bitmask();
        let behind = quotes << 1 | carried.quoted;
        carried.quoted = quotes >> 63;
        // Not white space, a comma or colon; nor a digit, with which no member begins either. An empty text's second
        // quote is behind a quote, too.
        let others = bytes.simd_gt(b':').to_bitmask();
        Self {
            opens: opens & !inside,
            closes: closes & !inside,
            candidates: behind & bytes.simd_eq(b'b').to_bitmask() | hidden,
            odd: behind & others & !closes & !inside,
        }
    }
}

/// Marks what a backslash stands before that is not escaped itself.
#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's own registers"
)]
#[inline(always)]
fn escapes(backslashes: u64, carried: &mut u64) -> u64 {
    let mut escaped = *carried;
    let mut left = backslashes & !escaped;
    *carried = 0;
    while left != 0 {
        let bit = left.trailing_zeros();
        left &= left - 1;
        if bit == 63 {
            *carried = 1;
        } else {
            escaped |= 1 << (bit + 1);
            left &= !escaped;
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    /// Brackets with whether they open, and candidates.
    type Told = (Vec<(usize, bool)>, Vec<usize>);

    /// What is told of a text, and whether something in it was odd.
    fn quickly(level: Level, text: &[u8]) -> (Told, bool) {
        let (mut brackets, mut candidates, mut odd) = (Vec::new(), Vec::new(), false);
        let mut carried = Carried::NOTHING;
        for (at, part) in (0..).step_by(BLOCK).zip(text.chunks(BLOCK)) {
            let mut block = [b' '; BLOCK];
            block[..part.len()].copy_from_slice(part);
            let signs = dispatch!(level, simd => Signs::of(simd, &block, &mut carried));
            for bit in 0..BLOCK {
                let is = |of: u64| of >> bit & 1 == 1;
                if is(signs.opens | signs.closes) {
                    brackets.push((at + bit, is(signs.opens)));
                }
                if is(signs.candidates) {
                    candidates.push(at + bit);
                }
            }
            odd |= signs.odd != 0;
        }
        ((brackets, candidates), odd)
    }

    /// The same, a byte at a time.
    fn slowly(text: &[u8]) -> (Told, bool) {
        let (mut brackets, mut candidates, mut odd) = (Vec::new(), Vec::new(), false);
        let (mut in_text, mut escaped, mut quoted, mut ended) = (false, false, false, false);
        for (at, byte) in text.iter().enumerate() {
            if escaped && *byte == b'u' || quoted && *byte == b'b' {
                candidates.push(at);
            }
            odd |= ended && *byte > b':' && !matches!(byte, b']' | b'}');
            quoted = *byte == b'"' && !escaped;
            ended = quoted && in_text;
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => brackets.push((at, true)),
                b'}' | b']' if !in_text => brackets.push((at, false)),
                _ => {}
            }
        }
        ((brackets, candidates), odd)
    }

    #[test]
    fn every_level_of_registers_finds_the_same() {
        let parts: [&[u8]; 13] = [
            b"{",
            b"[",
            b"}",
            b"]",
            b"\"bedrock\"",
            b"\"\\\"{\",",
            b"\"\\u0062\\\\\"",
            b":1,",
            b"\"be\" ",
            b"\"b\",",
            b"[[[[[[[",
            b"\"x}\"",
            b"\"\\\\\\\"[\"",
        ];
        let mut random = 1_u64;
        for length in 0..400 {
            let mut text = Vec::new();
            while text.len() < length * 23 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.extend_from_slice(parts[(random >> 33) as usize % parts.len()]);
            }
            let expected = slowly(&text);
            for level in [Level::new(), Level::baseline()] {
                assert_eq!(quickly(level, &text), expected, "{level:?}");
            }
        }
    }
}
