//! Where brackets stand in JSON outside its texts, and where a text may be about Bedrock: 64 bytes at a time, the one
//! part that the width of the processor's registers matters for.

#[cfg(target_arch = "x86_64")]
pub(crate) mod eight;

use fearless_simd::{prelude::*, u8x64};

/// How many bytes a block has, whose signs are a bit each, the first byte lowest.
pub(crate) const BLOCK: usize = 64;

/// Which bytes of a block are of each class: quotes, backslashes, brackets and braces that open, those that close, `b`,
/// `e`, `u`, and what cannot stand behind a text.
pub(crate) type Classes = [u64; 8];

/// Finds the classes of the bytes of some blocks, and tells whether any of them is a backslash.
#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's own registers"
)]
#[inline(always)]
pub(crate) fn classify<S: Simd>(simd: S, blocks: &[[u8; BLOCK]], to: &mut [Classes]) -> bool {
    let mut escapes = 0;
    for (block, to) in blocks.iter().zip(to) {
        let bytes = u8x64::from_slice(simd, block);
        // Brackets and braces of one kind differ in one bit.
        let brackets = bytes | 0x20_u8;
        let closes = brackets.simd_eq(b'}').to_bitmask();
        let backslashes = bytes.simd_eq(b'\\').to_bitmask();
        escapes |= backslashes;
        *to = [
            bytes.simd_eq(b'"').to_bitmask(),
            backslashes,
            brackets.simd_eq(b'{').to_bitmask(),
            closes,
            bytes.simd_eq(b'b').to_bitmask(),
            bytes.simd_eq(b'e').to_bitmask(),
            bytes.simd_eq(b'u').to_bitmask(),
            bytes.simd_gt(LAST_BEHIND).to_bitmask() & !closes,
        ];
    }
    escapes != 0
}

/// The last of the bytes that may stand behind a text, but for brackets that close: white space, comma and colon are
/// before it, and digits, with which no member begins either.
const LAST_BEHIND: u8 = b':';

/// What one block leaves to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carried {
    /// All ones where it ended inside a text.
    in_text: u64,
    /// One where it ended with a backslash that escapes.
    pub(crate) escaped: u64,
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
    /// What may be about Bedrock: `b` with which a text begins, unless something else than `e` is known to be behind it,
    /// and `u` behind a backslash that escapes it.
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
    pub(crate) fn of<const ESCAPES: bool>(classes: &Classes, carried: &mut Carried) -> Self {
        let [mut quotes, backslashes, opens, closes, bs, es, us, others] = *classes;
        let mut hidden = 0;
        if ESCAPES && backslashes | carried.escaped != 0 {
            let escaped = escapes(backslashes, &mut carried.escaped);
            quotes &= !escaped;
            hidden = escaped & us;
        }
        // Ones from an opening quote to before its closing one.
        let inside = stretches(quotes) ^ carried.in_text;
        carried.in_text = 0_u64.wrapping_sub(inside >> 63);
        // An empty text's second quote is behind a quote, too.
        let behind = quotes << 1 | carried.quoted;
        carried.quoted = quotes >> 63;
        Self {
            opens: opens & !inside,
            closes: closes & !inside,
            candidates: behind & bs & (es >> 1 | 1 << 63) | hidden,
            odd: behind & others & !inside,
        }
    }
}

/// Turns every second bit into the stretch up to it.
#[inline]
fn stretches(bits: u64) -> u64 {
    let mut stretches = bits;
    for shift in [1, 2, 4, 8, 16, 32] {
        stretches ^= stretches << shift;
    }
    stretches
}

/// Marks what stands behind an odd number of backslashes, the last of which escapes it.
#[inline]
fn escapes(backslashes: u64, carried: &mut u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let escaping = backslashes & !*carried;
    let begins = escaping & !(escaping << 1);
    // What is added where backslashes begin goes over to the place behind them: to an odd one, if from an even one and
    // their number is odd.
    let from_even = escaping.wrapping_add(begins & EVEN);
    let (from_odd, beyond) = escaping.overflowing_add(begins & !EVEN);
    let escaped = (from_even & !EVEN | from_odd & EVEN) & !escaping | *carried;
    *carried = u64::from(beyond);
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
        let mut padded = text.to_vec();
        padded.resize(text.len().next_multiple_of(BLOCK), b' ');
        let (blocks, _) = padded.as_chunks();
        let mut classes = vec![[0; 8]; blocks.len()];
        let escapes = dispatch!(level, simd => classify(simd, blocks, &mut classes));
        assert_eq!(escapes, text.contains(&b'\\'));
        let (mut brackets, mut candidates, mut odd) = (Vec::new(), Vec::new(), false);
        let mut carried = Carried::NOTHING;
        for (at, classes) in (0..).step_by(BLOCK).zip(&classes) {
            let signs = if escapes {
                Signs::of::<true>(classes, &mut carried)
            } else {
                Signs::of::<false>(classes, &mut carried)
            };
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
            // What is behind the end of a block is not known there.
            let e = at % BLOCK == BLOCK - 1 || text.get(at + 1) == Some(&b'e');
            if escaped && *byte == b'u' || quoted && *byte == b'b' && e {
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

    /// All levels that there are on this machine.
    fn levels() -> Vec<Level> {
        let mut levels = vec![Level::new(), Level::baseline()];
        #[cfg(target_arch = "x86_64")]
        levels.extend(Level::new().as_avx2().map(Level::Avx2));
        levels
    }

    #[test]
    fn each_byte_is_of_its_class() {
        for level in levels() {
            for byte in 0..=255 {
                for at in 0..BLOCK {
                    let mut block = [b' '; BLOCK];
                    block[at] = byte;
                    let mut classes = [[0; 8]];
                    dispatch!(level, simd => classify(simd, &[block], &mut classes));
                    let bit = 1 << at;
                    let others = byte > b':' && !matches!(byte, b']' | b'}');
                    let expected = [
                        byte == b'"',
                        byte == b'\\',
                        matches!(byte, b'[' | b'{'),
                        matches!(byte, b']' | b'}'),
                        byte == b'b',
                        byte == b'e',
                        byte == b'u',
                        others,
                    ];
                    assert_eq!(
                        classes,
                        [expected.map(|is| if is { bit } else { 0 })],
                        "{level:?} {byte} {at}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_level_of_registers_finds_the_same() {
        let parts: [&[u8]; 15] = [
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
            "\"\u{e9}\u{2028}\u{10fffd}\",".as_bytes(),
            b"\"x\"\xfb",
        ];
        let mut random = 1_u64;
        for length in 0..400 {
            let mut text = Vec::new();
            while text.len() < length * 23 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.extend_from_slice(parts[(random >> 33) as usize % parts.len()]);
            }
            let expected = slowly(&text);
            for level in levels() {
                assert_eq!(quickly(level, &text), expected, "{level:?}");
            }
        }
    }
}
