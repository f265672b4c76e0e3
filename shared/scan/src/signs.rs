//! Where brackets stand in JSON outside its texts, and where a text may be about Bedrock: 64 bytes at a time, the one
//! part that the width of the processor's registers matters for.

use fearless_simd::{Level, dispatch, prelude::*, u8x64};

/// How many bytes a block has, whose signs are a bit each, the first byte lowest.
const BLOCK: usize = 64;
/// How many bytes are looked at together.
pub(crate) const BATCH: usize = 32 * BLOCK;

/// A bracket or brace: twice its place in the batch, and one more if it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bracket(u32);

impl Bracket {
    /// Returns its place in the batch.
    pub(crate) fn place(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Tells whether it opens.
    pub(crate) fn opens(self) -> bool {
        self.0 & 1 == 1
    }
}

/// What one block leaves to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carried {
    /// All ones where it ended inside a text.
    in_text: u64,
    /// One where it ended with a backslash that escapes.
    escaped: u64,
    /// One where it ended with a quote.
    quoted: u64,
    /// One where it ended with a quote that ends a text.
    ended: u64,
}

impl Carried {
    pub(crate) const NOTHING: Self = Self {
        in_text: 0,
        escaped: 0,
        quoted: 0,
        ended: 0,
    };
}

/// What was found in one batch.
pub(crate) struct Batch {
    brackets: [Bracket; BATCH],
    count: usize,
    hits: Vec<usize>,
}

impl Batch {
    pub(crate) fn empty() -> Self {
        Self {
            brackets: [Bracket(0); BATCH],
            count: 0,
            hits: Vec::new(),
        }
    }

    /// Returns the brackets outside texts.
    pub(crate) fn brackets(&self) -> impl Iterator<Item = Bracket> {
        self.brackets.iter().copied().take(self.count)
    }

    /// Returns where, in the whole text, a text begins with `bedrock` or an escape may hide it.
    pub(crate) fn hits(&self) -> &[usize] {
        &self.hits
    }

    /// Reads the batch at an offset; `false` if something stands behind a text that cannot.
    pub(crate) fn read(&mut self, level: Level, text: &[u8], at: usize, carried: &mut Carried) -> bool {
        self.count = 0;
        self.hits.clear();
        let read = dispatch!(level, simd => self.read_with(simd, text, at, carried));
        // Of one block, escapes come before all else.
        self.hits.sort_unstable();
        read
    }

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn read_with<S: Simd>(&mut self, simd: S, text: &[u8], at: usize, carried: &mut Carried) -> bool {
        let bytes = text.get(at..text.len().min(at + BATCH)).unwrap_or_default();
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        let mut tail = [b' '; BLOCK];
        for (to, from) in tail.iter_mut().zip(rest) {
            *to = *from;
        }
        // In registers, not in memory, from one block to the next.
        let (mut here, mut count) = (*carried, 0);
        for (block, base) in blocks
            .iter()
            .chain((!rest.is_empty()).then_some(&tail))
            .zip((0_u32..).step_by(BLOCK))
        {
            let found = Found::of(simd, block, &mut here);
            if found.is_odd {
                return false;
            }
            if found.escaped | found.begins != 0 {
                hit(&mut self.hits, text, at + base as usize, &found);
            }
            let mut left = found.brackets;
            while left != 0 {
                if let Some(slot) = self.brackets.get_mut(count) {
                    *slot = next(&mut left, found.opens, base);
                }
                count += 1;
            }
        }
        *carried = here;
        self.count = count;
        true
    }
}

/// Takes the first bracket that is left.
#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's own registers"
)]
#[inline(always)]
fn next(left: &mut u64, opens: u64, base: u32) -> Bracket {
    let bit = left.trailing_zeros();
    *left &= left.wrapping_sub(1);
    Bracket((base + bit) << 1 | u32::from(opens.wrapping_shr(bit) & 1 == 1))
}

/// The signs of a block, a bit a byte.
struct Found {
    /// Brackets and braces outside texts.
    brackets: u64,
    /// Those that open, within texts too.
    opens: u64,
    /// What stands behind a backslash that escapes it.
    escaped: u64,
    /// `be` behind a quote.
    begins: u64,
    /// Whether something stands behind a text that cannot.
    is_odd: bool,
}

impl Found {
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn of<S: Simd>(simd: S, block: &[u8; BLOCK], carried: &mut Carried) -> Self {
        let bytes = u8x64::from_slice(simd, block);
        let backslashes = bytes.simd_eq(b'\\').to_bitmask();
        let mut quotes = bytes.simd_eq(b'"').to_bitmask();
        let mut escaped = 0;
        if backslashes | carried.escaped != 0 {
            escaped = escapes(backslashes, &mut carried.escaped);
            quotes &= !escaped;
        }
        let mut inside = quotes;
        // Turns every second quote into the stretch up to it: ones from an opening quote to before its closing one.
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        inside ^= carried.in_text;
        carried.in_text = if inside >> 63 == 1 { u64::MAX } else { 0 };
        // Brackets and braces of one kind differ in one bit.
        let brackets = bytes | 0x20_u8;
        let opens = brackets.simd_eq(b'{').to_bitmask();
        let closes = brackets.simd_eq(b'}').to_bitmask();
        // Where a quote is missing or too many, texts and what is between them are taken for each other.
        let ends = quotes & !inside;
        let separators = (bytes.simd_le(b',') | bytes.simd_eq(b':')).to_bitmask();
        let is_odd = (ends << 1 | carried.ended) & !(separators | closes) != 0;
        carried.ended = ends >> 63;
        let bes = bytes.simd_eq(b'b').to_bitmask() & (bytes.simd_eq(b'e').to_bitmask() >> 1 | 1 << 63);
        let begins = (quotes << 1 | carried.quoted) & bes;
        carried.quoted = quotes >> 63;
        Self {
            brackets: (opens | closes) & !inside,
            opens,
            escaped,
            begins,
            is_odd,
        }
    }
}

/// Keeps of what may be about Bedrock what is.
#[cold]
#[inline(never)]
fn hit(hits: &mut Vec<usize>, text: &[u8], at: usize, found: &Found) {
    for (mut of, bytes) in [(found.escaped, &b"u"[..]), (found.begins, b"bedrock")] {
        while of != 0 {
            let place = at + of.trailing_zeros() as usize;
            of &= of - 1;
            if text.get(place..).is_some_and(|rest| rest.starts_with(bytes)) {
                hits.push(place);
            }
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
    use super::*;

    /// The same, a byte at a time.
    fn slowly(text: &[u8]) -> (Vec<(usize, bool)>, Vec<usize>) {
        let (mut brackets, mut hits, mut in_text, mut escaped, mut began) =
            (Vec::new(), Vec::new(), false, false, false);
        for (at, byte) in text.iter().enumerate() {
            if escaped && *byte == b'u' || began && text[at..].starts_with(b"bedrock") {
                hits.push(at);
            }
            began = *byte == b'"' && !escaped;
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => brackets.push((at, true)),
                b'}' | b']' if !in_text => brackets.push((at, false)),
                _ => {}
            }
        }
        (brackets, hits)
    }

    #[test]
    fn every_level_of_registers_finds_the_same() {
        let parts: [&[u8]; 12] = [
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
                let (mut batch, mut carried) = (Batch::empty(), Carried::NOTHING);
                let (mut brackets, mut hits) = (Vec::new(), Vec::new());
                let mut odd = false;
                for at in (0..text.len()).step_by(BATCH) {
                    odd |= !batch.read(level, &text, at, &mut carried);
                    brackets.extend(batch.brackets().map(|bracket| (at + bracket.place(), bracket.opens())));
                    hits.extend_from_slice(batch.hits());
                }
                let behind_a_text = |pair: &[u8]| pair[0] == b'"' && pair[1] == b'"';
                if odd {
                    assert!(
                        text.windows(2)
                            .any(|pair| behind_a_text(pair) || pair[0] == b'"' && !b",:}] ".contains(&pair[1])),
                        "{level:?}"
                    );
                } else {
                    assert_eq!((brackets, hits), expected, "{level:?}");
                }
            }
        }
    }
}
